import { type Failure, failure } from "../../schemas/failure.ts";
import { instantText } from "../../schemas/instant.ts";
import type { NodePlan, PlanBudget } from "../../schemas/plan.ts";
import { budgetsOf, erasesService, interruptsService } from "../plan/budget.ts";
import { Turns } from "./limits.ts";
import type { ActingStore, BudgetScope, Clock, HeldSlot } from "./ports.ts";

/** Slots that another engine holds are looked at again this often. Milliseconds. */
const POLL_MS = 2_000;

/** The scopes that a node needs slots of before it is interrupted, in one order for all engines. */
export function scopesOf(plan: NodePlan, budgets: readonly PlanBudget[]): readonly BudgetScope[] {
  if (!interruptsService(plan)) return [];
  return budgetsOf(plan, budgets).flatMap(({ policy, destructive, reboot, perRack }) => {
    const named = (scope: string): string => (policy === null ? scope : `${policy}/${scope}`);
    return [
      ...(erasesService(plan) ? [{ name: named("destructive"), count: destructive }] : []),
      ...(plan.rack === null ? [] : [{ name: named(`rack ${plan.rack}`), count: perRack }]),
      { name: named("reboot"), count: reboot },
    ];
  });
}

/** Lets nodes in service be interrupted a few at a time, over all engines of a store. */
export class Budget {
  readonly #store: ActingStore;
  readonly #clock: Clock;
  readonly #budgets: readonly PlanBudget[];
  /** Nodes that this engine interrupts now. */
  readonly #inside = new Set<string>();
  readonly #turns = new Turns();
  /** Woken when one of them is well again. */
  #waiting: (() => void)[] = [];

  constructor(store: ActingStore, clock: Clock, budgets: readonly PlanBudget[]) {
    this.#store = store;
    this.#clock = clock;
    this.#budgets = budgets;
  }

  /**
   * Waits until the node may be interrupted; a slot of a node that nobody works on is not waited for. For a person, who
   * looks on, nothing is (`waits`).
   */
  async enter(
    plan: NodePlan,
    { signal, waits }: { readonly signal: AbortSignal; readonly waits: boolean },
  ): Promise<Failure | null> {
    const scopes = scopesOf(plan, this.#budgets);
    const shut = scopes.find(({ count }) => count === 0);
    if (shut !== undefined)
      return failure("waiting", "IW-P02", `its budget (${shut.name}) is 0: nothing is interrupted`);
    const uuid = plan.uuid ?? "";
    let alone: string | null = null;
    while (scopes.length > 0) {
      // One at a time: what is taken and given back at once is no holder to be waited for.
      const full = await this.#turns.run("budget", () =>
        this.#takeAll(scopes, { uuid, node: plan.node }),
      );
      if (full === null) break;
      if (signal.aborted)
        return failure("waiting", "IW-P02", "interrupted while it waited for its turn");
      const inside = this.#inside.has(full.uuid);
      // One look may fall between another engine's last act and its giving back; two in a row don't.
      const left = !inside && !(await this.#isWorkedOn(full));
      if (!waits) return left ? overBudget(full) : inUse(full);
      if (left && alone === full.uuid) return overBudget(full);
      alone = left ? full.uuid : null;
      await (inside ? this.#woken() : this.#clock.sleep(POLL_MS, signal).catch(() => undefined));
    }
    if (scopes.length > 0) this.#inside.add(uuid);
    return null;
  }

  /** The node is done with; its slots are given back only when it is in service again and well. */
  async leave(plan: NodePlan, isWell: () => Promise<boolean>): Promise<void> {
    const uuid = plan.uuid ?? "";
    if (!this.#inside.has(uuid)) return;
    if (await isWell()) await this.#store.freeSlots(uuid);
    this.#inside.delete(uuid);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** All or none: what was taken is given back when one is full. */
  async #takeAll(
    scopes: readonly BudgetScope[],
    holder: { readonly uuid: string; readonly node: string },
  ): Promise<HeldSlot | null> {
    let had = false;
    for (const scope of scopes) {
      const slot = await this.#store.takeSlot(scope, holder);
      had ||= slot === "mine";
      if (slot === "taken" || slot === "mine") continue;
      // What a failed run left taken stays taken: the node is not well yet.
      if (!had) await this.#store.freeSlots(holder.uuid);
      return slot;
    }
    return null;
  }

  async #isWorkedOn({ uuid }: HeldSlot): Promise<boolean> {
    return uuid === "" || (await this.#store.lease(uuid))?.state === "held";
  }

  #woken(): Promise<void> {
    return new Promise((wake) => this.#waiting.push(wake));
  }
}

function inUse({ scope, node, at }: HeldSlot): Failure {
  const message = `over budget (${scope}): ${node} is interrupted since ${instantText(at)}, and an engine works on it; ask again when that is done`;
  return failure("waiting", "IW-P02", message);
}

function overBudget({ scope, node, at }: HeldSlot): Failure {
  const message =
    `over budget (${scope}): ${node} was interrupted at ${instantText(at)} and is not well yet; ` +
    `mend it, or give its slot back: ironwright release ${node}`;
  return failure("waiting", "IW-P02", message);
}
