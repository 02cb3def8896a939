import type { FleetAllocation } from "../../../schemas/fleet.ts";
import type { AllocationPlan } from "../../../schemas/plan.ts";
import type { Instance } from "../../../schemas/record.ts";
import type { ResolvedNode } from "../match-records.ts";
import { runsByItself } from "./allocated-node.ts";
import { notAsWished } from "./why-unfit.ts";

/** Nodes whose workload goes on although their Allocation left git: it was deleted, or it was renamed. */
export class LeftBehind {
  readonly #nodes: readonly ResolvedNode[];

  constructor(nodes: readonly ResolvedNode[], declared: ReadonlyMap<string, FleetAllocation>) {
    this.#nodes = nodes.filter(({ node, record }) => {
      const given = record?.allocation ?? null;
      if (given === null || declared.has(given.name)) return false;
      return record?.instance !== null && !runsByItself(node);
    });
  }

  /** The row with the node that the same wish has by another name: git does not say that one became the other. */
  said(row: AllocationPlan, allocation: FleetAllocation): AllocationPlan {
    const its = this.#nodes.find(
      (one) => notAsWished(allocation, one).length === 0 && runsTheSame(allocation, one),
    );
    const given = its?.record?.allocation ?? null;
    if (its === undefined || given === null) return row;
    return { ...row, left: { node: its.node.name, allocation: given.name } };
  }
}

function runsTheSame({ spec: { provision } }: FleetAllocation, { record }: ResolvedNode): boolean {
  const { origin, image } = record?.instance ?? {};
  if (provision === undefined) return true;
  return origin === "deployed" && sameImage(provision.image, image ?? null);
}

function sameImage(
  wanted: { readonly name?: string | undefined; readonly url?: string | undefined },
  has: Instance["image"],
): boolean {
  return has !== null && has["name"] === wanted.name && has["url"] === wanted.url;
}
