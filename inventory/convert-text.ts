import { type Document, parseAllDocuments, parseDocument } from "yaml";
import { convertDocument, type Versions } from "./conversions.ts";
import { linesOf, matchLines } from "./line-diff.ts";
import { YAML_OPTIONS } from "./read-yaml.ts";

/** A file's text in the current version. */
export interface Converted {
  readonly text: string;
  /** The versions that its documents had, one for each that was converted. */
  readonly from: readonly string[];
}

/**
 * Brings every document of a YAML text to the current version. Documents that need nothing, comments, order and the
 * form of all lines that no conversion touches stay byte for byte. The text must be readable YAML.
 */
export function convertText(text: string, versions: Versions): Converted {
  const parsed = parseAllDocuments(text, YAML_OPTIONS);
  const from: string[] = [];
  const pieces: string[] = [];
  let end = 0;
  for (const { range } of Array.isArray(parsed) ? parsed : []) {
    const piece = text.slice(end, range[2]);
    end = range[2];
    const converted = convertPiece(piece, versions);
    if (converted !== null) from.push(converted.from);
    pieces.push(converted?.text ?? piece);
  }
  return { text: `${pieces.join("")}${text.slice(end)}`, from };
}

/** One document with what stands before it; null where nothing is to be converted. */
function convertPiece(
  piece: string,
  versions: Versions,
): { readonly text: string; readonly from: string } | null {
  const document = parseDocument(piece, YAML_OPTIONS);
  const form = { lineWidth: 0, indent: indentOf(piece) };
  const before = document.toString(form);
  const from = convertDocument(document, versions);
  if (from === null) return null;
  const after = document.toString(form);
  const merged = merge(piece, before, after);
  return { text: saysTheSame(merged, document) ? merged : after, from };
}

/** The steps in which a text is indented; 2 where it is not. */
function indentOf(text: string): number {
  return /^( {1,8})[^\s#-]/m.exec(text)?.[1]?.length ?? 2;
}

function saysTheSame(text: string, document: Document): boolean {
  const read = parseDocument(text, YAML_OPTIONS);
  return (
    read.errors.length === 0 && JSON.stringify(read.toJS()) === JSON.stringify(document.toJS())
  );
}

/**
 * Lays the change from `before` to `after` over the text as a person wrote it. `before` is that text as the
 * serialiser prints it, so that lines which differ from it in blanks only are the person's.
 */
function merge(own: string, before: string, after: string): string {
  const eol = own.includes("\r\n") ? "\r\n" : "\n";
  const ours = linesOf(own.replaceAll("\r\n", "\n"));
  const base = linesOf(before);
  const theirs = linesOf(after);
  const inOurs = matchLines(base.map(squeezed), ours.map(squeezed));
  const inTheirs = matchLines(base, theirs);
  const lines: string[] = [];
  let [b, o, t] = [0, 0, 0];
  const cuts = [
    ...cutsOf(base.length, inOurs, inTheirs),
    [base.length, ours.length, theirs.length],
  ];
  for (const [toB = 0, toO = 0, toT = 0] of cuts) {
    const same = sameLines(base.slice(b, toB), theirs.slice(t, toT));
    lines.push(...(same ? ours.slice(o, toO) : theirs.slice(t, toT)));
    [b, o, t] = [toB, toO, toT];
  }
  const text = lines.join(eol);
  return own.endsWith("\n") ? `${text}${eol}` : text;
}

/**
 * Where all three texts can be cut between the same two lines: behind a line, or before one, that is found in the
 * other two or stands next to one that is.
 */
function cutsOf(
  length: number,
  inOurs: readonly number[],
  inTheirs: readonly number[],
): readonly (readonly number[])[] {
  const behind = (match: readonly number[], at: number): number | null => {
    const line = at === 0 ? -1 : (match[at - 1] ?? -1);
    return at === 0 ? 0 : line === -1 ? null : line + 1;
  };
  const before = (match: readonly number[], at: number): number | null => {
    const line = match[at] ?? -1;
    return line === -1 ? null : line;
  };
  const cuts: (readonly number[])[] = [];
  for (let at = 0; at < length; at += 1)
    for (const [one, other] of [
      [behind, before],
      [before, behind],
    ] as const) {
      const o = one(inOurs, at) ?? other(inOurs, at);
      const t = one(inTheirs, at) ?? other(inTheirs, at);
      if (o !== null && t !== null) cuts.push([at, o, t]);
    }
  return cuts;
}

/** A line without what only its form is made of. */
function squeezed(line: string): string {
  return line.replaceAll(/\s+/g, "");
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index]);
}
