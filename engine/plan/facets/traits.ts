import { placeText } from "../../../schemas/diagnostic.ts";
import { originOf } from "../../../schemas/fleet.ts";
import { instantText } from "../../../schemas/instant.ts";
import type { Blocked } from "../../../schemas/plan.ts";
import { sameValue } from "../canonical-json.ts";
import type { Contradicted } from "../contradicted-traits.ts";
import { lostBy } from "../lost-lists.ts";
import type { Difference, Facet, NodeView } from "./facet.ts";

const PATH = "/traits";

/**
 * Traits live in the record: allocations match on them, no machine holds them. What the inspected hardware
 * contradicts is not written there, so that nothing matches on it; all others are.
 */
export const traitsFacet: Facet = {
  name: "traits",
  observes: [],
  driftDefault: () => "enforce",
  value: (_observation, record) => record.traits,

  compare(view) {
    const { node, record, contradicted } = view;
    if (node.spec.traits === undefined) return { kind: "undeclared" };
    const desired = desiredOf(view);
    const observed = [...record.traits].sort();
    const differences: Difference[] = contradicted.map(({ trait, index, why }) => ({
      path: `${PATH}/${index}`,
      desired: trait,
      observed: why,
    }));
    if (!sameValue(desired, observed)) differences.unshift({ path: PATH, desired, observed });
    return differences.length === 0
      ? { kind: "same", desired }
      : { kind: "differs", desired, differences };
  },

  close(view, { path }) {
    const against = view.contradicted.find(({ index }) => path === `${PATH}/${index}`);
    if (against !== undefined) return { kind: "blocked", blocked: contradictedBy(view, against) };
    return { kind: "record", patch: { traits: desiredOf(view) } };
  },
};

function desiredOf({ node }: NodeView): string[] {
  return [...new Set(node.spec.traits)].sort();
}

function contradictedBy(view: NodeView, { trait, index, why }: Contradicted): Blocked {
  const { node, record } = view;
  const lost = lostBy(view, trait, view);
  const nothing =
    lost === null ? "nothing matches on it" : `nothing matches on it, nor is ${lost} for this node`;
  const place = placeText(originOf(node, `${PATH}/${index}`), false);
  const when = record.inspectedAt === null ? "" : ` (${instantText(record.inspectedAt)})`;
  const message = `the trait ${trait} (${place}) is not kept in the record, and ${nothing}: ${why}, as last inspected${when}; take it out, or, where the hardware was changed since, have it looked at anew by the request inspect`;
  return { kind: "unsupported", code: "IW-P29", message };
}
