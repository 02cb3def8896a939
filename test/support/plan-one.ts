import { fakeOffer } from "../../drivers/fake/fake-offer.ts";
import { redfishOffer } from "../../drivers/redfish/redfish-offer.ts";
import type { PlanInput, PlanOptions } from "../../engine/plan/input.ts";
import { makePlan } from "../../engine/plan/make-plan.ts";
import type { NodeRequest, NodeSpec } from "../../schemas/documents.ts";
import type { Observation, ObservedFacets } from "../../schemas/observation.ts";
import type { NodePlan, Plan } from "../../schemas/plan.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import {
  aFleet,
  aNode,
  anInput,
  aRecord,
  aWorkload,
  byUuid,
  inForce,
  options,
  seen,
} from "./a-fleet.ts";
import { anInventory } from "./an-inventory.ts";

export const CATALOG = { fake: fakeOffer, redfish: redfishOffer };
export const DISKS = anInventory([
  { name: "/dev/sda", serial: "D1", model: "M", sizeBytes: 480e9, media: "SSD", rotational: false },
  { name: "/dev/sdb", serial: "D2", sizeBytes: 4e12, model: "KIOXIA X", rotational: true },
]);
export const IMAGE = {
  name: "debian-13",
  url: "https://images/debian-13.raw",
  checksum: "sha256:1",
};
export const SERIAL = { serial: "S-n1" };

export interface Case {
  readonly spec?: NodeSpec;
  readonly record?: Partial<NodeRecord>;
  readonly values?: Partial<ObservedFacets> & Readonly<Record<string, unknown>>;
  readonly options?: Partial<PlanOptions>;
  readonly input?: Partial<PlanInput>;
}

export function whole({
  spec = {},
  record = {},
  values = {},
  options: more = {},
  input = {},
}: Case): Plan {
  const node = aNode("n1", { driver: "fake", identity: SERIAL, ...spec }, { rack: "r1" });
  const fleet = aFleet([node]);
  const known = aRecord("n1", { origin: "new", inventory: DISKS, identity: SERIAL, ...record });
  const observation: Observation = seen("n1", values);
  return makePlan(
    anInput(fleet, {
      catalog: CATALOG,
      records: byUuid([known]),
      observations: new Map([["n1", observation]]),
      inForce: inForce(fleet),
      ...input,
    }),
    options(more),
  );
}

export function plan(one: Case): NodePlan {
  const [node] = whole(one).nodes;
  if (node === undefined) throw new Error("not planned");
  return node;
}

export const verbs = (node: NodePlan): readonly string[] => node.steps.map(({ action }) => action);
export const codes = (node: NodePlan): readonly string[] => node.blockedBy.map(({ code }) => code);
export const soon = "2026-11-30T00:00:00Z";

export function ask(action: NodeRequest["action"], more: Partial<NodeRequest> = {}): NodeRequest {
  return { id: `ask-${action}`, action, expires: soon, ...more };
}

export const ACTIVE = { provisionState: "active", instance: aWorkload("deployed", IMAGE) } as const;
export const WANT_ACTIVE: NodeSpec = { provision: { state: "active", image: IMAGE } };
