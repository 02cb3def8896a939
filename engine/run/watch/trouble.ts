import type { NodePlan } from "../../../schemas/plan.ts";
import { breakerRefusal, inTrouble } from "../../plan/breaker.ts";
import type { Planned } from "../plan-fleet.ts";
import type { ActingStore, Clock } from "../ports.ts";
import type { Declared } from "./declared.ts";
import type { Teller } from "./teller.ts";

/** The code of a stop and of a breaker. */
const STOPPED = "IW-P11";

/** Nodes that drifted or were silent of late, and the breaker that too many of them open. */
export class Trouble {
  readonly #store: ActingStore;
  readonly #clock: Clock;
  readonly #teller: Teller;
  /** When each was last seen in trouble. */
  readonly #at = new Map<string, number>();

  constructor(store: ActingStore, clock: Clock, teller: Teller) {
    this.#store = store;
    this.#clock = clock;
    this.#teller = teller;
  }

  see(plans: readonly NodePlan[]): void {
    for (const name of inTrouble(plans, new Set())) this.#at.set(name, this.#clock.monotonic());
  }

  /**
   * True while a stop or a breaker is in force; opens the breaker where too many of its nodes were in trouble within an
   * interval, also those that were mended since: a room that goes dark is seen bit by bit.
   */
  async isStopped(
    { plan, input }: Planned,
    declared: Declared,
    owned: ReadonlySet<string>,
  ): Promise<boolean> {
    if (input.stop !== null) return true;
    const acknowledged = await this.#store.acknowledged();
    const troubled = this.#lately(declared).filter((name) => !acknowledged.has(name));
    const open =
      plan.refused.find(({ code }) => code === STOPPED) ??
      breakerRefusal(troubled, owned.size, declared.settings.breaker);
    if (open === null) return false;
    await this.#store.setStop({
      reason: open.message,
      by: this.#store.incarnation.name,
      at: this.#clock.now(),
      kind: "breaker",
      nodes: [...troubled],
    });
    this.#teller.tell("breaker.open", open.message, { code: open.code });
    return true;
  }

  #lately({ settings }: Declared): readonly string[] {
    const since = this.#clock.monotonic() - settings.powerSync.intervalSeconds * 1000;
    for (const [name, at] of this.#at) if (at < since) this.#at.delete(name);
    return [...this.#at.keys()];
  }
}
