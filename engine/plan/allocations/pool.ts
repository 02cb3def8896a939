import type { FleetAllocation } from "../../../schemas/fleet.ts";
import type { AllocationPlan } from "../../../schemas/plan.ts";
import type { PlanInput } from "../input.ts";
import type { ResolvedNode } from "../match-records.ts";
import { notAsWished, outOfPool } from "./why-unfit.ts";

/** Nodes that are named where nobody fits. */
const NEAREST = 3;

interface Judged {
  readonly its: ResolvedNode;
  /** What keeps it out of the pool. */
  readonly out: readonly string[];
}

/** The nodes of a fleet as Allocations see them: what holds for all wishes alike is judged once. */
export class Pool {
  readonly #all: readonly Judged[];
  /** Node -> the Allocation that gets it by this plan. */
  readonly #taken = new Map<string, string>();
  /** Wishes for the same have the same nearest nodes, while nobody takes one. */
  readonly #nearest = new Map<string, AllocationPlan["nearest"]>();

  constructor(
    nodes: readonly ResolvedNode[],
    { observations, holds }: Pick<PlanInput, "observations" | "holds">,
    now: number,
  ) {
    this.#all = nodes.map((its) => ({
      its,
      out: outOfPool(its, {
        observation: observations.get(its.node.name),
        holds: its.uuid === null ? [] : (holds.get(its.uuid) ?? []),
        now,
      }),
    }));
  }

  /** Every node that it may have. */
  fits(allocation: FleetAllocation): readonly ResolvedNode[] {
    return this.#all.flatMap(({ its, out }) => {
      const free = out.length === 0 && !this.#taken.has(its.node.name);
      return free && notAsWished(allocation, its).length === 0 ? [its] : [];
    });
  }

  take({ node }: ResolvedNode, allocation: string): void {
    this.#taken.set(node.name, allocation);
    this.#nearest.clear();
  }

  /** The nodes that fail the fewest conditions, and which. */
  nearest(allocation: FleetAllocation): AllocationPlan["nearest"] {
    const { resourceClass, traits, candidates, conductorGroup } = allocation.spec;
    const wish = JSON.stringify([resourceClass, traits, candidates, conductorGroup]);
    const known = this.#nearest.get(wish) ?? this.#findNearest(allocation);
    this.#nearest.set(wish, known);
    return known;
  }

  #findNearest(allocation: FleetAllocation): AllocationPlan["nearest"] {
    let best: AllocationPlan["nearest"] = [];
    for (const { its, out } of this.#all) {
      const other = this.#taken.get(its.node.name);
      const taken = other === undefined ? [] : [`is given to ${other}`];
      const why = [...notAsWished(allocation, its), ...out, ...taken];
      const worst = best.at(-1);
      const isFar = worst !== undefined && worst.why.length < why.length;
      if (best.length === NEAREST && isFar) continue;
      best = [...best, { node: its.node.name, why }]
        .sort((a, b) => a.why.length - b.why.length || (a.node < b.node ? -1 : 1))
        .slice(0, NEAREST);
    }
    return best;
  }
}
