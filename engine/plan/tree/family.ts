import { known, type Observation, type ObservedFacets } from "../../../schemas/observation.ts";
import type { NodePlan, PlanBudget } from "../../../schemas/plan.ts";
import type { TreeTerms } from "../../../schemas/tree.ts";
import type { Tree } from "./relatives.ts";

/** What the plans of parents and children are made from. */
export interface TreeInput {
  readonly tree: Tree;
  readonly observations: ReadonlyMap<string, Observation>;
  /** Those of every Policy of the fleet. */
  readonly budgets: readonly PlanBudget[];
  /** True when what answers as this node, of this plan or not, contradicts its declaration or its record. */
  readonly isStranger: (name: string) => boolean;
  /** Plans one node of this plan again, under terms. */
  readonly replan: (name: string, terms: TreeTerms) => NodePlan;
}

/** The plans as they stand while they are made to fit. */
export class Family {
  readonly plans: Map<string, NodePlan>;
  readonly tree: Tree;
  readonly budgets: readonly PlanBudget[];
  readonly #input: TreeInput;

  constructor(plans: ReadonlyMap<string, NodePlan>, input: TreeInput) {
    this.plans = new Map(plans);
    this.tree = input.tree;
    this.budgets = input.budgets;
    this.#input = input;
  }

  /** Its power as it was seen; undefined where nobody knows: silent, not read, or another machine answers. */
  power(name: string): ObservedFacets["power"] | undefined {
    const observation = this.#input.observations.get(name);
    if (observation === undefined || observation.unreachable !== null) return undefined;
    if (this.isStranger(name)) return undefined;
    return known(observation, "power");
  }

  isStranger(name: string): boolean {
    return this.#input.isStranger(name);
  }

  /** Why its power is not known, in one clause. */
  whyUnknown(name: string): string {
    const why = this.#input.observations.get(name)?.unreachable?.message;
    if (why !== undefined) return why;
    return this.isStranger(name) ? "another machine answers there" : "its BMC did not tell it";
  }

  /** How the node would be planned under more terms than it has. */
  tried(name: string, more: TreeTerms): NodePlan {
    return this.#input.replan(name, joined(this.plans.get(name)?.tree ?? {}, more));
  }

  /** Plans it so from here on. */
  settle(name: string, more: TreeTerms): void {
    this.plans.set(name, this.tried(name, more));
  }

  /** True when all steps of `earlier` come before the first of `later`. */
  comesAfter(later: string, earlier: string): boolean {
    const { after = [] } = this.plans.get(later)?.tree ?? {};
    return after.some(({ node }) => node === earlier);
  }
}

/** All that comes first, stops or is noted adds up. */
function joined(terms: TreeTerms, more: TreeTerms): TreeTerms {
  const after = [...(terms.after ?? []), ...(more.after ?? [])];
  const waits = [...(terms.waits ?? []), ...(more.waits ?? [])];
  const notes = [...(terms.notes ?? []), ...(more.notes ?? [])];
  const power = more.power ?? terms.power;
  return {
    ...(after.length === 0 ? {} : { after }),
    ...(power === undefined ? {} : { power }),
    ...(waits.length === 0 ? {} : { waits }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}
