import type { Fleet } from "../../../schemas/fleet.ts";
import { compareImpact } from "../../../schemas/impact.ts";
import type { ObservedFacet } from "../../../schemas/observation.ts";
import type { NodePlan, Plan } from "../../../schemas/plan.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import { withRelatives } from "../../plan/tree/relatives.ts";
import { Whole } from "../../plan/whole.ts";
import type { ActingStore, Clock } from "../ports.ts";

const NOBODY: ReadonlySet<string> = new Set();

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

  /**
   * Before a plan that rests on what no record says: that a machine is nobody's, or what an act takes from somebody. Until then
   * another member may have recorded the very machine. Answers whether anything was read anew.
   */
  async refreshFor({ nodes }: Pick<Plan, "nodes">): Promise<boolean> {
    const whole = this.#whole;
    const isFirst = ({ uuid, steps, records, adopts }: NodePlan): boolean => {
      const state = whole?.records.get(uuid ?? "")?.provisionState ?? "enroll";
      const begins = steps.length > 0 || records !== undefined || adopts === true;
      return begins && state === "enroll";
    };
    const cuts = ({ steps }: NodePlan): boolean =>
      steps.some(({ impact }) => compareImpact(impact, "reboot") >= 0);
    if (whole === null || !nodes.some((node) => isFirst(node) || cuts(node))) return false;
    await this.#refresh(whole);
    return true;
  }

  /** Before names come and go: a node of a new name may be one that another member has just recorded. */
  async refresh(): Promise<void> {
    if (this.#whole !== null) await this.#refresh(this.#whole);
  }

  /** Nodes whose BMC did not answer when it was read last. */
  get silent(): ReadonlySet<string> {
    return this.#whole?.silent ?? NOBODY;
  }

  /** True where its last reading is no older than that, and says all that is to be read of it; or that its BMC is silent. */
  isRead(
    name: string,
    maxAgeMs: number,
    facets: (record: NodeRecord | null) => readonly ObservedFacet[],
  ): boolean {
    const seen = this.#whole?.observations.get(name);
    if (this.#whole === null || seen === undefined) return false;
    const age = this.#clock.now() - seen.at;
    if (age < 0 || age > maxAgeMs) return false;
    const { record = null } = this.#whole.resolved.nodes.get(name) ?? {};
    return seen.unreachable !== null || facets(record).every((one) => one in seen.facets);
  }

  /** What is known of these nodes by others than a plan. */
  async take(names: Iterable<string>): Promise<void> {
    const readings = await this.#store.readings();
    for (const name of names) {
      const reading = readings.get(name);
      if (reading !== undefined) this.#whole?.setObservation(reading);
    }
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
