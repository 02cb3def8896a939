import { hash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** A cache is lost without harm: whatever is wrong with it, it is as if it were not there. */
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

/** Replaces a cache file whole; a full or read-only disk keeps no cache. */
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
