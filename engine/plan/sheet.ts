import type { TimeWords } from "./say-time.ts";

/** Colours by meaning; none of them carries meaning alone. */
export interface PlanColors {
  readonly lost: (text: string) => string;
  readonly notDone: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

/** The colours of a pipe. */
export const NO_COLORS: PlanColors = {
  lost: (text) => text,
  notDone: (text) => text,
  dim: (text) => text,
  bold: (text) => text,
};

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
