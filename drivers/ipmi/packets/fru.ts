import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";
import { checksum } from "./lan-message.ts";

/** Commands of network function Storage about FRU inventories (IPMI 2.0, table G-1). */
export const FRU_COMMANDS = { getAreaInfo: 0x10, read: 0x11 } as const;

/** Get FRU Inventory Area Info, response (34.1). */
export interface FruAreaInfo {
  readonly bytes: number;
  /** Offsets and counts are in words, not in bytes. */
  readonly isByWords: boolean;
}

/** Data of the response. */
export function encodeFruAreaInfo({ bytes, isByWords }: FruAreaInfo): Buffer {
  return Buffer.from([bytes & 0xff, bytes >> 8, isByWords ? 1 : 0]);
}

/** Reads the response's data. */
export function decodeFruAreaInfo(data: Buffer): Decoded<FruAreaInfo> {
  const short = tooShort(data, 3, "the response");
  if (short !== null) return undecoded(short);
  return decoded({ bytes: data.readUInt16LE(0), isByWords: (data.readUInt8(2) & 1) !== 0 });
}

/** Read FRU Data, request (34.2); offset and count as the area counts. */
export interface FruRead {
  readonly fru: number;
  readonly offset: number;
  readonly count: number;
}

/** Data of the request. */
export function encodeFruRead({ fru, offset, count }: FruRead): Buffer {
  return Buffer.from([fru, offset & 0xff, offset >> 8, count]);
}

/** Reads the request's data. */
export function decodeFruRead(data: Buffer): Decoded<FruRead> {
  const short = tooShort(data, 4, "the request");
  if (short !== null) return undecoded(short);
  return decoded({
    fru: data.readUInt8(0),
    offset: data.readUInt16LE(1),
    count: data.readUInt8(3),
  });
}

/** Data of the response (34.2): a count, and so many bytes. */
export function encodeFruPart(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** Reads the response's data; `unit` is 2 where the area counts words. */
export function decodeFruPart(data: Buffer, unit: 1 | 2): Decoded<Buffer> {
  const short = tooShort(data, 1, "the response");
  if (short !== null) return undecoded(short);
  const length = data.readUInt8(0) * unit;
  if (length === 0) return undecoded("it holds nothing");
  if (data.length < 1 + length) return undecoded("its bytes are cut off");
  return decoded(data.subarray(1, 1 + length));
}

/** What an inventory says of a machine, as texts; what it does not say is left out (Platform Management FRU 1.0). */
export interface Fru {
  readonly chassis?: { readonly part?: string; readonly serial?: string };
  readonly board?: {
    readonly manufacturer?: string;
    readonly product?: string;
    readonly serial?: string;
    readonly part?: string;
  };
  readonly product?: {
    readonly manufacturer?: string;
    readonly name?: string;
    readonly part?: string;
    readonly version?: string;
    readonly serial?: string;
    readonly asset?: string;
  };
}

const FORMAT_VERSION = 0x01;
const VERSION_MASK = 0x0f;
const HEADER_BYTES = 8;
/** Offsets and lengths of areas count eights of bytes (FRU 1.0, 8). */
const UNIT = 8;
const END_OF_FIELDS = 0xc1;
const ENGLISH = 0x19;

/** A rack mount chassis, among the types of SMBIOS. */
const RACK_MOUNT = 0x17;

/**
 * The areas: place in the header, bytes before the first field, the last of those that say something, and the fields in order
 * (FRU 1.0, 10, 11, 12). `unsaid` fields come behind them and stay empty: the FRU file id, which is no custom field.
 */
const AREAS = {
  chassis: { at: 2, headBytes: 3, third: RACK_MOUNT, fields: ["part", "serial"], unsaid: 0 },
  board: {
    at: 3,
    headBytes: 6,
    third: ENGLISH,
    fields: ["manufacturer", "product", "serial", "part"],
    unsaid: 1,
  },
  product: {
    at: 4,
    headBytes: 3,
    third: ENGLISH,
    fields: ["manufacturer", "name", "part", "version", "serial", "asset"],
    unsaid: 1,
  },
} as const;
const AREA_NAMES = ["chassis", "board", "product"] as const;

/** A whole inventory with these texts. */
export function encodeFru(fru: Fru): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(FORMAT_VERSION, 0);
  const areas: Buffer[] = [];
  let at = HEADER_BYTES / UNIT;
  for (const name of AREA_NAMES) {
    const said: Readonly<Record<string, string>> | undefined = fru[name];
    if (said === undefined) continue;
    const { headBytes, third, fields, unsaid } = AREAS[name];
    const texts = [...fields.map((field) => said[field] ?? ""), ...Array<string>(unsaid).fill("")];
    const bytes = texts.map((text) => Buffer.from(fieldOf(text), "latin1"));
    const area = encodeArea({ headBytes, third }, bytes);
    header.writeUInt8(at, AREAS[name].at);
    areas.push(area);
    at += area.length / UNIT;
  }
  header.writeUInt8(checksum(header), HEADER_BYTES - 1);
  return Buffer.concat([header, ...areas]);
}

/** One letter alone would read as the end of the fields (FRU 1.0, 13). */
function fieldOf(text: string): string {
  return text.length === 1 ? `${text} ` : text;
}

function encodeArea(
  { headBytes, third }: { readonly headBytes: number; readonly third: number },
  texts: readonly Buffer[],
): Buffer {
  const fields = texts.flatMap((text) => [Buffer.from([0xc0 | text.length]), text]);
  const used = headBytes + Buffer.concat(fields).length + 2;
  const area = Buffer.alloc(Math.ceil(used / UNIT) * UNIT);
  area.writeUInt8(FORMAT_VERSION, 0);
  area.writeUInt8(area.length / UNIT, 1);
  area.writeUInt8(third, 2);
  Buffer.concat([...fields, Buffer.from([END_OF_FIELDS])]).copy(area, headBytes);
  area.writeUInt8(checksum(area), area.length - 1);
  return area;
}

/** How many bytes of an inventory hold chassis, board and product, by its header; multi-records lie behind them. */
export function fruBytesNeeded(header: Buffer): Decoded<number> {
  const wrong = headerFault(header);
  if (wrong !== null) return undecoded(wrong);
  const records = header.readUInt8(5) * UNIT;
  const starts = AREA_NAMES.map((name) => header.readUInt8(AREAS[name].at) * UNIT);
  // What comes after the last area is unknown before its length is read: at most 255 eights.
  const last = Math.max(0, ...starts);
  return decoded(records > last ? records : last + 0xff * UNIT);
}

function headerFault(bytes: Buffer): string | null {
  const short = tooShort(bytes, HEADER_BYTES, "the inventory");
  if (short !== null) return short;
  if ((bytes.readUInt8(0) & VERSION_MASK) !== FORMAT_VERSION) return "its format is not version 1";
  return checksum(bytes.subarray(0, HEADER_BYTES)) === 0 ? null : "its header has a wrong checksum";
}

/** Reads an inventory, or as much of it as is there; an area that is damaged is left out. */
export function decodeFru(bytes: Buffer): Decoded<Fru> {
  const wrong = headerFault(bytes);
  if (wrong !== null) return undecoded(wrong);
  const found: [string, Readonly<Record<string, string>>][] = [];
  for (const name of AREA_NAMES) {
    const said = decodeArea(bytes, bytes.readUInt8(AREAS[name].at) * UNIT, AREAS[name]);
    if (said !== null) found.push([name, said]);
  }
  return decoded(Object.fromEntries(found));
}

function decodeArea(
  bytes: Buffer,
  from: number,
  { headBytes, fields }: { readonly headBytes: number; readonly fields: readonly string[] },
): Readonly<Record<string, string>> | null {
  if (from === 0 || bytes.length < from + 2) return null;
  const area = bytes.subarray(from, from + bytes.readUInt8(from + 1) * UNIT);
  if (area.length < headBytes || checksum(area) !== 0) return null;
  if ((area.readUInt8(0) & VERSION_MASK) !== FORMAT_VERSION) return null;
  const said: Record<string, string> = {};
  let at = headBytes;
  for (const field of fields) {
    const head = area[at];
    if (head === undefined || head === END_OF_FIELDS) break;
    const length = head & 0x3f;
    const text = decodeFieldText(head >> 6, area.subarray(at + 1, at + 1 + length)).trim();
    if (text !== "") said[field] = text;
    at += 1 + length;
  }
  return said;
}

const BCD_DIGITS = "0123456789 -.???";

/** The text of a field by its type (FRU 1.0, 13; the same in SDRs, IPMI 2.0, 43.15); binary as hexadecimal digits. */
export function decodeFieldText(type: number, bytes: Buffer): string {
  switch (type) {
    case 0:
      return bytes.toString("hex");
    case 1:
      return [...bytes].map((byte) => `${BCD_DIGITS[byte >> 4]}${BCD_DIGITS[byte & 15]}`).join("");
    case 2:
      return sixBitText(bytes);
    default:
      // Anything but printable letters is noise of an unwritten chip.
      return bytes.toString("latin1").replaceAll(/[^\x20-\x7e\xa0-\xff]/g, "");
  }
}

/** Four letters in three bytes, the low bits first, counted from the space on (FRU 1.0, 13.2). */
function sixBitText(bytes: Buffer): string {
  let text = "";
  for (let bit = 0; bit + 6 <= bytes.length * 8; bit += 6) {
    const two = (bytes[bit >> 3] ?? 0) | ((bytes[(bit >> 3) + 1] ?? 0) << 8);
    text += String.fromCharCode(0x20 + ((two >> (bit & 7)) & 0x3f));
  }
  return text;
}
