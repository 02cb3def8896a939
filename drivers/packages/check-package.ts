import { z } from "zod";
import { IMPACTS } from "../../schemas/impact.ts";
import { VENDOR_IMPACTS } from "../../schemas/vendor.ts";
import { INTERFACES, STEP_FLOWS } from "../../schemas/steps.ts";
import type { ConsoleKind, DriverApiVersion, HardwareType } from "../driver.ts";
import { FAKE_OBSERVES, FAKE_PERFORMS } from "../fake/fake-offer.ts";

/** The version of `driver.ts` that this engine speaks. */
const API_VERSION: DriverApiVersion = 1;

const CONSOLE_KINDS = ["serial"] as const satisfies readonly ConsoleKind[];

const callable = z.custom((value) => typeof value === "function", "must be a function");

const stepShape = z.looseObject({
  interface: z.enum(INTERFACES),
  step: z.string().min(1).max(255),
  priority: z.partialRecord(z.enum(STEP_FLOWS), z.number().int().min(0)),
  abortable: z.boolean(),
  requiresRamdisk: z.boolean(),
  impact: z.enum(IMPACTS),
  erases: z.enum(["metadata", "full", "root"]).nullable(),
  args: z.record(z.string(), z.looseObject({ type: z.string(), required: z.boolean() })),
  timeoutSeconds: z.number().positive(),
  rerun: z.boolean(),
});

const vendorShape = z
  .looseObject({
    name: z
      .string()
      .regex(
        /^[a-z][a-z0-9_]{0,62}$/,
        "must be lower-case letters, digits and '_', a letter first",
      ),
    description: z.string().min(1),
    reads: z.boolean(),
    impact: z.enum(
      VENDOR_IMPACTS,
      `must be one of ${VENDOR_IMPACTS.join(", ")}: what erases is a step of an interface, which names its disks`,
    ),
    args: z.custom(isSchema, "must be a z.strictObject(...) of zod 4"),
    after: callable.optional(),
  })
  .refine(({ reads, impact }) => !reads || impact === "none", {
    path: ["impact"],
    error: "must be none of a method that only reads",
  });

const hardwareTypeShape = z.looseObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and '-', a letter first"),
  properties: z.custom(isSchema, "must be a z.object(...) of zod 4"),
  offer: z.looseObject({
    hardwareType: z.string(),
    interfaces: z
      .array(
        z.looseObject({
          interface: z.enum(INTERFACES),
          implementation: z.string().min(1),
          steps: z.array(stepShape),
          built: z.boolean(),
        }),
      )
      .min(1),
  }),
  // A fake machine shows and takes all that there is.
  observes: z.array(z.enum(FAKE_OBSERVES)),
  performs: z.array(z.enum(FAKE_PERFORMS)),
  vendor: z.array(vendorShape).optional(),
  consoles: z.array(z.enum(CONSOLE_KINDS)).optional(),
  validate: callable,
  open: callable,
});

/**
 * The hardware types that a module exports as `driverPackage`, in the shape of `DriverPackage`; else the sentences
 * that say what is missing or wrong, five at most.
 */
export function checkPackage(
  module: Readonly<Record<string, unknown>>,
): { readonly types: readonly HardwareType[] } | { readonly wrong: string } {
  const { driverPackage } = module;
  if (driverPackage === undefined) {
    const found = Object.keys(module).join(", ");
    return {
      wrong: `has no export "driverPackage" (it exports ${found === "" ? "nothing" : found}); add: export const driverPackage = { apiVersion: ${API_VERSION}, hardwareTypes: [...] }`,
    };
  }
  if (
    typeof driverPackage !== "object" ||
    driverPackage === null ||
    !("apiVersion" in driverPackage)
  )
    return {
      wrong: `says no driverPackage.apiVersion; write the one that it was built for (${API_VERSION})`,
    };
  if (driverPackage.apiVersion !== API_VERSION)
    return {
      wrong: `was built for version ${String(driverPackage.apiVersion)} of the driver API; this ironwright speaks version ${API_VERSION}: install a release of it, or of ironwright, that fits`,
    };
  const types = "hardwareTypes" in driverPackage ? driverPackage.hardwareTypes : undefined;
  const checked = z.array(hardwareTypeShape).min(1).safeParse(types);
  if (!checked.success) return { wrong: `is not in shape: ${sentences(checked.error.issues)}` };
  const other = checked.data.find(({ name, offer }) => offer.hardwareType !== name);
  if (other !== undefined)
    return {
      wrong: `is not in shape: the offer of ${other.name} is named ${other.offer.hardwareType}; give both one name`,
    };
  return { types: isTypes(types) ? types : [] };
}

/** Told by the schema above, which says nothing of the functions' own types. */
function isTypes(types: unknown): types is readonly HardwareType[] {
  return Array.isArray(types);
}

/** Another copy of zod 4 makes schemas of the same kind; only its classes differ. */
function isSchema(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("_zod" in value)) return false;
  return "shape" in value && "safeParse" in value;
}

/** More than a few are one mistake, told many times. */
const SENTENCES_MAX = 5;

function sentences(issues: readonly z.core.$ZodIssue[]): string {
  const said = issues.slice(0, SENTENCES_MAX).map(({ path, message, ...issue }) => {
    const name = ["hardwareTypes", ...path].map(String).join(".");
    const isMissing = issue.code === "invalid_type" && issue.input === undefined;
    return `${name} ${message.startsWith("must") ? message : isMissing ? `is missing or of another type (${message})` : `is wrong (${message})`}`;
  });
  const more = issues.length - said.length;
  return [...said, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}
