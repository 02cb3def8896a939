import { isMap } from "../../schemas/is-map.ts";

/** One disk as an inspection saw it; null for what it did not say. */
export interface Disk {
  /** What people call it: `/dev/sda`, or the name that the BMC gives it. */
  readonly name: string | null;
  readonly serial: string | null;
  readonly wwn: string | null;
  readonly sizeBytes: number | null;
  readonly model: string | null;
  readonly vendor: string | null;
  readonly rotational: boolean | null;
  /** `HDD`, `SSD` ... */
  readonly media: string | null;
  readonly hctl: string | null;
  readonly byPath: string | null;
}

/**
 * The disks of an inventory (`record.inventory`, or what was observed); null when they are not known. A list with
 * an entry that can't be read is not known either: whoever erases "all other disks" must know all.
 */
export function disksOf(inventory: unknown): readonly Disk[] | null {
  const disks = field(inventory, "disks");
  if (!Array.isArray(disks)) return null;
  const read = disks.flatMap((disk: unknown) => (isMap(disk) ? [diskOf(disk)] : []));
  return read.length === disks.length ? read : null;
}

/** What a sentence calls a disk: its serial where it has one, for a name may be another disk's tomorrow. */
export function diskName({ serial, name, wwn, model }: Disk): string {
  if (serial !== null) return name === null ? serial : `${name} (${serial})`;
  return name ?? wwn ?? model ?? "a disk without a name";
}

function diskOf(disk: object): Disk {
  const text = (key: string): string | null => {
    const value = field(disk, key);
    return typeof value === "string" && value.trim() !== "" ? value : null;
  };
  const size = field(disk, "sizeBytes");
  const rotational = field(disk, "rotational");
  const media = text("media");
  return {
    name: text("name"),
    serial: text("serial"),
    wwn: text("wwn"),
    sizeBytes: typeof size === "number" && Number.isFinite(size) && size > 0 ? size : null,
    model: text("model"),
    vendor: text("vendor"),
    rotational: typeof rotational === "boolean" ? rotational : rotationalOf(media),
    media,
    hctl: text("hctl"),
    byPath: text("byPath"),
  };
}

/** A BMC that names the medium says by it whether it turns (DSP0268 Drive.MediaType). */
function rotationalOf(media: string | null): boolean | null {
  if (media === "HDD") return true;
  return media === "SSD" ? false : null;
}

function field(value: unknown, key: string): unknown {
  return isMap(value) ? Reflect.get(value, key) : undefined;
}
