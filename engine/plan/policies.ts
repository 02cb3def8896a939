import { placeText } from "../../schemas/diagnostic.ts";
import { documentPlace, type Fleet } from "../../schemas/fleet.ts";
import { boundsErasing, type PolicyDocument } from "../../schemas/kinds.ts";
import type { PlanBudget } from "../../schemas/plan.ts";
import { meets, termsOf } from "../../schemas/selector.ts";
import { BUILT_IN } from "./budget.ts";

/** The Policies of a fleet: which nodes each counts, and how many of them at once. */
export interface Policies {
  readonly budgets: readonly PlanBudget[];
  /** Names, by the labels of a node. */
  of(labels: Readonly<Record<string, string>>): readonly string[];
  /** True where one of them says how many such nodes may be erased: only those may opt in to `rebuildOn`. */
  allowsErasing(labels: Readonly<Record<string, string>>): boolean;
}

/** What a fleet's Policies say, their percentages in whole nodes: of all that each selects, wherever they stand now. */
export function policiesOf(fleet: Fleet): Policies {
  const policies = fleet.policies.map((policy) => ({ policy, terms: termsOf(policy.spec) }));
  const selecting = (labels: Readonly<Record<string, string>>): readonly PolicyDocument[] =>
    policies.flatMap(({ policy, terms }) => (meets(labels, terms) ? [policy] : []));
  return {
    budgets: policies.map(({ policy, terms }) => {
      const selected = fleet.nodes.filter(({ labels }) => meets(labels, terms)).length;
      return budgetOf(policy, selected, fleet);
    }),
    of: (labels) => selecting(labels).map(({ metadata }) => metadata.name),
    allowsErasing: (labels) => selecting(labels).some(boundsErasing),
  };
}

function budgetOf({ metadata, spec }: PolicyDocument, selected: number, fleet: Fleet): PlanBudget {
  const { destructive, reboot, perRack } = spec.budget ?? {};
  const place = documentPlace(fleet, { kind: "Policy", name: metadata.name }, "/budget");
  return {
    policy: metadata.name,
    destructive: inNodes(destructive ?? BUILT_IN.destructive, selected),
    reboot: inNodes(reboot ?? BUILT_IN.reboot, selected),
    perRack: perRack ?? BUILT_IN.perRack,
    overBudget: spec.overBudget ?? "refuse",
    declaredAt: place === null ? null : placeText(place),
  };
}

/** A share is rounded down, and lets one through: a Policy that stops everything says 0. */
function inNodes(count: number | string, selected: number): number {
  if (typeof count === "number") return count;
  const percent = Number(count.slice(0, -1));
  return percent === 0 ? 0 : Math.max(1, Math.floor((selected * percent) / 100));
}
