/** A place in a file; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Prints a place as `file:line:column`, or `file:line` for the eye. */
export function placeText(place: Place, withColumn = true): string {
  return withColumn ? `${place.file}:${place.line}:${place.column}` : `${place.file}:${place.line}`;
}

/** Orders places as people read: by file, then line, then column. */
export function comparePlaces(a: Place, b: Place): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}

/** One finding about an inventory, settings file or document. */
export interface Diagnostic extends Place {
  /** A code from `codes.ts`. */
  readonly code: string;
  readonly severity: "error" | "warning";
  /** One sentence: the thing, the fact, and the way out. */
  readonly message: string;
  /** The source lines around the place, when the file could be read as text. */
  readonly frame?: string | undefined;
}
