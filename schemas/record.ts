import { z } from "zod";
import { HOLD_SCOPES, identitySchema } from "./documents.ts";
import type { Step } from "./plan.ts";
import { PROVISION_STATES } from "./provision-state.ts";
import type { StepOffer } from "./steps.ts";
import { STORE_FORMAT } from "./store-format.ts";

/** The fields that a loose shape names, without those that it carries through. */
export type Named<T> = { readonly [K in keyof T as string extends K ? never : K]: T[K] };

export const lastErrorSchema = z.object({
  at: z.number(),
  code: z.string(),
  message: z.string(),
  step: z.string().nullable(),
});

/** A reading that was in force when a facet was last applied: desired value by facet name. */
const appliedSchema = z.record(z.string(), z.unknown());

/**
 * A started move: while it is open every facet of the node belongs to it. It holds the whole step as it was
 * approved, for the commit may be gone from git when it is resumed.
 */
export const activitySchema = z.looseObject({
  /** The provision verb. */
  flow: z.string(),
  /** Names this run: the ids of its steps begin with it. */
  id: z.string(),
  planId: z.string(),
  stepId: z.string(),
  startedAt: z.number(),
  registerSeq: z.number(),
  commit: z.string().nullable(),
  request: z.string().nullable(),
  /** Who approved it, up to which impact. */
  authority: z.looseObject({ who: z.string(), ceiling: z.string() }).nullable(),
  /** The step (`Step` of a plan) as it was approved. */
  step: z
    .custom<Step>((value) => typeof value === "object" && value !== null && "action" in value)
    .nullable(),
  /** The entry and the act in it that come next. */
  entry: z.number().int(),
  act: z.number().int(),
  /** An abort was asked for while a step ran that can't be cut off. */
  abortAfter: z.boolean(),
  /** When the present state was entered, milliseconds since the epoch. */
  enteredAt: z.number(),
  /** How it ends before its last entry, durable before the machine is put back; null while it goes on. */
  ending: z
    .object({
      event: z.enum(["fail", "abort"]),
      code: z.string(),
      message: z.string(),
      /** The entry that ran, `deploy.write_image`; null when none did. */
      step: z.string().nullable(),
    })
    .nullable(),
  /** Why it stands past what its ramdisk has named, until a plan names that; null elsewhere, also at a `hold` step. */
  gate: z.string().nullable(),
});
export type Activity = z.infer<typeof activitySchema>;
export type Ending = NonNullable<Activity["ending"]>;

/** What was deployed here by us, or that something runs which we did not install. */
export const instanceSchema = z.looseObject({
  origin: z.enum(["deployed", "adopted"]),
  image: z.record(z.string(), z.unknown()).nullable(),
  /** SHA-256 of the config drive as it was declared; null for none. */
  configDrive: z.string().nullable(),
  /** Null when it ran before we knew the machine. */
  since: z.number().nullable(),
  commit: z.string().nullable(),
  by: z.string(),
});
export type Instance = z.infer<typeof instanceSchema>;

/** What ran before we knew the machine; `by` is who said so. */
export function adoptedInstance(by: string): Instance {
  return { origin: "adopted", image: null, configDrive: null, since: null, commit: null, by };
}

/** What the agent of a ramdisk named, as it was last asked. */
export const ramdiskSchema = z.looseObject({
  bootId: z.string().nullable(),
  version: z.string().nullable(),
  at: z.number(),
  /** Judged and whole; all need the ramdisk. */
  steps: z.array(
    z.custom<StepOffer>((value) => typeof value === "object" && value !== null && "step" in value),
  ),
  /** What it answered besides, and why that is not taken, one sentence each. */
  ignored: z.array(z.string()),
});
export type RamdiskSteps = z.infer<typeof ramdiskSchema>;
/** A port with every default written out. */
export const portRecordSchema = z.looseObject({
  mac: z.string(),
  pxeEnabled: z.boolean(),
  localLink: z
    .looseObject({
      switchId: z.string().optional(),
      portId: z.string().optional(),
      switchInfo: z.string().optional(),
      hostname: z.string().optional(),
    })
    .nullable(),
  physicalNetwork: z.string().nullable(),
  portGroup: z.string().nullable(),
  smartNic: z.boolean(),
});
export type PortRecord = Named<z.infer<typeof portRecordSchema>>;

export const portGroupRecordSchema = z.looseObject({
  mac: z.string().nullable(),
  mode: z.string(),
  properties: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  standalonePorts: z.boolean(),
  physicalNetwork: z.string().nullable(),
});
export type PortGroupRecord = Named<z.infer<typeof portGroupRecordSchema>>;

const connectorRecordSchema = z.looseObject({ type: z.string(), connectorId: z.string() });
export type ConnectorRecord = Named<z.infer<typeof connectorRecordSchema>>;

const targetRecordSchema = z.looseObject({
  volumeType: z.string(),
  volumeId: z.string(),
  bootIndex: z.number(),
  properties: z.record(z.string(), z.unknown()),
});
export type TargetRecord = Named<z.infer<typeof targetRecordSchema>>;

/** A request that was begun: it never runs again. */
export const usedRequestSchema = z.looseObject({
  action: z.string(),
  at: z.number(),
  commit: z.string().nullable(),
  /** `begun` until the flow has ended. */
  outcome: z.string(),
});

/** Requests by id, each with its use. */
export type UsedRequests = Readonly<Record<string, z.infer<typeof usedRequestSchema>>>;

/** Requests that ran on a node which was forgotten: they never run again on it, also under another name. */
export const forgottenUsesSchema = z.object({
  /** The node's uuid, its name, and what tells its machine (`keysOf`). */
  keys: z.array(z.string()),
  requests: z.record(z.string(), usedRequestSchema),
});
export type ForgottenUses = z.infer<typeof forgottenUsesSchema>;

/**
 * What no BMC can tell of one node. Unknown fields are carried through, so that an older engine
 * keeps what a newer one wrote. It never holds a secret.
 */
export const nodeRecordSchema = z.looseObject({
  version: z.literal(STORE_FORMAT),
  uuid: z.string(),
  name: z.string(),
  /** Rises only when something changes that a plan depends on. */
  revision: z.number().int(),
  /** The fence under which this record was written; also in the file's name. */
  fence: z.number().int(),
  /** existing: in the store's inventory at init; new: first declared later. */
  origin: z.enum(["existing", "new"]),
  provisionState: z.enum(PROVISION_STATES),
  /** Since the node was last active. */
  cleaned: z.enum(["never", "metadata", "full"]),
  /** A workload that is, or may still be, on its disks; kept through failed states until it is erased. */
  instance: instanceSchema.nullable(),
  /** The machine that a person, or git for a new node, gave up to be erased. */
  claim: z.object({ serial: z.string(), by: z.string(), at: z.number() }).nullable(),
  /** The Allocation that the node was given to, until its workload is gone. */
  allocation: z
    .object({ name: z.string(), since: z.number(), commit: z.string().nullable() })
    .nullable(),
  /** By id, for ever: also after a request left git. */
  usedRequests: z.record(z.string(), usedRequestSchema),
  /** What was learnt of the machine by inspection (`MachineInventory`); null before the first. */
  inventory: z.record(z.string(), z.unknown()).nullable(),
  inspectedAt: z.number().nullable(),
  /** Steps that its ramdisk named; null before the first that was asked. */
  ramdisk: ramdiskSchema.nullable(),
  /** Failed deploys since the last clean, and what was to be deployed (`bindOf`); null when there was none. */
  deployTries: z.object({ count: z.number().int(), bind: z.string() }).nullable(),
  /** When the provision state was entered, milliseconds since the epoch; null when it is not known. */
  stateSince: z.number().nullable(),
  /** Recorded at verify; what the machine said of itself. */
  identity: identitySchema.nullable(),
  /** Address and system (or whom its BMC passes on to) at last contact, to find a node that was renamed. */
  bmc: z.object({ address: z.string(), system: z.string().nullable() }).nullable(),
  traits: z.array(z.string()),
  /** Ports by name, as they were last allowed to be; MACs in lower case. */
  ports: z.record(z.string(), portRecordSchema),
  portGroups: z.record(z.string(), portGroupRecordSchema),
  /** VIFs that are attached, by id, and the port or PortGroup that each is on. */
  vifs: z.record(z.string(), z.object({ on: z.string() })),
  volumes: z.object({
    connectors: z.record(z.string(), connectorRecordSchema),
    targets: z.record(z.string(), targetRecordSchema),
  }),
  /** Facet name -> the desired value when it was last brought or found in sync. */
  applied: appliedSchema,
  appliedCommit: z.string().nullable(),
  appliedAt: z.number().nullable(),
  protected: z.boolean(),
  /** The register entry under which protection was lifted: only a later one may destroy what it guarded. */
  unprotectedSeq: z.number().int().nullable(),
  /** Set and cleared by the engine; a person's word is `maintenance` in git. */
  fault: z
    .looseObject({
      kind: z.string(),
      message: z.string(),
      at: z.number(),
      /** The declaration under which it came: another one is tried again. */
      specHash: z.string().nullable(),
    })
    .nullable(),
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

/**
 * New values of a record's fields, as a journal line carries them. An activity and used requests are laid
 * over what is there, so that a line names only what moved; all other fields are replaced.
 */
export type RecordPatch = Partial<Omit<Named<NodeRecord>, "activity" | "usedRequests">> & {
  readonly activity?: Partial<Named<Activity>> | null;
  /** Null takes a use back. */
  readonly usedRequests?: Readonly<Record<string, NodeRecord["usedRequests"][string] | null>>;
};

/** A hold set by a person at the command line; kept beside the record, obeyed before the next act by all. */
export const holdRecordSchema = z.object({
  id: z.string(),
  scope: z.enum(HOLD_SCOPES),
  reason: z.string(),
  owner: z.string(),
  since: z.number(),
  until: z.number().nullable(),
  /** The act (`PersonAct.id`) that powered the node off and set it; left out where somebody wrote `hold`. */
  act: z.string().optional(),
});
export type HoldRecord = z.infer<typeof holdRecordSchema>;

/** The record of a node that this store has never acted on. */
export function emptyRecord(uuid: string, name: string, origin: NodeRecord["origin"]): NodeRecord {
  return {
    version: STORE_FORMAT,
    uuid,
    name,
    revision: 0,
    fence: 0,
    origin,
    provisionState: "enroll",
    cleaned: "never",
    instance: null,
    claim: null,
    allocation: null,
    usedRequests: {},
    inventory: null,
    inspectedAt: null,
    ramdisk: null,
    deployTries: null,
    unprotectedSeq: null,
    stateSince: null,
    identity: null,
    bmc: null,
    traits: [],
    ports: {},
    portGroups: {},
    vifs: {},
    volumes: { connectors: {}, targets: {} },
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
