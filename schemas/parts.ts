import { z } from "zod";

/** A NIC, a bond, a volume by the name that people know it by: `eth0`, `NIC.Integrated.1-1-1`. */
const partNameSchema = z
  .string()
  .max(63)
  .regex(
    /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/,
    "must be letters, digits, '.', '_' and '-', 63 at most",
  );

/** Six octets in hexadecimal with colons; upper and lower case are the same address. */
const macSchema = z
  .string()
  .regex(/^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/, "must be a MAC address such as 52:54:00:12:34:56");

/** A network as the switches know it. */
const physicalNetworkSchema = z.string().min(1).max(64);

/** Where a port is plugged in, as LLDP tells it (Ironic's `local_link_connection`). */
const localLinkSchema = z.strictObject({
  /** MAC of the switch, or its datapath id. */
  switchId: z.string().min(1).max(128).optional(),
  portId: z.string().min(1).max(255).optional(),
  switchInfo: z.string().max(255).optional(),
  /** Of a smart NIC: the host name that its agent runs under. */
  hostname: z.string().min(1).max(255).optional(),
});

const portFields = {
  mac: macSchema,
  /** True (default) where the machine may boot from the network by it. */
  pxeEnabled: z.boolean().optional(),
  localLink: localLinkSchema.optional(),
  physicalNetwork: physicalNetworkSchema.optional(),
  /** The PortGroup of the same node that it belongs to. */
  portGroup: partNameSchema.optional(),
  smartNic: z.boolean().optional(),
  description: z.string().max(4096).optional(),
};

/** Bonding modes of Linux, by either name. */
const BOND_MODES = [
  "active-backup",
  "802.3ad",
  "balance-rr",
  "balance-xor",
  "broadcast",
  "balance-tlb",
  "balance-alb",
] as const;

const portGroupFields = {
  /** Of the bond itself; none where it takes one of its ports'. */
  mac: macSchema.optional(),
  mode: z.enum(BOND_MODES).optional(),
  /** As the bonding driver of Linux names them: `miimon`, `xmit_hash_policy`. */
  properties: z
    .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
    .optional(),
  /** True (default) where its ports may be used one by one, before the bond is up. */
  standalonePorts: z.boolean().optional(),
  /** Of all of its ports. */
  physicalNetwork: physicalNetworkSchema.optional(),
  description: z.string().max(4096).optional(),
};

const CONNECTOR_TYPES = ["iqn", "ip", "mac", "wwnn", "wwpn", "port", "portgroup"] as const;

const connectorFields = {
  /** What kind of name `connectorId` is. */
  type: z.enum(CONNECTOR_TYPES),
  connectorId: z.string().min(1).max(255),
  description: z.string().max(4096).optional(),
};

const targetFields = {
  volumeType: z.enum(["iscsi", "fibre_channel"]),
  volumeId: z.string().min(1).max(255),
  /** 0 is booted from; each index once a node. */
  bootIndex: z.number().int().min(0).max(1024),
  /** As the storage driver needs them: `target_iqn`, `target_portal`, `target_lun`. */
  properties: z.record(z.string().min(1), z.unknown()).optional(),
  description: z.string().max(4096).optional(),
};

export const portSchema = z.strictObject(portFields);
export const portGroupSchema = z.strictObject(portGroupFields);
export const volumeConnectorSchema = z.strictObject(connectorFields);
export const volumeTargetSchema = z.strictObject(targetFields);

/** A part in a document of its own names its node. */
function ofNode<F extends z.ZodRawShape>(fields: F) {
  return z.strictObject({ node: z.string().min(1).max(63), ...fields });
}

export const portDocumentSpec = ofNode(portFields);
export const portGroupDocumentSpec = ofNode(portGroupFields);
export const volumeConnectorDocumentSpec = ofNode(connectorFields);
export const volumeTargetDocumentSpec = ofNode(targetFields);

/** No machine has more NICs than a record should carry. */
const PARTS_MAX = 256;

/** Parts of a kind, by name. */
function partsBy<T extends z.ZodType>(schema: T) {
  return z
    .record(partNameSchema, schema)
    .refine((parts) => Object.keys(parts).length <= PARTS_MAX, `${PARTS_MAX} at most`);
}

export const portsSchema = partsBy(portSchema);
export const portGroupsSchema = partsBy(portGroupSchema);
export const volumesSchema = z.strictObject({
  connectors: partsBy(volumeConnectorSchema).optional(),
  targets: partsBy(volumeTargetSchema).optional(),
});

/** Kinds whose documents are parts of a Node, and where they stand below its spec. */
export const PART_KINDS = {
  Port: "/ports",
  PortGroup: "/portGroups",
  VolumeConnector: "/volumes/connectors",
  VolumeTarget: "/volumes/targets",
} as const;
export type PartKind = keyof typeof PART_KINDS;

/** True for the kinds of parts. */
export function isPartKind(kind: string): kind is PartKind {
  return Object.hasOwn(PART_KINDS, kind);
}

const vifIdSchema = z
  .string()
  .min(1)
  .max(255)
  .regex(/^(?!__proto__$)/, "must be another name");

/** A network's end as a tenant names it (Ironic's VIF); it is attached to a free port or bond of the node. */
export const networkSchema = z.strictObject({
  vifs: z
    .array(
      z.union([
        vifIdSchema,
        z.strictObject({
          id: vifIdSchema,
          /** Only a port or bond of this physical network will do. */
          physicalNetwork: physicalNetworkSchema.optional(),
          /** This port or PortGroup and no other. */
          on: partNameSchema.optional(),
        }),
      ]),
    )
    .max(PARTS_MAX)
    .optional(),
});
