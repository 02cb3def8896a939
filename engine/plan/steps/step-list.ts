import type { Code } from "../../../schemas/codes.ts";
import type { InterfaceName, NamedStep, StepFlow, StepOffer } from "../../../schemas/steps.ts";

/** One step of a list, before it is made of acts. */
export interface ListedStep {
  readonly interface: InterfaceName;
  readonly step: string;
  /** Null in lists that run as written. */
  readonly priority: number | null;
  readonly args: Readonly<Record<string, unknown>>;
  readonly offer: StepOffer;
  /** `driver`, `ramdisk`, `template gpu`, `runbook burnin`, `request 2026-11-24-a`, `node`. */
  readonly source: string;
}

/** The source of a step that a ramdisk brings by itself. */
export const RAMDISK_SOURCE = "ramdisk";

/** Where a document says something: a JSON pointer below its `spec`. */
export interface Where {
  readonly kind: "Node" | "DeployTemplate" | "Runbook";
  readonly name: string;
  readonly pointer: string;
}

/** What is wrong with a step that a document names, as seen from one node, or from all hardware types. */
export interface StepFinding {
  readonly code: Code;
  readonly severity: "error" | "warning";
  /** One sentence without the node, for many nodes may share the place. */
  readonly message: string;
  /** Null where no node uses the document. */
  readonly node: string | null;
  readonly where: Where;
  /** The other of two places that contradict each other. */
  readonly also?: Where | undefined;
}

/** A list, and what is wrong with it; a list with errors is never run. */
export interface StepList {
  readonly steps: readonly ListedStep[];
  readonly findings: readonly StepFinding[];
}

/** Steps as one document writes them down. */
export interface AskedSteps {
  readonly flow: StepFlow;
  /** Null where no node uses the document. */
  readonly node: string | null;
  readonly source: string;
  /** The list itself: its items are `POINTER/0`, `POINTER/1` ... */
  readonly where: Where;
}

/** `interface.step`. */
export function nameOf(step: Pick<NamedStep, "interface" | "step">): string {
  return `${step.interface}.${step.step}`;
}
