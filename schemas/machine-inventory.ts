import { z } from "zod";

/**
 * What a machine consists of, as its BMC says it without an operating system (Ironic's inspection inventory, read out
 * of band). Null is always "the BMC does not say": nothing is guessed, and a list that is null is not an empty one.
 */

/** Something that a BMC may leave out. */
const said = <T extends z.ZodType>(type: T): z.ZodNullable<T> => z.nullable(type);
/** A BMC's own word, in one line; drivers cut it at 300. */
const text = z.string().min(1).max(512);
const count = z.number().int().min(1);

export const MEDIA_TYPES = ["SSD", "HDD", "NVMe"] as const;

export const diskSchema = z.strictObject({
  /** As its BMC calls it; not what an operating system will call it. */
  name: text,
  /** Null also where it is blank or a filler: two disks are never told apart by such a one. */
  serial: said(text),
  /** World wide name, `0x` and lower-case hex digits (NAA, EUI or FC_WWN of DSP0268 Resource.Identifier). */
  wwn: said(z.string().regex(/^0x[0-9a-f]{8,32}$/)),
  /** Bytes, as sold: 480 GB is 480,000,000,000 or a little more. */
  sizeBytes: said(count),
  model: said(text),
  vendor: said(text),
  media: said(z.enum(MEDIA_TYPES)),
  /** True for what spins. */
  rotational: said(z.boolean()),
  /** Name of the controller that it is attached to. */
  controller: said(text),
});
export type Disk = z.infer<typeof diskSchema>;

export const nicSchema = z.strictObject({
  /** As its BMC calls it. */
  name: text,
  /** Lower case with colons. */
  mac: said(z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/)),
  /** Megabits per second at which the link runs. */
  speedMbps: said(count),
  link: said(z.enum(["up", "down"])),
});
export type Nic = z.infer<typeof nicSchema>;

export const cpuSchema = z.strictObject({
  /** Sockets that hold a processor. */
  socketCount: said(count),
  /** Cores of all sockets. */
  coreCount: said(count),
  /** Hardware threads of all sockets: what an operating system counts as CPUs. */
  threadCount: said(count),
  model: said(text),
  /** As `uname -m` has it (x86_64, aarch64); another instruction set in the BMC's own word. */
  architecture: said(text),
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
