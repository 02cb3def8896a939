import { compareImpact, type Impact } from "../../schemas/impact.ts";
import { known } from "../../schemas/observation.ts";
import { instantText } from "../../schemas/instant.ts";
import type { Fleet } from "../../schemas/fleet.ts";
import {
  type AllocationPlan,
  type NodePlan,
  type Plan,
  PLAN_FORMAT_VERSION,
  PLANNER_VERSION,
  type PlanSummary,
  type RackTotals,
  type Refusal,
} from "../../schemas/plan.ts";
import type { TreeTerms } from "../../schemas/tree.ts";
import { allocate } from "./allocations/allocate.ts";
import { losesSomething, refuseBudgets } from "./budget.ts";
import { breakerRefusal, inTrouble } from "./breaker.ts";
import { contradiction } from "./facets/identity.ts";
import { type PlanInput, type PlanOptions, type Surroundings, surroundingsOf } from "./input.ts";
import type { Resolved, ResolvedNode } from "./match-records.ts";
import { isReported } from "./reported.ts";
import { planId } from "./plan-id.ts";
import { planNode } from "./plan-node.ts";
import { planTree } from "./tree/plan-tree.ts";
import { treeOf } from "./tree/relatives.ts";
import { refuseRemoval, removedNames } from "./removal.ts";
import { allTurns } from "./turns.ts";
import { Whole } from "./whole.ts";

/** Everything that apply would do, and why, decided in full. Same input, same bytes. */
export function makePlan(input: PlanInput, options: PlanOptions, whole = new Whole(input)): Plan {
  return allTurns(planInTurns(input, options, whole));
}

// Nodes that are planned in one turn: some ten milliseconds.
const TURN = 100;

// The same, cut into turns: whoever has leases to renew renews them in between. The last turn answers the plan.
export function* planInTurns(
  input: PlanInput,
  options: PlanOptions,
  whole: Whole,
): Generator<undefined, Plan, undefined> {
  const { fleet, store } = input;
  const { resolved, allocations } = allocate(input, options, whole.resolved);
  const surroundings = surroundingsOf(input, whole);
  const nodes = yield* planAll(resolved, input, surroundings, options);
  const removed = removedNames(whole, input.inForce);
  const orphans = [
    ...new Set([...removed, ...resolved.orphans.map((record) => record.name)]),
  ].sort();
  const body = {
    formatVersion: PLAN_FORMAT_VERSION,
    plannerVersion: PLANNER_VERSION,
    commit: fleet.commit.id,
    commitSubject: fleet.commit.subject,
    // A person's act was declared by nobody.
    commitAuthor: options.act === undefined ? fleet.commit.author : null,
    commitTime: fleet.commit.time,
    tree: fleet.tree,
    settingsHash: options.settingsHash,
    store: store?.id ?? null,
    storeEpoch: store?.epoch ?? null,
    inForce: inForceOf(input, fleet),
    observed: observedOf(nodes, input, options.now),
    offline: options.offline,
    nodes,
    budgets: usedBudgets(nodes, surroundings.policies.budgets),
    allocations: allocations.map((one) => asGivenBack(one, nodes)),
    orphans,
    refused: refusals(input, nodes, { removed, budgets: surroundings.policies.budgets }, options),
    summary: summarise(nodes),
  } as const;
  const id = planId(body, options.digest);
  return { ...body, id, createdAt: instantText(options.now) };
}

// Each node by itself, then those that power each other once more.
function* planAll(
  { nodes }: Resolved,
  input: PlanInput,
  surroundings: Surroundings,
  options: PlanOptions,
): Generator<undefined, readonly NodePlan[], undefined> {
  const replan = (name: string, terms: TreeTerms): NodePlan => {
    const node = nodes.get(name);
    if (node === undefined) throw new Error(`${name} is not declared`);
    return planOne(node, input, { surroundings, terms }, options);
  };
  const alone = new Map<string, NodePlan>();
  for (const name of [...(options.select ?? nodes.keys())].sort()) {
    const node = nodes.get(name);
    if (node !== undefined) alone.set(name, planOne(node, input, { surroundings }, options));
    if (alone.size % TURN === 0) yield;
  }
  const { observations, store } = input;
  const isStranger = (name: string): boolean => {
    const its = nodes.get(name);
    const seen = known(observations.get(name), "identity");
    return (
      its !== undefined && contradiction({ node: its.node, record: its.record }, seen) !== null
    );
  };
  // With what Allocations make of its nodes, where there are any.
  const isPlain = input.fleet.allocations.length === 0;
  const tree = treeOf(isPlain ? input.fleet.nodes : [...nodes.values()].map(({ node }) => node));
  const all =
    store === null
      ? [...alone.values()].map(withoutStore)
      : [
          ...planTree(alone, {
            tree,
            observations,
            budgets: surroundings.policies.budgets,
            isStranger,
            replan,
          }).values(),
        ];
  return all.sort((a, b) => (a.node < b.node ? -1 : 1));
}

/** An Allocation waits for a node to be given back only where that is planned; else it is said what stands against it. */
function asGivenBack(row: AllocationPlan, nodes: readonly NodePlan[]): AllocationPlan {
  const { givesBack } = row;
  if (givesBack === undefined) return row;
  const its = nodes.find(({ node }) => node === givesBack);
  if (its === undefined)
    return { ...row, keptBy: `${givesBack} is not among the nodes of this plan` };
  if (its.records?.allocation === null) return row;
  return { ...row, keptBy: its.blockedBy[0]?.message ?? "nothing is recorded of it" };
}

/** A saved plan is applied under the budgets that it was approved with. */
function usedBudgets(nodes: readonly NodePlan[], budgets: Plan["budgets"]): Plan["budgets"] {
  const used = new Set(nodes.flatMap(({ policies = [] }) => policies));
  return budgets.filter(({ policy }) => policy !== null && used.has(policy));
}

function planOne(
  node: ResolvedNode,
  input: PlanInput,
  { surroundings, terms: tree }: { surroundings: Surroundings; terms?: TreeTerms },
  options: PlanOptions,
): NodePlan {
  const holds = node.uuid === null ? [] : (input.holds.get(node.uuid) ?? []);
  const observation = input.observations.get(node.node.name);
  const plan = planNode(node, { observation, holds, surroundings, tree }, options);
  if (node.uuid === null || !input.unfinished.has(node.uuid)) return plan;
  const note = "an engine ended in the middle of its work here; apply looks at it first";
  return { ...plan, unfinished: true, notes: [...plan.notes, note] };
}

/** A clone without the store can show what differs; it cannot know what may be done about it. */
function withoutStore(plan: NodePlan): NodePlan {
  const { records: _records, ...rest } = plan;
  const blocked = {
    kind: "unverified",
    code: "IW-S02",
    message: "there is no store here: what was done to it before is unknown",
  } as const;
  return { ...rest, steps: [], staged: [], inSync: false, blockedBy: [blocked, ...plan.blockedBy] };
}

function inForceOf({ inForce }: PlanInput, fleet: Fleet): Plan["inForce"] {
  if (inForce === null) return null;
  const same = inForce.tree === fleet.tree;
  return { seq: inForce.seq, commit: same ? fleet.commit.id : inForce.commit, since: inForce.at };
}

function observedOf(nodes: readonly NodePlan[], input: PlanInput, now: number): Plan["observed"] {
  let seen = 0;
  let oldest: number | null = null;
  for (const { node, unreachable } of nodes) {
    const at = input.observations.get(node)?.at;
    if (unreachable || at === undefined) continue;
    seen += 1;
    oldest = oldest === null ? at : Math.min(oldest, at);
  }
  return {
    nodes: seen,
    of: nodes.length,
    oldestMs: oldest === null ? null : Math.max(0, now - oldest),
  };
}

function refusals(
  input: PlanInput,
  nodes: readonly NodePlan[],
  { removed, budgets }: { readonly removed: readonly string[]; readonly budgets: Plan["budgets"] },
  options: PlanOptions,
): readonly Refusal[] {
  const { stop } = input;
  const stopped: Refusal | null =
    stop === null
      ? null
      : {
          code: "IW-P11",
          message: `${stop.kind === "stop" ? "the fleet is stopped" : "the breaker is open"} by ${stop.by} since ${instantText(stop.at)}: "${stop.reason}". To go on: ironwright resume`,
          declaredAt: null,
        };
  const troubled = inTrouble(nodes, input.acknowledged);
  const found = [
    stopped,
    // An act puts no commit in force, so it removes nothing.
    options.act === undefined ? refuseRemoval(input, removed, options) : null,
    ...refuseBudgets(nodes, budgets),
    stopped === null && !options.offline && options.act === undefined
      ? breakerRefusal(troubled, input.fleet.nodes.length, options.settings.breaker)
      : null,
  ];
  return found.filter((refusal) => refusal !== null);
}

/** Every power cycle, also inside an erasing step; a machine that is only switched off counts once. */
function rebootsOf({ steps }: NodePlan): number {
  return steps.reduce((sum, { impact, flow, resumes }) => {
    const entries = (flow?.entries ?? []).slice(resumes?.entry ?? 0);
    const acts = entries.flatMap((entry) => entry.acts);
    const cycles = acts.filter(({ act }) => act.verb === "power.on").length;
    const cuts = compareImpact(impact, "reboot") >= 0 ? 1 : 0;
    return sum + (flow === undefined ? cuts : Math.max(cycles, acts.length === 0 ? 0 : cuts));
  }, 0);
}

function totalsOf(nodes: readonly NodePlan[]): RackTotals {
  const totals = {
    nodes: nodes.length,
    steps: 0,
    reboots: 0,
    erased: 0,
    blocked: 0,
    reported: 0,
    unreachable: 0,
  };
  for (const node of nodes) {
    totals.steps += node.steps.length;
    totals.reboots += rebootsOf(node);
    totals.erased += losesSomething(node.steps) ? 1 : 0;
    totals.blocked += !node.unreachable && node.blockedBy.length > 0 ? 1 : 0;
    totals.reported += isReported(node) ? 1 : 0;
    totals.unreachable += node.unreachable ? 1 : 0;
  }
  return totals;
}

function inRack(racks: Map<string, NodePlan[]>, rack: string): NodePlan[] {
  const its = racks.get(rack) ?? [];
  racks.set(rack, its);
  return its;
}

function summarise(nodes: readonly NodePlan[]): PlanSummary {
  const racks = new Map<string, NodePlan[]>();
  const byImpact: Record<Impact, number> = { none: 0, "in-place": 0, reboot: 0, destructive: 0 };
  for (const node of nodes) {
    if (node.rack !== null) inRack(racks, node.rack).push(node);
    for (const { impact } of node.steps) byImpact[impact] += 1;
  }
  const all = totalsOf(nodes);
  const byRack = Object.fromEntries(
    [...racks].sort(([a], [b]) => (a < b ? -1 : 1)).map(([rack, its]) => [rack, totalsOf(its)]),
  );
  return {
    nodes: all.nodes,
    changedNodes: nodes.filter((node) => node.steps.length > 0).length,
    steps: all.steps,
    byImpact,
    reboots: all.reboots,
    erasedNodes: all.erased,
    blockedNodes: all.blocked,
    unreachableNodes: all.unreachable,
    byRack,
  };
}
