import type { NodePlan } from "../../schemas/plan.ts";

/** A difference is shown and, by policy, nothing is done about it. */
export function isReported(node: NodePlan): boolean {
  return node.changes.some((change) => change.noStep?.startsWith("drift.") === true);
}
