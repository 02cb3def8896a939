import type { DriverAction, StepRun } from "../../schemas/action.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { VendorCall } from "../../schemas/vendor.ts";
import type { Driver } from "../driver.ts";

/** How a machine treats one verb: says no, does it and loses the answer, takes it and does nothing, is not there. */
export type Treatment = "refused" | "lost" | "ignored" | "unsent";

/** A step as the suite asks for it. */
export type StepCall = Pick<StepRun, "interface" | "step" | "args">;

/** What the suite may ask of a machine with a ramdisk. */
export interface WorkBench {
  /** The bench's machine while its steps do not come to an end. */
  readonly slow: FleetNode;
  /** In band, without disks. */
  readonly step: StepCall;
  /** In band, erases disks that are named by serial. */
  readonly erase: StepCall;
  /** Serials of the machine's disks. */
  readonly serials: readonly string[];
}

/** One machine that is off, and a driver for it, as a hardware type's author sets them up. */
export interface DriverBench {
  readonly driver: Driver;
  /** A driver of the same machine whose ports say `readOnly`. */
  readonly reader: Driver;
  readonly node: FleetNode;
  /** A node whose settings are wrong. */
  readonly invalid: FleetNode;
  /** A node whose BMC answers nothing. */
  readonly silent: FleetNode;
  /** A node whose BMC answers what nobody can read, at the least in place of its power. */
  readonly garbage: FleetNode;
  /** The password that the ports resolve; no failure may hold it. Null where the type has none. */
  readonly secret: string | null;
  /** Makes the machine treat a verb so; answers the node to perform on. */
  treat(verb: DriverAction["verb"], how: Treatment): FleetNode;
  /** Takes all disks out of the machine; answers the node to observe. Required where the type reads `inventory` and its BMCs tell parts. */
  diskless?(): FleetNode;
  /** How many mutating requests have reached the machine, sessions left out. */
  mutations(): number | Promise<number>;
  /** Required where the type performs `step.run`. */
  readonly work?: WorkBench;
  /** Arguments by vendor method, of those that need some. */
  readonly vendorArgs?: Readonly<Record<string, VendorCall["args"]>>;
  /** Ends the machine; the drivers were closed before. */
  close(): Promise<void>;
}

/** Makes a fresh bench: the suite asks for one before each case. */
export type SetUp = () => Promise<DriverBench>;

/** What `PACKAGE/conformance` exports as `conformance`: how to set up a bench, by hardware type. */
export type ConformanceSetUps = Readonly<Record<string, SetUp>>;
