import { known } from "../../../schemas/observation.ts";
import type { TreeTerms } from "../../../schemas/tree.ts";
import type { Blocked } from "../../../schemas/plan.ts";
import { type Draft, type NodeView, suspendedBy } from "../facets/facet.ts";
import { powerFacet } from "../facets/power.ts";
import type { Obstacle } from "../obstacles.ts";
import { switches } from "./switching.ts";

/** The power step that another node asks for: as the node would switch itself, with that node in its reason. */
export function treeDrafts(
  view: NodeView,
  terms: TreeTerms | undefined,
): { readonly drafts: readonly Draft[]; readonly blocked: readonly Blocked[] } {
  const power = terms?.power;
  const observed = known(view.observation, "power");
  if (power === undefined || observed === undefined || observed === power.to)
    return { drafts: [], blocked: [] };
  const suspended = suspendedBy(view.record);
  if (suspended !== null)
    return {
      drafts: [],
      blocked: [{ kind: "tree", code: "IW-P32", message: `power: ${suspended}` }],
    };
  const closing = powerFacet.close(view, { path: "/power", desired: power.to, observed });
  if (closing.kind === "blocked") return { drafts: [], blocked: [closing.blocked] };
  const drafts = closing.kind === "steps" ? closing.drafts : [];
  const why = (own: string): string => (power.to === "off" ? `${power.why}; ${own}` : power.why);
  return { drafts: drafts.map((draft) => ({ ...draft, why: why(draft.why) })), blocked: [] };
}

/** What of the tree stops steps of this node: only those that switch its power that way. */
export function treeObstacles(
  terms: TreeTerms | undefined,
  { act }: NodeView,
): readonly Obstacle[] {
  const waits = terms?.waits?.filter(({ to }) => to === "on" || act?.ignoresChildren !== true);
  return (waits ?? []).map(({ to, why }) => ({
    blocked: { kind: "tree", code: "IW-P32", message: why },
    stops: ({ action, flow, resumes }) => switches({ act: action, flow, resumes }, to),
  }));
}

/** What a person is told of it beside the steps. */
export function treeNotes(terms: TreeTerms | undefined, { act }: NodeView): readonly string[] {
  const ignored = act?.ignoresChildren === true ? (terms?.waits ?? []) : [];
  return [...(terms?.notes ?? []), ...ignored.map(({ why }) => `it goes off all the same: ${why}`)];
}
