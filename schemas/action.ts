import type { BootDevice, BootMode } from "./documents.ts";
import type { IndicatorComponent, IndicatorState } from "./indicators.ts";
import type { InterfaceName } from "./steps.ts";
import type { VendorCall } from "./vendor.ts";

/** What a ramdisk is booted for. */
export type RamdiskPurpose = "inspect" | "clean" | "deploy" | "service" | "rescue";

/** Moves of the provision state machine, each with its list of steps; done by the engine. */
export type ProvisionVerb =
  | "provision.manage"
  | "provision.inspect"
  | "provision.clean"
  | "provision.provide"
  | "provision.adopt"
  | "provision.deploy"
  | "provision.rebuild"
  | "provision.rescue"
  | "provision.unrescue"
  | "provision.service"
  | "provision.undeploy"
  | "provision.abort";

/**
 * Everything that a step may ask. `interface.verb`, arguments frozen.
 * Provision verbs and `engine.*` are done by the engine (they read, wait, and write the record); the others
 * go to a driver.
 */
export type Action =
  | { readonly verb: "power.on" }
  | { readonly verb: "power.off" }
  /** Graceful; the step's `fallback` says what follows at its deadline. */
  | { readonly verb: "power.softOff" }
  /** Off, seen off, on, seen on: a list of its own, so that a crash never leaves the machine off. */
  | { readonly verb: "power.reboot"; readonly soft: boolean }
  | {
      readonly verb: "management.setBootDevice";
      readonly device: BootDevice;
      /** False for the next boot alone: a person's act, never git's word. */
      readonly persistent: boolean;
    }
  | { readonly verb: "management.setBootMode"; readonly mode: BootMode }
  | { readonly verb: "management.setSecureBoot"; readonly enabled: boolean }
  | {
      readonly verb: "management.setIndicator";
      readonly component: IndicatorComponent;
      readonly id: string;
      readonly state: IndicatorState;
    }
  /** A non-maskable interrupt; its effect can't be seen. */
  | { readonly verb: "management.injectNmi" }
  /** A vendor method that acts, by its name; a person's act, never git's word. */
  | ({ readonly verb: "vendor.call" } & VendorCall)
  /** Makes the machine boot the ramdisk at its next power-on, and only then. */
  | { readonly verb: "boot.ramdisk"; readonly purpose: RamdiskPurpose }
  /** Takes the ramdisk's media and boot order away again. */
  | { readonly verb: "boot.instance" }
  /** One step that an interface offers: in band by the ramdisk's agent, or out of band. */
  | StepRun
  /** Looks until the ramdisk's agent answers; nothing is sent. */
  | { readonly verb: "engine.awaitAgent" }
  /** Lets time pass; nothing is sent. */
  | { readonly verb: "engine.wait"; readonly seconds: number }
  /** Stops the list here until a request says unhold. */
  | { readonly verb: "engine.hold" }
  /** Lifts the recorded protection. */
  | { readonly verb: "engine.unprotect" }
  /** Records that the machine with this serial number may be erased. */
  | { readonly verb: "engine.claim"; readonly serial: string }
  /** Records that the node was given to an Allocation. */
  | { readonly verb: "engine.allocate"; readonly allocation: string }
  /** Takes another machine for this node's. */
  | { readonly verb: "engine.replace"; readonly keep: "none" | "disks" }
  | { readonly verb: ProvisionVerb };
export type Verb = Action["verb"];

/** One step of an interface, as it is asked for. */
export interface StepRun {
  readonly verb: "step.run";
  /** Names this run for ever, so that it is found again after a crash: `FLOW.ENTRY`. */
  readonly id: string;
  readonly interface: InterfaceName;
  readonly step: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** True when the ramdisk's agent does it. */
  readonly inBand: boolean;
  /** Serials of the disks that it may touch; null where it touches none. */
  readonly disks: readonly string[] | null;
}

/** Acts on the BMC itself that fence a takeover; never in a plan. */
export type SessionAction =
  | { readonly verb: "session.open" }
  /** Ends a session by its name; done also when it is gone already. */
  | { readonly verb: "session.end"; readonly session: string };

/** What a driver is asked to perform. */
export type DriverAction =
  | Exclude<
      Action,
      | { readonly verb: `provision.${string}` }
      | { readonly verb: `engine.${string}` }
      | { readonly verb: "power.reboot" }
    >
  | SessionAction;

/**
 * Verbs that came with a later format of the store than the first: who takes over a node from a journal must know every act
 * in it, so none of these is done while engines of an earlier format share the store.
 */
const SINCE_FORMAT: Readonly<Record<string, number>> = {
  "management.setIndicator": 2,
  "vendor.call": 2,
};

/** The format from which on engines know that verb. */
export function formatOf(verb: string): number {
  return SINCE_FORMAT[verb] ?? 1;
}
