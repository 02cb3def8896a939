import { z } from "zod";
import {
  API_VERSION,
  conductorDocumentSchema,
  configDriveSchema,
  deployTemplateDocumentSchema,
  imageSchema,
  metadataSchema,
  nameSchema,
  nodeDocumentSchema,
  nodeListDocumentSchema,
  profileDocumentSchema,
  resourceClassSchema,
  runbookDocumentSchema,
  traitSchema,
} from "./documents.ts";
import { parseTerms } from "./selector.ts";
import {
  portDocumentSpec,
  portGroupDocumentSpec,
  volumeConnectorDocumentSpec,
  volumeTargetDocumentSpec,
} from "./parts.ts";

/** What is written to a disk: under this name for ever the same bytes, so that its checksum is its identity. */
export const imageDocumentSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("Image"),
  metadata: metadataSchema,
  spec: z.strictObject({
    url: z.string().min(1),
    checksum: z
      .string()
      .regex(
        /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/,
        "must be sha256: and 64 hex digits, or sha512: and 128",
      ),
    format: z.enum(["raw", "qcow2"]).optional(),
    description: z.string().max(4096).optional(),
  }),
});
export type ImageDocument = z.infer<typeof imageDocumentSchema>;

/** A wish for one node out of the pool, or for one that runs already; it keeps its node until it is taken out of git. */
export const allocationDocumentSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("Allocation"),
  metadata: metadataSchema,
  spec: z.strictObject({
    /** The node that it takes, which must be active already (Ironic's backfill); out of the pool when left out. */
    node: nameSchema.optional(),
    /** Required without `node`. */
    resourceClass: resourceClassSchema.optional(),
    /** The node must have every one of them. */
    traits: z.array(traitSchema).max(50).optional(),
    /** Names of nodes, one of which it must be; any when left out. */
    candidates: z.array(nameSchema).min(1).max(1000).optional(),
    conductorGroup: z.string().optional(),
    /** What the node is to run, over its own `available`; left out, it is only kept from others. */
    provision: z
      .strictObject({
        state: z.literal("active"),
        image: imageSchema.refine(
          ({ name, url }) => name !== undefined || url !== undefined,
          "needs a name or a url",
        ),
        configDrive: configDriveSchema.optional(),
      })
      .optional(),
    description: z.string().max(4096).optional(),
  }),
});
export type AllocationDocument = z.infer<typeof allocationDocumentSchema>;

/** So many nodes, or a share of those that the Policy selects (`10%`, rounded down, one at least). */
const budgetCountSchema = z.union([
  z.number().int().min(0).max(100_000),
  z.string().regex(/^(100|[1-9]?[0-9])%$/, "must be a whole number, or a percentage such as 10%"),
]);

/** How many nodes in service may be interrupted at once, in the place of the budget that is built in. */
export const policyDocumentSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("Policy"),
  metadata: metadataSchema,
  spec: z.strictObject({
    description: z.string().max(4096).optional(),
    /** Labels that a node has, as `-l` takes them: `role=storage,zone!=b`; every node when left out. */
    selector: z
      .string()
      .refine(
        (text) => !("wrong" in parseTerms(text)),
        "must be KEY=VALUE or KEY!=VALUE, and commas",
      )
      .optional(),
    budget: z
      .strictObject({
        /** Erased at once; what the built-in budget says when left out, as the others. */
        destructive: budgetCountSchema.optional(),
        /** Interrupted at once, those that are erased among them. */
        reboot: budgetCountSchema.optional(),
        /** Interrupted at once in one rack. */
        perRack: z.number().int().min(1).max(1000).optional(),
      })
      .optional(),
    /** A plan that would erase more is refused (default), or done a few at a time. */
    overBudget: z.enum(["refuse", "queue"]).optional(),
  }),
});
export type PolicyDocument = z.infer<typeof policyDocumentSchema>;

/** True where it says how many nodes may be erased: only those that it selects may opt in to `rebuildOn`. */
export function boundsErasing({ spec }: PolicyDocument): boolean {
  return spec.budget?.destructive !== undefined;
}

/** An enclosure that nodes sit in. */
export const chassisDocumentSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal("Chassis"),
  metadata: metadataSchema,
  spec: z.strictObject({ description: z.string().max(4096).optional() }),
});

function documentOf<K extends string, S extends z.ZodType>(kind: K, spec: S) {
  return z.strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(kind),
    metadata: metadataSchema,
    spec,
  });
}

/** Kinds that this version reads, each with its schema; a new kind is a new row. */
export const DOCUMENT_KINDS = {
  Node: nodeDocumentSchema,
  NodeList: nodeListDocumentSchema,
  Profile: profileDocumentSchema,
  Conductor: conductorDocumentSchema,
  DeployTemplate: deployTemplateDocumentSchema,
  Runbook: runbookDocumentSchema,
  Image: imageDocumentSchema,
  Chassis: chassisDocumentSchema,
  Allocation: allocationDocumentSchema,
  Policy: policyDocumentSchema,
  Port: documentOf("Port", portDocumentSpec),
  PortGroup: documentOf("PortGroup", portGroupDocumentSpec),
  VolumeConnector: documentOf("VolumeConnector", volumeConnectorDocumentSpec),
  VolumeTarget: documentOf("VolumeTarget", volumeTargetDocumentSpec),
} as const;
