import type { IKeyValue } from "etcd3";

/** No value is larger, so that a page of so many is a few megabytes. Bytes. */
export const PIECE_BYTES = 32 * 1024;
/** Pieces in one transaction: half a megabyte, where etcd takes one and a half (and 128 operations). */
export const PIECES_AT_ONCE = 16;
/** Keys with values in one answer: at most 2 MB. */
export const PAGE_VALUES = 64;
/** Keys without values in one answer: a few hundred kilobytes. */
export const PAGE_KEYS = 2000;

// Below a file's own key, after a NUL, lie its pieces; they go with it, and no listing names them. Sorting puts them
// right behind it: one range is the file.
const PARTS = "\0p";
const SEGMENTS = "\0s";
/** The value of a file that is kept in parts, with the name of these: no text begins so. */
const POINTER = "\0parts ";
const DIGITS = 12;

/** The end of the range that holds a file and all its pieces. */
export function endOf(key: string): string {
  return `${key}\u0001`;
}

/** All below a directory: `/` is followed by `0`. */
export function belowEnd(dir: string): string {
  return `${dir}0`;
}

/** Where the pieces alone of a file lie. */
export function piecesOf(key: string): readonly [from: string, end: string] {
  return [`${key}\0`, endOf(key)];
}

/** The pieces of one value. */
export function partsRange(key: string, id: string): readonly [from: string, end: string] {
  return [`${key}${PARTS}${id}.`, `${key}${PARTS}${id}/`];
}

export function partKey(key: string, id: string, index: number): string {
  return `${key}${PARTS}${id}.${String(index).padStart(DIGITS, "0")}`;
}

/** Of a value that may not be there yet, or not any more. */
export function isPart(key: Buffer): boolean {
  return key.includes(PARTS);
}

export function pointer(id: string): string {
  return `${POINTER}${id}`;
}

export function segmentKey(key: string, index: number): string {
  return `${key}${SEGMENTS}${String(index).padStart(DIGITS, "0")}`;
}

/** Where the segments of a file begin; its parts lie before it. */
export function firstSegment(key: string): string {
  return `${key}${SEGMENTS}`;
}

/** The number of the segment after the last key of a file: its own, one of its parts, or a segment. */
export function nextSegment(key: string, last: string | undefined): number {
  const head = `${key}${SEGMENTS}`;
  return last?.startsWith(head) === true ? Number(last.slice(head.length)) + 1 : 0;
}

/** Cut so that every piece is a value. */
export function piecesIn(text: string): readonly Buffer[] {
  const bytes = Buffer.from(text);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES)
    pieces.push(bytes.subarray(at, at + PIECE_BYTES));
  return pieces;
}

/** The name right below a directory in a key; its pieces are no names. */
export function childIn(
  dir: string,
  key: string,
): { readonly name: string; readonly isDir: boolean } {
  const rest = key.slice(dir.length + 1);
  const end = /[/\0]/.exec(rest);
  return end === null
    ? { name: rest, isDir: false }
    : { name: rest.slice(0, end.index), isDir: end[0] === "/" };
}

/** The text of a file from all that its range held at one revision; null when there was nothing. */
export function textOf(key: string, found: readonly IKeyValue[]): string | null {
  const [first] = found;
  if (first === undefined) return null;
  const main = first.key.toString() === key ? first.value : null;
  const segments = below(`${key}${SEGMENTS}`, found);
  // Parts that were brought before the value that names them are nobody's yet.
  if (main === null && segments.length === 0) return null;
  return Buffer.concat([...wholeOf(key, main, found), ...segments]).toString();
}

/** What was written whole; what was appended since comes after it. */
function wholeOf(key: string, main: Buffer | null, found: readonly IKeyValue[]): readonly Buffer[] {
  if (main === null) return [];
  const text = main.toString();
  if (!text.startsWith(POINTER)) return [main];
  return below(partsRange(key, text.slice(POINTER.length))[0], found);
}

function below(head: string, found: readonly IKeyValue[]): readonly Buffer[] {
  return found.filter(({ key }) => key.toString().startsWith(head)).map(({ value }) => value);
}
