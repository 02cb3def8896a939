import { unitOf } from "../../schemas/bmc-unit.ts";
import type { NodeSpec } from "../../schemas/documents.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { known, type Observation } from "../../schemas/observation.ts";
import type { ProvisionState } from "../../schemas/provision-state.ts";
import {
  adoptedInstance,
  emptyRecord,
  type NodeRecord,
  type UsedRequests,
} from "../../schemas/record.ts";
import { declaredInFull, matchIdentity } from "./facets/identity.ts";
import type { Surroundings } from "./input.ts";
import { keysOf, type ResolvedNode } from "./match-records.ts";

/** Where declared words lead, in Ironic's names. */
const TARGETS: Readonly<Record<string, ProvisionState>> = {
  enroll: "enroll",
  manageable: "manageable",
  available: "available",
  active: "active",
  adopted: "active",
  rescue: "rescue",
};

/**
 * Where provisioning is to end. A node that declares nothing stays where it is; one that was never
 * verified is verified, for every other act rests on knowing which machine answers.
 */
export function targetOf({ provision, retired }: NodeSpec, record: NodeRecord): ProvisionState {
  const declared = provision?.state;
  // A retired node is kept out of the pool.
  if (declared === "available" && retired !== undefined && record.instance === null)
    return "manageable";
  if (declared !== undefined) return TARGETS[declared] ?? record.provisionState;
  return record.provisionState === "enroll" ? "manageable" : record.provisionState;
}

/** What a node without a record is: there when the store was made (also under another name), or first declared later. */
export function originOfNew(
  { name, spec }: Pick<FleetNode, "name" | "spec">,
  { existing }: Pick<Surroundings, "existing">,
): NodeRecord["origin"] {
  return keysOfNode({ name, spec }).some((key) => existing.has(key)) ? "existing" : "new";
}

/** All by which a declared node, or its machine, may be known already. */
function keysOfNode({ name, spec }: Pick<FleetNode, "name" | "spec">): readonly string[] {
  const { identity, bmc } = spec;
  const byMachine = keysOf(identity, undefined, null);
  return [...byMachine, ...keysOf(null, bmc?.address, unitOf(bmc ?? {})), name];
}

/** What ran on a node before its record, or one of its machine, was forgotten. */
export function usedBefore(
  { node, uuid }: Pick<ResolvedNode, "node" | "uuid">,
  { forgottenUses }: Pick<Surroundings, "forgottenUses">,
): UsedRequests {
  if (forgottenUses.size === 0) return {};
  const keys = [...keysOfNode(node), ...(uuid === null ? [] : [uuid])];
  return Object.assign({}, ...keys.map((key) => forgottenUses.get(key) ?? {}));
}

/** A node's record as a plan sees it. */
export interface SeenRecord {
  readonly record: NodeRecord;
  /** What apply writes first, when it writes anything. */
  readonly patch: Partial<NodeRecord> | null;
}

/**
 * Adopted by declaration: git says that the machine runs what we did not install, names it in full,
 * and exactly that machine answers. Then there is nothing to prove and nothing to do: it is active.
 * So the first plan over what `discover` printed is empty.
 */
export function seeRecord(
  resolved: ResolvedNode,
  observation: Observation | undefined,
  origin: NodeRecord["origin"],
): SeenRecord {
  const { node, uuid } = resolved;
  const record = resolved.record ?? emptyRecord(uuid ?? "", node.name, origin);
  const { identity, provision } = node.spec;
  if (record.provisionState !== "enroll" || provision?.state !== "adopted")
    return { record, patch: null };
  const seen = known(observation, "identity");
  if (!declaredInFull(identity) || matchIdentity(identity, seen).agreed.length < 3)
    return { record, patch: null };
  const patch = {
    provisionState: "active",
    instance: adoptedInstance("git"),
    origin: "existing",
    identity: seen ?? null,
  } as const;
  return { record: { ...record, ...patch }, patch };
}
