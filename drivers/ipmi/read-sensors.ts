import { type Failure, failure, fail, ok, type Result } from "../../schemas/failure.ts";
import { oneLine } from "../net/plain-words.ts";
import { READS, sdrPart, sensorReading } from "./commands.ts";
import { sensorTypeName } from "./event-text.ts";
import { BMC_ADDRESS } from "./packets/lan-message.ts";
import {
  decodeFullSensor,
  decodeSdrPart,
  decodeSensorReading,
  type FullSensor,
  SDR_FIRST,
  SDR_HEADER_BYTES,
  SDR_LAST,
  sdrLength,
  type SdrPart,
  sensorValue,
} from "./packets/sdr.ts";
import { decodeReservation } from "./packets/sel.ts";
import { type ReadAt, readBy } from "./read-machine.ts";

/** A sensor and what it reads; null where it reads nothing just now. */
export interface SensorShown {
  readonly name: string;
  readonly type: string;
  readonly reading: number | null;
  readonly unit: string;
}

/** Records of one repository that are read; machines of today have two hundred. */
const RECORDS_MAX = 1024;
/** The repository changed, and the reservation with it (IPMI 2.0, 33.11): so often it is begun anew. */
const BEGINNINGS_MAX = 3;
/** Failures of one sensor: the BMC answered. */
const ANSWERED: ReadonlySet<string> = new Set(["IW-B06", "IW-B08", "IW-B10", "IW-B18"]);
const RESERVATION_LOST = "completion code C5h";

/** Base units (table 43-15) that sensors of servers have. */
const UNITS: Readonly<Record<number, string>> = {
  0: "",
  1: "degrees C",
  2: "degrees F",
  3: "degrees K",
  4: "volts",
  5: "amps",
  6: "watts",
  7: "joules",
  9: "volt-amps",
  17: "CFM",
  18: "RPM",
  19: "hertz",
  20: "microseconds",
  21: "milliseconds",
  22: "seconds",
};

/** Every sensor of the BMC that has a number to show; those that only have states are left out, as in Ironic. */
export async function readSensors(at: ReadAt): Promise<Result<readonly SensorShown[]>> {
  const sensors = await readRepository(at);
  if (!sensors.ok) return sensors;
  const shown: SensorShown[] = [];
  for (const sensor of sensors.value) {
    const reading = await readBy(at, sensorReading(sensor.number), decodeSensorReading);
    // A sensor of a part that is not there is answered by many a code; the others go on.
    if (!reading.ok && !ANSWERED.has(reading.failure.code)) return reading;
    const raw = reading.ok && reading.value.isThere ? reading.value.raw : null;
    shown.push(shownOf(sensor, raw));
  }
  return ok(shown);
}

function shownOf(
  { name, sensorType, formula, unit, isPercent }: FullSensor,
  raw: number | null,
): SensorShown {
  return {
    name: oneLine(name),
    type: sensorTypeName(sensorType),
    reading: raw === null ? null : sensorValue(raw, formula),
    unit: isPercent ? "percent" : (UNITS[unit] ?? `unit ${unit}`),
  };
}

async function readRepository(at: ReadAt): Promise<Result<readonly FullSensor[]>> {
  let last: Failure = failure(
    "transient",
    "IW-B08",
    `${at.bmc.thing} changes its sensor records; try again`,
  );
  for (let beginning = 0; beginning < BEGINNINGS_MAX; beginning += 1) {
    const reservation = await readBy(at, READS.sdrReservation, decodeReservation);
    if (!reservation.ok) return reservation;
    const records = await readRecords(at, reservation.value);
    if (records.ok || records.failure.cause !== RESERVATION_LOST) return records;
    last = records.failure;
  }
  return fail(last);
}

async function readRecords(
  at: ReadAt,
  reservation: number,
): Promise<Result<readonly FullSensor[]>> {
  const sensors: FullSensor[] = [];
  // Records that lead in a circle come to an end.
  const seen = new Set<number>();
  let record = SDR_FIRST;
  while (record !== SDR_LAST && !seen.has(record) && seen.size < RECORDS_MAX) {
    seen.add(record);
    const whole = await readRecord(at, reservation, record);
    if (!whole.ok) return whole;
    const sensor = decodeFullSensor(whole.value.bytes);
    // One that cannot be read is no reason to show none; those of other controllers would need a bridge of their own.
    if (sensor.ok && isOwn(at, sensor.value)) sensors.push(sensor.value);
    record = whole.value.next;
  }
  return ok(sensors);
}

/** A blade's controller has one address on the bus of its chassis, and calls itself BMC all the same. */
function isOwn({ bmc }: ReadAt, sensor: FullSensor | null): sensor is FullSensor {
  const isIts = sensor?.owner === bmc.address || sensor?.owner === BMC_ADDRESS;
  return isIts && sensor.lun === 0;
}

async function readRecord(
  at: ReadAt,
  reservation: number,
  record: number,
): Promise<Result<SdrPart>> {
  const part = (offset: number, count: number): Promise<Result<SdrPart>> =>
    readBy(at, sdrPart({ reservation, record, offset, count }), decodeSdrPart);
  const header = await part(0, SDR_HEADER_BYTES);
  if (!header.ok) return header;
  const length = sdrLength(header.value.bytes);
  let { bytes } = header.value;
  const end = length.ok ? length.value : 0;
  while (bytes.length < end) {
    const more = await part(bytes.length, Math.min(at.bmc.partBytes, end - bytes.length));
    if (!more.ok) return more;
    bytes = Buffer.concat([bytes, more.value.bytes]);
  }
  return ok({ next: header.value.next, bytes });
}
