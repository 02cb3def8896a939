import type { NodeRecord, RecordPatch } from "../../schemas/record.ts";

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
  return Object.fromEntries(all.flatMap(([id, use]) => (use === null ? [] : [[id, use]])));
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
