import type { NodeView } from "./facets/facet.ts";

/** True for a machine that nobody had before: no record of this store ever held it, under whatever name. */
export function isNew({ record, wasHere, others }: NodeView): boolean {
  return record.origin === "new" && !wasHere && others.length === 0;
}

/**
 * True while somebody may miss the machine, and budgets count it: a workload is on it, or it was there before us and
 * was not cleaned since. What runs on a machine that was never adopted nobody has told us; it is taken to run something.
 */
export function mayServe(view: NodeView): boolean {
  const { instance, cleaned } = view.record;
  return instance !== null || (cleaned === "never" && !isNew(view));
}
