/** Lines shown before and after the one in question. */
const AROUND = 2;
/** Longer lines are cut, with a mark. */
const WIDTH_MAX = 160;

const SECRET_NAME = "[\\w.-]*(?:password|passwd|passphrase|secret|token|community|kg)";
/** A key whose value never leaves the file, and what stands behind it on its line. */
const SECRET_VALUE = new RegExp(`(?<![\\w.-])("?${SECRET_NAME}"?\\s*:(?=\\s|$))(.*)$`, "i");
/** A reference, and nothing more: what it names is no secret. */
const REFERENCE = /^\s*\{\s*(?:(?:env|file|provider|key)\s*:\s*[^,{}]*,?\s*)*\}/;
/** The same in lines of their own below the key. */
const REFERENCE_LINE = /^\s*(?:env|file|provider|key)\s*:/;
/** What stands between scheme and host. */
const IN_ADDRESS = /(\/\/[^\s/@:]*:)[^\s/@]*@/g;
/** A user alone before a host of the web is mostly a token. */
const TOKEN_IN_ADDRESS = /(https?:\/\/)[^\s/@:]+@/gi;
/** A NodeList with a column of passwords: its rows hold them, and no line says so. */
const SECRET_COLUMN = new RegExp(`columns["']?\\s*:[^\\]]*${SECRET_NAME}`, "i");

const MASK = "****";

/**
 * Makes frames of one text: the source around a spot, with a caret below it. Passwords are masked: by
 * their keys, and wherever one of `secrets` stands.
 */
export function codeFrames(
  text: string,
  secrets: readonly string[] = [],
): (line: number, column: number) => string {
  const lines = text.split(/\r?\n/);
  const blind = SECRET_COLUMN.test(text);
  const hidden = [...new Set(secrets.flatMap((secret) => secret.split(/\r?\n/)))];
  const source = { lines, below: linesBelowSecrets(lines), hidden };
  return (line, column) => {
    const from = Math.max(1, line - AROUND);
    const to = Math.min(lines.length, line + AROUND);
    const width = String(to).length;
    const frame: string[] = [];
    for (let at = from; at <= to; at += 1) {
      const shownLine = blind ? MASK : shown(source, at - 1);
      frame.push(
        `${at === line ? ">" : " "} ${String(at).padStart(width)} | ${shownLine}`.trimEnd(),
      );
      if (at === line && column <= WIDTH_MAX && !blind)
        frame.push(`  ${" ".repeat(width)} | ${" ".repeat(Math.max(0, column - 1))}^`);
    }
    return frame.join("\n");
  };
}

interface Source {
  readonly lines: readonly string[];
  readonly below: readonly boolean[];
  readonly hidden: readonly string[];
}

function shown({ lines, below, hidden }: Source, index: number): string {
  const line = lines[index] ?? "";
  if (below[index] === true)
    return `${/^\s*/.exec(line)?.[0] ?? ""}${line.trim() === "" ? "" : MASK}`;
  let masked = maskKeys(line)
    .replaceAll(IN_ADDRESS, `$1${MASK}@`)
    .replaceAll(TOKEN_IN_ADDRESS, `$1${MASK}@`);
  for (const secret of hidden)
    if (secret.trim() !== "") masked = masked.replaceAll(secret, () => MASK);
  const plain = masked.replaceAll("\t", " ").replaceAll(/\p{Cc}/gu, "?");
  return plain.length > WIDTH_MAX ? `${plain.slice(0, WIDTH_MAX - 1)}…` : plain;
}

/** Masks what stands behind the first secret key, but for a reference; and so on in the rest of the line. */
function maskKeys(line: string): string {
  const found = SECRET_VALUE.exec(line);
  if (found === null) return line;
  const [, key = "", value = ""] = found;
  const before = line.slice(0, found.index) + key;
  const reference = REFERENCE.exec(value)?.[0];
  if (reference !== undefined) return before + reference + maskKeys(value.slice(reference.length));
  return value.trim() === "" || value.trim().startsWith("#") ? line : `${before} ${MASK}`;
}

/** Which lines hang below a secret's key: a block scalar, or text on the next line. One pass, for a file is long. */
function linesBelowSecrets(lines: readonly string[]): readonly boolean[] {
  let keyIndent: number | null = null;
  return lines.map((line) => {
    const blank = line.trim() === "";
    const indent = line.length - line.trimStart().length;
    if (keyIndent !== null && (blank || indent > keyIndent)) return !REFERENCE_LINE.test(line);
    const value = SECRET_VALUE.exec(line)?.[2];
    keyIndent = value !== undefined && REFERENCE.exec(value) === null ? indent : null;
    return false;
  });
}
