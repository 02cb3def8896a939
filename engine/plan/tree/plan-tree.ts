import type { NodePlan } from "../../../schemas/plan.ts";
import { powerChildrenOff } from "./children-off.ts";
import { Family, type TreeInput } from "./family.ts";
import { powerParentOn } from "./parent-on.ts";

/**
 * The plans of parents and children made to fit each other (ironic-facts 2.4, rule 4): each node was planned by itself,
 * and is planned anew where another one's power makes something of it. Family by family in order of names, so that
 * the same nodes have the same plan in whichever order they are read.
 */
export function planTree(
  plans: ReadonlyMap<string, NodePlan>,
  input: TreeInput,
): ReadonlyMap<string, NodePlan> {
  if (input.tree.children.size === 0) return plans;
  const family = new Family(plans, input);
  for (const parent of input.tree.children.keys()) {
    powerChildrenOff(parent, family);
    powerParentOn(parent, family);
  }
  return family.plans;
}
