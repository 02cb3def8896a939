import type { TimeWords } from "./say-time.ts";
import type { PlanColors } from "./show-plan.ts";

/** What every part of a printed plan needs to know of the paper. */
export interface Sheet {
  readonly columns: number;
  readonly now: number;
  readonly colors: PlanColors;
  readonly times: TimeWords;
  readonly reach: (file: string) => number | null;
}

/** Breaks at spaces; a word that is longer than the width stays whole, for nothing is cut without a mark. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<=\S) (?=\S)/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Puts text at a column, two spaces after what is there when the column is taken. */
export function at(column: number, line: string, text: string): string {
  return `${line.padEnd(column)}${line.length >= column && line !== "" ? "  " : ""}${text}`;
}
