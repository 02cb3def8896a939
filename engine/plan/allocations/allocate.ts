import { placeText } from "../../../schemas/diagnostic.ts";
import type { FleetAllocation } from "../../../schemas/fleet.ts";
import type { AllocationPlan } from "../../../schemas/plan.ts";
import type { PlanInput } from "../input.ts";
import { type Resolved, type ResolvedNode, resolveNodes } from "../match-records.ts";
import type { Digest } from "../plan-id.ts";
import { withAllocation } from "./allocated-node.ts";
import { Pool } from "./pool.ts";

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
export interface Deciding {
  readonly digest: Digest;
  readonly now: number;
}

/**
 * Gives nodes of the pool to Allocations: who has one keeps it, then who came first is served first. Of those that
 * fit, one is picked by the hash of both names: fair over many, and the same at each look until it is taken.
 */
export function allocate(input: Input, { digest, now }: Deciding): Allocated {
  const resolved = resolveNodes(input.fleet, input.records);
  const { allocations } = input.fleet;
  if (allocations.length === 0) return { resolved, allocations: [] };
  const nodes = new Map(resolved.nodes);
  const plans = new Map<string, AllocationPlan>();
  const byName = new Map(allocations.map((one) => [one.name, one]));
  const give = (
    its: ResolvedNode,
    allocation: FleetAllocation,
    state: AllocationPlan["state"],
  ): void => {
    nodes.set(its.node.name, { ...its, node: withAllocation(its.node, allocation) });
    plans.set(allocation.name, rowOf(allocation, its.node.name, state, []));
  };
  for (const its of resolved.nodes.values()) {
    const given = its.record?.allocation ?? null;
    const allocation = given === null ? undefined : byName.get(given.name);
    if (allocation !== undefined) give(its, allocation, "allocated");
  }
  const pool = new Pool([...resolved.nodes.values()], input, now);
  for (const allocation of inTurn(allocations, input)) {
    if (plans.has(allocation.name)) continue;
    const pick = picked(allocation, pool.fits(allocation), input, digest);
    if (pick === null) {
      plans.set(allocation.name, rowOf(allocation, null, "waiting", pool.nearest(allocation)));
      continue;
    }
    pool.take(pick, allocation.name);
    give(pick, allocation, "picked");
  }
  return {
    resolved: { ...resolved, nodes },
    allocations: allocations.flatMap(({ name }) => plans.get(name) ?? []),
  };
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
  { name, place }: FleetAllocation,
  node: string | null,
  state: AllocationPlan["state"],
  near: AllocationPlan["nearest"],
): AllocationPlan {
  return { allocation: name, state, node, nearest: near, declaredAt: placeText(place) };
}
