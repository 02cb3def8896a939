import type { Fields } from "./values.ts";

/**
 * Columns of `openstack baremetal ... list --long` whose name is not the field's own with blanks
 * (ironicclient/v1/resource_fields.py, FIELDS): a list prints columns, `show` and the API print fields.
 */
const COLUMNS: Readonly<Record<string, string>> = {
  provisioning_state: "provision_state",
  target_raid_configuration: "target_raid_config",
  current_raid_configuration: "raid_config",
  network_configuration: "network_data",
  pxe_boot_enabled: "pxe_enabled",
  is_smart_nic_port: "is_smartnic",
  driver_volume_type: "volume_type",
};

/** One row of an export by Ironic's own field names, whichever command printed it. */
export function ironicFields(row: Fields): Fields {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => {
      const name = column.trim().toLowerCase().replaceAll(/[ -]+/g, "_");
      return [COLUMNS[name] ?? name, value];
    }),
  );
}
