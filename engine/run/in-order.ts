import type { NodePlan } from "../../schemas/plan.ts";
import type { NodeResult } from "./node-result.ts";

/** Ends that count as done for those that come after. */
const DONE: ReadonlySet<NodeResult["status"]> = new Set(["applied", "already-done", "recorded"]);

/** One node's turn. */
export interface Turn {
  readonly plan: NodePlan;
  /** Why one of those that come first was not done; null where all were. */
  readonly notDone: string | null;
  /** True where it goes off for its parent's sake alone, and in its parent's turn. */
  readonly isLent: boolean;
  /** Children that go off for its sake alone. */
  readonly lent: readonly NodePlan[];
  /** Powers those off; answers why one of them was not. To be called once the node itself can go on; null where none is. */
  readonly first: (() => Promise<string | null>) | null;
}

/**
 * Begins every node at once, but each that names others in `tree.after` when those have ended. Children that are powered
 * off for a parent's sake alone begin when that parent asks for them, under its lease and its place in the budget: they
 * are off for nothing where it can't go on. Nobody else holds anything while he waits, a tree is one level deep, and no
 * child waits for what its parent holds: so nobody waits for who waits for him, also where there is one worker.
 */
export async function inOrder(
  plans: readonly NodePlan[],
  begin: (turn: Turn) => Promise<NodeResult | null>,
): Promise<void> {
  const byName = new Map(plans.map((plan) => [plan.node, plan]));
  const ends = new Map<string, Promise<NodeResult | null>>();
  const once = (plan: NodePlan, work: () => Promise<NodeResult | null>) => {
    const begun = ends.get(plan.node) ?? work();
    ends.set(plan.node, begun);
    return begun;
  };
  const earlierOf = ({ tree }: NodePlan): readonly NodePlan[] =>
    (tree?.after ?? []).flatMap(({ node }) => byName.get(node) ?? []);
  const lent = new Set(plans.flatMap(earlierOf).filter(goesForParent));
  const notDone = async (plan: NodePlan, earlier: readonly NodePlan[]): Promise<string | null> => {
    const all = await Promise.all(earlier.map(async (one) => ({ one, end: await run(one) })));
    const failed = all.find(({ end }) => end === null || !DONE.has(end.status));
    if (failed === undefined) return null;
    const { node } = failed.one;
    const why = plan.tree?.after?.find((one) => one.node === node)?.why ?? "";
    return `${node} comes first, for ${why}, and was not done: ${failed.end?.message ?? NOT_BEGUN}`;
  };
  const inTurn = async (plan: NodePlan): Promise<NodeResult | null> => {
    const earlier = earlierOf(plan);
    const its = earlier.filter((one) => lent.has(one));
    const end = await begin({
      plan,
      notDone: await notDone(
        plan,
        earlier.filter((one) => !lent.has(one)),
      ),
      isLent: lent.has(plan),
      lent: its,
      first: its.length === 0 ? null : () => notDone(plan, its),
    });
    const why = `it goes off for ${plan.node} alone, which did not ask for it: ${end?.message ?? NOT_BEGUN}`;
    const left = { notDone: why, isLent: true, lent: [], first: null };
    await Promise.all(its.map((child) => once(child, () => begin({ plan: child, ...left }))));
    return end;
  };
  const run = (plan: NodePlan): Promise<NodeResult | null> => once(plan, () => inTurn(plan));
  await Promise.allSettled(plans.filter((plan) => !lent.has(plan)).map(run));
  // What nobody expected is thrown once nothing acts any more: a store must not be closed under who does.
  await Promise.allSettled(ends.values());
  await Promise.all(ends.values());
}

const NOT_BEGUN = "it was not begun";

function goesForParent({ tree }: NodePlan): boolean {
  return tree?.power?.to === "off";
}
