import type { NodePlan } from "../../schemas/plan.ts";
import type { NodeResult } from "./apply-node.ts";

/** Ends that count as done for those that come after. */
const DONE: ReadonlySet<NodeResult["status"]> = new Set(["applied", "already-done", "recorded"]);

/**
 * Begins every node at once, but each that names others in `tree.after` when those have ended; `begin` is told why one of them
 * was not done. Who waits here holds no worker, no lease and no budget, and a tree is one level deep: so nobody waits for who
 * waits for him, also where there is one worker.
 */
export async function inOrder(
  plans: readonly NodePlan[],
  begin: (plan: NodePlan, notDone: string | null) => Promise<NodeResult | null>,
): Promise<void> {
  const byName = new Map(plans.map((plan) => [plan.node, plan]));
  const ends = new Map<string, Promise<NodeResult | null>>();
  const run = (plan: NodePlan): Promise<NodeResult | null> => {
    const begun = ends.get(plan.node) ?? afterOthers(plan);
    ends.set(plan.node, begun);
    return begun;
  };
  const afterOthers = async (plan: NodePlan): Promise<NodeResult | null> => {
    for (const { node, why } of plan.tree?.after ?? []) {
      const earlier = byName.get(node);
      const end = earlier === undefined ? null : await run(earlier);
      if (earlier === undefined || (end !== null && DONE.has(end.status))) continue;
      const what = end?.message ?? "it was not begun";
      return begin(plan, `${node} comes first, for ${why}, and was not done: ${what}`);
    }
    return begin(plan, null);
  };
  await Promise.all(plans.map(run));
}
