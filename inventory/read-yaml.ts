import {
  type Document,
  type ErrorCode,
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
import { escapeKey } from "./merge.ts";

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

/** How documents are read, wherever they are. */
export const YAML_OPTIONS = {
  version: "1.2",
  schema: "core",
  resolveKnownTags: false,
  merge: false,
  uniqueKeys: true,
  prettyErrors: false,
  stringKeys: true,
} as const;

/**
 * Reads every document of a YAML 1.2 text; nothing is thrown for what the text says. `prepare` may change the tree of a
 * document without faults before it becomes data.
 */
export function readYaml(
  text: string,
  prepare: (document: Document) => void = () => undefined,
): {
  readonly documents: readonly PlainDocument[];
  readonly findings: readonly Finding[];
} {
  const lines = new LineCounter();
  const spotOf = (offset: number): Spot => {
    const { line, col } = lines.linePos(offset);
    return [Math.max(1, line), Math.max(1, col)];
  };
  const parsed = parseAllDocuments(text, { ...YAML_OPTIONS, lineCounter: lines });
  const documents: PlainDocument[] = [];
  const findings: Finding[] = [];
  const odd = oddCharacter(text);
  if (odd !== null) return { documents, findings: [{ ...odd, spot: spotOf(odd.offset) }] };
  for (const document of Array.isArray(parsed) ? parsed : []) {
    const wrong = troubles(document, spotOf);
    findings.push(...wrong);
    if (wrong.length > 0 || document.contents === null) continue;
    prepare(document);
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

/** Characters that the parser takes for text, and that no editor shows. */
function oddCharacter(text: string): (Omit<Finding, "spot"> & { readonly offset: number }) | null {
  const at = (offset: number, message: string): ReturnType<typeof oddCharacter> => ({
    code: "IW-I01",
    severity: "error",
    message,
    offset,
  });
  const mark = text.search(/^\uFEFF/m);
  if (mark !== -1)
    return at(mark, "a byte order mark in the middle of the file, as joined files have; delete it");
  const lone = text.search(/\r(?!\n)/);
  if (lone !== -1)
    return at(lone, "a line ends with a carriage return alone; save the file with LF or CRLF");
  return null;
}

/** What the parser found wrong with one document, in our words where its own don't help. */
function troubles(document: Document.Parsed, spotOf: (offset: number) => Spot): readonly Finding[] {
  const { errors, warnings, directives } = document;
  const found = [...errors, ...warnings].map(({ code, message, pos }): Finding => {
    // The parser goes down by recursion; what is nested that deep is far past our own bound.
    const deep = code === "RESOURCE_EXHAUSTION";
    return {
      code: deep ? "IW-I13" : code === "DUPLICATE_KEY" ? "IW-I05" : "IW-I01",
      severity: "error",
      message: deep ? TOO_DEEP : (WORDS[code] ?? firstLine(message)),
      spot: spotOf(pos[0]),
    };
  });
  const deepest = found.find(({ code }) => code === "IW-I13");
  if (deepest !== undefined) return [deepest];
  if (directives.yaml.explicit === true && directives.yaml.version !== "1.2")
    found.push({
      code: "IW-I01",
      severity: "error",
      message: `the document asks for YAML ${directives.yaml.version}; it is read as YAML 1.2. Delete the %YAML line`,
      spot: [1, 1],
    });
  return found;
}

const UNBOUND = "its aliases expand without bound; write it out, or share it by a Profile";
const TOO_DEEP = `the document is not read: nested deeper than ${DEPTH_MAX}; write it flatter`;

/** The parser's codes whose sentences name its options or its inner parts. */
const WORDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  DUPLICATE_KEY: "a key is written twice in one map; remove one of them",
  NON_STRING_KEY: "a key must be text; this one is a list, a map or null",
  TAG_RESOLVE_FAILED: "YAML tags are not read; write the value without its tag",
  BAD_DIRECTIVE: "YAML directives are not read; delete the line",
};

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
    if (depth > DEPTH_MAX)
      return this.#stop(node, `nested deeper than ${DEPTH_MAX}; write it flatter`);
    if (this.#values > VALUES_MAX) return this.#stop(node, UNBOUND);
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
    const name = isScalar(key) ? nameOf(key) : "";
    const at = `${pointer}/${escapeKey(name)}`;
    if (key?.range != null) this.spots[at] = this.#spotOf(key.range[0]);
    const value = this.read(asNode(pair.value), at, depth + 1);
    // In JavaScript this key is no data: assigning to it changes the map itself, or every map.
    if (name === "__proto__") this.#stop(key, 'the key "__proto__" is not allowed', "IW-I03");
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
    if (this.#aliases > ALIASES_MAX) return this.#stop(node, UNBOUND);
    const target = isAlias(node) ? node.resolve(this.#document) : undefined;
    if (target === undefined)
      return this.#stop(
        node,
        "an alias refers to no anchor; write the value out, or share it by a Profile",
        "IW-I01",
      );
    return this.read(target, pointer, depth + 1);
  }

  #null(pointer: string): null {
    this.nulls.push(pointer);
    return null;
  }

  #stop(node: Node | null, what: string, code = "IW-I13"): null {
    this.trouble ??= {
      code,
      severity: "error",
      message: `the document is not read: ${what}`,
      spot: this.#spotOf(node?.range?.[0] ?? 0),
    };
    return null;
  }
}

/** A key that a conversion renamed still has its old source. */
function nameOf({ value, source }: { value: unknown; source?: string }): string {
  return typeof value === "string" ? value : String(source ?? value);
}

function asNode(value: unknown): Node | null {
  return isScalar(value) || isAlias(value) || isSeq(value) || isMap(value) ? value : null;
}
