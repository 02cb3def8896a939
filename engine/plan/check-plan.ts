import { parseInstant } from "../../schemas/instant.ts";
import type { NodePlan, Plan } from "../../schemas/plan.ts";
import { sameValue } from "./canonical-json.ts";
import { matchIdentity } from "./facets/identity.ts";
import { valueText } from "./verdict.ts";

/** A saved plan is applied within a day: later nobody remembers what was approved. */
const MAX_AGE_MS = 24 * 60 * 60_000;

/** Why a saved plan as a whole can't be applied any more; null when it can. */
export function checkWhole(saved: Plan, fresh: Plan, now: number): string | null {
  const age = now - parseInstant(saved.createdAt);
  if (saved.formatVersion !== fresh.formatVersion || saved.plannerVersion !== fresh.plannerVersion)
    return "it was made by another version of ironwright";
  if (saved.offline) return "it was made offline, from readings on disk";
  if (saved.store !== fresh.store) return "it was made for another store";
  if (saved.storeEpoch !== fresh.storeEpoch) return "the store was restored since";
  if (saved.tree !== fresh.tree) return "the inventory or the settings changed since";
  if (saved.settingsHash !== fresh.settingsHash) return "the settings in force changed since";
  if (age > MAX_AGE_MS) return "it is older than 24 hours";
  if (age < -MAX_AGE_MS) return "it is dated in the future; look at the clock";
  return null;
}

/** What a fresh look says of one node of a saved plan. */
export type NodeCheck =
  | { readonly kind: "as-planned" }
  /** Everything that the plan would do is true already. */
  | { readonly kind: "already-done" }
  | { readonly kind: "moved"; readonly what: string };

/** Compares what the node's plan was made from with what is so now (leases-and-journal P1). */
export function checkNode(saved: NodePlan, fresh: NodePlan | undefined): NodeCheck {
  if (fresh === undefined) return { kind: "moved", what: "it is no longer declared" };
  if (isDone(saved, fresh)) return { kind: "already-done" };
  const what = firstMove(saved, fresh);
  return what === null ? { kind: "as-planned" } : { kind: "moved", what };
}

/** Nothing is left of what was planned, and nothing new stands in the way. */
function isDone(saved: NodePlan, fresh: NodePlan): boolean {
  const idle = fresh.steps.length === 0 && fresh.records === undefined && !fresh.unreachable;
  return idle && fresh.blockedBy.length <= saved.blockedBy.length;
}

function firstMove(saved: NodePlan, fresh: NodePlan): string | null {
  return declaredMove(saved, fresh) ?? observedMove(saved, fresh) ?? plannedMove(saved, fresh);
}

function declaredMove(saved: NodePlan, fresh: NodePlan): string | null {
  const [a, b] = [saved.basis, fresh.basis];
  if (saved.uuid !== fresh.uuid) return "its uuid changed";
  if (a.specHash !== b.specHash) return "its declaration changed";
  if (a.bmcAddress !== b.bmcAddress) return `its BMC address is ${b.bmcAddress ?? "gone"} now`;
  return null;
}

function observedMove(saved: NodePlan, fresh: NodePlan): string | null {
  if (fresh.unreachable && !saved.unreachable)
    return fresh.blockedBy[0]?.message ?? "it does not answer";
  const { differs } = matchIdentity(saved.basis.identity, fresh.basis.identity);
  if (differs !== null)
    return `another machine answers: ${differs.part} was ${differs.expected}, is ${differs.seen}`;
  // What stopped a later step when it was planned stops no earlier one now.
  const known = new Set(saved.blockedBy.map(({ message }) => message));
  const stranger = fresh.blockedBy.find(
    ({ kind, message }) => kind === "identity" && !known.has(message),
  );
  if (stranger !== undefined) return stranger.message;
  for (const [facet, value] of Object.entries(saved.basis.values)) {
    const here = fresh.basis.values;
    const seen = facet in here ? here[facet] : desiredBy(saved, facet);
    if (!sameValue(value, seen)) return `${facet} was ${valueText(value)}, is ${valueText(seen)}`;
  }
  return null;
}

function plannedMove(saved: NodePlan, fresh: NodePlan): string | null {
  if (saved.basis.recordRevision !== fresh.basis.recordRevision)
    return "somebody acted on it since";
  if (!sameValue(saved.records ?? null, fresh.records ?? null))
    return fresh.blockedBy[0]?.message ?? "something else would be written into its record now";
  if (sameValue(acts(saved), acts(fresh))) return null;
  return fresh.blockedBy[0]?.message ?? "other steps would be planned now";
}

/** A step that is no longer planned met its `after`: that is what the facet is now. */
function desiredBy(saved: NodePlan, facet: string): unknown {
  return saved.steps.find((step) => facet in step.after)?.after[facet];
}

function acts(plan: NodePlan): unknown {
  return plan.steps.map(({ act, before, after, fallback, flow, request }) => ({
    act,
    before,
    after,
    fallback,
    flow,
    request,
  }));
}
