import { z } from "zod";
import { BOOT_DEVICES, BOOT_MODES } from "../../schemas/documents.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { INDICATOR_STATES } from "../../schemas/indicators.ts";
import { fakeInventory } from "./fake-inventory.ts";

/** The version of a fake machine's stored state. */
const FAKE_MACHINE_VERSION = 2;

/** Acts that are remembered in words: more than a whole life of a node takes, few enough to write each time. */
const LOG_MAX = 100;

/** One disk and what became of it. */
const fakeDiskStateSchema = z.object({
  name: z.string(),
  serial: z.string(),
  sizeBytes: z.number(),
  /** `data` (somebody's), `metadata` (only its metadata was erased), `blank`, or the name of the image on it. */
  content: z.string(),
  metadataErasures: z.number().int(),
  erasures: z.number().int(),
  writes: z.number().int(),
});
export type FakeDisk = z.infer<typeof fakeDiskStateSchema>;

/** The last step that was asked of it. */
const fakeWorkSchema = z.object({
  id: z.string(),
  /** `interface.step`. */
  step: z.string(),
  /** In the ramdisk, which forgets it at power-off; else in the BMC. */
  inBand: z.boolean(),
  args: z.record(z.string(), z.unknown()),
  disks: z.array(z.string()),
  /** What a step that only the ramdisk knows does to them; null for all others. */
  erases: z.enum(["metadata", "full", "root"]).nullable().default(null),
  state: z.enum(["running", "done", "failed"]),
  /** Why it fails, or will fail at its end; null for work that succeeds. */
  message: z.string().nullable(),
  /** When it ends, milliseconds since the epoch. */
  until: z.number(),
});
export type FakeWork = z.infer<typeof fakeWorkSchema>;

/** What every version has kept. */
const ALWAYS = {
  power: z.enum(["on", "off"]),
  bootDevice: z.enum([...BOOT_DEVICES, "none"]),
  bootMode: z.enum(BOOT_MODES),
  secureBoot: z.boolean(),
  /** Sessions that are open, by name. */
  sessions: z.array(z.string()).max(64),
  /** Sessions that were ever made: names are never used twice. */
  sessionsMade: z.number().int(),
};

const fakeMachineV1Schema = z.object({ version: z.literal(1), ...ALWAYS });

/** A fake machine, as it is kept between processes. */
const fakeMachineSchema = z.object({
  version: z.literal(FAKE_MACHINE_VERSION),
  ...ALWAYS,
  /** The boot device is for the next boot alone. */
  bootOnce: z.boolean().default(false),
  /** Lights that were ever set, by name; all others are off. */
  indicators: z.record(z.string(), z.enum(INDICATOR_STATES)).default({}),
  /** Where power is on its way to, and when it is there. */
  powering: z.object({ to: z.enum(["on", "off"]), at: z.number() }).nullable(),
  /** What somebody wrote on its board by a vendor method; empty at first. */
  assetTag: z.string().default(""),
  bios: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  /** The ramdisk that the next power-on boots, and only that one. */
  nextBoot: z.enum(["inspect", "clean", "deploy", "service", "rescue"]).nullable(),
  runs: z.enum(["nothing", "ramdisk", "instance", "rescue"]),
  ramdiskBoots: z.number().int(),
  /** From when the ramdisk's agent answers, milliseconds since the epoch; null: never. */
  agentAt: z.number().nullable(),
  /** What its agent answers in place of `spec.fake.agentSteps`: the ramdisk was exchanged without a word in git. */
  agentSteps: z.unknown().optional(),
  work: fakeWorkSchema.nullable(),
  disks: z.array(fakeDiskStateSchema),
  /** What was written beside the image; null for none. */
  configDrive: z.record(z.string(), z.unknown()).nullable().default(null),
  /** Entries of `spec.fake.failures` that come up once and have. */
  usedUp: z.array(z.string()),
  /** Acts that it ever took, sessions left out. */
  acts: z.number().int(),
  /** The last of them in words, oldest first; `n` counts them all from 1. */
  log: z.array(
    z.object({
      n: z.number().int(),
      at: z.number(),
      act: z.string(),
      /** Whose lease it came under, in the words of a User-Agent. */
      by: z.string().optional(),
    }),
  ),
});
export type FakeMachine = z.infer<typeof fakeMachineSchema>;

/** A fake machine that nobody has touched: off, uefi, its own boot order, as `spec.fake` says else. */
export function newFakeMachine(node: FleetNode): FakeMachine {
  const power = node.spec.fake?.power ?? "off";
  const disks = declaredDisks(node);
  return {
    version: FAKE_MACHINE_VERSION,
    power,
    bootDevice: "none",
    bootMode: "uefi",
    secureBoot: false,
    sessions: [],
    sessionsMade: 0,
    bootOnce: false,
    indicators: {},
    powering: null,
    assetTag: "",
    bios: {},
    nextBoot: null,
    runs: runsAtFirst(power, disks),
    ramdiskBoots: 0,
    agentAt: null,
    work: null,
    disks,
    configDrive: null,
    usedUp: [],
    acts: 0,
    log: [],
  };
}

/** A machine that is on at first sight runs what somebody put on its disks. */
function runsAtFirst(
  power: FakeMachine["power"],
  disks: FakeMachine["disks"],
): FakeMachine["runs"] {
  return power === "on" && disks.length > 0 ? "instance" : "nothing";
}

/** Reads a stored machine, also of the version before; a new one where the text is none that this version reads. */
export function parseFakeMachine(text: string | null, node: FleetNode): FakeMachine {
  const fresh = newFakeMachine(node);
  const stored = text === null ? null : jsonOf(text);
  const now = fakeMachineSchema.safeParse(stored);
  if (now.success) return withDeclaredDisks(now.data, fresh.disks);
  const before = fakeMachineV1Schema.safeParse(stored);
  if (!before.success) return fresh;
  const runs = runsAtFirst(before.data.power, fresh.disks);
  return { ...fresh, ...before.data, version: FAKE_MACHINE_VERSION, runs };
}

/** The machine with one more act in its log. */
export function logged(
  machine: FakeMachine,
  line: Omit<FakeMachine["log"][number], "n">,
): FakeMachine {
  const n = machine.acts + 1;
  return { ...machine, acts: n, log: [...machine.log.slice(1 - LOG_MAX), { n, ...line }] };
}

/** What is on the disks of git's list today: a disk that was there before keeps its content. */
function withDeclaredDisks(machine: FakeMachine, declared: readonly FakeDisk[]): FakeMachine {
  const disks = declared.map((disk) => {
    const kept = machine.disks.find(({ serial }) => serial === disk.serial);
    return kept === undefined ? disk : { ...kept, name: disk.name, sizeBytes: disk.sizeBytes };
  });
  return { ...machine, disks };
}

/** The disks that its BMC lists, with somebody's data on them. */
function declaredDisks(node: FleetNode): FakeDisk[] {
  return (fakeInventory(node).disks ?? []).map(({ name, serial, sizeBytes }) => ({
    name,
    serial: serial ?? "",
    sizeBytes: sizeBytes ?? 0,
    content: "data",
    metadataErasures: 0,
    erasures: 0,
    writes: 0,
  }));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
