import { STORE_FORMAT } from "../../schemas/store-format.ts";
import { fakeOffer } from "../../drivers/fake/fake-offer.ts";
import { redfishOffer } from "../../drivers/redfish/redfish-offer.ts";
import { createHash } from "node:crypto";
import type { NodeSpec } from "../../schemas/documents.ts";
import type { Fleet, FleetNode } from "../../schemas/fleet.ts";
import type { ObservedFacet, ObservedFacets, Observation } from "../../schemas/observation.ts";
import type { NodePlan, Plan } from "../../schemas/plan.ts";
import { emptyRecord, type Instance, type NodeRecord } from "../../schemas/record.ts";
import { defaultSettings } from "../../schemas/settings.ts";
import type { RegisterEntry, StoreFile } from "../../schemas/store.ts";
import type { PlanInput, PlanOptions } from "../../engine/plan/input.ts";
import { makePlan } from "../../engine/plan/make-plan.ts";

/** 24 November 2026, 05:16:44 UTC: the morning of `plan-text`. */
export const NOW = Date.UTC(2026, 10, 24, 5, 16, 44);
export const COMMIT = "9f2c1aa0000000000000000000000000000000ff";
export const STORE_ID = "0b9a7c46-1111-4222-8333-444455556666";

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A stable uuid from a name, enough for tests of the planner. */
export function uuidOf(name: string): string {
  const h = sha256(name);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-5${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20, 32)}`;
}

/** A declared node; origins are `pointer -> file:line`. */
export function aNode(
  name: string,
  spec: NodeSpec,
  more: {
    rack?: string;
    file?: string;
    line?: number;
    origins?: Record<string, [string, number]>;
  } = {},
): FleetNode {
  const file = more.file ?? `inventory/${name}.yaml`;
  const origins = Object.entries(more.origins ?? {}).map(([pointer, [at, line]]) => [
    pointer,
    { file: at, line, column: 3 },
  ]);
  return {
    name,
    uuid: uuidOf(name),
    uuidDeclared: false,
    labels: more.rack === undefined ? {} : { rack: more.rack },
    annotations: {},
    spec: { driver: "redfish", bmc: { address: `https://${name}.bmc` }, ...spec },
    place: { file, line: more.line ?? 1, column: 1 },
    origins: Object.fromEntries(origins) as FleetNode["origins"],
    specHash: sha256(JSON.stringify(spec)),
  };
}

export function aFleet(nodes: readonly FleetNode[], more: Partial<Fleet> = {}): Fleet {
  return {
    commit: {
      id: COMMIT,
      subject: "rack r7: four R660",
      author: "ops",
      time: NOW - 180_000,
      message: "rack r7: four R660\n",
    },
    tree: sha256(JSON.stringify(nodes.map((node) => [node.name, node.specHash]))),
    nodes: [...nodes].sort((a, b) => (a.name < b.name ? -1 : 1)),
    conductors: [],
    templates: [],
    runbooks: [],
    images: [],
    allocations: [],
    policies: [],
    profileReach: {},
    profileFiles: {},
    places: {},
    warnings: [],
    ...more,
  };
}

/** What a healthy machine shows; give only what differs. */
export function seen(
  name: string,
  values: Partial<ObservedFacets> = {},
  more: Partial<Observation> = {},
): Observation {
  const at = more.at ?? NOW - 3_000;
  const all: Partial<ObservedFacets> = {
    identity: { manufacturer: "Dell", serial: `S-${name}`, systemUuid: uuidOf(`machine ${name}`) },
    power: "on",
    bootDevice: { device: "disk", persistent: true },
    bootMode: "uefi",
    secureBoot: { enabled: true, currentBoot: true },
    tasks: [],
    ...values,
  };
  const facets = Object.fromEntries(
    Object.entries(all).map(([facet, value]) => [
      facet as ObservedFacet,
      { known: true, value, at },
    ]),
  ) as Observation["facets"];
  return {
    node: name,
    at,
    facets,
    capabilities: { resetTypes: ["On", "ForceOff", "GracefulShutdown"] },
    transport: { tls: "verified", fence: "session" },
    unreachable: null,
    ...more,
  };
}

export function aRecord(name: string, values: Partial<NodeRecord> = {}): NodeRecord {
  return { ...emptyRecord(uuidOf(name), name, "existing"), ...values };
}

/** What runs on a node in service. */
export function aWorkload(origin: Instance["origin"], image: Instance["image"] = null): Instance {
  return { origin, image, configDrive: null, since: NOW - 86_400_000, commit: COMMIT, by: "ops" };
}

export const A_STORE: StoreFile = {
  id: STORE_ID,
  epoch: 1,
  format: STORE_FORMAT,
  backend: "file",
  ttlMs: 30_000,
  fleet: "6c1c1d9e-0000-4000-8000-000000000001",
  dev: "1",
  ino: "2",
  createdAt: 0,
  spentRequests: [],
  nodes: "existing",
  existing: [],
};

export function inForce(fleet: Fleet, values: Partial<RegisterEntry> = {}): RegisterEntry {
  return {
    seq: 2,
    commit: fleet.commit.id,
    subject: fleet.commit.subject,
    tree: fleet.tree,
    by: "ops",
    at: NOW - 6 * 3_600_000,
    why: "apply",
    names: fleet.nodes.map((node) => node.name),
    requests: {},
    allocations: {},
    ...values,
  };
}

export function anInput(fleet: Fleet, values: Partial<PlanInput> = {}): PlanInput {
  return {
    fleet,
    observations: new Map(fleet.nodes.map((node) => [node.name, seen(node.name)])),
    records: new Map(),
    holds: new Map(),
    store: A_STORE,
    inForce: null,
    stop: null,
    acknowledged: new Set(),
    unfinished: new Set(),
    spentRequests: new Set(),
    appliedImages: new Map(),
    forgottenUses: [],
    allocated: new Map(),
    existing: new Set(fleet.nodes.map(({ name }) => name)),
    catalog: { fake: fakeOffer, redfish: redfishOffer },
    ...values,
  };
}

export function options(
  values: Partial<PlanOptions> = {},
): PlanOptions & { digest: typeof sha256 } {
  return {
    now: NOW,
    settings: defaultSettings(),
    settingsHash: "settings",
    offline: false,
    digest: sha256,
    ...values,
  };
}

export function byUuid(records: readonly NodeRecord[]): ReadonlyMap<string, NodeRecord> {
  return new Map(records.map((record) => [record.uuid, record]));
}

/** Code and message of all that keeps a node from what it is to be. */
export function blockedBy({ blockedBy: blocked }: NodePlan): readonly string[] {
  return blocked.map(({ code, message }) => `${code} ${message}`);
}

/** Plans one node with what is seen and recorded of it. */
export function planOf(
  node: FleetNode,
  observation: Observation,
  record?: NodeRecord,
  values: Partial<PlanOptions> = {},
): Plan {
  const input = anInput(aFleet([node]), {
    observations: new Map([[node.name, observation]]),
    records: byUuid(record === undefined ? [] : [record]),
  });
  return makePlan(input, options(values));
}
