import { type Fleet, type FleetNode, findNode } from "../../schemas/fleet.ts";
import type { Observation } from "../../schemas/observation.ts";
import type { NodePlan, Plan } from "../../schemas/plan.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import type { FacetSeconds } from "../../schemas/settings.ts";
import { nodesAsPlanned } from "../plan/allocations/allocated-node.ts";
import { type PlanInput, type PlanOptions, surroundingsOf } from "../plan/input.ts";
import { planInTurns } from "../plan/make-plan.ts";
import { withRelatives } from "../plan/tree/relatives.ts";
import { agreement } from "../plan/node-view.ts";
import { Whole } from "../plan/whole.ts";
import type { Catalog } from "../../schemas/steps.ts";
import { inTurns } from "./in-turns.ts";
import { type ObservePorts, observeFleet, restsOn } from "./observe-fleet.ts";
import type { StoreReader } from "./ports.ts";

/** How a fleet is planned. */
export interface PlanFleetOptions {
  readonly plan: PlanOptions;
  readonly catalog: Catalog;
  /** False for a plan that may not come to anything: what it was made from is not remembered. */
  readonly keeps?: boolean | undefined;
  /** How long readings of before stand on nodes that are in sync; all is read afresh when left out. */
  readonly facetSeconds?: FacetSeconds | undefined;
  readonly onRead?: ((done: number, of: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Asked with the plan that was made; true where more is known now, and it is to be made anew. */
  readonly isOld?: ((plan: Plan) => Promise<boolean>) | undefined;
}

/** A plan with what it was made from. */
export interface Planned {
  readonly plan: Plan;
  readonly input: PlanInput;
  readonly whole: Whole;
}

/**
 * Reads the store, then the hardware, then plans. Records are read before the hardware: one that
 * moves in between is caught by its revision when the plan is applied.
 */
export async function planFleet(
  fleet: Fleet,
  store: StoreReader | null,
  ports: ObservePorts,
  options: PlanFleetOptions,
): Promise<Planned> {
  const observations = store === null ? new Map<string, Observation>() : await store.readings();
  const records = store === null ? new Map<string, NodeRecord>() : await store.records();
  return planWhole(new Whole({ fleet, records, observations }), store, ports, options);
}

/** The same with a fleet and records that are known; what is read of the hardware is known to it from then on. */
export async function planWhole(
  whole: Whole,
  store: StoreReader | null,
  ports: ObservePorts,
  options: PlanFleetOptions,
): Promise<Planned> {
  const facts = await readFacts(store, whole.fleet);
  const { select, offline } = options.plan;
  const nodes = offline ? [] : lookedAt(whole.fleet, select);
  const looks = await lookAt(whole, nodes, ports, options);
  const planned = await planSeen(whole, store, { facts, looks }, options);
  const again = nodes.filter(({ name }) => planned.doubted.has(name));
  if (again.length === 0) return planned;
  const afresh = await lookAt(whole, again, ports, { ...options, facetSeconds: undefined });
  return planSeen(whole, store, { facts, looks: afresh }, options);
}

/** A node as it was read, and what was known of it when the reading began. */
export interface Look {
  readonly node: FleetNode;
  readonly record: NodeRecord | null;
  readonly before: Observation | undefined;
  /** True where all of it was read, and nothing of before stands. */
  readonly isAfresh: boolean;
  readonly seen: Observation;
}

/** Reads these nodes; the whole does not know of it yet. By node name. */
export async function lookAt(
  { resolved, observations }: Pick<Whole, "resolved" | "observations">,
  nodes: readonly FleetNode[],
  ports: ObservePorts,
  how: Pick<PlanFleetOptions, "facetSeconds" | "onRead" | "signal">,
): Promise<ReadonlyMap<string, Look>> {
  const known = new Map(
    nodes.map((node) => {
      const record = resolved.nodes.get(node.name)?.record ?? null;
      const before = observations.get(node.name);
      return [
        node.name,
        { node, record, before, isAfresh: how.facetSeconds === undefined },
      ] as const;
    }),
  );
  const seen = await observeFleet(nodes, ports, {
    ...how,
    recordOf: (name) => known.get(name)?.record ?? null,
    earlier: observations,
  });
  const looks = new Map<string, Look>();
  for (const [name, its] of known) {
    const now = seen.get(name);
    if (now !== undefined) looks.set(name, { ...its, seen: now });
  }
  return looks;
}

/** Those, and whoever they power or are powered by: how these stand must be known, too. */
export function lookedAt(
  { nodes }: Pick<Fleet, "nodes">,
  select: PlanOptions["select"],
): readonly FleetNode[] {
  if (select === undefined) return nodes;
  return [...withRelatives(nodes, select)].sort().flatMap((name) => findNode(nodes, name) ?? []);
}

/**
 * Plans what was read. `doubted`: nodes that are not in sync and whose reading rests on facets of before; then the plan is no
 * word on them, nothing of it is kept, and these are to be read afresh first.
 */
export async function planSeen(
  whole: Whole,
  store: StoreReader | null,
  { facts, looks }: { readonly facts: Facts; readonly looks: ReadonlyMap<string, Look> },
  options: PlanFleetOptions,
): Promise<Planned & { readonly doubted: ReadonlySet<string> }> {
  const { fleet, records, observations } = whole;
  const input: PlanInput = { fleet, records, observations, catalog: options.catalog, ...facts };
  // Of those that are not looked at this time their last readings stand: who gets which node rests on all of them.
  for (const { seen } of looks.values()) whole.setObservation(seen);
  const planned = (): Promise<Plan> => inTurns(planInTurns(input, options.plan, whole));
  const first = await planned();
  const isDoubted = ({ node, inSync }: NodePlan): boolean => {
    const look = looks.get(node);
    return !inSync && look?.isAfresh === false && restsOn(look.before, look.seen);
  };
  const doubted = new Set(first.nodes.filter(isDoubted).map(({ node }) => node));
  if (doubted.size > 0) return { plan: first, input, whole, doubted };
  const isOld = (await options.isOld?.(first)) ?? false;
  const plan = isOld ? await planned() : first;
  const made = { plan, input, whole, doubted };
  if (store !== null && !options.plan.offline && options.keeps !== false) {
    const kept = await inTurns(remembered(made, options.plan));
    for (const observation of kept.values()) whole.setObservation(observation);
    await store.saveReadings(kept, (name) => findNode(fleet.nodes, name) !== undefined);
  }
  return made;
}

/** What the store says of the fleet, beside the records. */
export type Facts = Omit<PlanInput, "fleet" | "records" | "observations" | "catalog">;

/** Null for a clone without a store. */
export async function readFacts(
  store: StoreReader | null,
  { images }: Pick<Fleet, "images">,
): Promise<Facts> {
  if (store === null)
    return {
      holds: new Map(),
      store: null,
      inForce: null,
      stop: null,
      acknowledged: new Set(),
      unfinished: new Set(),
      spentRequests: new Set(),
      appliedImages: new Map(),
      forgottenUses: [],
      existing: new Set(),
      allocated: new Map(),
    };
  return {
    holds: await store.holds(),
    store: store.file,
    inForce: await store.inForce(),
    stop: await store.stop(),
    acknowledged: await store.acknowledged(),
    unfinished: await store.unfinished(),
    spentRequests: await store.spentRequests(),
    appliedImages: await store.appliedImages(images.map(({ metadata }) => metadata.name)),
    forgottenUses: await store.forgottenUses(),
    existing: await store.existingNames(),
    allocated: await store.allocated(),
  };
}

/** Nodes whose agreement is seen to in one turn. */
const TURN = 500;

// Readings with what they agreed on, so that the next difference can be told from a wish.
function* remembered(
  { plan, input, whole }: Planned,
  options: PlanOptions,
): Generator<undefined, ReadonlyMap<string, Observation>, undefined> {
  const { nodes } = whole.resolved;
  const surroundings = surroundingsOf(input, whole);
  const inSync = new Set(plan.nodes.filter((node) => node.inSync).map((node) => node.node));
  const planned = plan.nodes.flatMap(({ node }) => findNode(input.fleet.nodes, node) ?? []);
  const kept = new Map<string, Observation>();
  for (const node of nodesAsPlanned({ ...input.fleet, nodes: planned }, plan)) {
    const observation = input.observations.get(node.name);
    const its = nodes.get(node.name);
    if (observation === undefined || its === undefined) continue;
    const before = observation.agreed;
    // What a person asks for by an act is not what git was seen to hold.
    const now =
      options.act === undefined
        ? agreement({ ...its, node }, { observation, surroundings }, options)
        : {};
    const desired = { ...before?.desired, ...now };
    const at = inSync.has(node.name) ? observation.at : (before?.at ?? null);
    kept.set(node.name, { ...observation, agreed: { at, desired } });
    if (kept.size % TURN === 0) yield;
  }
  return kept;
}
