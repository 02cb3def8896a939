import type { BootDevice, BootMode } from "./documents.ts";

/**
 * Everything that a step may ask. `interface.verb`, arguments frozen.
 * Provision verbs are done by the engine (they read, and write the record); the others go to a driver.
 */
export type Action =
  | { readonly verb: "power.on" }
  | { readonly verb: "power.off" }
  /** Graceful; the step's `fallback` says what follows at its deadline. */
  | { readonly verb: "power.softOff" }
  | {
      readonly verb: "management.setBootDevice";
      readonly device: BootDevice;
      readonly persistent: true;
    }
  | { readonly verb: "management.setBootMode"; readonly mode: BootMode }
  | { readonly verb: "management.setSecureBoot"; readonly enabled: boolean }
  | { readonly verb: "provision.manage" }
  | { readonly verb: "provision.provide" }
  | { readonly verb: "provision.adopt" };
export type Verb = Action["verb"];

/** Acts on the BMC itself that fence a takeover; never in a plan. */
export type SessionAction =
  | { readonly verb: "session.open" }
  /** Ends a session by its name; done also when it is gone already. */
  | { readonly verb: "session.end"; readonly session: string };

/** What a driver is asked to perform. */
export type DriverAction =
  | Exclude<Action, { readonly verb: `provision.${string}` }>
  | SessionAction;

/** Impact words, mildest first (contract 2). */
export const IMPACTS = ["none", "in-place", "reboot", "destructive"] as const;
export type Impact = (typeof IMPACTS)[number];

/** -1, 0 or 1 as `a` is milder than, like, or graver than `b`. */
export function compareImpact(a: Impact, b: Impact): number {
  return Math.sign(IMPACTS.indexOf(a) - IMPACTS.indexOf(b));
}
