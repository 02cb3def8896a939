import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
} from "yaml";

/** Line and column, both from 1. */
export type Spot = readonly [line: number, column: number];

/** One YAML document as plain data, with the spot of every key and item. */
export interface PlainDocument {
  readonly value: unknown;
  readonly spot: Spot;
  /** JSON pointer -> where its key (or list item) stands. */
  readonly spots: Readonly<Record<string, Spot>>;
  /** JSON pointer -> the source of a plain scalar that YAML does not read as text: `2.10`, `true`, `0123`. */
  readonly sources: Readonly<Record<string, string>>;
  /** Pointers whose value is null: they remove what was inherited. */
  readonly nulls: readonly string[];
}

/** A finding with its spot but without its file. */
export interface Finding {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly spot: Spot;
}

/** Deeper documents are no inventory. */
const DEPTH_MAX = 64;
/** What one document may grow to when its aliases are expanded. */
const VALUES_MAX = 2_000_000;
/** Aliases resolved in one document: an inventory shares by profiles, not by anchors. */
const ALIASES_MAX = 1000;

/** Reads every document of a YAML 1.2 text; nothing is thrown for what the text says. */
export function readYaml(text: string): {
  readonly documents: readonly PlainDocument[];
  readonly findings: readonly Finding[];
} {
  const lines = new LineCounter();
  const spotOf = (offset: number): Spot => {
    const { line, col } = lines.linePos(offset);
    return [Math.max(1, line), Math.max(1, col)];
  };
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    version: "1.2",
    schema: "core",
    merge: false,
    uniqueKeys: true,
    prettyErrors: false,
    stringKeys: true,
  });
  const documents: PlainDocument[] = [];
  const findings: Finding[] = [];
  for (const document of Array.isArray(parsed) ? parsed : []) {
    for (const { code, message, pos } of document.errors)
      findings.push({
        code: code === "DUPLICATE_KEY" ? "IW-I05" : "IW-I01",
        severity: "error",
        message:
          code === "DUPLICATE_KEY"
            ? "a key is written twice in one map; remove one of them"
            : firstLine(message),
        spot: spotOf(pos[0]),
      });
    if (document.errors.length > 0 || document.contents === null) continue;
    const walker = new Walker(document, spotOf);
    const value = walker.read(document.contents, "", 0);
    if (walker.trouble !== null) findings.push(walker.trouble);
    else if (value !== null)
      documents.push({
        value,
        spot: spotOf(document.contents.range?.[0] ?? 0),
        spots: walker.spots,
        sources: walker.sources,
        nulls: walker.nulls,
      });
  }
  return { documents, findings };
}

function firstLine(message: string): string {
  return (message.split("\n")[0] ?? message).replace(/ at line \d+.*$/, "");
}

class Walker {
  readonly spots: Record<string, Spot> = {};
  readonly sources: Record<string, string> = {};
  readonly nulls: string[] = [];
  trouble: Finding | null = null;
  readonly #document: Document.Parsed;
  readonly #spotOf: (offset: number) => Spot;
  #values = 0;
  #aliases = 0;

  constructor(document: Document.Parsed, spotOf: (offset: number) => Spot) {
    this.#document = document;
    this.#spotOf = spotOf;
  }

  read(node: Node | null, pointer: string, depth: number): unknown {
    if (this.trouble !== null || node === null) return this.#null(pointer);
    this.#values += 1;
    if (depth > DEPTH_MAX) return this.#stop(node, `nested deeper than ${DEPTH_MAX}`);
    if (this.#values > VALUES_MAX) return this.#stop(node, "its aliases expand without bound");
    if (isScalar(node)) return this.#scalar(node, pointer);
    if (isAlias(node)) return this.#alias(node, pointer, depth);
    if (isSeq(node))
      return node.items.map((item, index) => {
        const at = `${pointer}/${index}`;
        const child = isPair(item) ? null : asNode(item);
        if (child?.range != null) this.spots[at] = this.#spotOf(child.range[0]);
        return this.read(child, at, depth + 1);
      });
    if (isMap(node)) {
      const map: Record<string, unknown> = {};
      for (const pair of node.items) this.#pair(pair, map, pointer, depth);
      return map;
    }
    return null;
  }

  #pair(pair: Pair, map: Record<string, unknown>, pointer: string, depth: number): void {
    const key = asNode(pair.key);
    const name = isScalar(key) ? String(key.source ?? key.value) : "";
    const at = `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (key?.range != null) this.spots[at] = this.#spotOf(key.range[0]);
    const value = this.read(asNode(pair.value), at, depth + 1);
    // A key named like the prototype is data like any other.
    if (name === "__proto__")
      Object.defineProperty(map, name, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    else map[name] = value;
  }

  #scalar(node: { value: unknown; source?: string; type?: string }, pointer: string): unknown {
    const { value, source } = node;
    if (value === null) return this.#null(pointer);
    if (typeof value !== "string" && source !== undefined) this.sources[pointer] = source;
    return typeof value === "bigint" ? Number(value) : value;
  }

  #alias(node: Node, pointer: string, depth: number): unknown {
    this.#aliases += 1;
    if (this.#aliases > ALIASES_MAX) return this.#stop(node, "its aliases expand without bound");
    const target = isAlias(node) ? node.resolve(this.#document) : undefined;
    if (target === undefined) return this.#stop(node, "an alias refers to no anchor", "IW-I01");
    return this.read(target, pointer, depth + 1);
  }

  #null(pointer: string): null {
    this.nulls.push(pointer);
    return null;
  }

  #stop(node: Node, what: string, code = "IW-I13"): null {
    this.trouble ??= {
      code,
      severity: "error",
      message: `the document is not read: ${what}; write it out, or share it by a Profile`,
      spot: this.#spotOf(node.range?.[0] ?? 0),
    };
    return null;
  }
}

function asNode(value: unknown): Node | null {
  return isScalar(value) || isAlias(value) || isSeq(value) || isMap(value) ? value : null;
}
