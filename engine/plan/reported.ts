import type { Change, NodePlan } from "../../schemas/plan.ts";

/** A difference is shown and, by policy, nothing is done about it. */
export function isReportedChange({ noStep }: Change): boolean {
  return noStep?.startsWith("drift.") === true;
}

/** A difference of the node is only reported. */
export function isReported(node: NodePlan): boolean {
  return node.changes.some(isReportedChange);
}

/** What is said of a difference whose cause was not asked for this time. */
export const LEFT_OUT = "left out by --only";

/** A difference was left out by `--only`. */
export function isLeftOut(node: NodePlan): boolean {
  return node.changes.some(({ noStep }) => noStep === LEFT_OUT);
}
