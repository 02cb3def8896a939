import type { CheckedDocument } from "./check-document.ts";
import type { Spot } from "./read-yaml.ts";

/** One document of a file: its shape is right, references are still to be checked. */
export interface ParsedDocument {
  readonly kind: CheckedDocument["kind"];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly spot: Spot;
  /** Pointer below the document's root -> spot. */
  readonly spots: Readonly<Record<string, Spot>>;
  /** Pointers below `spec` that remove what a profile says. */
  readonly nulls: readonly string[];
}
