import type { RamdiskPurpose } from "./action.ts";
import type { BootDevice, BootMode, Identity } from "./documents.ts";
import type { Failure } from "./failure.ts";
import type { IndicatorReading } from "./indicators.ts";
import type { MachineInventory } from "./machine-inventory.ts";
import type { VendorReadings } from "./vendor.ts";

/** A value with its age, or unknown: unknown is a value of its own, never "off". */
export type Reading<T> =
  | {
      readonly known: true;
      readonly value: T;
      /** When it was read, milliseconds since the epoch. */
      readonly at: number;
    }
  | { readonly known: false; readonly at: number; readonly why: Failure | null };

/** Power as Redfish says it, in Ironic's two words and the ways between (DSP0268 Resource.PowerState). */
export type PowerState = "on" | "off" | "powering-on" | "powering-off";

/** The boot override as the BMC holds it. `none` means: no override, the machine's own order. */
export interface BootDeviceReading {
  readonly device: BootDevice | "none" | "other";
  readonly persistent: boolean;
}

/** Secure boot: what is set, and what the running system booted with. */
export interface SecureBootReading {
  readonly enabled: boolean;
  /** Null where the BMC does not say. */
  readonly currentBoot: boolean | null;
}

/** A task that runs on the BMC, ours or a stranger's. */
export interface TaskReading {
  readonly uri: string;
  readonly name: string;
  readonly state: string;
}

/** One line of the machine's event log. */
export interface LogLine {
  readonly at: string;
  readonly message: string;
}

/** The ramdisk's agent, as far as it can be seen; `bootId` differs after each boot of it. */
export interface AgentReading {
  readonly running: boolean;
  readonly bootId: string | null;
}

/** What the ramdisk's agent answers when it is asked for its steps; there is none but while it runs. */
export interface AgentStepsReading {
  /** The boot of the ramdisk that answered. */
  readonly bootId: string | null;
  /** Of the agent and its hardware managers, where it says so. */
  readonly version: string | null;
  /** Word for word: nobody has judged it yet (`readAgentSteps`). */
  readonly steps: unknown;
}

/** The last step that was asked of the machine or its ramdisk, by its id. */
export interface WorkReading {
  /** The `id` of its `step.run`; null when none was ever asked. */
  readonly id: string | null;
  readonly state: "running" | "done" | "failed" | "none";
  /** Why it failed, in its own words. */
  readonly message: string | null;
}

/** What a driver can read, name by name. `traits` and `provision` live in the record, not on the wire. */
export interface ObservedFacets {
  readonly identity: Identity;
  readonly power: PowerState;
  readonly bootDevice: BootDeviceReading;
  readonly bootMode: BootMode;
  readonly secureBoot: SecureBootReading;
  /** Lights by name, `disk/1:0`. */
  readonly indicators: Readonly<Record<string, IndicatorReading>>;
  readonly bios: Readonly<Record<string, string | number | boolean | null>>;
  readonly tasks: readonly TaskReading[];
  readonly agent: AgentReading;
  readonly agentSteps: AgentStepsReading;
  readonly work: WorkReading;
  /** What the next power-on boots: a ramdisk that was set up for it, or the machine's own system. */
  readonly nextBoot: RamdiskPurpose | "instance";
  /** The last few lines of the event log, newest first; asked for only where power has drifted. */
  readonly eventLog: readonly LogLine[];
  /** CPUs, memory, disks, NICs, firmware: dozens of requests, so it is read only when somebody asks for it. */
  readonly inventory: MachineInventory;
  /** What the hardware type's own vendor methods change; read where one of them is called. */
  readonly vendor: VendorReadings;
}
export type ObservedFacet = keyof ObservedFacets;

/** What the BMC says that it allows; absent means: it does not say. */
export interface Capabilities {
  /** DSP0268 ComputerSystem.ResetType values, from @Redfish.AllowableValues or ActionInfo. */
  readonly resetTypes?: readonly string[] | undefined;
  readonly bootDevices?: readonly BootDevice[] | undefined;
  readonly bootModes?: readonly BootMode[] | undefined;
  readonly secureBoot?: boolean | undefined;
}

/** How the BMC is spoken to; every plan lists what is not verified. */
export interface Transport {
  readonly tls:
    | "verified"
    | "ca-file"
    | "pinned"
    | "unverified"
    | "plain"
    /** IPMI 2.0: signed and encrypted with keys of the user's password; there is no certificate. */
    | "rmcp+"
    /** IPMI 1.5: signed, in the clear. */
    | "ipmi-1.5";
  /** session: takeover can end it at the BMC. time-only: basic authentication, or a privilege that ends nobody's; nothing bounds a paused holder. */
  readonly fence: "session" | "time-only";
}

/** What was seen of one node, facet by facet. */
export interface Observation {
  readonly node: string;
  /** When the reading ended, milliseconds since the epoch. */
  readonly at: number;
  readonly facets: { readonly [F in ObservedFacet]?: Reading<ObservedFacets[F]> };
  readonly capabilities: Capabilities;
  readonly transport: Transport | null;
  /** Set when the BMC as a whole could not be read. */
  readonly unreachable: Failure | null;
  /** Since when it has been unreachable, when earlier readings know. */
  readonly unreachableSince?: number | undefined;
  /**
   * Facet -> desired value when it was last seen satisfied, and when all of the node was (null: not yet). It tells
   * drift from intent; losing it makes drift look like intent once.
   */
  readonly agreed?:
    | { readonly at: number | null; readonly desired: Readonly<Record<string, unknown>> }
    | undefined;
  /** Hash of the declaration under which all its facets were read; left out where only some were. */
  readonly readFor?: string | undefined;
  /** Fingerprint of the secret that was refused: it is not tried again while it is the same. */
  readonly refusedSecret?: string | undefined;
  /** Vendor, model, firmware, for quirks and for `show`. */
  readonly vendor?: string | undefined;
  readonly model?: string | undefined;
  readonly bmcFirmware?: string | undefined;
}

/** The value of a facet, or undefined when it is unknown. */
export function known<F extends ObservedFacet>(
  observation: Observation | undefined,
  facet: F,
): ObservedFacets[F] | undefined {
  const reading: Reading<ObservedFacets[F]> | undefined = observation?.facets[facet];
  return reading?.known === true ? reading.value : undefined;
}
