import { findNode } from "../../../schemas/fleet.ts";
import type { NodePlan } from "../../../schemas/plan.ts";
import { breakerRefusal, inTrouble } from "../../plan/breaker.ts";
import type { Planned } from "../plan-fleet.ts";
import type { ActingStore, Clock, TroubleCount } from "../ports.ts";
import { type Declared, intervalMsOf } from "./declared.ts";
import type { Teller } from "./teller.ts";

/** The code of a stop and of a breaker. */
const STOPPED = "IW-P11";

/** Nodes that are seen again and again need not be told each time. Milliseconds. */
const WRITE_EVERY_MS = 5000;

/**
 * Nodes that drifted or were silent of late, over all daemons of the store, and the breaker that too many of them open. Each
 * writes what it saw before it reads what the others saw: of two that find their share at the same moment one sees the sum.
 *
 * What another has written counts from the moment in which this engine first saw it, on this engine's clock, less the age
 * that it had: at worst it counts a little longer than it should, and it ages out also where its writer is gone. What was
 * there when this engine began may be years old, and counts once its writer has replaced it.
 */
export class Trouble {
  readonly #store: ActingStore;
  readonly #clock: Clock;
  readonly #teller: Teller;
  /** When each was last seen in trouble, by this engine. */
  readonly #at = new Map<string, number>();
  /** Since when each of its nodes is in no trouble. */
  readonly #calm = new Map<string, number>();
  /** The same by others, as far as is known here. */
  readonly #theirs = new Map<string, number>();
  /** The write of each count that was seen last. */
  #writes: ReadonlyMap<string, string> = new Map();
  /** What was written last, and when. */
  #written: ReadonlySet<string> = new Set();
  #writtenAt = -Infinity;

  constructor(store: ActingStore, clock: Clock, teller: Teller) {
    this.#store = store;
    this.#clock = clock;
    this.#teller = teller;
  }

  /** Before this engine's first look at a node. */
  async arrive(): Promise<void> {
    this.#writes = writesOf(await this.#store.counts.others());
  }

  see(plans: readonly NodePlan[]): void {
    const now = this.#clock.monotonic();
    const troubled = new Set(inTrouble(plans, new Set()));
    for (const name of troubled) this.#at.set(name, now);
    for (const { node } of plans) {
      if (troubled.has(node)) this.#calm.delete(node);
      else if (!this.#calm.has(node)) this.#calm.set(node, now);
    }
  }

  /** From now on its nodes are these: of others it knows nothing, least of all that they are well. */
  follow(owned: ReadonlySet<string>): void {
    for (const name of this.#calm.keys()) if (!owned.has(name)) this.#calm.delete(name);
  }

  /** What a person acknowledged was this trouble, not the next: a node that was well for an interval counts again. */
  async #countAgain(acknowledged: ReadonlySet<string>, since: number): Promise<void> {
    const well = [...acknowledged].filter((name) => (this.#calm.get(name) ?? Infinity) <= since);
    if (well.length > 0) await this.#store.dropAcknowledged(well);
  }

  /**
   * Writes what this engine has seen, then reads what all others have. Whatever is new is written at once, what is only seen
   * again every few seconds.
   */
  async #share(declared: Declared): Promise<void> {
    const now = this.#clock.monotonic();
    const since = now - intervalMsOf(declared);
    forget(this.#at, since);
    const isNews = [...this.#at.keys()].some((name) => !this.#written.has(name));
    const isOld = this.#written.size > 0 && now - this.#writtenAt >= WRITE_EVERY_MS;
    if (isNews || isOld) {
      const ages = [...this.#at].map(([name, at]) => [name, now - at] as const);
      await this.#store.counts.save(new Map(ages));
      this.#written = new Set(this.#at.keys());
      this.#writtenAt = now;
    }
    this.#hear(await this.#store.counts.others());
    forget(this.#theirs, since);
  }

  /** It leaves in order: whoever owns its nodes next counts them. */
  leave(): Promise<void> {
    return this.#store.counts.save(new Map());
  }

  /**
   * True while a stop or a breaker is in force; opens the breaker where too many nodes of the declared fleet were in trouble
   * within an interval, whoever owns them, also those that were mended since: a room that goes dark is seen bit by bit.
   */
  async isStopped(
    { plan, input }: Pick<Planned, "plan" | "input">,
    declared: Declared,
  ): Promise<boolean> {
    if (input.stop !== null) return true;
    await this.#share(declared);
    const { nodes } = declared.fleet;
    const acknowledged = await this.#store.acknowledged();
    await this.#countAgain(acknowledged, this.#clock.monotonic() - intervalMsOf(declared));
    const lately = new Set([...this.#at.keys(), ...this.#theirs.keys()]);
    const troubled = [...lately]
      .filter((name) => findNode(nodes, name) !== undefined && !acknowledged.has(name))
      .sort();
    const open =
      plan.refused.find(({ code }) => code === STOPPED) ??
      breakerRefusal(troubled, nodes.length, declared.settings.breaker);
    if (open === null) return false;
    await this.#store.setStop({
      reason: open.message,
      by: this.#store.incarnation.name,
      at: this.#clock.now(),
      kind: "breaker",
      nodes: troubled,
    });
    this.#teller.tell("breaker.open", open.message, { code: open.code });
    return true;
  }

  #hear(counts: readonly TroubleCount[]): void {
    const now = this.#clock.monotonic();
    for (const { file, write, troubled } of counts) {
      if (this.#writes.get(file) === write) continue;
      for (const [name, age] of troubled)
        this.#theirs.set(name, Math.max(now - age, this.#theirs.get(name) ?? -Infinity));
    }
    this.#writes = writesOf(counts);
  }
}

function writesOf(counts: readonly TroubleCount[]): ReadonlyMap<string, string> {
  return new Map(counts.map(({ file, write }) => [file, write]));
}

function forget(at: Map<string, number>, since: number): void {
  for (const [name, seen] of at) if (seen < since) at.delete(name);
}
