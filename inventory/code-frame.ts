/** Lines shown before and after the one in question. */
const AROUND = 2;
/** Longer lines are cut, with a mark. */
const WIDTH_MAX = 160;

/** Keys whose values never leave the file, not even in an error about their line. */
const SECRET_LINE =
  /^(\s*-?\s*(?:"?[\w.-]*(?:password|passwd|secret|token|community|kg)"?)\s*:\s*)(?!\s*(?:\{|$|[&*|>]|#))(.+)$/i;
/** The same inside a flow map: `{ password: hunter2 }`; a reference `{ env: X }` is left as it is. */
const SECRET_FLOW = /((?:password|passwd|secret|token)"?\s*:\s*)(?![{\s])([^,}]+)/gi;

/** The source around a spot, with a caret below it; values of password keys are masked. */
export function codeFrame(text: string, line: number, column: number): string {
  const lines = text.split(/\r?\n/);
  const from = Math.max(1, line - AROUND);
  const to = Math.min(lines.length, line + AROUND);
  const width = String(to).length;
  const frame: string[] = [];
  for (let at = from; at <= to; at += 1) {
    const source = shown(lines[at - 1] ?? "");
    frame.push(`${at === line ? ">" : " "} ${String(at).padStart(width)} | ${source}`.trimEnd());
    if (at === line && column <= WIDTH_MAX)
      frame.push(`  ${" ".repeat(width)} | ${" ".repeat(Math.max(0, column - 1))}^`);
  }
  return frame.join("\n");
}

function shown(line: string): string {
  const masked = line.replace(SECRET_LINE, "$1****").replace(SECRET_FLOW, "$1****");
  const plain = masked.replaceAll("\t", " ").replaceAll(/\p{Cc}/gu, "?");
  return plain.length > WIDTH_MAX ? `${plain.slice(0, WIDTH_MAX - 1)}…` : plain;
}
