import { NET_FN } from "../../ipmi/packets/lan-message.ts";
import {
  answered,
  type CommandAnswer,
  type CommandAsked,
  type CommandRow,
  type CommandSite,
  COMPLETION,
  refused,
} from "./command.ts";
import { SDR_RECORDS, type Sensor, SENSORS } from "./sensors.ts";

/** Commands of network functions Storage and Sensor (IPMI 2.0, table G-1). */
const SDR = { getInfo: 0x20, reserve: 0x22, get: 0x23 } as const;
const SENSOR = { getThresholds: 0x27, getReading: 0x2d } as const;
const SDR_VERSION = 0x51;
/** Reservations are spoken, the repository is changed by nobody. */
const CAN_RESERVE = 0x02;
const LAST_RECORD = 0xffff;
const WHOLE_RECORD = 0xff;

/** The repository of sensors and their readings. */
export const SENSOR_ROWS: readonly CommandRow[] = [
  row(NET_FN.storage, SDR.getInfo, "Get SDR Repository Info", info),
  row(NET_FN.storage, SDR.reserve, "Reserve SDR Repository", reserve),
  row(NET_FN.storage, SDR.get, "Get SDR", record),
  row(NET_FN.sensor, SENSOR.getThresholds, "Get Sensor Thresholds", thresholds),
  row(NET_FN.sensor, SENSOR.getReading, "Get Sensor Reading", reading),
];

function row(
  netFn: number,
  command: number,
  name: string,
  answer: CommandRow["answer"],
): CommandRow {
  return { netFn, command, name, privilege: "user", answer };
}

function info(): CommandAnswer {
  const bytes = Buffer.alloc(14);
  bytes.writeUInt8(SDR_VERSION, 0);
  bytes.writeUInt16LE(SDR_RECORDS.length, 1);
  bytes.writeUInt8(CAN_RESERVE, 13);
  return answered(bytes);
}

function reserve(_asked: CommandAsked, { memory }: CommandSite): CommandAnswer {
  memory.sdrReservation = (memory.sdrReservation % 0xffff) + 1;
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(memory.sdrReservation);
  return answered(bytes);
}

/** 33.12: a part of a record needs the reservation. */
function record({ data }: CommandAsked, { memory }: CommandSite): CommandAnswer {
  if (data.length < 6) return refused(COMPLETION.wrongLength);
  const [offset, count] = [data.readUInt8(4), data.readUInt8(5)];
  if (offset > 0 && data.readUInt16LE(0) !== memory.sdrReservation)
    return refused(COMPLETION.reservationLost);
  const wanted = data.readUInt16LE(2);
  const place = wanted === LAST_RECORD ? SDR_RECORDS.length - 1 : Math.max(0, wanted - 1);
  const found = SDR_RECORDS[place];
  if (found === undefined) return refused(COMPLETION.notPresent);
  if (offset >= found.length) return refused(COMPLETION.outOfRange);
  const next = Buffer.alloc(2);
  next.writeUInt16LE(place + 1 < SDR_RECORDS.length ? place + 2 : LAST_RECORD);
  const part = found.subarray(offset, count === WHOLE_RECORD ? undefined : offset + count);
  return answered(Buffer.concat([next, part]));
}

function sensorOf(data: Buffer): Sensor | undefined {
  return SENSORS.find(({ number }) => number === data[0]);
}

/** Scanning is on (35.14); without a reading its bit says so. */
const SCANNED = 0xc0;
const UNAVAILABLE = 0x20;
const NO_LIMIT_REACHED = 0xc0;

function reading({ data }: CommandAsked, site: CommandSite): CommandAnswer {
  const sensor = sensorOf(data);
  if (sensor === undefined) return refused(COMPLETION.notPresent);
  const raw = site.shown().power === "On" ? sensor.whenOn : sensor.whenOff;
  return answered(
    raw === null ? [0, SCANNED | UNAVAILABLE, NO_LIMIT_REACHED] : [raw, SCANNED, NO_LIMIT_REACHED],
  );
}

/** Upper critical and upper non-recoverable are there (35.9). */
const UPPER_THERE = 0x30;

function thresholds({ data }: CommandAsked): CommandAnswer {
  const sensor = sensorOf(data);
  if (sensor === undefined) return refused(COMPLETION.notPresent);
  const [critical, beyond] = sensor.upper;
  return answered([UPPER_THERE, 0, 0, 0, 0, critical, beyond]);
}
