import { isSecretKey } from "../find-secrets.ts";
import type { Note } from "./foreign-node.ts";
import { type Fields, textOf } from "./values.ts";

/** Between scheme and host, as `https://user:password@host`. */
const USER_INFO = /:\/\/[^\s/@]*@/;

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
    if (isSecretKey(key) || (text !== undefined && USER_INFO.test(text)))
      notes.push({
        field: `${field}.${key}`,
        why: "it may hold a secret, and no document does",
        todo: "keep it where secrets are kept",
      });
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
