import { setImmediate as breathe } from "node:timers/promises";
import { z } from "zod";
import { CorruptFile } from "./store-files.ts";
import type { FilesPort } from "./store-ports.ts";

/** What a journal needs so that it does not grow for as long as its engine lives. */
export interface Upkeep {
  /** A temporary name that nobody else has. */
  readonly temporary: () => string;
  /** False once the node's record says all that was written under this fence. Never true again after that. */
  readonly isNeeded: (node: string, fence: number) => Promise<boolean>;
}

/** Lines that are judged in one go: 10 ms and less, for leases are renewed in between. */
const LINES_AT_ONCE = 500;

const ofSchema = z.looseObject({ node: z.string(), fence: z.number() });

/**
 * Writes those lines of an engine's own journal that are still needed into a new file, synced; the journal stays as it
 * is. Whole (node, fence)s stay or go, in the order in which they were written.
 */
export async function neededLines(
  files: FilesPort,
  path: string,
  upkeep: Upkeep,
): Promise<{ readonly from: string; readonly bytes: number }> {
  const text = (await files.read(path)) ?? "";
  const answers = new Map<string, boolean>();
  let kept = "";
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "") continue;
    if (index % LINES_AT_ONCE === LINES_AT_ONCE - 1) await breathe();
    const { node, fence } = ofLine(line, path);
    const key = `${node} ${fence}`;
    const isNeeded = answers.get(key) ?? (await upkeep.isNeeded(node, fence));
    answers.set(key, isNeeded);
    if (isNeeded) kept += `${line}\n`;
  }
  const from = upkeep.temporary();
  await files.create(from, kept);
  return { from, bytes: Buffer.byteLength(kept) };
}

/** After the checksum and a blank comes the JSON that this very engine wrote. */
function ofLine(line: string, path: string): z.infer<typeof ofSchema> {
  try {
    return ofSchema.parse(JSON.parse(line.slice(9)));
  } catch {
    throw new CorruptFile(path, "another wrote into it");
  }
}
