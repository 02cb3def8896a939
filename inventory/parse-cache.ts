import { PARSED_VERSION, type ParsedFile, parseFile } from "./parse-file.ts";
import type { ParsedDocument } from "./parsed-document.ts";
import { readCacheLines, writeCacheLines } from "./cache-file.ts";
import { type Packed, Shapes, unpack } from "./pack-places.ts";
import { type SourceFile } from "./source-tree.ts";

/** Blobs that are kept besides those of this run: other commits and branches of the same repository. */
const KEEP_OTHERS = 20_000;

type StoredFile = Omit<ParsedFile, "documents"> & {
  readonly documents: readonly (Omit<ParsedDocument, "spots"> & { readonly spots: Packed })[];
};

/** What all blobs share. */
interface Shared {
  readonly version: number;
  readonly pointers: readonly (readonly string[])[];
}

/** Blobs of before by their ids; each is looked into when it is asked for. */
interface Before extends Shared {
  readonly blobs: ReadonlyMap<string, Buffer>;
}

const NOTHING: Before = { version: PARSED_VERSION, pointers: [], blobs: new Map() };

/** Length of a blob's id, with which its line begins. */
const ID_LENGTH = 40;

/** Parsed blobs by git object id: an unchanged file is never parsed twice, also across runs. */
export class ParseCache {
  readonly #path: string | null;
  readonly #before: Before;
  readonly #used = new Map<string, ParsedFile>();
  #missed = 0;

  private constructor(path: string | null, before: Before) {
    this.#path = path;
    this.#before = before;
  }

  /** Null for one that is kept for this run alone. */
  static async open(path: string | null): Promise<ParseCache> {
    const kept = path === null ? null : await readCacheLines(path);
    if (kept === null || !isShared(kept.last)) return new ParseCache(path, NOTHING);
    const blobs = new Map(
      kept.lines.map((line) => [line.toString("latin1", 0, ID_LENGTH), line.subarray(ID_LENGTH)]),
    );
    return new ParseCache(path, { ...kept.last, blobs });
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
    const text = blobs.get(oid);
    if (text === undefined) return null;
    const file: unknown = JSON.parse(text.toString());
    if (!isFile(file)) return null;
    const documents = file.documents.map((document) => ({
      ...document,
      spots: unpack(document.spots, pointers, (n, i) => [n[i] ?? 1, n[i + 1] ?? 1] as const),
    }));
    return { ...file, documents };
  }

  async save(): Promise<void> {
    if (this.#path === null || this.#missed === 0) return;
    const shapes = new Shapes();
    const shared = (): Shared => ({ version: PARSED_VERSION, pointers: shapes.pointers });
    await writeCacheLines(this.#path, this.#lines(shapes), shared);
  }

  *#lines(shapes: Shapes): Generator<string> {
    const line = (oid: string, file: ParsedFile): string =>
      oid + JSON.stringify(packFile(file, shapes));
    const others = [...this.#before.blobs.keys()].filter((oid) => !this.#used.has(oid));
    for (const oid of others.slice(-KEEP_OTHERS)) {
      const file = this.#stored(oid);
      if (file !== null) yield line(oid, file);
    }
    for (const [oid, file] of this.#used) yield line(oid, file);
  }
}

function packFile({ documents, diagnostics }: ParsedFile, shapes: Shapes): StoredFile {
  const packed = documents.map((document) => ({
    ...document,
    spots: shapes.pack(document.spots, ([line, column], into) => into.push(line, column)),
  }));
  return { documents: packed, diagnostics };
}

function isShared(value: unknown): value is Shared {
  if (typeof value !== "object" || value === null) return false;
  if (!("version" in value) || value.version !== PARSED_VERSION) return false;
  return "pointers" in value && Array.isArray(value.pointers);
}

function isFile(value: unknown): value is StoredFile {
  return (
    typeof value === "object" &&
    value !== null &&
    "documents" in value &&
    Array.isArray(value.documents)
  );
}
