import type { NodePlan } from "../../schemas/plan.ts";

/** A difference is shown and, by policy, nothing is done about it. */
export function isReported(node: NodePlan): boolean {
  return node.changes.some((change) => change.noStep?.startsWith("drift.") === true);
}

/** What `plan-node` says of a difference whose cause was not asked for this time. */
const LEFT_OUT = "left out by --only";

/** A difference was left out by `--only`. */
export function isLeftOut(node: NodePlan): boolean {
  return node.changes.some(({ noStep }) => noStep === LEFT_OUT);
}
