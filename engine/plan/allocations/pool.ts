import type { FleetAllocation } from "../../../schemas/fleet.ts";
import type { AllocationPlan } from "../../../schemas/plan.ts";
import type { PlanInput, PlanOptions } from "../input.ts";
import { whyNoDeploy } from "../lost-lists.ts";
import type { ResolvedNode } from "../match-records.ts";
import { isGivenUp } from "./given-up.ts";
import { notAsWished, outOfPool } from "./why-unfit.ts";

/** Nodes that are named where nobody fits. */
const NEAREST = 3;

interface Judged {
  readonly its: ResolvedNode;
  /** False where the first deploy waits for a person's word. */
  readonly isGivenUp: boolean;
  /** What keeps it out of the pool. */
  readonly out: readonly string[];
  /** What keeps it from being deployed. */
  readonly held: readonly string[];
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
    { fleet, observations, holds }: Pick<PlanInput, "fleet" | "observations" | "holds">,
    { now, claims }: Pick<PlanOptions, "now" | "claims">,
  ) {
    const declared = new Set(fleet.allocations.map(({ name }) => name));
    this.#all = nodes.map((its) => {
      const observation = observations.get(its.node.name);
      const ownHolds = its.uuid === null ? [] : (holds.get(its.uuid) ?? []);
      const held = whyNoDeploy(its.node, its.record, fleet.templates);
      return {
        its,
        held: held === null ? [] : [`can't be deployed (${held})`],
        isGivenUp: isGivenUp(its, observation, claims),
        out: outOfPool(its, { observation, holds: ownHolds, now, declared }),
      };
    });
  }

  /** Every node that it may have; one that can't be used yet only where no other fits. */
  fits(allocation: FleetAllocation): readonly ResolvedNode[] {
    const fit = this.#all.filter(
      (one) => !this.#taken.has(one.its.node.name) && whyNot(allocation, one).length === 0,
    );
    const deploys = allocation.spec.provision !== undefined;
    const ready = deploys ? fit.filter((one) => one.isGivenUp) : fit;
    return (ready.length === 0 ? fit : ready).map(({ its }) => its);
  }

  take({ node }: ResolvedNode, allocation: string): void {
    this.#taken.set(node.name, allocation);
    this.#nearest.clear();
  }

  /** The nodes that fail the fewest conditions, and which. */
  nearest(allocation: FleetAllocation): AllocationPlan["nearest"] {
    const { resourceClass, traits, candidates, conductorGroup, provision } = allocation.spec;
    const deploys = provision !== undefined;
    const wish = JSON.stringify([resourceClass, traits, candidates, conductorGroup, deploys]);
    const known = this.#nearest.get(wish) ?? this.#findNearest(allocation);
    this.#nearest.set(wish, known);
    return known;
  }

  #findNearest(allocation: FleetAllocation): AllocationPlan["nearest"] {
    let best: AllocationPlan["nearest"] = [];
    for (const one of this.#all) {
      const { its } = one;
      const other = this.#taken.get(its.node.name);
      const taken = other === undefined ? [] : [`is given to ${other}`];
      const why = [...whyNot(allocation, one), ...taken];
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

/** What keeps a node from one wish; nothing that only stands against a deploy does where none is wished. */
function whyNot(allocation: FleetAllocation, { its, out, held }: Judged): readonly string[] {
  const deploys = allocation.spec.provision !== undefined;
  return [...notAsWished(allocation, its), ...out, ...(deploys ? held : [])];
}
