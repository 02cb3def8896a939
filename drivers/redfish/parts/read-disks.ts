import type { Disk } from "../../../schemas/machine-inventory.ts";
import type { JsonObject } from "../../net/read-json.ts";
import { linkAt, objectsAt, textAt } from "../resource.ts";
import {
  countAt,
  nameOf,
  type Part,
  type PartSource,
  pathsOf,
  saidAt,
  wordAt,
  isAbsent,
} from "./part-source.ts";

/** Storage subsystems of one machine: a handful; a server full of NVMe drives has one each. */
const STORAGES_MAX = 64;

/** Drives of one machine: the fullest disk shelves behind one server hold about 200. */
const DRIVES_MAX = 256;

/** DSP0268 Drive.MediaType; SMR and SSHD spin. */
const MEDIA: Readonly<Record<string, Disk["media"]>> = {
  SSD: "SSD",
  HDD: "HDD",
  SMR: "HDD",
  SSHD: "HDD",
};

/** DSP0268 Resource.Identifier.DurableNameFormat of world wide names. */
const WWN_FORMATS = new Set(["NAA", "EUI", "FC_WWN"]);

/**
 * The drives of a system by Storage; by SimpleStorage, which knows no serial, where that lists none. Null where a
 * subsystem could not be read: a list that lacks disks must not look whole.
 */
export async function readDisks(
  source: PartSource,
  system: JsonObject,
): Promise<readonly Disk[] | null> {
  const simple = linkAt(system, "SimpleStorage");
  const path = linkAt(system, "Storage");
  const storages =
    path === undefined && simple !== undefined
      ? null
      : await source.members("storage", path, STORAGES_MAX);
  const disks = storages === null ? null : await disksOf(source, storages);
  if (simple === undefined || (disks !== null && disks.length > 0)) return disks;
  return (await simpleDisks(source, simple)) ?? disks;
}

async function disksOf(
  source: PartSource,
  storages: readonly Part[],
): Promise<readonly Disk[] | null> {
  const controllers = new Map<string, string>();
  for (const storage of storages) {
    if (storage.body === null) return null;
    const [first] = objectsAt(storage.body, "StorageControllers");
    const controller = wordAt(first ?? null, "Name") ?? nameOf(storage);
    for (const path of pathsOf(objectsAt(storage.body, "Drives"))) {
      if (path !== undefined && !controllers.has(path)) controllers.set(path, controller);
    }
  }
  const drives = await source.each("drives", [...controllers.keys()], DRIVES_MAX);
  if (drives === null) return null;
  return drives.map((drive) => diskOf(drive, controllers.get(drive.path) ?? null));
}

function diskOf(drive: Part, controller: string | null): Disk {
  const { body } = drive;
  const media = MEDIA[textAt(body, "MediaType") ?? ""] ?? null;
  const nvme = (textAt(body, "Protocol") ?? "").startsWith("NVMe");
  return {
    name: nameOf(drive),
    serial: saidAt(body, "SerialNumber"),
    wwn: wwnOf(body),
    sizeBytes: countAt(body, "CapacityBytes"),
    model: saidAt(body, "Model"),
    vendor: saidAt(body, "Manufacturer"),
    media: nvme ? "NVMe" : media,
    rotational: nvme ? false : rotational(body, media),
    controller,
  };
}

function rotational(body: JsonObject | null, media: Disk["media"]): boolean | null {
  if (media !== null) return media === "HDD";
  const speed = body?.["RotationSpeedRPM"];
  return typeof speed === "number" ? speed > 0 : null;
}

function wwnOf(body: JsonObject | null): string | null {
  for (const identifier of objectsAt(body ?? {}, "Identifiers")) {
    if (!WWN_FORMATS.has(textAt(identifier, "DurableNameFormat") ?? "")) continue;
    const name = textAt(identifier, "DurableName") ?? "";
    const digits = name.toLowerCase().replace(/^(naa|eui)\.|^0x|[:\s-]/g, "");
    if (/^[0-9a-f]{8,32}$/.test(digits) && !/^(0+|f+)$/.test(digits)) return `0x${digits}`;
  }
  return null;
}

async function simpleDisks(source: PartSource, path: string): Promise<readonly Disk[] | null> {
  const storages = await source.members("simple storage", path, STORAGES_MAX);
  if (storages === null || storages.some(({ body }) => body === null)) return null;
  const disks = storages.flatMap((storage) =>
    objectsAt(storage.body ?? {}, "Devices")
      .filter((device) => !isAbsent(device))
      .map((device, at) =>
        diskOf({ path: `${storage.path}/${at}`, body: device }, nameOf(storage)),
      ),
  );
  if (disks.length <= DRIVES_MAX) return disks;
  source.note("simple storage", `${disks.length} devices are listed, more than are read`);
  return null;
}
