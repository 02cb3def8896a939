import { sameValue } from "../canonical-json.ts";
import type { Facet } from "./facet.ts";

/** Traits live in the record: allocations match on them, no machine holds them. */
export const traitsFacet: Facet = {
  name: "traits",
  observes: [],
  driftDefault: () => "enforce",
  value: (_observation, record) => record.traits,

  compare({ node, record }) {
    if (node.spec.traits === undefined) return { kind: "undeclared" };
    const desired = [...new Set(node.spec.traits)].sort();
    const observed = [...record.traits].sort();
    if (sameValue(desired, observed)) return { kind: "same", desired };
    return { kind: "differs", desired, differences: [{ path: "/traits", desired, observed }] };
  },

  close: ({ node }) => ({
    kind: "record",
    patch: { traits: [...new Set(node.spec.traits)].sort() },
  }),
};
