import { compareImpact } from "../../schemas/impact.ts";
import type { NodePlan, PlanBudget, Refusal } from "../../schemas/plan.ts";

/**
 * Among nodes in service at once, where no Policy says otherwise: one that is erased, ten that are interrupted, and
 * never two in one rack. A new machine is in nobody's service and counts nowhere; one that was there before us and was
 * never adopted counts until it is cleaned. Nodes without a label `rack` share none, and the plan says so.
 */
export const BUILT_IN: PlanBudget = {
  policy: null,
  destructive: 1,
  reboot: 10,
  perRack: 1,
  overBudget: "refuse",
  declaredAt: null,
};

/** The budgets that count a node: those of every Policy that selects it, else the one that is built in. */
export function budgetsOf(
  { policies = [] }: Pick<NodePlan, "policies">,
  budgets: readonly PlanBudget[],
): readonly PlanBudget[] {
  const own = budgets.filter(({ policy }) => policy !== null && policies.includes(policy));
  return own.length === 0 ? [BUILT_IN] : own;
}

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

/** Refuses a plan that would erase more of what is in service than a budget allows; reboots wait for their turn. */
export function refuseBudgets(
  nodes: readonly NodePlan[],
  budgets: readonly PlanBudget[],
): readonly Refusal[] {
  const erased = nodes.filter(erasesService);
  const counted = [BUILT_IN, ...budgets.filter(({ policy }) => policy !== null)];
  return counted.flatMap((budget) => {
    const its = erased.filter((node) =>
      budgetsOf(node, budgets).some(({ policy }) => policy === budget.policy),
    );
    if (budget.overBudget === "queue" || its.length <= budget.destructive) return [];
    return [overBudget(its, budget)];
  });
}

function overBudget(over: readonly NodePlan[], budget: PlanBudget): Refusal {
  const names = over.slice(0, 5).map(({ node }) => node);
  const more = over.length > names.length ? ", ..." : "";
  const { policy, declaredAt, destructive, perRack } = budget;
  const whose = policy === null ? "the built-in budget" : `the Policy ${policy}`;
  const part = partThatFits(over, budget).map(({ node }) => `--node ${node}`);
  const fits = part.length === 0 ? "" : `. A part that fits: ironwright plan ${part.join(" ")}`;
  const queue = policy === null ? "" : "; or a few at a time: overBudget: queue";
  return {
    code: "IW-P02",
    message:
      `${over.length} nodes in service would be ERASED (${names.join(", ")}${more}); ${whose} allows ` +
      `${destructive} at once, ${perRack} in a rack${fits}${queue}`,
    declaredAt,
  };
}

/** The first of them that may be erased together: as many as the budget says, and of each rack. */
function partThatFits(
  over: readonly NodePlan[],
  { destructive, perRack }: PlanBudget,
): readonly NodePlan[] {
  const inRack = new Map<string, number>();
  const part: NodePlan[] = [];
  for (const node of over) {
    const there = inRack.get(node.rack ?? "") ?? 0;
    if (part.length >= destructive || (node.rack !== null && there >= perRack)) continue;
    inRack.set(node.rack ?? "", there + 1);
    part.push(node);
  }
  return part;
}
