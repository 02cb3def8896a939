import type { JournalLine } from "../../../schemas/store.ts";
import { withPatch } from "../../plan/record-patch.ts";
import { type OpenEntry, type RecordFile, recordFileSchema } from "./records.ts";
import { CorruptFile, issueText } from "./store-files.ts";

/**
 * A record with its holders' lines laid over it, and the intents that no outcome has closed. Lines that the
 * record says already change nothing: each is laid again, and the last word on a field is the same.
 */
export function foldLines(base: RecordFile, lines: readonly JournalLine[]): RecordFile {
  if (lines.length === 0) return base;
  let record: RecordFile = base;
  const open = new Map<string, OpenEntry>(base.open.map((entry) => [keyOf(entry.line), entry]));
  for (const line of lines) {
    follow(open, line);
    // Written by a grant from a patch of this very type; the whole is judged below.
    if (line.kind !== "accepted" && line.kind !== "session")
      record = withPatch(record, line.patch ?? {});
  }
  const parsed = recordFileSchema.safeParse({ ...record, open: [...open.values()] });
  if (parsed.success) return parsed.data;
  throw new CorruptFile(`the journal of ${base.name}`, issueText(parsed.error));
}

/** Intents open and close by their lines. */
function follow(open: Map<string, OpenEntry>, line: JournalLine): void {
  if (line.kind === "intent") open.set(keyOf(line), { line, task: null });
  if (line.kind !== "accepted" && line.kind !== "outcome") return;
  const of = String(line["of"]);
  const entry = open.get(of);
  if (line.kind === "outcome") open.delete(of);
  else if (entry !== undefined) open.set(of, { ...entry, task: line.task });
}

/** The name of an intent: the fence and seq that it was written under. */
export function keyOf({ fence, seq }: { readonly fence: number; readonly seq: number }): string {
  return `${fence}.${seq}`;
}
