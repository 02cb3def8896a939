import { fakeOffer } from "../../drivers/fake/fake-offer.ts";
import type { PlanInput, PlanOptions } from "../../engine/plan/input.ts";
import { makePlan } from "../../engine/plan/make-plan.ts";
import type { NodeSpec } from "../../schemas/documents.ts";
import type { Fleet } from "../../schemas/fleet.ts";
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

/** One member: what git says, what its machine shows, what is recorded. */
export interface Member {
  readonly spec?: NodeSpec;
  readonly power?: ObservedFacets["power"];
  /** Instead of what a healthy machine shows; null: it was not observed. */
  readonly observation?: Observation | null;
  readonly record?: Partial<NodeRecord>;
}

/** A server and its cards by name; who has no parent of its own and is not `srv` is a child of it. */
export type Members = Readonly<Record<string, Member>>;

export function familyFleet(members: Members, more: Partial<Fleet> = {}): Fleet {
  const nodes = Object.entries(members).map(([name, { spec }]) =>
    aNode(
      name,
      {
        driver: "fake",
        identity: { serial: `S-${name}` },
        ...(name === "srv" ? {} : { parent: "srv" }),
        ...spec,
      },
      {
        rack: "r1",
        origins: {
          "/power": [`inventory/${name}.yaml`, 8],
          "/parent": [`inventory/${name}.yaml`, 7],
        },
      },
    ),
  );
  return aFleet(nodes, more);
}

/** All of them adopted, in service and on, where they don't say otherwise. */
export function familyPlan(
  members: Members,
  more: {
    readonly options?: Partial<PlanOptions>;
    readonly input?: Partial<PlanInput>;
    readonly fleet?: Partial<Fleet>;
  } = {},
): Plan {
  const fleet = familyFleet(members, more.fleet);
  const all = Object.entries(members);
  const records = all.map(([name, { record }]) =>
    aRecord(name, {
      provisionState: "active",
      instance: aWorkload("adopted"),
      identity: { serial: `S-${name}` },
      ...record,
    }),
  );
  const observations = all.flatMap(([name, { power = "on", observation }]) =>
    observation === null ? [] : [[name, observation ?? seen(name, { power })] as const],
  );
  const input = anInput(fleet, {
    catalog: { fake: fakeOffer },
    records: byUuid(records),
    observations: new Map(observations),
    inForce: inForce(fleet),
    ...more.input,
  });
  return makePlan(input, options(more.options));
}

export function member({ nodes }: Plan, name: string): NodePlan {
  const found = nodes.find(({ node }) => node === name);
  if (found === undefined) throw new Error(`${name} is not in the plan`);
  return found;
}

/** `power.on: child dpu needs it: ...`, each after whom. */
export function told(plan: Plan, name: string): readonly string[] {
  const { steps, tree } = member(plan, name);
  const after = (tree?.after ?? []).map(({ node }) => `after ${node}`);
  return [...after, ...steps.map(({ action, reason }) => `${action}: ${reason}`)];
}

export function why(plan: Plan, name: string): readonly string[] {
  return member(plan, name).blockedBy.map(({ code, message }) => `${code} ${message}`);
}
