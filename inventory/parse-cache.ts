import { PARSED_VERSION, type ParsedFile, parseFile } from "./parse-file.ts";
import { readCacheFile, writeCacheFile } from "./cache-file.ts";
import type { SourceFile } from "./source-tree.ts";

/** Blobs that are kept besides those of this run: other commits and branches of the same repository. */
const KEEP_OTHERS = 20_000;

/** Parsed blobs by git object id: an unchanged file is never parsed twice, also across runs. */
export class ParseCache {
  readonly #path: string | null;
  readonly #before: Map<string, ParsedFile>;
  readonly #used = new Map<string, ParsedFile>();
  #missed = 0;

  constructor(path: string | null) {
    this.#path = path;
    const stored: unknown = path === null ? null : readCacheFile(path);
    this.#before = new Map(isStored(stored) ? Object.entries(stored.blobs) : []);
  }

  async parsed(file: SourceFile): Promise<ParsedFile> {
    const known = this.#used.get(file.oid) ?? this.#before.get(file.oid);
    if (known !== undefined) {
      this.#used.set(file.oid, known);
      return known;
    }
    const fresh = parseFile(await file.read());
    this.#missed += 1;
    this.#used.set(file.oid, fresh);
    return fresh;
  }

  save(): void {
    if (this.#path === null || this.#missed === 0) return;
    const others = [...this.#before].filter(([oid]) => !this.#used.has(oid)).slice(-KEEP_OTHERS);
    const blobs = Object.fromEntries([...others, ...this.#used]);
    writeCacheFile(this.#path, { version: PARSED_VERSION, blobs });
  }
}

function isStored(value: unknown): value is { readonly blobs: Record<string, ParsedFile> } {
  if (typeof value !== "object" || value === null) return false;
  if (!("version" in value) || value.version !== PARSED_VERSION) return false;
  return "blobs" in value && typeof value.blobs === "object" && value.blobs !== null;
}
