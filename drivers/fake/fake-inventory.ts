import { createHash } from "node:crypto";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { Cpu, Disk, MachineInventory, Nic } from "../../schemas/machine-inventory.ts";

/** Who makes fake machines. */
export const FAKE_MAKER = "Ironwright";

const MEMORY_BYTES = 256 * 1024 ** 3;
/** The first is the smallest, so that an image has one place to go; the others hold data. */
const ROOT_BYTES = 480_000_000_000;
const DATA_BYTES = 3_840_000_000_000;

const CPU: Cpu = {
  socketCount: 2,
  coreCount: 32,
  threadCount: 64,
  model: "Fake CPU",
  architecture: "x86_64",
};

/** The serial number that a fake machine says. */
export function fakeSerial(node: FleetNode): string {
  return node.spec.fake?.serial ?? `fake-${node.name}`;
}

/** What a fake machine consists of: as `spec.fake` says, the rest made up from its serial, the same each time. */
export function fakeInventory(node: FleetNode): MachineInventory {
  const { fake } = node.spec;
  const serial = fakeSerial(node);
  return {
    system: { uuid: null, serial, manufacturer: FAKE_MAKER, model: "fake", sku: null },
    cpu: over(CPU, fake?.cpu ?? {}),
    memoryBytes: fake?.memoryBytes ?? MEMORY_BYTES,
    disks: (fake?.disks ?? [{}, {}]).map((said, at) => over(madeUpDisk(serial, at), said)),
    nics: (fake?.nics ?? [{}, {}]).map((said, at) => over(madeUpNic(serial, at), said)),
    firmware: {
      bios: "1.0",
      bmc: "1.0",
      components: [{ id: "bios", name: "BIOS", version: "1.0" }],
    },
    notes: [],
  };
}

type Said<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** What is said over what is made up; a key without a value says nothing. */
function over<T extends object>(made: T, said: Said<T>): T {
  const given = Object.entries<unknown>({ ...said }).filter(([, value]) => value !== undefined);
  return { ...made, ...Object.fromEntries(given) };
}

function madeUpDisk(serial: string, at: number): Disk {
  return {
    name: `disk${at}`,
    serial: `${serial}-D${at}`,
    // NAA 6: a name of 32 digits that the maker chooses.
    wwn: `0x6${hexOf(`${serial} disk ${at}`, 31)}`,
    sizeBytes: at === 0 ? ROOT_BYTES : DATA_BYTES,
    model: "FAKE-SSD",
    vendor: FAKE_MAKER,
    media: "SSD",
    rotational: false,
    controller: "Fake controller",
  };
}

function madeUpNic(serial: string, at: number): Nic {
  const hex = hexOf(`${serial} nic ${at}`, 10);
  // 02: locally administered, so that it is nobody's real address.
  const mac = `02:${hex.match(/../g)?.join(":") ?? ""}`;
  return { name: `nic${at}`, mac, speedMbps: 25_000, link: "up" };
}

function hexOf(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits);
}
