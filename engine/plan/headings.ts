import type { NodePlan, Plan } from "../../schemas/plan.ts";

/** True when git moved: a declaration was never seen satisfied, or a request that no difference stands for. */
export function hasIntent({ changes, steps }: NodePlan): boolean {
  const drifted = changes.some((change) => change.cause === "drift");
  return changes.some((change) => change.cause === "intent") || (steps.length > 0 && !drifted);
}

/**
 * What the commit does to the nodes whose cause is git. It says CHANGES only of nodes that something
 * is done to: a heading is read before the small print.
 */
export function intentHeading(plan: Plan, nodes: readonly NodePlan[]): string {
  return `${plan.commit === null ? "THIS TREE" : "THIS COMMIT"} ${verdict(plan, nodes)}`;
}

/** Over the nodes whose hardware moved away from what git said before. */
export function movedHeading(nodes: readonly NodePlan[]): string {
  return `THE HARDWARE MOVED ON ${counted(nodes.length)}`;
}

function verdict(plan: Plan, nodes: readonly NodePlan[]): string {
  const isRefused = plan.refused.length > 0;
  const acting = isRefused ? 0 : nodes.filter(isActedOn).length;
  const rest = nodes.length - acting;
  if (nodes.length === 0) return "CHANGES NOTHING";
  if (rest === 0) return `CHANGES ${counted(acting)}`;
  if (acting > 0) return `CHANGES ${counted(acting)} AND WOULD CHANGE ${rest} MORE`;
  return `WOULD CHANGE ${counted(rest)}${isRefused ? "" : ", BUT NOTHING IS DONE: SEE NOT DONE"}`;
}

function isActedOn({ steps, records }: NodePlan): boolean {
  return steps.length > 0 || records !== undefined;
}

/** `1 NODE`, `2 NODES`. */
function counted(count: number): string {
  return `${count} NODE${count === 1 ? "" : "S"}`;
}
