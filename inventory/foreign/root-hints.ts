import type { DiskHints } from "../../schemas/documents.ts";
import type { Note } from "./foreign-node.ts";
import { type Fields, flagOf, textOf } from "./values.ts";

/** Hints that are text; sizes and `rotational` have forms of their own. */
const TEXTS = [
  "name",
  "model",
  "vendor",
  "serial",
  "wwn",
  "wwn_with_extension",
  "wwn_vendor_extension",
  "hctl",
  "by_path",
] as const;

/** Ironic's `root_device`, whose words and operators are ours; and the hints that are none of them. */
export function hintsOf(
  field: string,
  hints: Fields,
): { readonly hints: DiskHints | undefined; readonly notes: readonly Note[] } {
  const found: DiskHints = {};
  for (const key of TEXTS) {
    const text = textOf(hints[key]);
    if (text !== undefined) found[key] = text;
  }
  const size = textOf(hints["size"]);
  if (size !== undefined) found.size = /^\d+$/.test(size) ? Number(size) : size;
  const rotational = flagOf(hints["rotational"]);
  if (rotational !== undefined) found.rotational = rotational;
  const known: readonly string[] = [...TEXTS, "size", "rotational"];
  const strange = Object.keys(hints).filter((key) => !known.includes(key));
  return {
    hints: Object.keys(found).length === 0 ? undefined : found,
    notes: strange.map((key) => ({
      field: `${field}.${textOf(key) ?? ""}`,
      why: "no such hint is known here",
      todo: "without it another disk may match; look at provision.rootDevice before a deploy",
    })),
  };
}
