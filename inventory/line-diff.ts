/** Cells of the table that finds the longest common lines; larger middles count as wholly different. */
const CELLS_MAX = 4_000_000;
/** Lines that a diff shows around a change. */
const AROUND = 3;

/** For each line of `a` the index of the line of `b` that it is, -1 where it is gone; the longest such pairing. */
export function matchLines(a: readonly string[], b: readonly string[]): readonly number[] {
  const match = a.map(() => -1);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) {
    match[start] = start;
    start += 1;
  }
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) {
    match[a.length - 1 - end] = b.length - 1 - end;
    end += 1;
  }
  const middleA = a.slice(start, a.length - end);
  const middleB = b.slice(start, b.length - end);
  for (const [i, j] of common(middleA, middleB)) match[start + i] = start + j;
  return match;
}

/** Pairs of equal lines in order, as many as there can be. */
function common(
  a: readonly string[],
  b: readonly string[],
): readonly (readonly [number, number])[] {
  if (a.length * b.length === 0 || a.length * b.length > CELLS_MAX) return [];
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      longest[i * width + j] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;)
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  return pairs;
}

/** One line of a diff, with how many lines of each text come before it. */
interface Entry {
  readonly sign: " " | "-" | "+";
  readonly text: string;
  readonly a: number;
  readonly b: number;
}

/** The difference of two texts as `diff -u` prints it; empty where there is none. */
export function unifiedDiff(name: string, before: string, after: string): string {
  if (before === after) return "";
  const entries = entriesOf(linesOf(before), linesOf(after));
  return `--- a/${name}\n+++ b/${name}\n${hunksOf(entries).map(hunkText).join("")}`;
}

/** Lines without their ends; what follows the last end of line is no line where it is empty. */
export function linesOf(text: string): readonly string[] {
  const lines = text.split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function entriesOf(a: readonly string[], b: readonly string[]): readonly Entry[] {
  const entries: Entry[] = [];
  let j = 0;
  const addUpTo = (end: number, i: number): void => {
    for (; j < end; j += 1) entries.push({ sign: "+", text: b[j] ?? "", a: i, b: j });
  };
  matchLines(a, b).forEach((match, i) => {
    const text = a[i] ?? "";
    if (match === -1) return void entries.push({ sign: "-", text, a: i, b: j });
    addUpTo(match, i);
    entries.push({ sign: " ", text, a: i, b: j });
    j += 1;
  });
  addUpTo(b.length, a.length);
  return entries;
}

/** Changes with the lines around them; those that are near each other are one hunk. */
function hunksOf(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const hunks: Entry[][] = [];
  let shownTo = -1;
  entries.forEach((entry, index) => {
    if (entry.sign === " ") return;
    const from = Math.max(shownTo + 1, index - AROUND);
    const to = Math.min(entries.length - 1, index + AROUND);
    const some = entries.slice(from, to + 1);
    const last = hunks.at(-1);
    if (last === undefined || from > shownTo + 1) hunks.push([...some]);
    else last.push(...some);
    shownTo = Math.max(shownTo, to);
  });
  return hunks;
}

function hunkText(entries: readonly Entry[]): string {
  const [first] = entries;
  const inA = entries.filter(({ sign }) => sign !== "+").length;
  const inB = entries.filter(({ sign }) => sign !== "-").length;
  // An empty side begins behind the line that comes before it.
  const begin = (before: number, count: number): number => before + (count === 0 ? 0 : 1);
  const sizes = `-${begin(first?.a ?? 0, inA)},${inA} +${begin(first?.b ?? 0, inB)},${inB}`;
  return `@@ ${sizes} @@\n${entries.map(({ sign, text }) => `${sign}${text}\n`).join("")}`;
}
