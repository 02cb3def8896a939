import { setImmediate as breathe } from "node:timers/promises";
import { type Fleet, type FleetNode, findNode } from "../../schemas/fleet.ts";
import type { Observation } from "../../schemas/observation.ts";
import type { Plan } from "../../schemas/plan.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import type { FacetSeconds } from "../../schemas/settings.ts";
import { nodesAsPlanned } from "../plan/allocations/allocated-node.ts";
import { type PlanInput, type PlanOptions, surroundingsOf } from "../plan/input.ts";
import { planInTurns } from "../plan/make-plan.ts";
import { withRelatives } from "../plan/tree/relatives.ts";
import { agreement } from "../plan/node-view.ts";
import { Whole } from "../plan/whole.ts";
import type { Catalog } from "../../schemas/steps.ts";
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
  const { fleet, records, observations } = whole;
  const rest = await readStore(store, fleet);
  const { select, offline } = options.plan;
  const { nodes } = whole.resolved;
  const reading = {
    recordOf: (name: string) => nodes.get(name)?.record ?? null,
    earlier: observations,
    onRead: options.onRead,
    signal: options.signal,
  };
  const input: PlanInput = { fleet, records, observations, catalog: options.catalog, ...rest };
  const looked = offline ? [] : lookedAt(fleet, select);
  const before = new Map(looked.map(({ name }) => [name, observations.get(name)]));
  const { facetSeconds } = options;
  const seen = await observeFleet(looked, ports, { ...reading, facetSeconds });
  // Of those that are not looked at this time their last readings stand: who gets which node rests on all of them.
  for (const observation of seen.values()) whole.setObservation(observation);
  const planned = (): Promise<Plan> => inTurns(planInTurns(input, options.plan, whole));
  const first = await planned();
  // What is not in sync rests on nothing that was not read now.
  const doubted = new Set(
    first.nodes
      .filter(({ node, inSync }) => !inSync && restsOn(before.get(node), seen.get(node)))
      .map(({ node }) => node),
  );
  const again = looked.filter(({ name }) => doubted.has(name));
  const afresh = again.length === 0 ? [] : await observeFleet(again, ports, reading);
  for (const [, observation] of afresh) whole.setObservation(observation);
  const second = again.length === 0 ? first : await planned();
  const isOld = (await options.isOld?.(second)) ?? false;
  const plan = isOld ? await planned() : second;
  const made = { plan, input, whole };
  if (store !== null && !offline && options.keeps !== false) {
    const kept = await inTurns(remembered(made, options.plan));
    for (const observation of kept.values()) whole.setObservation(observation);
    await store.saveReadings(kept, (name) => findNode(fleet.nodes, name) !== undefined);
  }
  return made;
}

/** Leases are renewed, and signals heard, while a large fleet is planned. */
async function inTurns<T>(turns: Generator<undefined, T, undefined>): Promise<T> {
  for (;;) {
    const { done, value } = turns.next();
    if (done === true) return value;
    await breathe();
  }
}

/** Whoever is planned alone needs to know how its parent and its children stand. */
function lookedAt({ nodes }: Fleet, select: PlanOptions["select"]): readonly FleetNode[] {
  if (select === undefined) return nodes;
  return [...withRelatives(nodes, select)].sort().flatMap((name) => findNode(nodes, name) ?? []);
}

async function readStore(
  store: StoreReader | null,
  { images }: Pick<Fleet, "images">,
): Promise<Omit<PlanInput, "fleet" | "records" | "observations" | "catalog">> {
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
