import type { FacetName } from "../../schemas/plan.ts";
import { causeOf, driftWord } from "./cause.ts";
import { ALL_FACETS } from "./facets/all-facets.ts";
import type { NodeView } from "./facets/facet.ts";

/** What is known of a node when a person acts on it. */
export type Known = Pick<NodeView, "node" | "record" | "observation">;

/** What the next apply makes of a facet that a person leaves otherwise than git says, in one clause. */
export function nextApply(name: FacetName, desired: unknown, known: Known): string {
  const facet = ALL_FACETS.find((one) => one.name === name);
  if (facet === undefined || causeOf(facet, desired, known) === "intent")
    return "the next apply sets that";
  const word = driftWord(facet, known);
  return word === "enforce"
    ? `the next apply sets that again (drift.${name} is enforce)`
    : `an apply only reports it (drift.${name} is report)`;
}
