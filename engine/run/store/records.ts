import { Low } from "lowdb";
import { z } from "zod";
import { type NodeRecord, nodeRecordSchema } from "../../../schemas/record.ts";
import {
  type Claim,
  claimSchema,
  intentLineSchema,
  type IntentLine,
} from "../../../schemas/store.ts";
import { recordIn, upgradeRecord } from "./formats.ts";
import { fencesIn, type Layout } from "./layout.ts";
import { CorruptFile, issueText, readJson, type Writer } from "./store-files.ts";
import type { FilesPort } from "./store-ports.ts";

/** An intent without outcome, with the fence and seq that name it for ever. */
export interface OpenEntry {
  readonly line: IntentLine;
  readonly task: string | null;
}

const openSchema = z.array(z.object({ line: intentLineSchema, task: z.string().nullable() }));

/** A record file: the record, and the intents that were open when the lease was granted. */
export const recordFileSchema = nodeRecordSchema.extend({ open: openSchema });
/** As it lies on the disk, in any format. */
const storedSchema = z.record(z.string(), z.unknown());
export type RecordFile = NodeRecord & { readonly open: readonly OpenEntry[] };

/** The newest record of a node; null when nobody acted on it. Read again when it was replaced meanwhile. */
export async function newestRecord(
  files: FilesPort,
  layout: Layout,
  uuid: string,
): Promise<{ readonly fence: number; readonly record: RecordFile } | null> {
  for (;;) {
    const fence = fencesIn(await files.list(layout.node(uuid)), "record").at(-1);
    if (fence === undefined) return null;
    const path = layout.record(uuid, fence);
    const stored = await readJson(files, path, storedSchema);
    if (stored !== null) return { fence, record: readRecord(stored, path) };
  }
}

function readRecord(stored: Readonly<Record<string, unknown>>, path: string): RecordFile {
  const parsed = recordFileSchema.safeParse(upgradeRecord(stored, path));
  if (parsed.success) return parsed.data;
  throw new CorruptFile(path, issueText(parsed.error));
}

/** The claim of one fence, with the mark that it was given back; null when it was tidied away. */
export async function readClaim(
  files: FilesPort,
  layout: Layout,
  uuid: string,
  fence: number,
): Promise<Claim | null> {
  const claim = await readJson(files, layout.claim(uuid, fence), claimSchema);
  if (claim === null || claim.released) return claim;
  if (await files.exists(layout.released(uuid, fence))) return { ...claim, released: true };
  // Tidied away in between, mark and all.
  return (await files.exists(layout.claim(uuid, fence))) ? claim : null;
}

/** A record as a lowdb document: one file a node, replaced whole and synced, in the format that the store is written in. */
export function recordDocument(
  writer: Writer,
  path: string,
  { initial, format }: { readonly initial: RecordFile; readonly format: number },
): Low<RecordFile> {
  return new Low<RecordFile>(
    {
      read: () => Promise.resolve(initial),
      write: (record) => writer.replace(path, recordIn(format, record)),
    },
    initial,
  );
}
