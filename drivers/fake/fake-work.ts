import type { FakeDisk, FakeMachine, FakeWork } from "./fake-machine.ts";

/** The machine once its work is at its end: a step that has failed leaves everything as it was. */
export function finishedWork(machine: FakeMachine): FakeMachine {
  const { work } = machine;
  if (work === null) return machine;
  if (work.message !== null) return { ...machine, work: { ...work, state: "failed" } };
  const effect = EFFECTS[work.erases === null ? work.step : ERASING[work.erases]];
  return { ...machine, ...effect?.(machine, work), work: { ...work, state: "done" } };
}

/** What a step that only the agent knows does to disks is what the step of everybody does to them. */
const ERASING: Readonly<Record<NonNullable<FakeWork["erases"]>, string>> = {
  metadata: "deploy.erase_devices_metadata",
  full: "deploy.erase_devices",
  root: "deploy.erase_devices",
};

/** What a step leaves behind, by `interface.step`; those that are left out leave nothing. */
const EFFECTS: Readonly<
  Record<string, (machine: FakeMachine, work: FakeWork) => Partial<FakeMachine>>
> = {
  "deploy.erase_devices_metadata": (machine, work) => ({
    disks: onDisks(machine, work, (disk) => ({
      content: disk.content === "blank" ? "blank" : "metadata",
      metadataErasures: disk.metadataErasures + 1,
    })),
  }),
  "deploy.erase_devices": (machine, work) => ({
    disks: onDisks(machine, work, ({ erasures }) => ({ content: "blank", erasures: erasures + 1 })),
  }),
  "deploy.write_image": (machine, work) => ({
    configDrive: configDriveOf(work),
    disks: onDisks(machine, work, ({ writes }) => ({
      content: imageOf(work),
      writes: writes + 1,
    })),
  }),
  "bios.apply_configuration": ({ bios }, { args }) => ({ bios: { ...bios, ...settingsOf(args) } }),
  "bios.factory_reset": () => ({ bios: {} }),
};

/** The disks with those of the named serials changed, and no others. */
function onDisks(
  { disks }: FakeMachine,
  work: FakeWork,
  change: (disk: FakeDisk) => Partial<FakeDisk>,
): FakeDisk[] {
  return disks.map((disk) =>
    work.disks.includes(disk.serial) ? { ...disk, ...change(disk) } : disk,
  );
}

function imageOf({ args: { image } }: FakeWork): string {
  return typeof image === "string" ? image : "image";
}

function configDriveOf({ args: { configDrive } }: FakeWork): FakeMachine["configDrive"] {
  return typeof configDrive === "object" && configDrive !== null ? { ...configDrive } : null;
}

/** Ironic's form: a list of maps with a name and a value. */
function settingsOf({ settings }: FakeWork["args"]): FakeMachine["bios"] {
  const pairs = Array.isArray(settings) ? settings : [];
  return Object.fromEntries(pairs.flatMap(settingOf));
}

function settingOf(pair: unknown): [string, string | number | boolean][] {
  if (typeof pair !== "object" || pair === null || !("name" in pair) || !("value" in pair))
    return [];
  const { name, value } = pair;
  if (typeof name !== "string") return [];
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
    return [];
  return [[name, value]];
}
