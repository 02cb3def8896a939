import { placeText } from "../../../schemas/diagnostic.ts";
import type { FleetAllocation } from "../../../schemas/fleet.ts";
import type { AllocationPlan } from "../../../schemas/plan.ts";
import type { PlanInput } from "../input.ts";
import { type Resolved, type ResolvedNode, resolveNodes } from "../match-records.ts";
import type { Digest } from "../plan-id.ts";
import { withAllocation } from "./allocated-node.ts";
import { whyUnfit } from "./why-unfit.ts";

/** Nodes that are named where nobody fits. */
const NEAREST = 3;

type Input = Pick<
  PlanInput,
  "fleet" | "records" | "observations" | "holds" | "inForce" | "allocated"
>;

/** The fleet with every Allocation on its node, and what became of each. */
export interface Allocated {
  readonly resolved: Resolved;
  readonly allocations: readonly AllocationPlan[];
}

/**
 * Gives nodes of the pool to Allocations: who has one keeps it, then who came first is served first. Of those that
 * fit, one is picked by the hash of both names: fair over many, and the same at each look until it is taken.
 */
export function allocate(input: Input, digest: Digest): Allocated {
  const resolved = resolveNodes(input.fleet, input.records);
  const { allocations } = input.fleet;
  if (allocations.length === 0) return { resolved, allocations: [] };
  const nodes = new Map(resolved.nodes);
  const plans = new Map<string, AllocationPlan>();
  const free: ResolvedNode[] = [];
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
    if (allocation === undefined) free.push(its);
    else give(its, allocation, "allocated");
  }
  const taken = new Map<string, string>();
  const judge = (allocation: FleetAllocation, its: ResolvedNode): Judged => {
    const other = taken.get(its.node.name);
    const why = unfit(allocation, its, input);
    return { its, why: other === undefined ? why : [...why, `is given to ${other}`] };
  };
  for (const allocation of inTurn(allocations, input)) {
    if (plans.has(allocation.name)) continue;
    const pick = picked(
      allocation,
      free.map((its) => judge(allocation, its)),
      input,
      digest,
    );
    if (pick === null) {
      const judged = [...resolved.nodes.values()].map((its) => judge(allocation, its));
      plans.set(allocation.name, rowOf(allocation, null, "waiting", nearest(judged)));
      continue;
    }
    taken.set(pick.node.name, allocation.name);
    give(pick, allocation, "picked");
  }
  return {
    resolved: { ...resolved, nodes },
    allocations: allocations.flatMap(({ name }) => plans.get(name) ?? []),
  };
}

interface Judged {
  readonly its: ResolvedNode;
  readonly why: readonly string[];
}

/** An engine that was cut off between taking the name and writing the record had picked already. */
function picked(
  { name }: FleetAllocation,
  judged: readonly Judged[],
  { allocated }: Input,
  digest: Digest,
): ResolvedNode | null {
  const fit = judged.filter(({ why }) => why.length === 0).map(({ its }) => its);
  const held = allocated.get(name);
  if (held !== undefined) return fit.find(({ uuid }) => uuid === held) ?? null;
  const lot = (its: ResolvedNode): string => digest(`${name}\n${its.uuid ?? its.node.name}`);
  const [first] = fit
    .map((its) => ({ its, lot: lot(its) }))
    .sort((a, b) => (a.lot < b.lot ? -1 : 1));
  return first?.its ?? null;
}

function unfit(
  allocation: FleetAllocation,
  its: ResolvedNode,
  { observations, holds }: Input,
): readonly string[] {
  return whyUnfit(
    allocation,
    its,
    observations.get(its.node.name),
    its.uuid === null ? [] : (holds.get(its.uuid) ?? []),
  );
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

function nearest(judged: readonly Judged[]): AllocationPlan["nearest"] {
  return [...judged]
    .sort((a, b) => a.why.length - b.why.length || (a.its.node.name < b.its.node.name ? -1 : 1))
    .slice(0, NEAREST)
    .map(({ its, why }) => ({ node: its.node.name, why }));
}

function rowOf(
  { name, place }: FleetAllocation,
  node: string | null,
  state: AllocationPlan["state"],
  near: AllocationPlan["nearest"],
): AllocationPlan {
  return { allocation: name, state, node, nearest: near, declaredAt: placeText(place) };
}
