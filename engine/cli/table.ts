import { wrapped } from "../plan/sheet.ts";

/** The least that a column is cut down to before the table gives up fitting. */
const COLUMN_MIN = 8;
/** The least that the last column, which says why, is wrapped at. */
const LAST_MIN = 28;

/**
 * Prints rows as columns that fit the width. The last column is the sentence that a person came for: it
 * goes on in the next line; a cell of another column that does not fit ends in "…". Columns named in
 * `whole` are never cut: half a time or half a name tells nothing.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
  whole: readonly string[] = [],
): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => (row[i] ?? "").length)));
  const last = widths.pop() ?? 0;
  const gaps = 2 * widths.length;
  const over = sum(widths) + gaps + Math.min(last, LAST_MIN) - width;
  shrink(widths, over, (i) => whole.includes(head[i] ?? ""));
  const room = Math.max(LAST_MIN, width - gaps - sum(widths));
  return all.flatMap((row) => lines(row, widths, Math.min(last, room))).join("\n") + "\n";
}

function lines(
  row: readonly string[],
  widths: readonly number[],
  lastWidth: number,
): readonly string[] {
  const [first = "", ...more] = wrapped(row[widths.length] ?? "", lastWidth);
  const start = widths.map((w, i) => `${cut(row[i] ?? "", w).padEnd(w)}  `).join("");
  const blank = " ".repeat(start.length);
  return [`${start}${first}`.trimEnd(), ...more.map((text) => `${blank}${text}`)];
}

/** Cuts a text to a width, marking the cut. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Takes from the widest column that may be cut until enough is saved. */
function shrink(widths: number[], over: number, isWhole: (index: number) => boolean): void {
  for (let left = over; left > 0; left -= 1) {
    const open = widths.map((width, i) => (isWhole(i) ? 0 : width));
    const widest = open.indexOf(Math.max(...open));
    if ((open[widest] ?? 0) <= COLUMN_MIN) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
