import { failure } from "../../../schemas/failure.ts";
import type { MachineInventory } from "../../../schemas/machine-inventory.ts";
import type { JsonObject } from "../../net/read-json.ts";
import type { Bmc } from "../bmc.ts";
import { behavioursOf, type Make } from "../quirks.ts";
import { type Read, readIdentity } from "../read-system.ts";
import { linkAt } from "../resource.ts";
import { idOf, nameOf, PartSource, saidAt, wordAt } from "./part-source.ts";
import { readDisks } from "./read-disks.ts";
import { readCpu, readMemoryBytes, readNics } from "./read-parts.ts";

/** Firmware entries of one machine: iDRAC 9 lists about 60, older versions counted in. */
const FIRMWARE_MAX = 256;

/**
 * Everything that a BMC says of what its machine consists of (DSP0268 ComputerSystem, Processor, Storage, Drive,
 * EthernetInterface, SoftwareInventory). A part that cannot be read is null and has a note; the rest is told.
 */
export async function readInventory(
  bmc: Bmc,
  system: JsonObject,
  make: Make,
  signal?: AbortSignal,
): Promise<Read<MachineInventory>> {
  const source = new PartSource(bmc, signal);
  const [cpu, disks, nics, components] = await Promise.all([
    readCpu(source, system),
    readDisks(source, system),
    readNics(source, system),
    readComponents(bmc, source),
  ]);
  // What was given up is no inventory: half of it would look like what the BMC does not say.
  if (signal?.aborted === true) {
    const fact = `${bmc.wire.thing} was not read to the end`;
    return { why: failure("transient", "IW-B01", `${fact}; run the command again`) };
  }
  const { manufacturer, serial, systemUuid } = identityOf(system, make);
  return {
    value: {
      system: {
        uuid: systemUuid ?? null,
        serial: serial ?? null,
        manufacturer: manufacturer ?? null,
        model: saidAt(system, "Model"),
        sku: saidAt(system, "SKU"),
      },
      cpu,
      memoryBytes: readMemoryBytes(system),
      disks: disks === null ? null : [...disks],
      nics: nics === null ? null : [...nics],
      firmware: {
        bios: wordAt(system, "BiosVersion"),
        bmc: make.firmware ?? null,
        components,
      },
      notes: source.notes.toSorted(),
    },
  };
}

function identityOf(system: JsonObject, make: Make) {
  const read = readIdentity(system, behavioursOf(make));
  return "value" in read ? read.value : {};
}

type Components = MachineInventory["firmware"]["components"];

async function readComponents(bmc: Bmc, source: PartSource): Promise<Components> {
  const root = await bmc.root();
  const service = root.ok ? await source.one("update service", root.value.updateService) : null;
  if (service === null) return null;
  const parts = await source.members(
    "firmware inventory",
    linkAt(service, "FirmwareInventory"),
    FIRMWARE_MAX,
  );
  if (parts === null) return null;
  return parts
    .map((part) => ({
      id: idOf(part.path),
      name: nameOf(part),
      version: wordAt(part.body, "Version"),
    }))
    .toSorted((a, b) => compare(a.name, b.name) || compare(a.id, b.id));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
