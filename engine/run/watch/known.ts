import type { Fleet } from "../../../schemas/fleet.ts";
import { withRelatives } from "../../plan/tree/relatives.ts";
import { Whole } from "../../plan/whole.ts";
import type { ActingStore, Clock } from "../ports.ts";

/**
 * What a daemon knows of the whole fleet. Before nodes are planned their own records are read; those of all others, of which
 * a plan asks only whose machine, MAC or Image it is, are as old as an interval at most.
 */
export class Known {
  readonly #store: ActingStore;
  readonly #clock: Clock;
  #whole: Whole | null = null;
  #readAt = -Infinity;

  constructor(store: ActingStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The fleet with the records of these nodes, and of their parents and children, as they are now. */
  async of(fleet: Fleet, names: readonly string[], intervalMs: number): Promise<Whole> {
    const whole = this.#whole;
    if (whole === null) return this.#readAll(fleet);
    whole.follow(fleet);
    if (this.#clock.monotonic() - this.#readAt >= intervalMs) await this.#refresh(whole);
    const { nodes } = whole.resolved;
    const uuids = [...withRelatives(fleet.nodes, new Set(names))].flatMap(
      (name) => nodes.get(name)?.uuid ?? [],
    );
    const records = await this.#store.recordsOf(uuids);
    for (const uuid of uuids) whole.setRecord(uuid, records.get(uuid) ?? null);
    return whole;
  }

  /** What these nodes agreed on was seen by whoever had them. */
  async refreshReadings(): Promise<void> {
    await this.#store.refreshReadings();
    for (const one of (await this.#store.readings()).values()) this.#whole?.setObservation(one);
  }

  async #readAll(fleet: Fleet): Promise<Whole> {
    this.#readAt = this.#clock.monotonic();
    const records = await this.#store.records();
    const whole = new Whole({ fleet, records, observations: await this.#store.readings() });
    this.#whole = whole;
    return whole;
  }

  async #refresh(whole: Whole): Promise<void> {
    this.#readAt = this.#clock.monotonic();
    const records = await this.#store.records();
    for (const uuid of whole.records.keys()) if (!records.has(uuid)) whole.setRecord(uuid, null);
    for (const [uuid, record] of records) whole.setRecord(uuid, record);
  }
}
