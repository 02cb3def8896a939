import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";
import { decodeFieldText } from "./fru.ts";

/** Commands of network function Storage about the SDR repository, and of Sensor about readings (IPMI 2.0, table G-1). */
export const SDR_COMMANDS = { reserve: 0x22, get: 0x23 } as const;
export const SENSOR_COMMANDS = { getReading: 0x2d } as const;

/** Record ids of Get SDR (33.12). */
export const SDR_FIRST = 0x0000;
export const SDR_LAST = 0xffff;

/** Get SDR, request (33.12). */
export interface SdrRequest {
  readonly reservation: number;
  readonly record: number;
  readonly offset: number;
  readonly count: number;
}

/** Data of the request. */
export function encodeSdrRequest({ reservation, record, offset, count }: SdrRequest): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16LE(reservation, 0);
  bytes.writeUInt16LE(record, 2);
  bytes.writeUInt8(offset, 4);
  bytes.writeUInt8(count, 5);
  return bytes;
}

/** Reads the request's data. */
export function decodeSdrRequest(data: Buffer): Decoded<SdrRequest> {
  const short = tooShort(data, 6, "the request");
  if (short !== null) return undecoded(short);
  return decoded({
    reservation: data.readUInt16LE(0),
    record: data.readUInt16LE(2),
    offset: data.readUInt8(4),
    count: data.readUInt8(5),
  });
}

/** Get SDR, response (33.12): part of a record, and which record comes after it. */
export interface SdrPart {
  readonly next: number;
  readonly bytes: Buffer;
}

/** Data of the response. */
export function encodeSdrPart({ next, bytes }: SdrPart): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16LE(next);
  return Buffer.concat([head, bytes]);
}

/** Reads the response's data. */
export function decodeSdrPart(data: Buffer): Decoded<SdrPart> {
  const short = tooShort(data, 3, "the response");
  if (short !== null) return undecoded(short);
  return decoded({ next: data.readUInt16LE(0), bytes: data.subarray(2) });
}

/** Bytes of the header of every record (43). */
export const SDR_HEADER_BYTES = 5;

/** The length of a whole record, header included, by its header. */
export function sdrLength(header: Buffer): Decoded<number> {
  const short = tooShort(header, SDR_HEADER_BYTES, "the record's header");
  return short === null ? decoded(SDR_HEADER_BYTES + header.readUInt8(4)) : undecoded(short);
}

/** How raw readings of a sensor become numbers (36.3): (M x + B 10^bExponent) 10^rExponent. */
export interface Formula {
  readonly format: "unsigned" | "ones" | "twos";
  readonly m: number;
  readonly b: number;
  readonly bExponent: number;
  readonly rExponent: number;
  /** 0 is linear; others are functions of table 43-1, byte 24. */
  readonly linearization: number;
}

/** A sensor with analogue readings (Full Sensor Record, 43.1), as far as it is used. */
export interface FullSensor {
  readonly id: number;
  readonly owner: number;
  readonly lun: number;
  readonly number: number;
  readonly sensorType: number;
  /** Number of table 43-15. */
  readonly unit: number;
  readonly isPercent: boolean;
  readonly formula: Formula;
  readonly name: string;
}

const SDR_VERSION = 0x51;
const FULL_SENSOR = 0x01;
const FULL_SENSOR_BYTES = 48;
const FORMATS = ["unsigned", "ones", "twos"] as const;
const THRESHOLD_READINGS = 0x01;
const PERCENT = 0x01;
const NAME_LETTERS_MAX = 16;

/** A whole record. */
export function encodeFullSensor(sensor: FullSensor): Buffer {
  const { formula } = sensor;
  const name = Buffer.from(sensor.name, "latin1").subarray(0, NAME_LETTERS_MAX);
  const bytes = Buffer.alloc(FULL_SENSOR_BYTES);
  bytes.writeUInt16LE(sensor.id, 0);
  bytes.writeUInt8(SDR_VERSION, 2);
  bytes.writeUInt8(FULL_SENSOR, 3);
  bytes.writeUInt8(FULL_SENSOR_BYTES + name.length - SDR_HEADER_BYTES, 4);
  bytes.writeUInt8(sensor.owner, 5);
  bytes.writeUInt8(sensor.lun, 6);
  bytes.writeUInt8(sensor.number, 7);
  bytes.writeUInt8(sensor.sensorType, 12);
  bytes.writeUInt8(THRESHOLD_READINGS, 13);
  bytes.writeUInt8((FORMATS.indexOf(formula.format) << 6) | (sensor.isPercent ? PERCENT : 0), 20);
  bytes.writeUInt8(sensor.unit, 21);
  bytes.writeUInt8(formula.linearization, 23);
  bytes.writeUInt8(formula.m & 0xff, 24);
  bytes.writeUInt8(((formula.m >> 8) & 3) << 6, 25);
  bytes.writeUInt8(formula.b & 0xff, 26);
  bytes.writeUInt8(((formula.b >> 8) & 3) << 6, 27);
  bytes.writeUInt8(((formula.rExponent & 15) << 4) | (formula.bExponent & 15), 29);
  bytes.writeUInt8(0xc0 | name.length, 47);
  return Buffer.concat([bytes, name]);
}

/** Reads a record; null for one that is no sensor with analogue readings. */
export function decodeFullSensor(bytes: Buffer): Decoded<FullSensor | null> {
  const short = tooShort(bytes, SDR_HEADER_BYTES, "the record");
  if (short !== null) return undecoded(short);
  if (bytes.readUInt8(3) !== FULL_SENSOR) return decoded(null);
  const cut = tooShort(bytes, FULL_SENSOR_BYTES, "the sensor record");
  if (cut !== null) return undecoded(cut);
  const format = FORMATS[bytes.readUInt8(20) >> 6];
  if (format === undefined) return decoded(null);
  const head = bytes.readUInt8(47);
  const text = bytes.subarray(FULL_SENSOR_BYTES, FULL_SENSOR_BYTES + (head & 0x1f));
  return decoded({
    id: bytes.readUInt16LE(0),
    owner: bytes.readUInt8(5),
    lun: bytes.readUInt8(6) & 3,
    number: bytes.readUInt8(7),
    sensorType: bytes.readUInt8(12),
    unit: bytes.readUInt8(21),
    isPercent: (bytes.readUInt8(20) & PERCENT) !== 0,
    formula: {
      format,
      m: signed(bytes.readUInt8(24) | ((bytes.readUInt8(25) >> 6) << 8), 10),
      b: signed(bytes.readUInt8(26) | ((bytes.readUInt8(27) >> 6) << 8), 10),
      bExponent: signed(bytes.readUInt8(29) & 15, 4),
      rExponent: signed(bytes.readUInt8(29) >> 4, 4),
      linearization: bytes.readUInt8(23) & 0x7f,
    },
    name: decodeFieldText(head >> 6, text),
  });
}

/** A number of so many bits in two's complement. */
function signed(value: number, bits: number): number {
  return value >= 1 << (bits - 1) ? value - (1 << bits) : value;
}

/** Get Sensor Reading, response (35.14). */
export interface SensorReading {
  readonly raw: number;
  /** False while it is not scanned, or says itself that the reading is none. */
  readonly isThere: boolean;
}

const SCANNING = 0x40;
const UNAVAILABLE = 0x20;

/** Data of the response. */
export function encodeSensorReading({ raw, isThere }: SensorReading): Buffer {
  return Buffer.from([raw, isThere ? SCANNING : SCANNING | UNAVAILABLE]);
}

/** Reads the response's data. */
export function decodeSensorReading(data: Buffer): Decoded<SensorReading> {
  const short = tooShort(data, 2, "the response");
  if (short !== null) return undecoded(short);
  const state = data.readUInt8(1);
  return decoded({
    raw: data.readUInt8(0),
    isThere: (state & SCANNING) !== 0 && (state & UNAVAILABLE) === 0,
  });
}

/** Functions of table 43-1, byte 24, after the linear part; from 12 on they are a maker's own. */
const LINEARIZATIONS: readonly ((value: number) => number)[] = [
  (value) => value,
  Math.log,
  Math.log10,
  Math.log2,
  Math.exp,
  (value) => 10 ** value,
  (value) => 2 ** value,
  (value) => 1 / value,
  (value) => value ** 2,
  (value) => value ** 3,
  Math.sqrt,
  Math.cbrt,
];

/** The value of a raw reading (36.3); null where its function is a maker's own, or the value is no number. */
export function sensorValue(raw: number, formula: Formula): number | null {
  const linearize = LINEARIZATIONS[formula.linearization];
  if (linearize === undefined) return null;
  const { format, m, b, bExponent, rExponent } = formula;
  const negative = raw > 127;
  const counted =
    format === "unsigned" || !negative ? raw : format === "twos" ? raw - 256 : raw - 255;
  const value = linearize((m * counted + b * 10 ** bExponent) * 10 ** rExponent);
  // What the arithmetic of a computer adds behind is no reading.
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : null;
}
