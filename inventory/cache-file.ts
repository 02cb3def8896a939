import { createHash, hash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";

// A cache is lost without harm: whatever is wrong with it, it is as if it were not there.

/** A small cache, in one go. */
export function readCacheFile(path: string): unknown {
  try {
    const text = readFileSync(path, "utf8");
    const end = text.indexOf("\n");
    if (text.slice(0, end) !== sum(text.slice(end + 1))) return null;
    return JSON.parse(text.slice(end + 1));
  } catch {
    return null;
  }
}

/** Replaces a small cache file whole; a full or read-only disk keeps no cache. */
export function writeCacheFile(path: string, value: unknown): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const text = JSON.stringify(value);
    writeFileSync(temporary, `${sum(text)}\n${text}`);
    renameSync(temporary, path);
  } catch {
    rmSync(temporary, { force: true });
  }
}

/** Against torn and edited files, not against an enemy. */
function sum(text: string): string {
  return hash("sha1", text);
}

/** Bytes that are written, or looked at, in one turn: a daemon has a lease to renew meanwhile. */
const TURN_BYTES = 1 << 20;

/** A cache of a whole fleet: lines, the last of which was written when all others were known. */
export interface CacheLines {
  readonly lines: readonly Buffer[];
  readonly last: unknown;
}

/** The lines of a cache as they were written, in turns; null where it is not there, or not whole. */
export async function readCacheLines(path: string): Promise<CacheLines | null> {
  try {
    const all = await readFile(path);
    const checked = createHash("sha1");
    const lines: Buffer[] = [];
    let seen = 0;
    for (let from = 0, end; (end = all.indexOf(NEWLINE, from)) !== -1; from = end + 1) {
      lines.push(all.subarray(from, end));
      if (end - seen < TURN_BYTES) continue;
      checked.update(all.subarray(seen, from));
      seen = from;
      await breathe();
    }
    const told = lines.pop()?.toString() ?? "";
    const last = lines.pop()?.toString() ?? "";
    checked.update(all.subarray(seen, all.length - told.length - 1));
    return checked.digest("hex") === told ? { lines, last: JSON.parse(last) } : null;
  } catch {
    return null;
  }
}

const NEWLINE = 10;

/** Replaces such a cache, in turns; `last` is asked for after the last of `lines`, which hold no line break. */
export async function writeCacheLines(
  path: string,
  lines: Iterable<string>,
  last: () => unknown,
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, "w");
    try {
      await writeLines(file, lines, last);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true });
  }
}

async function writeLines(
  file: FileHandle,
  lines: Iterable<string>,
  last: () => unknown,
): Promise<void> {
  const summed = createHash("sha1");
  const write = async (text: string): Promise<void> => {
    summed.update(text);
    await file.write(text);
  };
  let text = "";
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length < TURN_BYTES) continue;
    await write(text);
    text = "";
  }
  await write(`${text}${JSON.stringify(last())}\n`);
  await file.write(`${summed.digest("hex")}\n`);
}
