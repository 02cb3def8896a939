import { escapeKey } from "./merge.ts";
import type { Finding, PlainDocument, Spot } from "./read-yaml.ts";

/** Deeper data is no export of anybody's machines. */
const DEPTH_MAX = 64;
/** Places are kept for this many keys from the root: of a list of nodes, their fields. */
const PLACED_DEPTH = 3;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// A control character ends a string in error (RFC 8259 7); those above U+007E are none to JSON.
const STRING = /"(?:[^"\\\p{Cc}]+|[\u{7F}-\u{9F}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/uy;
const WORDS = { true: true, false: false, null: null } as const;

/**
 * Reads one JSON text (RFC 8259) as `readYaml` reads YAML, some ten times faster. What is wrong is a finding with its
 * spot, in words that show nothing of the text: an export may hold passwords.
 */
export function readJson(text: string): {
  readonly documents: readonly PlainDocument[];
  readonly findings: readonly Finding[];
} {
  const reader = new Reader(text);
  try {
    const value = reader.whole();
    const document = { value, spot: reader.spotAt(reader.start), spots: reader.spots };
    return { documents: [{ ...document, sources: {}, nulls: [] }], findings: [] };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    const { message, code, offset } = error;
    return {
      documents: [],
      findings: [{ code, severity: "error", message, spot: reader.spotAt(offset) }],
    };
  }
}

/** What ends the reading; never leaves this file. */
class Wrong extends Error {
  readonly code: string;
  readonly offset: number;

  constructor(message: string, offset: number, code = "IW-I01") {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}

/** A text and how far it was read. */
class Reader {
  readonly spots: Record<string, Spot> = {};
  start = 0;
  readonly #text: string;
  #at = 0;
  /** The line that was last asked for: where it begins and ends. */
  #line = { number: 1, begin: 0, end: 0 };

  constructor(text: string) {
    this.#text = text;
    this.#line.end = this.#endOf(0);
  }

  whole(): unknown {
    this.#skip(SPACE);
    this.start = this.#at;
    const value = this.#value("", 0);
    this.#skip(SPACE);
    if (this.#at < this.#text.length)
      throw new Wrong("not JSON: something stands behind its end; export it again", this.#at);
    return value;
  }

  /** Places are asked for in order but for the last, so lines are counted on. */
  spotAt(offset: number): Spot {
    let { number, begin, end } = this.#line;
    if (offset < begin) [number, begin, end] = [1, 0, this.#endOf(0)];
    while (end < offset) {
      number += 1;
      begin = end + 1;
      end = this.#endOf(begin);
    }
    this.#line = { number, begin, end };
    return [number, offset - begin + 1];
  }

  #endOf(begin: number): number {
    const end = this.#text.indexOf("\n", begin);
    return end === -1 ? this.#text.length : end;
  }

  #value(pointer: string, depth: number): unknown {
    if (depth > DEPTH_MAX)
      throw new Wrong(`nested deeper than ${DEPTH_MAX}: no export is`, this.#at, "IW-I13");
    const char = this.#text[this.#at];
    if (char === "{") return this.#map(pointer, depth);
    if (char === "[") return this.#list(pointer, depth);
    if (char === '"') return this.#string();
    const number = this.#take(NUMBER);
    if (number !== null) return Number(number);
    for (const [word, value] of Object.entries(WORDS))
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    throw this.#unexpected("a value");
  }

  #map(pointer: string, depth: number): unknown {
    const map: Record<string, unknown> = {};
    this.#items("}", () => {
      const at = this.#at;
      if (this.#text[at] !== '"') throw this.#unexpected('a key in "quotes"');
      const key = this.#string();
      const below = depth < PLACED_DEPTH ? `${pointer}/${escapeKey(key)}` : pointer;
      if (depth < PLACED_DEPTH) this.spots[below] = this.spotAt(at);
      // In JavaScript this key is no data: assigning to it changes the map itself.
      if (key === "__proto__") throw new Wrong('the key "__proto__" is not allowed', at, "IW-I03");
      if (Object.hasOwn(map, key))
        throw new Wrong("a key is written twice in one map; remove one of them", at, "IW-I05");
      this.#skip(SPACE);
      this.#expect(":");
      map[key] = this.#value(below, depth + 1);
    });
    return map;
  }

  #list(pointer: string, depth: number): unknown {
    const list: unknown[] = [];
    this.#items("]", () => {
      const below = depth < PLACED_DEPTH ? `${pointer}/${list.length}` : pointer;
      if (depth < PLACED_DEPTH) this.spots[below] = this.spotAt(this.#at);
      list.push(this.#value(below, depth + 1));
    });
    return list;
  }

  /** What stands between two brackets, with commas between. */
  #items(close: "}" | "]", item: () => void): void {
    this.#at += 1;
    this.#skip(SPACE);
    if (this.#text[this.#at] === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      item();
      this.#skip(SPACE);
      if (this.#text[this.#at] === close) break;
      this.#expect(",");
    }
    this.#at += 1;
  }

  #string(): string {
    const at = this.#at;
    const token = this.#take(STRING);
    if (token !== null) return String(JSON.parse(token));
    const cut = !/"|\n/.test(this.#text.slice(at + 1));
    throw cut
      ? truncated(this.#text.length)
      : new Wrong("not JSON: a text in quotes is broken", at);
  }

  #expect(char: string): void {
    if (this.#text[this.#at] !== char) throw this.#unexpected(`"${char}"`);
    this.#at += 1;
    this.#skip(SPACE);
  }

  #unexpected(what: string): Wrong {
    if (this.#at >= this.#text.length) return truncated(this.#text.length);
    return new Wrong(`not JSON: ${what} must stand here`, this.#at);
  }

  #skip(pattern: RegExp): void {
    this.#take(pattern);
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? null;
    this.#at += found?.length ?? 0;
    return found;
  }
}

function truncated(offset: number): Wrong {
  return new Wrong("the text ends in the middle: it was cut off; export it again", offset);
}
