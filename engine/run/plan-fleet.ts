import type { Fleet } from "../../schemas/fleet.ts";
import type { Observation } from "../../schemas/observation.ts";
import type { Plan } from "../../schemas/plan.ts";
import type { FacetSeconds } from "../../schemas/settings.ts";
import { nodesAsPlanned } from "../plan/allocations/allocated-node.ts";
import { type PlanInput, type PlanOptions, surroundingsOf } from "../plan/input.ts";
import { makePlan } from "../plan/make-plan.ts";
import { resolveNodes } from "../plan/match-records.ts";
import { withRelatives } from "../plan/tree/relatives.ts";
import { agreement } from "../plan/node-view.ts";
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
}

/** A plan with what it was made from. */
export interface Planned {
  readonly plan: Plan;
  readonly input: PlanInput;
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
  const earlier = store === null ? new Map<string, Observation>() : await store.readings();
  const rest = await readStore(store, fleet);
  const { select, offline } = options.plan;
  // Whoever is planned alone needs to know how its parent and its children stand.
  const looked = select === undefined ? null : withRelatives(fleet.nodes, select);
  const nodes = fleet.nodes.filter((node) => looked?.has(node.name) ?? true);
  const { onRead, signal, facetSeconds } = options;
  const reading = { records: rest.records, earlier, onRead, signal };
  const seen = offline ? earlier : await observeFleet(nodes, ports, { ...reading, facetSeconds });
  // Of those that are not looked at this time their last readings stand: who gets which node rests on all of them.
  const observations = select === undefined ? seen : new Map([...earlier, ...seen]);
  const guess: PlanInput = { fleet, observations, catalog: options.catalog, ...rest };
  const first = makePlan(guess, options.plan);
  // What is not in sync rests on nothing that was not read now.
  const doubted = new Set(
    first.nodes
      .filter(({ node, inSync }) => !inSync && restsOn(earlier.get(node), seen.get(node)))
      .map(({ node }) => node),
  );
  const again = nodes.filter(({ name }) => doubted.has(name));
  const afresh = again.length === 0 ? [] : await observeFleet(again, ports, reading);
  const input = { ...guess, observations: new Map([...observations, ...afresh]) };
  const plan = again.length === 0 ? first : makePlan(input, options.plan);
  if (store !== null && !offline && options.keeps !== false) {
    const declared = new Set(fleet.nodes.map((node) => node.name));
    const kept = [...earlier].filter(([name]) => declared.has(name));
    await store.saveReadings(new Map([...kept, ...remembered({ plan, input }, options.plan)]));
  }
  return { plan, input };
}

async function readStore(
  store: StoreReader | null,
  { images }: Pick<Fleet, "images">,
): Promise<Omit<PlanInput, "fleet" | "observations" | "catalog">> {
  if (store === null)
    return {
      records: new Map(),
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
    records: await store.records(),
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

/** Readings with what they agreed on, so that the next difference can be told from a wish. */
function remembered(
  { plan, input }: Planned,
  options: PlanOptions,
): ReadonlyMap<string, Observation> {
  const fleet = { ...input.fleet, nodes: nodesAsPlanned(input.fleet, plan) };
  const resolved = resolveNodes(fleet, input.records);
  const surroundings = surroundingsOf(input, resolved);
  const inSync = new Set(plan.nodes.filter((node) => node.inSync).map((node) => node.node));
  const kept = new Map<string, Observation>();
  for (const { node } of plan.nodes) {
    const observation = input.observations.get(node);
    const its = resolved.nodes.get(node);
    if (observation === undefined || its === undefined) continue;
    const before = observation.agreed;
    // What a person asks for by an act is not what git was seen to hold.
    const now =
      options.act === undefined ? agreement(its, { observation, surroundings }, options) : {};
    const desired = { ...before?.desired, ...now };
    const at = inSync.has(node) ? observation.at : (before?.at ?? null);
    kept.set(node, { ...observation, agreed: { at, desired } });
  }
  return kept;
}
