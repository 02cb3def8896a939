import fs from "node:fs";
import { blobId } from "./blob-id.ts";
import { readCacheFile, writeCacheFile } from "./cache-file.ts";

/** A file changed this shortly before it was hashed may change again within one tick of its time stamp. */
const RACY_MS = 2000;

type Entry = readonly [key: string, oid: string];

/** Remembers the blob id of files by size, times and inode, so that an unchanged file is not even read. */
export class StatCache {
  readonly #before: ReadonlyMap<string, Entry>;
  readonly #now = new Map<string, Entry>();
  readonly #path: string | null;
  #changed = false;

  constructor(path: string | null) {
    this.#path = path;
    const stored: unknown = path === null ? null : readCacheFile(path);
    this.#before = new Map(isEntries(stored) ? stored : []);
  }

  oidOf(full: string, path: string, read: () => Uint8Array): string {
    const { size, mtimeMs, ctimeMs, ino } = fs.statSync(full);
    const key = `${size} ${mtimeMs} ${ctimeMs} ${ino}`;
    const known = this.#before.get(path);
    if (known?.[0] === key) {
      this.#now.set(path, known);
      return known[1];
    }
    const oid = blobId(read());
    this.#changed = true;
    if (Date.now() - Math.max(mtimeMs, ctimeMs) > RACY_MS) this.#now.set(path, [key, oid]);
    return oid;
  }

  save(): void {
    const gone = this.#before.size !== this.#now.size;
    if (this.#path !== null && (this.#changed || gone)) writeCacheFile(this.#path, [...this.#now]);
  }
}

function isEntries(value: unknown): value is readonly (readonly [string, Entry])[] {
  return (
    Array.isArray(value) && value.every((item) => Array.isArray(item) && Array.isArray(item[1]))
  );
}
