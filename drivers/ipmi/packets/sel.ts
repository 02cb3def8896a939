import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";

/** Commands of network function Storage about the System Event Log (IPMI 2.0, table G-1). */
export const SEL_COMMANDS = {
  getInfo: 0x40,
  reserve: 0x42,
  getEntry: 0x43,
  clear: 0x47,
} as const;

/** Get SEL Info, response (31.2), as far as it is used. */
export interface SelInfo {
  readonly entryCount: number;
  /** Seconds since 1970; 0xFFFFFFFF where the BMC does not know. */
  readonly addedAt: number;
  readonly erasedAt: number;
}

const SEL_VERSION = 0x51;
const INFO_BYTES = 14;
/** Operations: reserve is there. */
const CAN_RESERVE = 0x02;

/** Data of the response. */
export function encodeSelInfo({ entryCount, addedAt, erasedAt }: SelInfo): Buffer {
  const bytes = Buffer.alloc(INFO_BYTES);
  bytes.writeUInt8(SEL_VERSION, 0);
  bytes.writeUInt16LE(entryCount, 1);
  bytes.writeUInt16LE(0xffff, 3);
  bytes.writeUInt32LE(addedAt, 5);
  bytes.writeUInt32LE(erasedAt, 9);
  bytes.writeUInt8(CAN_RESERVE, 13);
  return bytes;
}

/** Reads the response's data. */
export function decodeSelInfo(data: Buffer): Decoded<SelInfo> {
  const short = tooShort(data, INFO_BYTES, "the response");
  if (short !== null) return undecoded(short);
  return decoded({
    entryCount: data.readUInt16LE(1),
    addedAt: data.readUInt32LE(5),
    erasedAt: data.readUInt32LE(9),
  });
}

/** Reserve SEL and Reserve SDR Repository, response (31.4, 33.11): the one number. */
export function encodeReservation(reservation: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(reservation);
  return bytes;
}

/** Reads it. */
export function decodeReservation(data: Buffer): Decoded<number> {
  const short = tooShort(data, 2, "the response");
  return short === null ? decoded(data.readUInt16LE(0)) : undecoded(short);
}

/** Record ids of Get SEL Entry with a meaning of their own (31.5). */
export const SEL_FIRST = 0x0000;
export const SEL_LAST = 0xffff;

const WHOLE_RECORD = 0xff;

/** Data of Get SEL Entry (31.5): the whole of one record, for which no reservation is needed. */
export function encodeSelEntryRequest(record: number): Buffer {
  return Buffer.from([0, 0, record & 0xff, record >> 8, 0, WHOLE_RECORD]);
}

/** Reads it; answers the record's id. */
export function decodeSelEntryRequest(data: Buffer): Decoded<number> {
  const short = tooShort(data, 6, "the request");
  return short === null ? decoded(data.readUInt16LE(2)) : undecoded(short);
}

/** A system event record (32.1); those of an OEM keep their bytes and nothing is known of them (32.2, 32.3). */
export type SelRecord =
  | {
      readonly kind: "event";
      readonly id: number;
      /** Seconds since 1970, or since the BMC started where they are few. */
      readonly at: number;
      readonly generator: number;
      readonly sensorType: number;
      readonly sensor: number;
      /** It went away, where it else came. */
      readonly isDeassertion: boolean;
      readonly eventType: number;
      readonly data: Buffer;
    }
  | {
      readonly kind: "oem";
      readonly id: number;
      readonly type: number;
      readonly rest: Buffer;
    };

/** Get SEL Entry, response: the record, and which comes after it. */
export interface SelEntry {
  readonly next: number;
  readonly record: SelRecord;
}

const RECORD_BYTES = 16;
const SYSTEM_EVENT = 0x02;
const DEASSERTION = 0x80;
const EVENT_REVISION = 0x04;

/** Data of the response. */
export function encodeSelEntry({ next, record }: SelEntry): Buffer {
  const bytes = Buffer.alloc(2 + RECORD_BYTES);
  bytes.writeUInt16LE(next, 0);
  bytes.writeUInt16LE(record.id, 2);
  if (record.kind === "oem") {
    bytes.writeUInt8(record.type, 4);
    record.rest.copy(bytes, 5);
    return bytes;
  }
  bytes.writeUInt8(SYSTEM_EVENT, 4);
  bytes.writeUInt32LE(record.at, 5);
  bytes.writeUInt16LE(record.generator, 9);
  bytes.writeUInt8(EVENT_REVISION, 11);
  bytes.writeUInt8(record.sensorType, 12);
  bytes.writeUInt8(record.sensor, 13);
  bytes.writeUInt8(record.eventType | (record.isDeassertion ? DEASSERTION : 0), 14);
  record.data.copy(bytes, 15, 0, 3);
  return bytes;
}

/** Reads the response's data. */
export function decodeSelEntry(data: Buffer): Decoded<SelEntry> {
  const short = tooShort(data, 2 + RECORD_BYTES, "the response");
  if (short !== null) return undecoded(short);
  const next = data.readUInt16LE(0);
  const id = data.readUInt16LE(2);
  const type = data.readUInt8(4);
  if (type !== SYSTEM_EVENT)
    return decoded({ next, record: { kind: "oem", id, type, rest: data.subarray(5, 18) } });
  const direction = data.readUInt8(14);
  return decoded({
    next,
    record: {
      kind: "event",
      id,
      at: data.readUInt32LE(5),
      generator: data.readUInt16LE(9),
      sensorType: data.readUInt8(12),
      sensor: data.readUInt8(13),
      isDeassertion: (direction & DEASSERTION) !== 0,
      eventType: direction & ~DEASSERTION,
      data: data.subarray(15, 18),
    },
  });
}

const CLEAR_WORD = Buffer.from("CLR", "ascii");
const CLEAR_NOW = 0xaa;
const CLEAR_STATUS = 0x00;

/** Clear SEL, request (31.9). */
export interface ClearSel {
  readonly reservation: number;
  /** Else it only asks how far the clearing is. */
  readonly isStart: boolean;
}

/** Data of the request. */
export function encodeClearSel({ reservation, isStart }: ClearSel): Buffer {
  const action = Buffer.from([isStart ? CLEAR_NOW : CLEAR_STATUS]);
  return Buffer.concat([encodeReservation(reservation), CLEAR_WORD, action]);
}

/** Reads the request's data. */
export function decodeClearSel(data: Buffer): Decoded<ClearSel> {
  const short = tooShort(data, 6, "the request");
  if (short !== null) return undecoded(short);
  if (!data.subarray(2, 5).equals(CLEAR_WORD)) return undecoded("it does not say CLR");
  return decoded({ reservation: data.readUInt16LE(0), isStart: data.readUInt8(5) === CLEAR_NOW });
}
