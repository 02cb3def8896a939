import { leftFields, type PartRow, plainProperties, shortId } from "./ironic-part.ts";
import { type Fields, textOf } from "./values.ts";

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
  const properties = plainProperties(fields);
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
