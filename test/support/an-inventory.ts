import type { Disk, MachineInventory } from "../../schemas/machine-inventory.ts";

/** A machine of which nothing is told but its disks. */
export function anInventory(
  disks: readonly (Partial<Disk> & { readonly serial: string })[],
): MachineInventory {
  return {
    system: { uuid: null, serial: null, manufacturer: null, model: null, sku: null },
    cpu: { socketCount: null, coreCount: null, threadCount: null, model: null, architecture: null },
    memoryBytes: null,
    disks: disks.map((disk) => ({
      name: disk.serial,
      wwn: null,
      sizeBytes: null,
      model: null,
      vendor: null,
      media: null,
      rotational: null,
      controller: null,
      ...disk,
    })),
    nics: null,
    firmware: { bios: null, bmc: null, components: null },
    notes: [],
  };
}
