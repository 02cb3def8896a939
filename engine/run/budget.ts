import type { NodeRecord } from "../../schemas/record.ts";
import { type Failure, failure } from "../../schemas/failure.ts";
import { instantText } from "../../schemas/instant.ts";
import type { NodePlan, PlanBudget } from "../../schemas/plan.ts";
import { budgetsOf, erasesService, interruptsService } from "../plan/budget.ts";
import { Turns } from "./limits.ts";
import type { ActingStore, BudgetScope, Clock, HeldSlot } from "./ports.ts";

/** Slots that another engine holds are looked at again this often. Milliseconds. */
const POLL_MS = 2_000;

interface Scope extends BudgetScope {
  readonly isRack?: boolean;
}

/** A slot that is to be taken, and by whom. */
interface Wanted {
  readonly scope: BudgetScope;
  readonly holder: { readonly uuid: string; readonly node: string };
}

/** Asked once the lease is ours (the first of the family's), and told right before it is given back. */
export interface UnderLease {
  readonly confirm: () => Promise<Failure | null>;
  readonly giveBack: (record: NodeRecord) => Promise<void>;
}

/** What a family needs that loses its power together: a slot for each of them, but a family is in a rack once. */
function wantedBy(family: readonly NodePlan[], budgets: readonly PlanBudget[]): readonly Wanted[] {
  const racks = new Set<string>();
  return family.flatMap((plan) => {
    const holder = { uuid: plan.uuid ?? "", node: plan.node };
    return scopesOf(plan, budgets).flatMap((scope) => {
      if (scope.isRack === true && racks.has(scope.name)) return [];
      if (scope.isRack === true) racks.add(scope.name);
      return [{ scope, holder }];
    });
  });
}

/** The scopes that a node needs slots of before it is interrupted, in one order for all engines. */
export function scopesOf(plan: NodePlan, budgets: readonly PlanBudget[]): readonly Scope[] {
  if (!interruptsService(plan)) return [];
  return budgetsOf(plan, budgets).flatMap(({ policy, destructive, reboot, perRack }) => {
    const named = (scope: string): string => (policy === null ? scope : `${policy}/${scope}`);
    return [
      ...(erasesService(plan) ? [{ name: named("destructive"), count: destructive }] : []),
      ...(plan.rack === null
        ? []
        : [{ name: named(`rack ${plan.rack}`), count: perRack, isRack: true }]),
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
  readonly #waiting: (() => void)[] = [];

  constructor(store: ActingStore, clock: Clock, budgets: readonly PlanBudget[]) {
    this.#store = store;
    this.#clock = clock;
    this.#budgets = budgets;
  }

  /**
   * Waits until the node may be interrupted, with the children that are powered off for it: all of them or none, so that none
   * of two families waits for the other. A slot of a node that nobody works on is not waited for; for a person, who looks on,
   * nothing is (`waits`).
   */
  async enter(
    family: readonly NodePlan[],
    { signal, waits }: { readonly signal: AbortSignal; readonly waits: boolean },
  ): Promise<Failure | null> {
    const wanted = wantedBy(family, this.#budgets);
    const shut = wanted.find(({ scope }) => scope.count === 0)?.scope;
    if (shut !== undefined)
      return failure("waiting", "IW-P02", `its budget (${shut.name}) is 0: nothing is interrupted`);
    let alone: string | null = null;
    while (wanted.length > 0) {
      // One at a time: what is taken and given back at once is no holder to be waited for.
      const full = await this.#turns.run("budget", () => this.#takeAll(wanted, null));
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
    for (const { holder } of wanted) this.#inside.add(holder.uuid);
    return null;
  }

  /**
   * Under the lease of the node that is interrupted: the slots that `enter` found or took are there, and stay, for nobody but
   * who has the lease gives them back. Whoever had it before may just have done so.
   */
  async confirm(family: readonly NodePlan[]): Promise<Failure | null> {
    const leased = family[0]?.uuid ?? null;
    const full = await this.#turns.run("budget", () =>
      this.#takeAll(wantedBy(family, this.#budgets), leased),
    );
    return full === null ? null : inUse(full);
  }

  /** They are done with; `giveBack` frees the slots of each that is in service again and well. */
  async leave(
    family: readonly NodePlan[],
    giveBack: (plan: NodePlan) => Promise<void>,
  ): Promise<void> {
    const inside = family.filter(({ uuid }) => this.#inside.has(uuid ?? ""));
    try {
      for (const plan of inside) await giveBack(plan);
    } finally {
      // Also where the store can't be told: who waits here looks for itself.
      for (const { uuid } of inside) this.#inside.delete(uuid ?? "");
      for (const wake of inside.length === 0 ? [] : this.#waiting.splice(0)) wake();
    }
  }

  /**
   * All or none: what was taken is given back when one is full after all. `leased` is the node whose lease is ours: what it has
   * becomes ours, and nobody else gives it back.
   */
  async #takeAll(wanted: readonly Wanted[], leased: string | null): Promise<HeldSlot | null> {
    const seen = firstFull(wanted, await this.#store.heldSlots());
    if (seen !== null) return seen;
    const had = new Set<string>();
    const took: Wanted[] = [];
    for (const one of wanted) {
      const { scope, holder } = one;
      const slot = await this.#store.takeSlot(scope, holder, holder.uuid === leased);
      if (slot === "mine") had.add(holder.uuid);
      if (slot === "taken") took.push(one);
      if (slot === "taken" || slot === "mine") continue;
      // What a failed run left taken stays taken: the node is not well yet.
      for (const each of took) if (!had.has(each.holder.uuid)) await this.#giveBack(each, leased);
      return slot;
    }
    return null;
  }

  /** Under the node's lease alone: whoever has it may rest on what it found. Where it is not to be had its holder sees to it. */
  async #giveBack({ scope, holder }: Wanted, leased: string | null): Promise<void> {
    const { uuid, node } = holder;
    const free = (): Promise<void> => this.#store.freeOwnSlots(uuid, [scope.name]);
    if (uuid === leased || (await this.#store.lease(uuid)) === null) return free();
    const claimed = await this.#store.claim(uuid, node);
    if (!claimed.ok) return;
    await free();
    await claimed.value.release();
  }

  async #isWorkedOn({ uuid }: HeldSlot): Promise<boolean> {
    return uuid === "" || (await this.#store.lease(uuid))?.state === "held";
  }

  #woken(): Promise<void> {
    return new Promise((wake) => this.#waiting.push(wake));
  }
}

/** Who has a slot of the first scope that has none left: nothing is taken only to be given back. */
function firstFull(wanted: readonly Wanted[], held: readonly HeldSlot[]): HeldSlot | null {
  const coming = new Map<string, number>();
  for (const { scope, holder } of wanted) {
    const its = held.filter((slot) => slot.scope === scope.name);
    if (its.some(({ uuid }) => uuid === holder.uuid)) continue;
    const count = its.length + (coming.get(scope.name) ?? 0);
    const [first] = its;
    if (first !== undefined && count >= scope.count) return first;
    coming.set(scope.name, (coming.get(scope.name) ?? 0) + 1);
  }
  return null;
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
