/** The least that a column is cut down to before the table gives up fitting. */
const COLUMN_MIN = 8;

/** Prints rows as columns that fit the width; a cut cell ends in "…", never without a mark. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => (row[i] ?? "").length)));
  shrink(widths, width - 2 * (widths.length - 1));
  return all.map((row) => line(row, widths)).join("\n") + "\n";
}

function line(row: readonly string[], widths: readonly number[]): string {
  return widths
    .map((w, i) => cut(row[i] ?? "", w).padEnd(w))
    .join("  ")
    .trimEnd();
}

/** Cuts a text to a width, marking the cut. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Takes from the widest column until all fit. */
function shrink(widths: number[], room: number): void {
  let over = widths.reduce((a, b) => a + b, 0) - room;
  while (over > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    const now = widths[widest] ?? 0;
    if (now <= COLUMN_MIN) return;
    widths[widest] = now - 1;
    over -= 1;
  }
}
