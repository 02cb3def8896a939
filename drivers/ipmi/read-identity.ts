import type { Identity } from "../../schemas/documents.ts";
import { type Failure, ok, type Result } from "../../schemas/failure.ts";
import type { MachineInventory } from "../../schemas/machine-inventory.ts";
import { realValue } from "../net/plain-words.ts";
import { fruRead, READS } from "./commands.ts";
import { decodeSystemGuid, type DeviceId } from "./packets/device.ts";
import {
  decodeFru,
  decodeFruAreaInfo,
  decodeFruPart,
  type Fru,
  type FruAreaInfo,
  fruBytesNeeded,
} from "./packets/fru.ts";
import { type ReadAt, readBy } from "./read-machine.ts";

/** What the machine says of itself, by System GUID and FRU. What a BMC does not offer is left out; what fails is a reason. */
export async function readIdentity(
  at: ReadAt,
  declared: string | undefined,
): Promise<Result<Identity>> {
  const tags = await readTags(at, declared);
  return tags.ok ? ok(identityOf(tags.value)) : tags;
}

/** What a machine consists of, as far as IPMI knows it: who made it and what the BMC runs. The rest is null. */
export async function readInventory(
  at: ReadAt,
  declared: string | undefined,
  deviceId: DeviceId,
): Promise<Result<MachineInventory>> {
  const tags = await readTags(at, declared);
  if (!tags.ok) return tags;
  const { manufacturer, serial, systemUuid } = identityOf(tags.value);
  const { product, board } = tags.value.fru;
  return ok({
    system: {
      uuid: systemUuid ?? null,
      serial: serial ?? null,
      manufacturer: manufacturer ?? null,
      model: realValue(product?.name) ?? realValue(board?.product) ?? null,
      sku: realValue(product?.part) ?? null,
    },
    ...UNSAID,
    firmware: { bios: null, bmc: deviceId.firmware, components: null },
    notes: [...tags.value.notes],
  });
}

/** IPMI has no commands for them. */
const UNSAID = {
  cpu: { socketCount: null, coreCount: null, threadCount: null, model: null, architecture: null },
  memoryBytes: null,
  disks: null,
  nics: null,
} as const;

/** The machine's name tags. */
interface Tags {
  readonly fru: Fru;
  readonly systemUuid: string | undefined;
  /** What the BMC does not offer, a sentence each. */
  readonly notes: readonly string[];
}

async function readTags(at: ReadAt, declared: string | undefined): Promise<Result<Tags>> {
  const hints = { declared: declared?.toLowerCase() };
  const uuid = await readBy(at, READS.systemGuid, (data) => decodeSystemGuid(data, hints));
  if (!uuid.ok && !isUnoffered(uuid.failure)) return uuid;
  const systemUuid = realValue((uuid.ok ? uuid.value : null) ?? undefined);
  const fru = await at.bmc.fru(systemUuid ?? null, () => readFru(at));
  if (!fru.ok && !isUnoffered(fru.failure)) return fru;
  const notes = [
    ...(uuid.ok ? [] : [`System GUID: ${uuid.failure.message}`]),
    ...(fru.ok ? [] : [`FRU: ${fru.failure.message}`]),
  ];
  return ok({ fru: fru.ok ? fru.value : {}, systemUuid, notes });
}

function identityOf({ fru: { product, chassis, board }, systemUuid }: Tags): Identity {
  const manufacturer = realValue(product?.manufacturer) ?? realValue(board?.manufacturer);
  // A board's own serial number is none of the machine: a board that is changed would make it another one.
  const serial = realValue(product?.serial) ?? realValue(chassis?.serial);
  return {
    ...(manufacturer === undefined ? {} : { manufacturer }),
    ...(serial === undefined ? {} : { serial }),
    ...(systemUuid === undefined ? {} : { systemUuid }),
  };
}

/** The BMC answered, and has no such thing; one that says "not now" has it. */
function isUnoffered({ kind, code, cause }: Failure): boolean {
  const isLasting = kind === "stalled" && cause !== FRU_BUSY;
  return isLasting && (code === "IW-B18" || code === "IW-B10");
}

/** Of Read FRU Data (34.2): the device is busy. */
const FRU_BUSY = "completion code 81h";

/** Chips of a few hundred bytes are usual; nothing beyond is read. */
const FRU_BYTES_MAX = 4096;

/** Chassis, board and product of FRU 0. */
async function readFru(at: ReadAt): Promise<Result<Fru>> {
  const info = await readBy(at, READS.fruAreaInfo, decodeFruAreaInfo);
  if (!info.ok) return info;
  const header = await readFruBytes(at, info.value, Buffer.alloc(0), 8);
  if (!header.ok) return header;
  const needed = fruBytesNeeded(header.value);
  // A chip that nobody wrote says nothing, which is no fault.
  if (!needed.ok) return ok({});
  const bytes = await readFruBytes(at, info.value, header.value, needed.value);
  if (!bytes.ok) return bytes;
  const fru = decodeFru(bytes.value);
  return ok(fru.ok ? fru.value : {});
}

/** Goes on from what is there, until so many bytes are there or the chip ends. */
async function readFruBytes(
  at: ReadAt,
  { bytes: size, isByWords }: FruAreaInfo,
  from: Buffer,
  to: number,
): Promise<Result<Buffer>> {
  const unit = isByWords ? 2 : 1;
  const end = Math.min(to, size, FRU_BYTES_MAX);
  let all = from;
  while (all.length < end) {
    const count = Math.ceil(Math.min(at.bmc.partBytes, end - all.length) / unit);
    const command = fruRead(all.length / unit, count);
    const part = await readBy(at, command, (data) => decodeFruPart(data, unit));
    if (!part.ok) return part;
    all = Buffer.concat([all, part.value]);
  }
  return ok(all);
}
