import { leftFields, type PartRow, type RowNote, shortId } from "./ironic-part.ts";
import { mayBeSecret, SECRET } from "./may-be-secret.ts";
import { type Fields, isSaid, listOf, mapOf, textOf } from "./values.ts";

/** One volume connector (VOLUME_CONNECTOR_DETAILED_RESOURCE); it has no name there. */
export function ironicConnector(fields: Fields): PartRow {
  const type = textOf(fields["type"]) ?? "";
  return {
    name: `${type}-${shortId(fields)}`,
    value: { type, connectorId: textOf(fields["connector_id"]) },
    notes: leftFields(fields, ["connector_id", "type"]),
  };
}

/** One volume target (VOLUME_TARGET_DETAILED_RESOURCE), called by its boot index, which a node has once. */
export function ironicTarget(fields: Fields): PartRow {
  const properties = connectionOf(mapOf(fields["properties"]));
  const index = textOf(fields["boot_index"]) ?? "";
  return {
    name: `volume-${index}`,
    value: {
      volumeType: textOf(fields["volume_type"]),
      volumeId: textOf(fields["volume_id"]),
      bootIndex: index === "" ? undefined : Number(index),
      properties: properties.kept,
    },
    notes: [
      ...properties.notes,
      ...leftFields(fields, ["boot_index", "properties", "volume_id", "volume_type"]),
    ],
  };
}

/** What Cinder says of a connection by iSCSI or Fibre Channel that is no secret (os-brick's connection_properties). */
const CONNECTION = [
  "access_mode",
  "auth_method",
  "auth_username",
  "cacheable",
  "discard",
  "encrypted",
  "target_discovered",
  "target_iqn",
  "target_iqns",
  "target_lun",
  "target_luns",
  "target_portal",
  "target_portals",
  "target_wwn",
  "target_wwns",
  "volume_id",
];

/** Only what is known to be no secret is kept: whoever made the target by hand may have written anything. */
function connectionOf(properties: Fields): {
  readonly kept: Fields | undefined;
  readonly notes: readonly RowNote[];
} {
  const kept: Record<string, unknown> = {};
  const notes: RowNote[] = [];
  for (const [raw, value] of Object.entries(properties)) {
    const field = `properties.${textOf(raw) ?? ""}`;
    if (!isSaid(value) && value !== false) continue;
    const plain = plainOf(value);
    const texts = [plain].flat().map(textOf);
    if (texts.some((text) => mayBeSecret(raw, text))) notes.push({ field, ...SECRET });
    else if (!CONNECTION.includes(raw)) notes.push({ field, ...UNKNOWN });
    else if (plain === undefined) notes.push({ field, ...STRUCTURE });
    else kept[raw] = plain;
  }
  return { kept: isSaid(kept) ? kept : undefined, notes };
}

const UNKNOWN = {
  why: "it is none of what is known to lead to a volume, so it may hold a secret",
  todo: "write it into properties where it is needed and no secret; else keep it where secrets are kept",
};

const STRUCTURE = {
  why: "it is a structure, and what is needed of a volume is text, or a list of texts",
  todo: "write what of it is needed into properties",
};

/** A text, a number, a flag, or a list of those; undefined for what is none. */
function plainOf(value: unknown): unknown {
  const list = listOf(value);
  const isPlain = (one: unknown): boolean => typeof one !== "object";
  if (list.length > 0) return list.every(isPlain) ? list : undefined;
  return isPlain(value) && !isSaid(mapOf(value)) ? value : undefined;
}
