import { setImmediate as breathe } from "node:timers/promises";
import { z } from "zod";
import { pooled } from "../limits.ts";
import { CorruptFile } from "./store-files.ts";
import type { FilesPort } from "./store-ports.ts";

/** What a journal needs so that it does not grow for as long as its engine lives. */
export interface Upkeep {
  /** A temporary name that nobody else has. */
  readonly temporary: () => string;
  /**
   * Leases that are held now, as `leaseKey` has them: what was written under them stays, and no disk need be asked.
   */
  readonly held: () => ReadonlySet<string>;
  /** False once the node's record says all that was written under this fence. Never true again after that. */
  readonly isNeeded: (node: string, fence: number) => Promise<boolean>;
}

/** Lines that are judged in one go, 10 ms and less: leases are renewed and others' acts go on in between. */
const LINES_AT_ONCE = 100;
/** Leases that are asked for at once: each is three calls where the store is in etcd, and every intent waits meanwhile. */
const ASKED_AT_ONCE = 32;

/** A node and a fence as one word. */
export function leaseKey({
  uuid,
  fence,
}: {
  readonly uuid: string;
  readonly fence: number;
}): string {
  return `${uuid} ${fence}`;
}

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
  const held = upkeep.held();
  const lines: { readonly line: string; readonly key: string }[] = [];
  const asked = new Map<string, z.infer<typeof ofSchema>>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "") continue;
    if (index % LINES_AT_ONCE === LINES_AT_ONCE - 1) await breathe();
    const of = ofLine(line, path);
    const key = leaseKey({ uuid: of.node, fence: of.fence });
    lines.push({ line, key });
    if (!held.has(key)) asked.set(key, of);
  }
  const needed = new Set(held);
  await pooled([...asked], ASKED_AT_ONCE, async ([key, { node, fence }]) => {
    if (await upkeep.isNeeded(node, fence)) needed.add(key);
  });
  const from = upkeep.temporary();
  const whole = lines.flatMap(({ line, key }) => (needed.has(key) ? [line, "\n"] : [])).join("");
  await files.create(from, whole);
  return { from, bytes: Buffer.byteLength(whole) };
}

/** After the checksum and a blank comes the JSON that this very engine wrote. */
function ofLine(line: string, path: string): z.infer<typeof ofSchema> {
  try {
    return ofSchema.parse(JSON.parse(line.slice(9)));
  } catch {
    throw new CorruptFile(path, "another wrote into it");
  }
}
