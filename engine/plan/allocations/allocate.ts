import { placeText } from "../../../schemas/diagnostic.ts";
import type { FleetAllocation } from "../../../schemas/fleet.ts";
import type { AllocationPlan } from "../../../schemas/plan.ts";
import type { PlanInput, PlanOptions } from "../input.ts";
import { type Resolved, type ResolvedNode, resolveNodes } from "../match-records.ts";
import type { Digest } from "../plan-id.ts";
import { withAllocation } from "./allocated-node.ts";
import { LeftBehind } from "./left-behind.ts";
import { Pool } from "./pool.ts";
import { notTaken } from "./why-unfit.ts";

type Input = Pick<
  PlanInput,
  "fleet" | "records" | "observations" | "holds" | "inForce" | "allocated"
>;

/** The fleet with every Allocation on its node, and what became of each. */
export interface Allocated {
  readonly resolved: Resolved;
  readonly allocations: readonly AllocationPlan[];
}

/** What deciding rests on besides the input. */
export type Deciding = Pick<PlanOptions, "digest" | "now" | "claims">;

/**
 * Gives nodes to Allocations: who has one keeps it, who names one takes it if it runs already, then who came first is
 * served first out of the pool. Of those that fit, one is picked by the hash of both names: fair over many, and the
 * same at each look until it is taken.
 */
export function allocate(
  input: Input,
  deciding: Deciding,
  resolved = resolveNodes(input.fleet, input.records),
): Allocated {
  const { allocations } = input.fleet;
  if (allocations.length === 0) return { resolved, allocations: [] };
  const giving = new Giving(resolved, allocations);
  giving.keep();
  const pool = new Pool([...resolved.nodes.values()], input, deciding);
  for (const allocation of inTurn(allocations, input)) {
    if (giving.plans.has(allocation.name)) continue;
    if (allocation.spec.node !== undefined) {
      giving.takeNamed(allocation, allocation.spec.node, input);
      continue;
    }
    const pick = picked(allocation, pool.fits(allocation), input, deciding.digest);
    if (pick === null) {
      giving.wait(allocation, pool.nearest(allocation));
      continue;
    }
    pool.take(pick, allocation.name);
    giving.give(pick, allocation, "picked");
  }
  return {
    resolved: { ...resolved, nodes: giving.nodes },
    allocations: allocations.flatMap(({ name }) => giving.plans.get(name) ?? []),
  };
}

/** Who has got what so far. */
class Giving {
  readonly nodes: Map<string, ResolvedNode>;
  readonly plans = new Map<string, AllocationPlan>();
  readonly #byName: ReadonlyMap<string, FleetAllocation>;
  readonly #left: LeftBehind;

  constructor({ nodes }: Resolved, allocations: readonly FleetAllocation[]) {
    this.nodes = new Map(nodes);
    this.#byName = new Map(allocations.map((one) => [one.name, one]));
    this.#left = new LeftBehind([...nodes.values()], this.#byName);
  }

  give(its: ResolvedNode, allocation: FleetAllocation, state: "allocated" | "picked"): void {
    this.nodes.set(its.node.name, { ...its, node: withAllocation(its.node, allocation) });
    const row = rowOf(allocation, { node: its.node.name, state });
    this.plans.set(allocation.name, state === "picked" ? this.#left.said(row, allocation) : row);
  }

  wait(
    allocation: FleetAllocation,
    nearest: AllocationPlan["nearest"],
    more: Pick<AllocationPlan, "givesBack"> = {},
  ): void {
    const row = { ...rowOf(allocation, { node: null, state: "waiting" }), nearest, ...more };
    this.plans.set(allocation.name, this.#left.said(row, allocation));
  }

  /** Who has a node keeps it. */
  keep(): void {
    for (const its of this.nodes.values()) {
      const given = its.record?.allocation ?? null;
      const allocation = given === null ? undefined : this.#byName.get(given.name);
      if (allocation === undefined) continue;
      if (!isGivenBack(its)) this.give(its, allocation, "allocated");
      else this.wait(allocation, [], { givesBack: its.node.name });
    }
  }

  takeNamed(allocation: FleetAllocation, node: string, { observations }: Input): void {
    const its = this.nodes.get(node);
    const seen = { observation: observations.get(node), declared: this.#byName };
    const why = its === undefined ? [NOT_DECLARED] : notTaken(allocation, its, seen);
    if (its === undefined || why.length > 0) this.wait(allocation, [{ node, why }]);
    else this.give(its, allocation, "picked");
  }
}

const NOT_DECLARED = "is not declared";

/** A retired machine is not deployed any more: what has nothing on it yet is looked for elsewhere, once it is free. */
function isGivenBack({ node, record }: ResolvedNode): boolean {
  return node.spec.retired !== undefined && record?.instance === null && record.activity === null;
}

/** The node that was taken for it before, where that fits: an engine was cut off before its record said so. */
function picked(
  { name }: FleetAllocation,
  fit: readonly ResolvedNode[],
  { allocated }: Input,
  digest: Digest,
): ResolvedNode | null {
  const held = allocated.get(name);
  const before = held === undefined ? undefined : fit.find(({ uuid }) => uuid === held);
  if (before !== undefined) return before;
  let first: { readonly its: ResolvedNode; readonly lot: string } | null = null;
  for (const its of fit) {
    const lot = digest(`${name}\n${its.uuid ?? its.node.name}`);
    if (first === null || lot < first.lot) first = { its, lot };
  }
  return first?.its ?? null;
}

/** Who was in force first; of one commit by name. */
function inTurn(
  allocations: readonly FleetAllocation[],
  { inForce }: Input,
): readonly FleetAllocation[] {
  const seqOf = ({ name }: FleetAllocation): number =>
    inForce?.allocations[name]?.seq ?? Number.MAX_SAFE_INTEGER;
  return [...allocations].sort((a, b) => seqOf(a) - seqOf(b) || (a.name < b.name ? -1 : 1));
}

function rowOf(
  { name, spec, place }: FleetAllocation,
  { node, state }: Pick<AllocationPlan, "node" | "state">,
): AllocationPlan {
  const declaredAt = placeText(place);
  const elsewhere = spec.node !== undefined && spec.node !== node;
  const names = elsewhere ? { names: spec.node } : {};
  return { allocation: name, state, node, ...names, nearest: [], declaredAt };
}
