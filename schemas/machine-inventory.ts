import { z } from "zod";

/**
 * What a machine consists of, as its BMC says it without an operating system (Ironic's inspection inventory, read out
 * of band). Null is always "the BMC does not say": nothing is guessed, and a list that is null is not an empty one.
 */

/** Something that a BMC may leave out, and what it means. */
const said = <T extends z.ZodType>(type: T, meaning?: string): z.ZodNullable<T> => {
  const nullable = z.nullable(type);
  return meaning === undefined ? nullable : nullable.describe(meaning);
};
/** A BMC's own word, in one line; drivers cut it at 300. */
const text = z.string().min(1).max(512);
const count = z.number().int().min(1);

export const MEDIA_TYPES = ["SSD", "HDD", "NVMe"] as const;

export const diskSchema = z.strictObject({
  name: text.describe("as its BMC calls it; not what an operating system will call it"),
  /** Null also where it is blank or a filler: two disks are never told apart by such a one. */
  serial: said(text, "serial number; null where the BMC does not say"),
  /** NAA, EUI or FC_WWN of DSP0268 Resource.Identifier. */
  wwn: said(
    z.string().regex(/^0x[0-9a-f]{8,32}$/),
    "world wide name, 0x and lower-case hex digits",
  ),
  sizeBytes: said(count, "bytes, as sold: 480 GB is 480,000,000,000 or a little more"),
  model: said(text, "the maker's name of the model"),
  vendor: said(text, "the maker"),
  media: said(z.enum(MEDIA_TYPES), "what it stores on"),
  rotational: said(z.boolean(), "true for what spins"),
  controller: said(text, "name of the controller that it is attached to"),
});
export type Disk = z.infer<typeof diskSchema>;

export const nicSchema = z.strictObject({
  name: text.describe("as its BMC calls it"),
  mac: said(z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/), "lower case with colons"),
  speedMbps: said(count, "megabits per second at which the link runs"),
  link: said(z.enum(["up", "down"]), "whether it has a link"),
});
export type Nic = z.infer<typeof nicSchema>;

export const cpuSchema = z.strictObject({
  socketCount: said(count, "sockets that hold a processor"),
  coreCount: said(count, "cores of all sockets"),
  threadCount: said(
    count,
    "hardware threads of all sockets: what an operating system counts as CPUs",
  ),
  model: said(text, "the maker's name of the model"),
  architecture: said(
    text,
    "as uname -m has it (x86_64, aarch64); another instruction set in the BMC's own word",
  ),
});
export type Cpu = z.infer<typeof cpuSchema>;

const firmwareSchema = z.strictObject({
  bios: said(text),
  bmc: said(text),
  /** Entries of the UpdateService by name, then id; names repeat. */
  components: said(z.array(z.strictObject({ id: text, name: text, version: said(text) }))),
});

export const machineInventorySchema = z.strictObject({
  system: z.strictObject({
    /** Lower case. */
    uuid: said(text),
    serial: said(text),
    manufacturer: said(text),
    model: said(text),
    sku: said(text),
  }),
  cpu: cpuSchema,
  /** Bytes of memory that the system can use. */
  memoryBytes: said(count),
  /** Every drive that is there, in the BMC's order. */
  disks: said(z.array(diskSchema)),
  nics: said(z.array(nicSchema)),
  firmware: firmwareSchema,
  /** What could not be read and why, a sentence each; empty when all was. */
  notes: z.array(z.string()),
});
/** What a machine consists of. */
export type MachineInventory = z.infer<typeof machineInventorySchema>;
