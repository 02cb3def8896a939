import { createHash } from "node:crypto";

/** Lines of one piece; a change costs one piece and a hash over all of them. */
const PIECE = 512;

interface Piece {
  readonly lines: readonly string[];
  readonly text: Buffer;
}

/** The lines that a tree's hash is made of, sorted, so that a changed file costs no sorting of all. Immutable. */
export class TreeLines {
  readonly #pieces: readonly Piece[];

  private constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  static of(files: Iterable<{ readonly path: string; readonly oid: string }>): TreeLines {
    return new TreeLines(cut([...files].map(lineOf).sort()));
  }

  /** Without the first and with the second. */
  moved(gone: readonly string[], come: readonly string[]): TreeLines {
    const pieces = [...this.#pieces];
    const at = (line: string): number => Math.max(0, lastAtOrBefore(pieces, line));
    for (const line of gone) {
      const index = at(line);
      const { lines } = pieces[index] ?? piece([]);
      pieces[index] = piece(lines.filter((one) => one !== line));
    }
    for (const line of come) {
      const index = at(line);
      const { lines } = pieces[index] ?? piece([]);
      pieces.splice(index, 1, ...cut([...lines, line].sort()));
    }
    return new TreeLines(pieces.filter(({ lines }) => lines.length > 0));
  }

  /** SHA-256, lower-case hex. */
  get hash(): string {
    const hash = createHash("sha256");
    for (const { text } of this.#pieces) hash.update(text);
    return hash.digest("hex");
  }
}

/** One file of a tree. */
export function lineOf({ path, oid }: { readonly path: string; readonly oid: string }): string {
  return `${path} ${oid}\n`;
}

function cut(lines: readonly string[]): readonly Piece[] {
  if (lines.length < 2 * PIECE) return [piece(lines)];
  const pieces: Piece[] = [];
  for (let at = 0; at < lines.length; at += PIECE) pieces.push(piece(lines.slice(at, at + PIECE)));
  return pieces;
}

function piece(lines: readonly string[]): Piece {
  return { lines, text: Buffer.from(lines.join("")) };
}

/** The place of the piece whose first line is the last one not after it; -1 before all. */
function lastAtOrBefore(pieces: readonly Piece[], line: string): number {
  let [low, high] = [0, pieces.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if ((pieces[middle]?.lines[0] ?? "") <= line) low = middle + 1;
    else high = middle - 1;
  }
  return high;
}
