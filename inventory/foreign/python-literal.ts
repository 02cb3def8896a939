/** Longer texts are no field of a node. */
const LENGTH_MAX = 1024 * 1024;
/** Deeper ones neither. */
const DEPTH_MAX = 32;

const TOKEN =
  /\s*(?:([[\]{}:,])|u?'((?:[^'\\]|\\.)*)'|u?"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(True|False|None))/sy;
const WORDS: Readonly<Record<string, unknown>> = { True: true, False: false, None: null };
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

type Token = { readonly mark: string } | { readonly value: unknown };

/**
 * Reads what Python's `repr` prints of maps, lists, texts, numbers, True, False and None:
 * `{'redfish_address': 'https://10.0.0.7', 'cpus': 4}`. Null for anything else.
 */
export function readPythonLiteral(text: string): unknown {
  const tokens = tokensOf(text);
  if (tokens === null) return null;
  let at = 0;
  const marked = (mark: string): boolean => {
    const token = tokens[at];
    if (token === undefined || !("mark" in token) || token.mark !== mark) return false;
    at += 1;
    return true;
  };
  const value = (depth: number): unknown => {
    if (depth > DEPTH_MAX) throw new RangeError("deep");
    if (marked("{")) return Object.fromEntries(items("}", () => pair(depth)));
    if (marked("[")) return items("]", () => value(depth + 1));
    const token = tokens[at++];
    if (token === undefined || "mark" in token) throw new RangeError("no value");
    return token.value;
  };
  const pair = (depth: number): readonly [string, unknown] => {
    const key = String(value(depth + 1));
    if (!marked(":")) throw new RangeError("no colon");
    return [key, value(depth + 1)];
  };
  const items = <T>(close: string, item: () => T): T[] => {
    const list: T[] = [];
    while (!marked(close)) {
      list.push(item());
      if (!marked(",") && !marked(close)) throw new RangeError("no comma");
      else if (endedBy(close, tokens[at - 1])) break;
    }
    return list;
  };
  try {
    const whole = value(0);
    return at === tokens.length ? whole : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function endedBy(close: string, token: Token | undefined): boolean {
  return token !== undefined && "mark" in token && token.mark === close;
}

function tokensOf(text: string): readonly Token[] | null {
  if (text.length > LENGTH_MAX) return null;
  const source = text.trim();
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const found = TOKEN.exec(source);
    if (found === null) return null;
    const [, mark, single, double, number, word = ""] = found;
    const quoted = single ?? double;
    if (mark !== undefined) tokens.push({ mark });
    else if (quoted !== undefined) tokens.push({ value: unescaped(quoted) });
    else tokens.push({ value: number === undefined ? WORDS[word] : Number(number) });
  }
  return tokens;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(x[\da-f]{2}|u[\da-f]{4}|[\s\S])/gi, (_whole, escape: string) =>
    escape.length > 1
      ? String.fromCodePoint(Number.parseInt(escape.slice(1), 16))
      : (ESCAPES[escape] ?? escape),
  );
}
