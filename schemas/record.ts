import { z } from "zod";
import { HOLD_SCOPES, identitySchema } from "./documents.ts";

/** Ironic's 30 provision states, wire text (ironic states.py names). */
export const PROVISION_STATES = [
  "enroll",
  "verifying",
  "manageable",
  "available",
  "active",
  "error",
  "rescue",
  "deploying",
  "wait call-back",
  "deploy hold",
  "deploy failed",
  "deleting",
  "cleaning",
  "clean wait",
  "clean hold",
  "clean failed",
  "inspecting",
  "inspect wait",
  "inspect failed",
  "adopting",
  "adopt failed",
  "rescuing",
  "rescue wait",
  "rescue failed",
  "unrescuing",
  "unrescue failed",
  "servicing",
  "service wait",
  "service hold",
  "service failed",
] as const;
export type ProvisionState = (typeof PROVISION_STATES)[number];

/** The version of the record's shape; a reader for the one before is kept beside it. */
export const RECORD_VERSION = 1;

export const lastErrorSchema = z.object({
  at: z.number(),
  code: z.string(),
  message: z.string(),
  step: z.string().nullable(),
});

/** A reading that was in force when a facet was last applied: desired value by facet name. */
const appliedSchema = z.record(z.string(), z.unknown());

/** A started flow: while it is open every facet of the node belongs to it. */
export const activitySchema = z.looseObject({
  flow: z.string(),
  planId: z.string(),
  stepId: z.string(),
  startedAt: z.number(),
  registerSeq: z.number(),
  commit: z.string().nullable(),
});

/**
 * What no BMC can tell of one node. Unknown fields are carried through, so that an older engine
 * keeps what a newer one wrote. It never holds a secret.
 */
export const nodeRecordSchema = z.looseObject({
  version: z.literal(RECORD_VERSION),
  uuid: z.string(),
  name: z.string(),
  /** Rises only when something changes that a plan depends on. */
  revision: z.number().int(),
  /** The fence under which this record was written; also in the file's name. */
  fence: z.number().int(),
  /** existing: in the store's inventory at init; new: first declared later. */
  origin: z.enum(["existing", "new"]),
  provisionState: z.enum(PROVISION_STATES),
  /** Why it is active: deployed by us, or adopted. Null while it is not. */
  activeBy: z.enum(["deployed", "adopted"]).nullable(),
  cleaned: z.enum(["never", "metadata", "full"]),
  /** Recorded at verify; what the machine said of itself. */
  identity: identitySchema.nullable(),
  /** Address and system at last contact, to find a node that was renamed. */
  bmc: z.object({ address: z.string(), system: z.string().nullable() }).nullable(),
  traits: z.array(z.string()),
  /** Facet name -> the desired value when it was last brought or found in sync. */
  applied: appliedSchema,
  appliedCommit: z.string().nullable(),
  appliedAt: z.number().nullable(),
  protected: z.boolean(),
  fault: z.object({ kind: z.string(), message: z.string(), at: z.number() }).nullable(),
  lastError: lastErrorSchema.nullable(),
  activity: activitySchema.nullable(),
  /** Seq of the register entry under which the last flow ran. */
  registerSeq: z.number().int(),
  /** Next attempt of a failed node, milliseconds since the epoch; null when nothing waits. */
  retryAt: z.number().nullable(),
  /** Refused login: hash of the secret's reference and version; not tried again while it is the same. */
  refusedSecret: z.string().nullable(),
  lastFlow: z
    .object({
      commit: z.string().nullable(),
      planId: z.string(),
      endedAt: z.number(),
      outcome: z.string(),
    })
    .nullable(),
});
export type NodeRecord = z.infer<typeof nodeRecordSchema>;

/** A hold set by a person at the command line; kept beside the record, obeyed before the next act by all. */
export const holdRecordSchema = z.object({
  id: z.string(),
  scope: z.enum(HOLD_SCOPES),
  reason: z.string(),
  owner: z.string(),
  since: z.number(),
  until: z.number().nullable(),
});
export type HoldRecord = z.infer<typeof holdRecordSchema>;

/** The record of a node that this store has never acted on. */
export function emptyRecord(uuid: string, name: string, origin: NodeRecord["origin"]): NodeRecord {
  return {
    version: RECORD_VERSION,
    uuid,
    name,
    revision: 0,
    fence: 0,
    origin,
    provisionState: "enroll",
    activeBy: null,
    cleaned: "never",
    identity: null,
    bmc: null,
    traits: [],
    applied: {},
    appliedCommit: null,
    appliedAt: null,
    protected: false,
    fault: null,
    lastError: null,
    activity: null,
    registerSeq: 0,
    retryAt: null,
    refusedSecret: null,
    lastFlow: null,
  };
}
