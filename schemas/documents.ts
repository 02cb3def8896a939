import { z } from "zod";
import { fakeSchema } from "./fake-settings.ts";
import { indicatorsSchema } from "./indicators.ts";
import { means } from "./means.ts";
import { networkSchema, portGroupsSchema, portsSchema, volumesSchema } from "./parts.ts";
import { deployStepSchema, namedStepSchema, stepPrioritiesSchema } from "./steps.ts";

/** The only apiVersion there is today. */
export const API_VERSION = "ironwright/v1";

/** RFC 1123 label: what a node, profile or conductor may be called. */
export const nameSchema = z
  .string()
  .max(63)
  .regex(
    /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
    "must be an RFC 1123 label: a-z, 0-9 and '-', 63 at most",
  );

/** Where a secret is kept. Documents never hold a secret and never name a command. */
export const secretRefSchema = z.union([
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ provider: z.string().min(1), key: z.string().min(1) }),
]);
export type SecretRef = z.infer<typeof secretRefSchema>;

/** What a machine says of itself. Blank and all-zero values are unknown, never a match. */
export const identitySchema = z.strictObject({
  manufacturer: z.string().optional(),
  serial: z.string().optional(),
  systemUuid: z.string().optional(),
});
export type Identity = z.infer<typeof identitySchema>;

export const tlsSchema = z.strictObject({
  verify: z
    .boolean()
    .optional()
    .meta(means("false switches certificate checks off; every plan then says so", true)),
  ca: z.string().optional().meta(means("PEM file of the issuer, relative to the repository root")),
  pin: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hex digits")
    .optional()
    .meta(means("hex SHA-256 of the BMC's own certificate (DER); replaces the issuer's check")),
});

const hopSchema = z.strictObject({
  channel: z.number().int().optional().meta(means("0 to 11: the bus that it is on")),
  address: z.number().int().optional().meta(means("slave address on that bus, such as 0x24")),
});

/** Each part may come from a Profile. */
const bridgingSchema = z.strictObject({
  target: hopSchema.optional().meta(means("the machine's own controller")),
  transit: hopSchema
    .optional()
    .meta(means("a controller in between, where requests are passed on twice")),
  localAddress: z
    .number()
    .int()
    .optional()
    .meta(means("slave address as which the BMC asks; 32 is 0x20", 0x20)),
});

export const bmcSchema = z.strictObject({
  address: z
    .string()
    .meta(
      means("where the BMC is: for redfish https://10.0.0.7, for ipmi ipmi://10.0.0.7 (or :PORT)"),
    ),
  system: z
    .string()
    .optional()
    .meta(means("path of the system; may be left out when the BMC has one")),
  username: z
    .string()
    .optional()
    .meta(
      means("user on the BMC; without one redfish logs in to nothing, ipmi as the anonymous user"),
    ),
  password: secretRefSchema
    .optional()
    .meta(means("where the password is kept; required with a user, and for ipmi")),
  auth: z
    .enum(["auto", "session", "basic"])
    .optional()
    .meta(means("auto: a session where the BMC has them, else basic", "auto")),
  tls: tlsSchema.optional(),
  kg: secretRefSchema
    .optional()
    .meta(means("ipmi: where the BMC's own key is kept; 40 hex digits, or up to 20 letters")),
  privilege: z
    .enum(["user", "operator", "administrator"])
    .optional()
    .meta(means("ipmi: level that a session asks for", "administrator")),
  cipherSuite: z
    .union([z.string(), z.number()])
    .optional()
    .meta(means("ipmi: 17 or 3; auto: 17 where the BMC has it, else 3", "auto")),
  ipmiVersion: z
    .union([z.literal(2), z.literal(1.5)])
    .optional()
    .meta(means("ipmi: 1.5 for BMCs that know no other; it has no encryption", 2)),
  bridging: bridgingSchema
    .optional()
    .meta(means("ipmi: the machine is behind the BMC of a chassis; its requests are passed on")),
  ipmi: z.record(z.string(), z.unknown()).optional(),
});

/** What `provision.state` may say (contract 2). */
export const PROVISION_TARGETS = [
  "enroll",
  "manageable",
  "available",
  "active",
  "adopted",
  "rescue",
] as const;

/**
 * What tells one disk from the others: Ironic's root device hints, all of which must hold. A value may begin with
 * an operator (`<in>`, `<or>`, `s!=`, `>=` ...) or be a glob (`KIOXIA*`); sizes are whole GiB.
 */
const diskHintsSchema = z.strictObject({
  name: z.string().optional(),
  model: z.string().optional(),
  vendor: z.string().optional(),
  serial: z.string().optional(),
  wwn: z.string().optional(),
  wwn_with_extension: z.string().optional(),
  wwn_vendor_extension: z.string().optional(),
  hctl: z.string().optional(),
  by_path: z.string().optional(),
  tran: z.string().optional(),
  size: z.union([z.string(), z.number()]).optional(),
  rotational: z.union([z.boolean(), z.string()]).optional(),
});
export type DiskHints = z.infer<typeof diskHintsSchema>;

export const imageSchema = z.strictObject({
  name: z.string().optional(),
  url: z.string().optional(),
  checksum: z.string().optional(),
  format: z.enum(["raw", "qcow2"]).optional(),
});

export const configDriveSchema = z.strictObject({
  userData: z.string().optional(),
  networkData: z.unknown().optional(),
  metaData: z.unknown().optional(),
});

export const provisionSchema = z.strictObject({
  state: z.enum(PROVISION_TARGETS).optional(),
  image: imageSchema.optional(),
  rootDevice: diskHintsSchema.optional(),
  configDrive: configDriveSchema.optional(),
  rescue: z
    .strictObject({ password: secretRefSchema.optional(), sshKeys: z.array(z.string()).optional() })
    .optional(),
  rebuildOn: z.array(z.enum(["image"])).optional(),
  /** How often a failed first deploy is tried again by itself (default 2). */
  deployRetries: z.number().int().min(0).max(10).optional(),
  /** Steps of this node's deploy, over the templates' and the driver's own. */
  steps: z.array(deployStepSchema).max(100).optional(),
});

export const BOOT_DEVICES = ["disk", "pxe", "cdrom", "bios", "uefihttp"] as const;
export type BootDevice = (typeof BOOT_DEVICES)[number];
export const BOOT_MODES = ["bios", "uefi"] as const;
export type BootMode = (typeof BOOT_MODES)[number];

export const bootSchema = z.strictObject({
  mode: z.enum(BOOT_MODES).optional(),
  secureBoot: z.boolean().optional(),
  device: z.enum(BOOT_DEVICES).optional(),
  /** Only true is legal: a boot once is `node boot --once`. */
  persistent: z.boolean().optional(),
});

export const HOLD_SCOPES = ["all", "power", "reboot", "destructive"] as const;
export type HoldScope = (typeof HOLD_SCOPES)[number];

const dateTime = z
  .string()
  .regex(
    /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/,
    "must be a date, or a date and time with a zone (2026-12-01T00:00:00Z)",
  );

export const holdSchema = z.strictObject({
  scope: z.enum(HOLD_SCOPES).optional(),
  reason: z.string(),
  owner: z.string().optional(),
  until: dateTime.optional(),
});

export const DRIFT_WORDS = ["enforce", "report", "ignore"] as const;
export type DriftWord = (typeof DRIFT_WORDS)[number];

/** Facets that a drift policy may name, besides `default`. */
export const driftSchema = z.strictObject({
  default: z.enum(DRIFT_WORDS).optional(),
  power: z.enum(DRIFT_WORDS).optional(),
  bootDevice: z.enum(DRIFT_WORDS).optional(),
  bootMode: z.enum(DRIFT_WORDS).optional(),
  secureBoot: z.enum(DRIFT_WORDS).optional(),
  traits: z.enum(DRIFT_WORDS).optional(),
  bios: z.enum(DRIFT_WORDS).optional(),
  raid: z.enum(DRIFT_WORDS).optional(),
  firmware: z.enum(DRIFT_WORDS).optional(),
  indicators: z.enum(DRIFT_WORDS).optional(),
  console: z.enum(DRIFT_WORDS).optional(),
});

export const REQUEST_ACTIONS = [
  "reboot",
  "soft-reboot",
  "nmi",
  "inspect",
  "clean",
  "service",
  "rebuild",
  "undeploy",
  "replace",
  "claim",
  "abort",
  "unhold",
] as const;
export type RequestAction = (typeof REQUEST_ACTIONS)[number];

/** What a `replace` keeps: nothing, or the disks with what is on them (a new board in the old chassis). */
export const REPLACE_KEEPS = ["none", "disks"] as const;

export const requestSchema = z.strictObject({
  id: z
    .string()
    .min(1)
    .max(128)
    .regex(
      /^(?!act:)/,
      "must not begin with act:, which names what a person did at the command line",
    ),
  action: z.enum(REQUEST_ACTIONS),
  /** Required from impact `reboot` up; at most 14 days after the entry in force that first held it. */
  expires: dateTime.optional(),
  /** claim: the serial number of the machine that may be erased from now on. */
  serial: z.string().optional(),
  /** replace: what of the old machine is still there (default none). */
  keep: z.enum(REPLACE_KEEPS).optional(),
  /** clean, service: a Runbook's name; excludes `steps`. */
  runbook: nameSchema.optional(),
  /** clean, service: the steps themselves, in order. */
  steps: z.array(namedStepSchema).min(1).max(100).optional(),
});
export type NodeRequest = z.infer<typeof requestSchema>;

export const POWER_WORDS = ["on", "off", "unmanaged"] as const;

/** A trait: a standard name, or CUSTOM_ and a name of one's own. */
export const traitSchema = z
  .string()
  .regex(
    /^(CUSTOM_[A-Z0-9_]+|[A-Z][A-Z0-9]*_[A-Z0-9_]+)$/,
    "must be a standard trait (HW_CPU_X86_VMX) or CUSTOM_ and A-Z, 0-9, _",
  )
  .max(255);

/** Any words of up to 80 characters, as in Ironic. */
export const resourceClassSchema = z.string().min(1).max(80);

/** The spec of a Node after folding. Every field is optional here; `checkFleet` asks for the required ones. */
export const nodeSpecSchema = z.strictObject({
  mode: z.enum(["manage", "observe"]).optional(),
  profiles: z.array(z.string()).optional(),
  driver: z.string().optional(),
  interfaces: z.record(z.string(), z.string()).optional(),
  conductorGroup: z.string().optional(),
  identity: identitySchema.optional(),
  bmc: bmcSchema.partial().optional(),
  provision: provisionSchema.optional(),
  power: z.enum(POWER_WORDS).optional(),
  boot: bootSchema.optional(),
  clean: z
    .strictObject({
      automated: z.enum(["metadata", "full", "none"]).optional(),
      keep: z.array(diskHintsSchema).optional(),
    })
    .optional(),
  traits: z.array(traitSchema).max(50).optional(),
  resourceClass: resourceClassSchema.optional(),
  bios: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  raid: z.unknown().optional(),
  firmware: z.unknown().optional(),
  virtualMedia: z.unknown().optional(),
  /** Lights, by component; `node led NODE` lists them. */
  indicators: indicatorsSchema.optional(),
  console: z.unknown().optional(),
  /** The Chassis that it sits in. */
  chassis: nameSchema.optional(),
  /** The Node that it sits in and draws its power from: a DPU's server, a blade's enclosure (Ironic's `parent_node`). */
  parent: nameSchema.optional(),
  /** True where it has a supply of its own, so that its parent's power does not concern it. */
  dedicatedPower: z.boolean().optional(),
  network: networkSchema.optional(),
  /** By name; a Port document is one more. */
  ports: portsSchema.optional(),
  portGroups: portGroupsSchema.optional(),
  volumes: volumesSchema.optional(),
  description: z.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  maintenance: z.strictObject({ enabled: z.boolean(), reason: z.string().optional() }).optional(),
  holds: z.array(holdSchema).optional(),
  protected: z.union([z.boolean(), z.strictObject({ reason: z.string() })]).optional(),
  retired: z.strictObject({ reason: z.string().optional() }).optional(),
  deletionPolicy: z.enum(["orphan", "tear-down"]).optional(),
  drift: driftSchema.optional(),
  requests: z.array(requestSchema).max(100).optional(),
  /** Which steps run by themselves, and when: over what the interfaces offer. */
  stepPriorities: stepPrioritiesSchema.optional(),
  /** Read by the `fake` hardware type only. */
  fake: fakeSchema.optional(),
  /** Read by a hardware type from a package, which says what may stand here (Ironic's `driver_info`). */
  driverInfo: z.record(z.string(), z.unknown()).optional(),
});
export type NodeSpec = z.infer<typeof nodeSpecSchema>;

export const metadataSchema = z.strictObject({
  name: nameSchema,
  uuid: z.uuid().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

export const nodeDocumentSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("Node"),
  metadata: metadataSchema,
  spec: nodeSpecSchema,
});

export const profileDocumentSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("Profile"),
  metadata: metadataSchema,
  spec: nodeSpecSchema,
});

export const nodeListDocumentSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("NodeList"),
  metadata: metadataSchema,
  spec: z.strictObject({
    template: z.strictObject({
      metadata: metadataSchema.partial().optional(),
      spec: nodeSpecSchema.optional(),
    }),
    /** Dotted paths such as `metadata.name`, `spec.bmc.address`. */
    columns: z.array(z.string()).min(1),
    rows: z.array(z.array(z.unknown())),
  }),
});

export const conductorDocumentSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("Conductor"),
  metadata: metadataSchema,
  spec: z.strictObject({
    group: z.string().optional(),
    hardwareTypes: z.array(z.string()).optional(),
    weight: z.number().int().min(1).max(100).optional(),
    host: z.string().optional(),
    url: z.string().optional(),
  }),
});
export type ConductorDocument = z.infer<typeof conductorDocumentSchema>;

/** Steps for the deploys of nodes that have every one of its traits. */
export const deployTemplateDocumentSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("DeployTemplate"),
  metadata: metadataSchema,
  spec: z.strictObject({
    traits: z.array(traitSchema).min(1).max(50),
    steps: z.array(deployStepSchema).min(1).max(100),
  }),
});
export type DeployTemplateDocument = z.infer<typeof deployTemplateDocumentSchema>;

/** A list of steps for a manual clean or a service, for nodes that have any one of its traits. */
export const runbookDocumentSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("Runbook"),
  metadata: metadataSchema,
  spec: z.strictObject({
    description: z.string().optional(),
    flow: z.enum(["clean", "service"]),
    traits: z.array(traitSchema).min(1).max(50),
    steps: z.array(namedStepSchema).min(1).max(100),
  }),
});
export type RunbookDocument = z.infer<typeof runbookDocumentSchema>;
