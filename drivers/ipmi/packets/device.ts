import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";

/** Commands of network function App about the BMC itself (IPMI 2.0, table G-1). */
export const DEVICE_COMMANDS = {
  getDeviceId: 0x01,
  coldReset: 0x02,
  warmReset: 0x03,
  getSystemGuid: 0x37,
} as const;

/** Get Device ID, response (20.1). */
export interface DeviceId {
  readonly id: number;
  readonly revision: number;
  /** True while it updates itself or starts: it may answer other commands with D5h or not at all. */
  readonly isUpdating: boolean;
  /** As people write it: "2.51". */
  readonly firmware: string;
  /** "2.0", "1.5". */
  readonly ipmiVersion: string;
  /** IANA enterprise number; 0 is unspecified. */
  readonly manufacturer: number;
  readonly product: number;
}

const UPDATING = 0x80;
const DEVICE_ID_LEAST = 11;
const UNUSED_AUX_BYTES = 4;

/** Data of the response. */
export function encodeDeviceId(device: DeviceId): Buffer {
  const [major = "0", minor = "0"] = device.firmware.split(".");
  const [whole = "0", tenth = "0"] = device.ipmiVersion.split(".");
  const bytes = Buffer.alloc(DEVICE_ID_LEAST + UNUSED_AUX_BYTES);
  bytes.writeUInt8(device.id, 0);
  bytes.writeUInt8(device.revision & 0x0f, 1);
  bytes.writeUInt8((Number(major) & 0x7f) | (device.isUpdating ? UPDATING : 0), 2);
  bytes.writeUInt8(Number.parseInt(minor, 16), 3);
  bytes.writeUInt8((Number(tenth) << 4) | Number(whole), 4);
  bytes.writeUIntLE(device.manufacturer, 6, 3);
  bytes.writeUInt16LE(device.product, 9);
  return bytes;
}

/** Reads the response's data; the auxiliary bytes are left out. */
export function decodeDeviceId(data: Buffer): Decoded<DeviceId> {
  const short = tooShort(data, DEVICE_ID_LEAST, "the response");
  if (short !== null) return undecoded(short);
  const version = data.readUInt8(4);
  return decoded({
    id: data.readUInt8(0),
    revision: data.readUInt8(1) & 0x0f,
    isUpdating: (data.readUInt8(2) & UPDATING) !== 0,
    firmware: `${data.readUInt8(2) & 0x7f}.${data.readUInt8(3).toString(16).padStart(2, "0")}`,
    ipmiVersion: `${version & 0x0f}.${version >> 4}`,
    manufacturer: data.readUIntLE(6, 3) & 0x0f_ffff,
    product: data.readUInt16LE(9),
  });
}

const GUID_BYTES = 16;

/**
 * How a BMC orders the bytes of its System GUID: `ipmi` as the specification has it, the last byte first (20.8); `rfc4122` the
 * other way round; `smbios` as the machine's own tables, the first three fields turned about.
 */
export type GuidOrder = "smbios" | "rfc4122" | "ipmi";

/** For each order: which byte of the answer is at each place of the text. */
const GUID_PLACES: Readonly<Record<GuidOrder, readonly number[]>> = {
  smbios: [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15],
  rfc4122: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  ipmi: [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
};
/** The order in which they are tried where nothing is known of the BMC: what most of them do first. */
const GUID_ORDERS: readonly GuidOrder[] = ["smbios", "rfc4122", "ipmi"];

const DASHES_AFTER = new Set([3, 5, 7, 9]);

/** The answer to Get System GUID (20.8) for a UUID as people write it. */
export function encodeSystemGuid(uuid: string, order: GuidOrder): Buffer {
  const text = Buffer.from(uuid.replaceAll("-", ""), "hex");
  const bytes = Buffer.alloc(GUID_BYTES);
  for (const [place, from] of GUID_PLACES[order].entries())
    bytes.writeUInt8(text[place] ?? 0, from);
  return bytes;
}

/** What is known besides the bytes. */
export interface GuidHints {
  /** Where it is known of the BMC. */
  readonly order?: GuidOrder | undefined;
  /** What people say the machine's UUID is, lower case. */
  readonly declared?: string | undefined;
}

/**
 * Reads a System GUID; null where it is blank (all 00h or all FFh). BMCs differ in the order of its bytes, and the bytes do not
 * always tell: taken is the known order; else the one in which it is what is declared; else the first in which it is a UUID of
 * RFC 4122 (its variant, and a version from 1 to 8); else that of SMBIOS.
 */
export function decodeSystemGuid(data: Buffer, hints: GuidHints = {}): Decoded<string | null> {
  const short = tooShort(data, GUID_BYTES, "the response");
  if (short !== null) return undecoded(short);
  const bytes = data.subarray(0, GUID_BYTES);
  if (bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === 0xff))
    return decoded(null);
  const { order, declared } = hints;
  if (order !== undefined) return decoded(uuidText(bytes, order));
  const texts = GUID_ORDERS.map((one) => uuidText(bytes, one));
  const known = texts.find((text) => text === declared);
  return decoded(known ?? texts.find((text) => isRfc4122(text)) ?? texts[0] ?? null);
}

function uuidText(bytes: Buffer, order: GuidOrder): string {
  const digits = GUID_PLACES[order].map((from, place) => {
    const two = (bytes[from] ?? 0).toString(16).padStart(2, "0");
    return DASHES_AFTER.has(place) ? `${two}-` : two;
  });
  return digits.join("");
}

function isRfc4122(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text);
}
