import type { Note } from "./foreign-node.ts";
import { mayBeSecret, SECRET } from "./may-be-secret.ts";
import { type Fields, textOf } from "./values.ts";

/** Fields of text as annotations, each under a prefix; what is no text, or may be a secret, is named and left out. */
export function annotationsOf(
  field: string,
  from: Fields,
  prefix: string,
): { readonly annotations: Readonly<Record<string, string>>; readonly notes: readonly Note[] } {
  const annotations: Record<string, string> = {};
  const notes: Note[] = [];
  for (const [raw, value] of Object.entries(from)) {
    const key = textOf(raw) ?? "";
    const text = typeof value === "boolean" ? String(value) : textOf(value);
    if (mayBeSecret(key, text)) notes.push({ field: `${field}.${key}`, ...SECRET });
    else if (text !== undefined) annotations[`${prefix}${key}`] = text;
    else if (typeof value === "object" && value !== null)
      notes.push({
        field: `${field}.${key}`,
        why: "annotations are text, and this is a structure",
        todo: "write what of it people need as annotations",
      });
  }
  return { annotations, notes };
}
