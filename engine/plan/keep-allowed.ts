import { known } from "../../schemas/observation.ts";
import type { Blocked } from "../../schemas/plan.ts";
import { claimDraft } from "./asked.ts";
import { givenBack } from "./facets/allocation.ts";
import { type Draft, type NodeView, RANKS } from "./facets/facet.ts";
import { identityPart } from "./facets/identity.ts";
import type { Findings } from "./findings.ts";
import { isSilence, type Obstacle } from "./obstacles.ts";
import { tightened } from "./facets/protection.ts";
import { rewired } from "./parts/port-rules.ts";
import { mayDo, restsOnClaim } from "./permits.ts";

/** The drafts that nothing stops, in order; one that is stopped stops all that come after it. */
export function keepAllowed(found: Findings, stopping: readonly Obstacle[]): readonly Draft[] {
  const ordered = withClaim(
    found,
    [...found.drafts].sort((a, b) => a.rank - b.rank),
  );
  const last = ordered.findIndex(({ endsPlan }) => endsPlan === true);
  const drafts = last === -1 ? ordered : ordered.slice(0, last + 1);
  const stopper = (draft: Draft): Blocked | null =>
    stopping.find((obstacle) => obstacle.stops(draft))?.blocked ?? mayDo(found.view, draft);
  const first = drafts.findIndex((draft) => stopper(draft) !== null);
  const stopped = first === -1 ? undefined : drafts[first];
  const allowed = first === -1 ? drafts : withoutLeadIn(drafts.slice(0, first), stopped);
  const kept = withoutIdleAllocation(found.view, withoutIdleClaim(found.view, allowed));
  if (stopped?.rank === RANKS.provision) forgetComing(found);
  const records = writable(found, stopping);
  found.blocked.push(...shown({ found, records }, stopping, stopped));
  const forbidden = stopped === undefined ? null : mayDo(found.view, stopped);
  if (forbidden !== null && !found.blocked.includes(forbidden)) found.blocked.push(forbidden);
  found.records = records;
  const atGate = kept.some(({ endsPlan }) => endsPlan === true);
  if (atGate) found.blocked.push(AT_GATE);
  const isCut = stopped !== undefined || atGate;
  return found.view.act !== null && isCut ? noneOf(kept, found) : kept;
}

/** A person's act is done whole or not at all: nobody asked for a node that is left half way. */
function noneOf(kept: readonly Draft[], { view, blocked }: Findings): readonly Draft[] {
  const end = kept.findLast(({ flow }) => flow !== undefined)?.flow?.to;
  const [why] = blocked;
  if (end !== undefined && why !== undefined) {
    const message = `it would be left at ${end}, and not come back to ${view.target}: ${why.message}`;
    blocked[0] = { ...why, message };
  }
  return [];
}

/** What a workload will need is written down when it comes: no network is attached for one that is stopped. */
function forgetComing(found: Findings): void {
  if (found.view.record.instance !== null) return;
  const { vifs: _vifs, ...records } = found.records;
  found.records = records;
}

/** What may be written into the record in spite of all that stands in the way. */
function writable(
  { records, view }: Pick<Findings, "records" | "view">,
  stopping: readonly Obstacle[],
): Findings["records"] {
  if (stopping.some(({ blocked }) => blocked.kind === "observe")) return {};
  const stops = stopping.filter(({ blocked }) => isSilence(blocked) || blocksRecords(blocked));
  if (stops.length === 0) return records;
  const isOf = (kind: Blocked["kind"]): boolean =>
    stops.some(({ blocked }) => blocked.kind === kind);
  const mayRewire = isOf("maintenance") && !isOf("activity");
  return {
    ...tightened(records),
    ...givenBack(view.record, records),
    ...(mayRewire ? rewired(records) : {}),
  };
}

/** What stops a step or keeps the record from being written, and what explains the node in any case. */
function shown(
  { found, records }: { readonly found: Findings; readonly records: Findings["records"] },
  stopping: readonly Obstacle[],
  stopped: Draft | undefined,
): readonly Blocked[] {
  const writes = Object.keys(found.records).length > Object.keys(records).length;
  return stopping
    .filter(
      ({ blocked, stops }) =>
        (stopped !== undefined && stops(stopped)) ||
        (writes && blocksRecords(blocked)) ||
        isSilence(blocked) ||
        alwaysShown(blocked),
    )
    .map(({ blocked, names }) => (stopped === undefined ? blocked : (names?.(stopped) ?? blocked)));
}

const AT_GATE: Blocked = {
  kind: "gate",
  code: "IW-P18",
  message:
    "its disks are not known yet: it waits at the gate, and is asked for again with its disks by name",
};

/** A person's claim is recorded before the first step that needs it. */
function withClaim({ view }: Findings, drafts: readonly Draft[]): readonly Draft[] {
  const claims = drafts.some(({ action }) => action.verb === "engine.claim");
  const needed = drafts.some((draft) => restsOnClaim(view, draft));
  const serial = known(view.observation, "identity")?.serial;
  const given = view.record.claim?.serial === serial;
  // A machine without a serial can't be named by a record: its claim is for this plan alone.
  const nameless = identityPart(serial) === null || serial === undefined;
  if (!view.claimed || claims || !needed || given || nameless) return drafts;
  return [claimDraft(serial, "given up by --claim", null), ...drafts];
}

/** A person gives a machine up to this plan: where nothing of it needs that, nothing was given up. */
function withoutIdleClaim(view: NodeView, kept: readonly Draft[]): readonly Draft[] {
  if (kept.some((draft) => restsOnClaim(view, draft))) return kept;
  return kept.filter(
    ({ action, request }) => action.verb !== "engine.claim" || request !== undefined,
  );
}

/** What only leads to a step that is stopped is of no use: a node in the pool stays in the pool. */
function withoutLeadIn(kept: readonly Draft[], stopped: Draft | undefined): readonly Draft[] {
  if (stopped?.rank !== RANKS.provision) return kept;
  const useful = kept.findLastIndex(
    ({ rank, action, impact }) =>
      rank !== RANKS.provision || action.verb === "provision.inspect" || impact === "destructive",
  );
  return kept.slice(0, useful + 1);
}

/** A node is not kept from others for what can't be done there. */
function withoutIdleAllocation(view: NodeView, kept: readonly Draft[]): readonly Draft[] {
  const comes = view.target === "active" && view.record.instance === null;
  if (!comes || kept.some(({ rank }) => rank === RANKS.provision)) return kept;
  return kept.filter(({ action }) => action.verb !== "engine.allocate");
}

/** Shown also when the node has no step, for it explains why nothing will happen there. */
function alwaysShown({ kind }: Blocked): boolean {
  return kind === "activity" || kind === "backoff" || kind === "identity";
}

function blocksRecords({ kind }: Blocked): boolean {
  return kind === "observe" || kind === "maintenance" || kind === "activity" || kind === "backoff";
}
