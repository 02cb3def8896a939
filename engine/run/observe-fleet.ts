import type { FleetNode } from "../../schemas/fleet.ts";
import type { Failure } from "../../schemas/failure.ts";
import { known, type Observation, type ObservedFacet } from "../../schemas/observation.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import type { FacetSeconds } from "../../schemas/settings.ts";
import { pooled } from "./limits.ts";
import type { Clock, Drivers } from "./ports.ts";

/** What observing needs. */
export interface ObservePorts {
  readonly drivers: Drivers;
  readonly clock: Clock;
  /** BMCs read at once. */
  readonly concurrency: number;
}

export interface ObserveOptions {
  /** The record of a node, by its name: of one that was renamed, that of its machine. */
  readonly recordOf: (name: string) => NodeRecord | null;
  /** Readings of before, by node name. */
  readonly earlier: ReadonlyMap<string, Observation>;
  /** How long the last reading of what costs requests of its own stands; all is read afresh when left out. */
  readonly facetSeconds?: FacetSeconds | undefined;
  /** Called after each node. */
  readonly onRead?: ((done: number, of: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** These come with the system resource itself: one request for all of them. */
const ALWAYS: readonly ObservedFacet[] = ["identity", "power", "bootDevice", "bootMode"];

/** Actions that erase: what they would erase must have a name. */
const ERASING = new Set(["clean", "rebuild", "undeploy"]);

/** Disks that are known from an inspection need not be read again. */
function needsDisks({ spec }: FleetNode, record: NodeRecord | null): boolean {
  if ((record?.inventory ?? null) !== null) return false;
  const { state } = spec.provision ?? {};
  const asked = spec.requests?.some(({ action }) => ERASING.has(action)) ?? false;
  return asked || state === "available" || state === "active";
}

/** What must be read to compare this node; what it does not declare costs no request. */
export function facetsToRead(node: FleetNode, record: NodeRecord | null): readonly ObservedFacet[] {
  const { boot, bios, indicators } = node.spec;
  return [
    ...ALWAYS,
    ...(boot?.secureBoot === undefined ? [] : (["secureBoot"] as const)),
    ...(bios === undefined ? [] : (["bios"] as const)),
    ...(indicators === undefined ? [] : (["indicators"] as const)),
    ...(needsDisks(node, record) ? (["inventory"] as const) : []),
  ];
}

/** Reads many nodes, each on its own: a silent BMC is an Observation like any other. */
export async function observeFleet(
  nodes: readonly FleetNode[],
  ports: ObservePorts,
  options: ObserveOptions,
): Promise<ReadonlyMap<string, Observation>> {
  const seen = new Map<string, Observation>();
  const read = async (node: FleetNode): Promise<void> => {
    const earlier = options.earlier.get(node.name);
    const record = options.recordOf(node.name);
    const { facetSeconds, signal } = options;
    seen.set(node.name, await observeNode(node, ports, { earlier, record, facetSeconds }, signal));
    options.onRead?.(seen.size, nodes.length);
  };
  await pooled(nodes, ports.concurrency, read, options.signal);
  return seen;
}

/** What is known of a node before it is read. */
interface KnownBefore {
  readonly earlier: Observation | undefined;
  readonly record: NodeRecord | null;
  readonly facetSeconds?: FacetSeconds | undefined;
}

/** Facets that cost requests of their own. */
const AGED = [
  "bios",
  "secureBoot",
  "indicators",
  "inventory",
] as const satisfies readonly (ObservedFacet & keyof FacetSeconds)[];

/**
 * Of what must be read on a node that was in sync, that which was read of late, for this very declaration, and after the
 * last act: it stands, with its own time.
 */
function standing(
  node: FleetNode,
  wanted: readonly ObservedFacet[],
  { earlier, record, facetSeconds }: KnownBefore,
  now: number,
): Observation["facets"] {
  if (earlier === undefined || facetSeconds === undefined) return {};
  const { facets, agreed } = earlier;
  if (earlier.unreachable !== null || earlier.readFor !== node.specHash) return {};
  const actedAt = record?.lastFlow?.endedAt ?? 0;
  // When all of it was last seen to be as declared: what was read since has not been judged, or differed.
  const agreedAt = agreed?.at ?? -Infinity;
  const stands = AGED.filter((facet) => {
    const reading = facets[facet];
    if (!wanted.includes(facet) || reading?.known !== true) return false;
    if (reading.at <= actedAt || reading.at > agreedAt) return false;
    const age = now - reading.at;
    return age >= 0 && age < facetSeconds[facet] * 1000;
  });
  return Object.fromEntries(stands.map((facet) => [facet, facets[facet]]));
}

/** True where a facet was not read this time. */
export function restsOn(earlier: Observation | undefined, now: Observation | undefined): boolean {
  return AGED.some((facet) => {
    const reading = now?.facets[facet];
    return reading !== undefined && reading === earlier?.facets[facet];
  });
}

/** What a login is: another user, or another BMC, is another login. Null where no secret is known. */
async function loginOf(
  { spec, ...node }: FleetNode,
  drivers: Pick<Drivers, "secretVersion">,
): Promise<string | null> {
  const version = await drivers.secretVersion({ spec, ...node });
  if (version === null) return null;
  return [version, spec.bmc?.username ?? "", spec.bmc?.address ?? ""].join(" ");
}

/** Reads one node; a login that was refused is not tried again while it is the same. */
export async function observeNode(
  node: FleetNode,
  ports: Pick<ObservePorts, "drivers" | "clock">,
  before: KnownBefore,
  signal?: AbortSignal,
): Promise<Observation> {
  const { drivers, clock } = ports;
  const { earlier, record } = before;
  if (earlier?.refusedSecret !== undefined) {
    const same = (await loginOf(node, drivers)) === earlier.refusedSecret;
    if (same) return earlier;
  }
  const driver = drivers.driverFor(node);
  if ("code" in driver) return silent(node, driver, clock.now(), earlier);
  const wanted = facetsToRead(node, record);
  const stands = standing(node, wanted, before, clock.now());
  const facets = wanted.filter((facet) => stands[facet] === undefined);
  const observation = await driver.observe(node, facets, signal);
  if (observation.unreachable !== null) {
    const refused = observation.unreachable.code === "IW-B04";
    const login = refused ? await loginOf(node, drivers) : null;
    const gone = silent(node, observation.unreachable, observation.at, earlier);
    return login === null ? gone : { ...gone, refusedSecret: login };
  }
  const closer = await lookCloser(node, observation, driver, signal);
  const { agreed } = earlier ?? {};
  return {
    ...closer,
    facets: { ...stands, ...closer.facets },
    readFor: node.specHash,
    ...(agreed === undefined ? {} : { agreed }),
  };
}

/** Where power is not as declared, the machine's log and the BMC's tasks tell why. */
async function lookCloser(
  node: FleetNode,
  observation: Observation,
  driver: Exclude<ReturnType<Drivers["driverFor"]>, Failure>,
  signal: AbortSignal | undefined,
): Promise<Observation> {
  const power = known(observation, "power");
  const declared = node.spec.power ?? "unmanaged";
  if (declared === "unmanaged" || power === undefined || power === declared) return observation;
  const extra = await driver.observe(node, ["tasks", "eventLog"], signal);
  return { ...observation, facets: { ...observation.facets, ...extra.facets } };
}

function silent(
  node: FleetNode,
  why: Failure,
  at: number,
  earlier: Observation | undefined,
): Observation {
  const { agreed, unreachableSince, unreachable } = earlier ?? {};
  const since = unreachable === null || unreachable === undefined ? at : (unreachableSince ?? at);
  return {
    node: node.name,
    at,
    facets: {},
    capabilities: {},
    transport: null,
    unreachable: why,
    unreachableSince: since,
    ...(agreed === undefined ? {} : { agreed }),
  };
}
