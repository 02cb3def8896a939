import { PARSED_VERSION, type ParsedFile, parseFile } from "./parse-file.ts";
import type { ParsedDocument } from "./parsed-document.ts";
import { readCacheFile, writeCacheFile } from "./cache-file.ts";
import { type Packed, Shapes, unpack } from "./pack-places.ts";
import { type SourceFile } from "./source-tree.ts";

/** Blobs that are kept besides those of this run: other commits and branches of the same repository. */
const KEEP_OTHERS = 20_000;

type StoredFile = Omit<ParsedFile, "documents"> & {
  readonly documents: readonly (Omit<ParsedDocument, "spots"> & { readonly spots: Packed })[];
};

interface Stored {
  readonly version: number;
  readonly pointers: readonly (readonly string[])[];
  readonly blobs: Readonly<Record<string, StoredFile>>;
}

const NOTHING: Stored = { version: PARSED_VERSION, pointers: [], blobs: {} };

/** Parsed blobs by git object id: an unchanged file is never parsed twice, also across runs. */
export class ParseCache {
  readonly #path: string | null;
  readonly #before: Stored;
  readonly #used = new Map<string, ParsedFile>();
  #missed = 0;

  constructor(path: string | null) {
    this.#path = path;
    const stored: unknown = path === null ? null : readCacheFile(path);
    this.#before = isStored(stored) ? stored : NOTHING;
  }

  async parsed(file: SourceFile): Promise<ParsedFile> {
    const { oid } = file;
    const known = this.#used.get(oid) ?? this.#stored(oid);
    if (known === null) this.#missed += 1;
    const parsed = known ?? parseFile(await file.read());
    this.#used.set(oid, parsed);
    return parsed;
  }

  #stored(oid: string): ParsedFile | null {
    const { blobs, pointers } = this.#before;
    const file = Object.hasOwn(blobs, oid) ? blobs[oid] : undefined;
    if (file === undefined) return null;
    const documents = file.documents.map((document) => ({
      ...document,
      spots: unpack(document.spots, pointers, (n, i) => [n[i] ?? 1, n[i + 1] ?? 1] as const),
    }));
    return { ...file, documents };
  }

  save(): void {
    if (this.#path === null || this.#missed === 0) return;
    const others = Object.keys(this.#before.blobs).filter((oid) => !this.#used.has(oid));
    const shapes = new Shapes();
    const blobs: Record<string, StoredFile> = {};
    const add = (oid: string, file: ParsedFile | null): void => {
      if (file !== null) blobs[oid] = packFile(file, shapes);
    };
    for (const oid of others.slice(-KEEP_OTHERS)) add(oid, this.#stored(oid));
    for (const [oid, file] of this.#used) add(oid, file);
    writeCacheFile(this.#path, { version: PARSED_VERSION, pointers: shapes.pointers, blobs });
  }
}

function packFile({ documents, diagnostics }: ParsedFile, shapes: Shapes): StoredFile {
  const packed = documents.map((document) => ({
    ...document,
    spots: shapes.pack(document.spots, ([line, column], into) => into.push(line, column)),
  }));
  return { documents: packed, diagnostics };
}

function isStored(value: unknown): value is Stored {
  if (typeof value !== "object" || value === null) return false;
  if (!("version" in value) || value.version !== PARSED_VERSION) return false;
  if (!("pointers" in value) || !Array.isArray(value.pointers)) return false;
  return "blobs" in value && typeof value.blobs === "object" && value.blobs !== null;
}
