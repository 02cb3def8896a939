import { emptyRecord } from "../../../schemas/record.ts";
import type { JournalLine } from "../../../schemas/store.ts";
import { pooled } from "../limits.ts";
import { foldLines } from "./fold-lines.ts";
import { readJournal } from "./journal.ts";
import { fencesIn, journalsIn, type Layout } from "./layout.ts";
import { newestRecord, type RecordFile } from "./records.ts";
import type { FilesPort } from "./store-ports.ts";

/** Files read at once. */
export const AT_ONCE = 32;

/** By uuid. */
export type WholeRecords = ReadonlyMap<string, RecordFile>;
type LinesByNode = ReadonlyMap<string, readonly JournalLine[]>;

/** A node's newest record, and the fence from which on lines go over it. */
interface Stored {
  readonly newest: Awaited<ReturnType<typeof newestRecord>>;
  readonly from: number;
}

/**
 * Records as the next grant will see them: the files, with what their holders wrote into their journals since. The
 * journals are read after the files, for an older line must not be laid over a newer record. Lines that went while they
 * were read (an engine ended, or wrote its journal anew) are in records that are newer than those read: all is read
 * again, and then only the nodes whose lines went since, so that busy engines keep no reader for long.
 */
export async function wholeRecords(
  files: FilesPort,
  layout: Layout,
  nodes: () => Promise<readonly string[]>,
): Promise<WholeRecords> {
  const names = await files.list(layout.journals);
  const found = new Map<string, Stored>();
  const linesOf = new Map<string, readonly JournalLine[]>();
  const read = async (uuids: readonly string[]): Promise<LinesByNode> => {
    await pooled(uuids, AT_ONCE, async (uuid) => {
      found.set(uuid, await storedOf(files, layout, uuid));
    });
    const lines = await allLines(files, layout);
    for (const uuid of uuids) linesOf.set(uuid, lines.get(uuid) ?? []);
    return lines;
  };
  let before = await read(await nodes());
  const after = new Set(await files.list(layout.journals));
  let again = names.every((name) => after.has(name)) ? [] : await nodes();
  while (again.length > 0) {
    const now = await read(again);
    again = again.filter(haveGone(before, now));
    before = now;
  }
  return folded(found, linesOf);
}

/**
 * Records of those nodes whose last holder gave them back: a record says all that was written, and no journal need be read.
 * Null for one that nobody acted on; of who is at work, or ended in its midst, there is nothing.
 */
export async function restingRecords(
  files: FilesPort,
  layout: Layout,
  uuids: readonly string[],
): Promise<ReadonlyMap<string, RecordFile | null>> {
  const found = new Map<string, RecordFile | null>();
  await pooled(uuids, AT_ONCE, async (uuid) => {
    const before = await files.list(layout.node(uuid));
    const fence = fencesIn(before, "claim").at(-1);
    if (fence !== undefined && fencesIn(before, "released").at(-1) !== fence) return;
    // Read after the claim was seen to be given back.
    found.set(uuid, (await newestRecord(files, layout, uuid))?.record ?? null);
  });
  return found;
}

/** True of a node of which a fence had lines and has none any more. */
function haveGone(before: LinesByNode, now: LinesByNode): (uuid: string) => boolean {
  return (uuid) => {
    const fences = new Set(now.get(uuid)?.map(({ fence }) => fence));
    return before.get(uuid)?.some(({ fence }) => !fences.has(fence)) ?? false;
  };
}

/** A node that was forgotten keeps its last claim: what was written under an older one is nobody's any more. */
async function storedOf(files: FilesPort, layout: Layout, uuid: string): Promise<Stored> {
  const newest = await newestRecord(files, layout, uuid);
  if (newest !== null) return { newest, from: newest.fence };
  const lowest = fencesIn(await files.list(layout.node(uuid)), "claim")[0];
  return { newest, from: lowest ?? Infinity };
}

/** What all journals say; an engine that has ended whole leaves none. */
async function allLines(files: FilesPort, layout: Layout): Promise<LinesByNode> {
  const lines = new Map<string, JournalLine[]>();
  for (const inc of journalsIn(await files.list(layout.journals)))
    for (const line of await readJournal(files, layout.journal(inc))) {
      const its = lines.get(line.node);
      if (its === undefined) lines.set(line.node, [line]);
      else its.push(line);
    }
  return lines;
}

/**
 * Who copied a record forward has the higher fence, so no line of a holder that lost its lease is laid over what its
 * successor wrote.
 */
function folded(found: ReadonlyMap<string, Stored>, linesOf: LinesByNode): WholeRecords {
  const records = new Map<string, RecordFile>();
  for (const [uuid, { newest, from }] of found) {
    const its = (linesOf.get(uuid) ?? [])
      .filter(({ fence }) => fence >= from)
      .sort((a, b) => a.fence - b.fence);
    // Without a file the first line says it whole; without a line nobody acted on it.
    if (newest === null && its.length === 0) continue;
    const base = newest?.record ?? { ...emptyRecord(uuid, "", "existing"), open: [] };
    records.set(uuid, foldLines(base, its));
  }
  return records;
}
