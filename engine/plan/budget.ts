import { compareImpact } from "../../schemas/impact.ts";
import type { NodePlan, Refusal } from "../../schemas/plan.ts";

/**
 * Among nodes in service at once, where no Policy says otherwise: one that is erased, ten that are interrupted, and
 * never two in one rack. A new machine is in nobody's service and counts nowhere; one that was there before us and was
 * never adopted counts until it is cleaned. Nodes without a label `rack` share none, and the plan says so.
 */
export const BUILT_IN = { destructive: 1, reboot: 10, perRack: 1 } as const;

/** True when a step takes a workload or the content of a disk. */
export function losesSomething(steps: NodePlan["steps"]): boolean {
  return steps.some(({ impact }) => impact === "destructive");
}

/** True when the plan takes a workload that is in service. */
export function erasesService(node: NodePlan): boolean {
  return node.inService && losesSomething(node.steps);
}

/** True when the plan interrupts a node in service. */
export function interruptsService(node: NodePlan): boolean {
  return node.inService && node.steps.some(({ impact }) => compareImpact(impact, "reboot") >= 0);
}

/**
 * Nodes of which nobody can tell whether they share a rack with another one that the plan interrupts: they have no
 * label `rack`. Empty where one node alone is interrupted.
 */
export function withoutRack(nodes: readonly NodePlan[]): readonly NodePlan[] {
  const interrupted = nodes.filter(interruptsService);
  return interrupted.length < 2 ? [] : interrupted.filter(({ rack }) => rack === null);
}

/** Refuses a plan that would erase more of what is in service than the budget allows; reboots wait for their turn. */
export function refuseBudget(nodes: readonly NodePlan[]): Refusal | null {
  const over = nodes.filter(erasesService);
  if (over.length <= BUILT_IN.destructive) return null;
  const [first] = over;
  const names = over.slice(0, 5).map(({ node }) => node);
  const more = over.length > names.length ? ", ..." : "";
  return {
    code: "IW-P02",
    message:
      `${over.length} nodes in service would be ERASED (${names.join(", ")}${more}); the built-in budget allows ` +
      `${BUILT_IN.destructive} at once. A part that fits: ironwright plan --node ${first?.node ?? "NODE"}`,
    declaredAt: null,
  };
}
