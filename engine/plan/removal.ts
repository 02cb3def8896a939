import type { Fleet } from "../../schemas/fleet.ts";
import type { Refusal } from "../../schemas/plan.ts";
import type { PlanInput, PlanOptions } from "./input.ts";
import type { Whole } from "./whole.ts";

/** Names that the entry in force holds and this commit does not; renamed nodes are not among them. */
export function removedNames(
  whole: Pick<Whole, "fleet" | "resolved" | "undeclaredOf">,
  inForce: PlanInput["inForce"],
): readonly string[] {
  if (inForce === null || inForce.tree === whole.fleet.tree) return [];
  const { renamed } = whole.resolved;
  return [...whole.undeclaredOf(inForce)].filter((name) => !renamed.has(name)).sort();
}

/**
 * Refuses a commit that removes more than the settings allow (the larger of `removal.percent` of the
 * fleet in force and `removal.nodes`), unless a person named the exact count.
 */
export function refuseRemoval(
  input: PlanInput,
  removed: readonly string[],
  options: PlanOptions,
): Refusal | null {
  const before = input.inForce?.names.length ?? 0;
  const { percent, nodes } = options.settings.removal;
  const allowed = Math.max(Math.floor((before * percent) / 100), nodes);
  const emptied = input.fleet.nodes.length === 0;
  if (!emptied && removed.length <= allowed) return null;
  if (!emptied && acceptedCount(input.fleet, options) === removed.length) return null;
  const names = removed.slice(0, 5).join(", ") + (removed.length > 5 ? ", ..." : "");
  const message = emptied
    ? "the commit declares no node at all; an empty inventory is an error, not a wish"
    : `the commit removes ${removed.length} of ${before} nodes (${names}); ${allowed} are allowed at once. ` +
      `If that is meant: apply --accept-removal ${removed.length}, or the trailer Ironwright-Removes: ${removed.length}`;
  return { code: "IW-P10", message, declaredAt: null };
}

function acceptedCount(fleet: Fleet, options: PlanOptions): number | null {
  if (options.acceptRemoval !== undefined) return options.acceptRemoval;
  const trailer = /^Ironwright-Removes:[ \t]*(\d+)[ \t]*$/m.exec(fleet.commit.message ?? "");
  return trailer?.[1] === undefined ? null : Number(trailer[1]);
}
