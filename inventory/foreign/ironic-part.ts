import { isSecretKey } from "../find-secrets.ts";
import type { Note } from "./foreign-node.ts";
import { mayBeSecret, SECRET } from "./may-be-secret.ts";
import { type Fields, isSaid, mapOf, textOf } from "./values.ts";

/** What is to be known of a row of a list, before it is known which part of which node it becomes. */
export type RowNote = Omit<Note, "part">;

/** One row in our words; nothing of it is checked yet. */
export interface PartRow {
  /** What it is called, or would be; not unique yet. */
  readonly name: string;
  readonly value: Fields;
  readonly notes: readonly RowNote[];
}

/** Columns of every list that say nothing of the machine: who the row is, and when it was written. */
const OF_EVERY_ROW = ["uuid", "node_uuid", "created_at", "updated_at", "links"];

/** Fields that hold something and become nothing: `extra` by its keys, and those that nobody here has heard of. */
export function leftFields(fields: Fields, used: readonly string[]): RowNote[] {
  const known = [...OF_EVERY_ROW, ...used];
  return Object.keys(fields)
    .filter((key) => !known.includes(key) && isSaid(fields[key]))
    .sort()
    .map((key) =>
      key === "extra"
        ? {
            field: "extra",
            why: "nothing but a node and a chassis has annotations here",
            todo: "write what of it people need as the node's annotations",
          }
        : {
            field: textOf(key) ?? "",
            why: "no such field is known here",
            todo: "nothing",
          },
    );
}

/** Networks that Ironic has plugged in; what a port is in is asked for by another word here. */
export function vifNotes(fields: Fields): readonly RowNote[] {
  const vif = textOf(mapOf(fields["internal_info"])["tenant_vif_port_id"]);
  if (vif === undefined) return [];
  return [
    {
      field: "internal_info.tenant_vif_port_id",
      value: vif,
      why: "Ironic has this VIF on it, and an import attaches none",
      todo: "network: { vifs: [ID] }, when it is to be kept by this engine",
    },
  ];
}

/** Scalars of a map of properties; what may be a secret or is a structure is said. */
export function plainProperties(fields: Fields): {
  readonly kept: Fields | undefined;
  readonly notes: readonly RowNote[];
} {
  const kept: Record<string, unknown> = {};
  const notes: RowNote[] = [];
  for (const [raw, value] of Object.entries(mapOf(fields["properties"]))) {
    const key = textOf(raw) ?? "";
    const field = `properties.${key}`;
    if (!isSaid(value) && value !== false) continue;
    if (mayBeSecret(key, textOf(value))) notes.push({ field, ...SECRET });
    else if (typeof value === "object" || key === "" || key === "__proto__")
      notes.push({
        field,
        why: "it is a structure, or has no name",
        todo: "write what of it is needed into properties",
      });
    else kept[key] = value;
  }
  return { kept: isSaid(kept) ? kept : undefined, notes };
}

/** Longest name of a port, a bond, a volume. */
export const PART_NAME_MAX = 63;

/** The nearest name of a part to a text; "" where nothing of it is left. */
export function asPartName(text: string): string {
  const plain = text.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return plain.slice(0, PART_NAME_MAX).replace(/[^A-Za-z0-9]+$/, "");
}

/** A part's own name as near as it can be had, else another that stays the same from one export to the next. */
export function partName(
  fields: Fields,
  otherwise: string,
): { readonly name: string; readonly notes: readonly RowNote[] } {
  const own = textOf(fields["name"]);
  const near = asPartName(own ?? "");
  // Below such a key our own reader would look for a password.
  const name = near === "" || isSecretKey(near) ? otherwise : near;
  if (own === undefined || own === name) return { name, notes: [] };
  return {
    name,
    notes: [
      {
        field: "name",
        value: own,
        why: "names of parts are letters, digits, '.', '_' and '-' here",
        todo: "another one, where the new one does not please",
      },
    ],
  };
}

/** The first eight digits of a uuid: enough to find it again, short enough to be read. */
export function shortId(fields: Fields): string {
  return asPartName(textOf(fields["uuid"]) ?? "").slice(0, 8);
}
