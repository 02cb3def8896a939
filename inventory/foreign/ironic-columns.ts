import type { Fields } from "./values.ts";

/**
 * Columns of `openstack baremetal node list --long` whose name is not the field's own with blanks (resource_fields of
 * python-ironicclient): a list prints columns, `node show` and the API print fields.
 */
const COLUMNS: Readonly<Record<string, string>> = {
  provisioning_state: "provision_state",
  target_raid_configuration: "target_raid_config",
  current_raid_configuration: "raid_config",
  network_configuration: "network_data",
};

/** One node of an export by Ironic's own field names, whichever command printed it. */
export function ironicFields(row: Fields): Fields {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => {
      const name = column.trim().toLowerCase().replaceAll(/[ -]+/g, "_");
      return [COLUMNS[name] ?? name, value];
    }),
  );
}

/** True for what may be a node of an export: it has a uuid, and what only a node has. */
export function isIronicRow(row: Fields): boolean {
  const fields = ironicFields(row);
  return "uuid" in fields && ["provision_state", "driver", "driver_info"].some((f) => f in fields);
}
