import type { Driver } from "../../../drivers/driver.ts";
import type { DriverAction, StepRun } from "../../../schemas/action.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";

/** How a machine treats one verb. */
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

/** One machine and a driver for it, as a hardware type's author sets them up. */
export interface DriverBench {
  readonly driver: Driver;
  /** A driver of the same machine under `--read-only`. */
  readonly reader: Driver;
  readonly node: FleetNode;
  /** A node whose BMC answers nothing. */
  readonly silent: FleetNode;
  /** Makes the machine treat a verb so; answers the node to perform on. */
  treat(verb: DriverAction["verb"], how: Treatment): FleetNode;
  /** Takes all disks out of the machine; answers the node to observe. */
  diskless(): FleetNode;
  /** How many mutating requests have reached the machine, sessions left out. */
  mutations(): number | Promise<number>;
  /** Required where the type performs `step.run`. */
  readonly work?: WorkBench;
  close(): Promise<void>;
}
