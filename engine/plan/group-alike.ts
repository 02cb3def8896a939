import type { NodePlan } from "../../schemas/plan.ts";
import { canonicalJson } from "./canonical-json.ts";

/** Nodes that change in the same way, printed once. */
export interface Alike {
  readonly nodes: readonly NodePlan[];
  /** Stands for all of them. */
  readonly first: NodePlan;
}

/** Groups nodes whose changes and steps differ only in where they are declared and when they were read. */
export function groupAlike(nodes: readonly NodePlan[]): readonly Alike[] {
  const groups = new Map<string, NodePlan[]>();
  for (const node of nodes) {
    const key = canonicalJson({
      from: node.provisionState,
      to: node.targetProvisionState,
      changes: node.changes.map(({ facet, path, desired, observed, cause, noStep }) => [
        facet === "identity" ? node.node : facet,
        path,
        desired,
        observed,
        cause,
        noStep,
      ]),
      steps: node.steps.map(({ act, after, impact, reason, flow }) => [
        act.verb === "engine.claim" ? act.verb : act,
        after,
        impact,
        reason,
        flow?.entries.map(({ interface: where, step, args }) => [where, step, args]),
      ]),
      tree: node.tree,
      asked: node.asked?.map(({ id, action }) => [id, action]),
    });
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [node]);
    else group.push(node);
  }
  return [...groups.values()].flatMap((alike) => {
    const [first] = alike;
    return first === undefined ? [] : [{ nodes: alike, first }];
  });
}
