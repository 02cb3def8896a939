import { isActId } from "../../schemas/person-act.ts";
import type { NodeRecord, RecordPatch } from "../../schemas/record.ts";

/**
 * Acts of a person that ended and are still remembered, newest. An id in git may come back with a revert and is kept for
 * ever; that of an act was made up by one process, for one plan, and nobody can ask for it again. Those that are begun stay.
 */
export const ENDED_ACTS_MAX = 50;

/** A record with a patch laid over it: the same whether it is written, folded from a journal, or read. */
export function withPatch<R extends NodeRecord>(record: R, patch: RecordPatch): R {
  const { activity, usedRequests, ...fields } = patch;
  const open = activity === null ? null : { ...record.activity, ...activity };
  return {
    ...record,
    ...fields,
    ...(activity === undefined ? {} : { activity: open }),
    ...(usedRequests === undefined ? {} : { usedRequests: usedNow(record, usedRequests) }),
  };
}

function usedNow(
  { usedRequests }: NodeRecord,
  patch: NonNullable<RecordPatch["usedRequests"]>,
): NodeRecord["usedRequests"] {
  const all = Object.entries({ ...usedRequests, ...patch });
  const uses = all.flatMap(([id, use]) => (use === null ? [] : [[id, use] as const]));
  const isEnded = ([id, use]: (typeof uses)[number]): boolean =>
    isActId(id) && use.outcome !== "begun";
  const ended = uses.filter(isEnded);
  if (ended.length <= ENDED_ACTS_MAX) return Object.fromEntries(uses);
  // By time and id, and so the same in whichever order lines are laid over a record, and however often.
  const newest = ended.sort(([a, { at: atA }], [b, { at: atB }]) => atB - atA || (a < b ? -1 : 1));
  const kept = new Set(newest.slice(0, ENDED_ACTS_MAX).map(([id]) => id));
  return Object.fromEntries(uses.filter((use) => !isEnded(use) || kept.has(use[0])));
}

/** Two patches as one line: the second is laid over the first. */
export function joinPatches(first: RecordPatch, second: RecordPatch): RecordPatch {
  const { activity } = second;
  const both = activity === null ? null : { ...first.activity, ...activity };
  const requests = { ...first.usedRequests, ...second.usedRequests };
  return {
    ...first,
    ...second,
    ...(first.activity === undefined && activity === undefined ? {} : { activity: both }),
    ...(Object.keys(requests).length === 0 ? {} : { usedRequests: requests }),
  };
}
