/** A sensor of a simulated machine with a reading; its SDR is a full record (IPMI 2.0, table 43-1). */
export interface Sensor {
  readonly number: number;
  readonly name: string;
  /** Table 42-3. */
  readonly type: number;
  /** Table 43-15. */
  readonly unit: number;
  /** Table 43-14: the machine's board, a processor, a fan. */
  readonly entity: readonly [number, number];
  /** The reading is the raw byte times this times 10 to the exponent. */
  readonly factor: readonly [number, number];
  /** Raw bytes; null where there is no reading while the machine is off. */
  readonly whenOn: number;
  readonly whenOff: number | null;
  /** Raw upper limits, critical and non-recoverable. */
  readonly upper: readonly [number, number];
}

const TEMPERATURE = 0x01;
const VOLTAGE = 0x02;
const FAN = 0x04;
const DEGREES_C = 1;
const VOLTS = 4;
const RPM = 18;

/** Each simulated machine has these. */
export const SENSORS: readonly Sensor[] = [
  {
    number: 1,
    name: "Inlet Temp",
    type: TEMPERATURE,
    unit: DEGREES_C,
    entity: [0x40, 1],
    factor: [1, 0],
    whenOn: 23,
    whenOff: 21,
    upper: [42, 47],
  },
  {
    number: 2,
    name: "CPU1 Temp",
    type: TEMPERATURE,
    unit: DEGREES_C,
    entity: [0x03, 1],
    factor: [1, 0],
    whenOn: 48,
    whenOff: null,
    upper: [90, 98],
  },
  {
    number: 3,
    name: "Fan1",
    type: FAN,
    unit: RPM,
    entity: [0x1d, 1],
    factor: [6, 1],
    whenOn: 92,
    whenOff: null,
    upper: [240, 250],
  },
  {
    number: 4,
    name: "12V",
    type: VOLTAGE,
    unit: VOLTS,
    entity: [0x07, 1],
    factor: [6, -2],
    whenOn: 201,
    whenOff: null,
    upper: [220, 230],
  },
];

const SDR_VERSION = 0x51;
const FULL_RECORD = 0x01;
const CONTROLLER_RECORD = 0x12;
const HEADER_BYTES = 5;
const FULL_BYTES = 43;
const CONTROLLER_BYTES = 11;
const BMC_ADDRESS = 0x20;
const TEXT_8BIT = 0xc0;
/** Events and scanning on, as it wakes up (43.1, sensor initialisation). */
const INITIALISED = 0x7f;
/** Thresholds can be read, events are off (43.1, sensor capabilities). */
const READABLE_THRESHOLDS = 0x47;
const BY_THRESHOLD = 0x01;
/** Upper critical and upper non-recoverable: readings are held against them, and they can be read. */
const UPPER_COMPARED = 0x60;
const UPPER_READABLE = 0x30;

function header(id: number, type: number, length: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt16LE(id, 0);
  bytes.writeUInt8(SDR_VERSION, 2);
  bytes.writeUInt8(type, 3);
  bytes.writeUInt8(length, 4);
  return bytes;
}

function record(id: number, type: number, body: Buffer, name: string): Buffer {
  const text = Buffer.from(name, "latin1");
  const length = body.length + text.length;
  return Buffer.concat([header(id, type, length), body, text]);
}

/** Full sensor record (table 43-1); places are counted behind the header. */
function fullRecord(id: number, sensor: Sensor): Buffer {
  const at = (place: number): number => place - HEADER_BYTES - 1;
  const body = Buffer.alloc(FULL_BYTES);
  body.writeUInt8(BMC_ADDRESS, at(6));
  body.writeUInt8(sensor.number, at(8));
  body.writeUInt8(sensor.entity[0], at(9));
  body.writeUInt8(sensor.entity[1], at(10));
  body.writeUInt8(INITIALISED, at(11));
  body.writeUInt8(READABLE_THRESHOLDS, at(12));
  body.writeUInt8(sensor.type, at(13));
  body.writeUInt8(BY_THRESHOLD, at(14));
  body.writeUInt8(UPPER_COMPARED, at(18));
  body.writeUInt8(UPPER_READABLE, at(19));
  body.writeUInt8(sensor.unit, at(22));
  const [multiplier, exponent] = sensor.factor;
  body.writeUInt8(multiplier, at(25));
  body.writeUInt8((exponent & 0x0f) << 4, at(30));
  body.writeUInt8(0xff, at(35));
  body.writeUInt8(sensor.upper[1], at(37));
  body.writeUInt8(sensor.upper[0], at(38));
  body.writeUInt8(TEXT_8BIT | sensor.name.length, at(48));
  return record(id, FULL_RECORD, body, sensor.name);
}

/** Management controller device locator (table 43-8): the BMC itself. */
function controllerRecord(id: number): Buffer {
  const name = "BMC";
  const at = (place: number): number => place - HEADER_BYTES - 1;
  const body = Buffer.alloc(CONTROLLER_BYTES);
  body.writeUInt8(BMC_ADDRESS, at(6));
  // SDR repository, SEL, FRU and sensors are here.
  body.writeUInt8(0x0f, at(9));
  body.writeUInt8(0x07, at(13));
  body.writeUInt8(1, at(14));
  body.writeUInt8(TEXT_8BIT | name.length, at(16));
  return record(id, CONTROLLER_RECORD, body, name);
}

/** The whole repository, in the order of its ids, which begin with 1. */
export const SDR_RECORDS: readonly Buffer[] = [
  ...SENSORS.map((sensor, place) => fullRecord(place + 1, sensor)),
  controllerRecord(SENSORS.length + 1),
];
