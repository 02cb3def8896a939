import { ok, type Result } from "../../schemas/failure.ts";
import type { LogLine } from "../../schemas/observation.ts";
import { READS, selEntry } from "./commands.ts";
import { lineOf } from "./event-text.ts";
import { decodeSelEntry, decodeSelInfo, SEL_LAST, type SelRecord } from "./packets/sel.ts";
import { type ReadAt, readBy } from "./read-machine.ts";

/** Lines that are kept: enough to explain a power that moved. */
const LOG_LINES_MAX = 10;

/**
 * The last lines of the event log, newest first. BMCs only say which record comes next, and logs have thousands; their ids are
 * in a row all the same, so they are counted down from the last one, as far as there are some.
 */
export async function readEventLog(at: ReadAt): Promise<Result<readonly LogLine[]>> {
  const info = await readBy(at, READS.selInfo, decodeSelInfo);
  if (!info.ok) return info;
  if (info.value.entryCount === 0) return ok([]);
  const last = await readBy(at, selEntry(SEL_LAST), decodeSelEntry);
  if (!last.ok) return last;
  const records: SelRecord[] = [last.value.record];
  const most = Math.min(LOG_LINES_MAX, info.value.entryCount);
  for (let id = last.value.record.id - 1; id > 0 && records.length < most; id -= 1) {
    const entry = await readBy(at, selEntry(id), decodeSelEntry);
    if (!entry.ok || entry.value.record.id !== id) break;
    records.push(entry.value.record);
  }
  return ok(records.map((record) => lineOf(record)));
}
