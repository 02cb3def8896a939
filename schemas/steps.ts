import { z } from "zod";
import type { Impact } from "./impact.ts";

/** Interfaces that a hardware type composes, in Ironic's words. */
export const INTERFACES = [
  "power",
  "management",
  "boot",
  "deploy",
  "bios",
  "raid",
  "firmware",
  "inspect",
  "console",
  "network",
  "storage",
  "rescue",
  "vendor",
] as const;
export type InterfaceName = (typeof INTERFACES)[number];

/** Flows that are made of steps which interfaces offer. */
export const STEP_FLOWS = ["verify", "deploy", "clean", "service"] as const;
export type StepFlow = (typeof STEP_FLOWS)[number];

/** Words of an argument's type; `duration` is a whole number of seconds. */
export const ARGUMENT_TYPES = [
  "string",
  "integer",
  "number",
  "boolean",
  "list",
  "map",
  "duration",
] as const;

/** One argument of a step. */
export interface ArgumentInfo {
  readonly type: (typeof ARGUMENT_TYPES)[number];
  readonly description: string;
  readonly required: boolean;
  /** The only values that are legal, where there are but a few. */
  readonly values?: readonly (string | number | boolean)[] | undefined;
}

/** What of the disks a step destroys: their metadata, all of their content, or the root disk's content. */
export type ErasedPart = "metadata" | "full" | "root";

/** One step that an interface offers, as Ironic's decorators describe it (ironic-facts 6.1). */
export interface StepOffer {
  readonly interface: InterfaceName;
  /** The method's name, such as `erase_devices_metadata`. */
  readonly step: string;
  /** Priority by flow; 0: only on request; a flow that is left out: not offered there. */
  readonly priority: Readonly<Partial<Record<StepFlow, number>>>;
  /** An abort waits for the end of a step that is not. */
  readonly abortable: boolean;
  /** True when only the ramdisk's agent can do it. */
  readonly requiresRamdisk: boolean;
  /** True when what it sets is in force only after a reboot: the list composes one behind it. */
  readonly reboots?: true | undefined;
  readonly impact: Impact;
  /** Null for steps that keep every disk's content. */
  readonly erases: ErasedPart | null;
  /** By name; empty for steps that take none. */
  readonly args: Readonly<Record<string, ArgumentInfo>>;
  /** Seconds until it must be done; past that it has failed. */
  readonly timeoutSeconds: number;
  /** True when it may be run again after a lost ramdisk: its result is the same, such as an erase of the same disks. */
  readonly rerun: boolean;
  /** deploy.deploy and its kin: a template or a node may switch it off, never replace it. */
  readonly core?: true | undefined;
  /** Set where only the ramdisk's agent names it: as it was last learnt, or not known yet. */
  readonly ramdisk?: RamdiskWord | undefined;
}

/** `named`: the agent was asked, and this is its answer. `unknown`: no ramdisk was asked yet. */
export type RamdiskWord = "named" | "unknown";

/** Names that an interface may have: `no-inspect` and its kin offer nothing. */
export interface InterfaceOffer {
  readonly interface: InterfaceName;
  /** `direct`, `noop`, `fake`, `redfish` ... */
  readonly implementation: string;
  readonly steps: readonly StepOffer[];
  /** What the machine must be put through for inspection: `none` is read out of band. */
  readonly impact?: Impact | undefined;
  /** What such an inspection learns, in words; default: disks and NICs. */
  readonly learns?: string | undefined;
  /** False for an implementation that this version knows by name and can't perform. */
  readonly built: boolean;
  /** True where the ramdisk's agent may name more steps of this interface, once it runs. */
  readonly ramdiskSteps?: true | undefined;
}

/** All that one hardware type offers: its interfaces, the first of each name being the default. */
export interface HardwareOffer {
  readonly hardwareType: string;
  readonly interfaces: readonly InterfaceOffer[];
}

/** Hardware types by name: what the planner knows of drivers. */
export type Catalog = Readonly<Record<string, HardwareOffer>>;

/** Reserved names, performed by the engine itself on the power interface (ironic-facts 6.3). */
export const RESERVED_STEPS = ["wait", "hold", "power_on", "power_off", "reboot"] as const;
export type ReservedStep = (typeof RESERVED_STEPS)[number];

const argumentsSchema = z.record(z.string(), z.unknown());

/** One step as a Runbook or a request names it; runs in the order in which it is written. */
export const namedStepSchema = z.strictObject({
  interface: z.enum(INTERFACES),
  step: z.string().min(1).max(255),
  args: argumentsSchema.optional(),
});
export type NamedStep = z.infer<typeof namedStepSchema>;

/** One step as a DeployTemplate or a node names it; sorted with the driver's own; priority 0 switches it off. */
export const deployStepSchema = namedStepSchema.extend({
  priority: z.number().int().min(0).max(1000),
});
export type DeployStep = z.infer<typeof deployStepSchema>;

/** `interface.step` -> priority, flow by flow; 0 switches a step off where it would run by itself. */
export const stepPrioritiesSchema = z.strictObject({
  verify: z.record(z.string(), z.number().int().min(0).max(1000)).optional(),
  deploy: z.record(z.string(), z.number().int().min(0).max(1000)).optional(),
  clean: z.record(z.string(), z.number().int().min(0).max(1000)).optional(),
});
