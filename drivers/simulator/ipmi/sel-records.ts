import type { LogEntry, LogEvent } from "../machine.ts";

const RECORD_BYTES = 16;
const SYSTEM_EVENT = 0x02;
/** Slave address of the BMC, as the one that made the event. */
const GENERATOR = 0x0020;
const EVENT_MESSAGE_REVISION = 0x04;
/** The offsets are those of the sensor's type (42.1). */
const SENSOR_SPECIFIC = 0x6f;
const UNSPECIFIED = 0xff;

/** Each kind of line as an event: type of its sensor and offset (IPMI 2.0, table 42-3). */
const EVENTS = {
  // 22h System ACPI Power State: S0/G0 and S5/G2.
  "power-on": [0x22, 0x0],
  "power-off": [0x22, 0x6],
  shutdown: [0x22, 0x6],
  // 1Dh System Boot / Restart Initiated: by Chassis Control.
  restart: [0x1d, 0x7],
  // 13h Critical Interrupt: front panel NMI / diagnostic interrupt.
  nmi: [0x13, 0x0],
  // 14h Button: the power button was pressed.
  button: [0x14, 0x0],
  // 10h Event Logging Disabled: log area reset or cleared.
  "log-cleared": [0x10, 0x2],
} as const satisfies Readonly<Record<LogEvent, readonly [number, number]>>;

/** A line of the machine's log as a record of the SEL (32.1). */
export function selRecord({ id, at, event }: LogEntry): Buffer {
  const [sensorType, offset] = EVENTS[event];
  const bytes = Buffer.alloc(RECORD_BYTES);
  bytes.writeUInt16LE(id & 0xffff, 0);
  bytes.writeUInt8(SYSTEM_EVENT, 2);
  bytes.writeUInt32LE(seconds(at), 3);
  bytes.writeUInt16LE(GENERATOR, 7);
  bytes.writeUInt8(EVENT_MESSAGE_REVISION, 9);
  bytes.writeUInt8(sensorType, 10);
  // Sensor 0: an event of the system itself, of which no record of the SDR tells.
  bytes.writeUInt8(0, 11);
  bytes.writeUInt8(SENSOR_SPECIFIC, 12);
  bytes.writeUInt8(offset, 13);
  bytes.writeUInt8(UNSPECIFIED, 14);
  bytes.writeUInt8(UNSPECIFIED, 15);
  return bytes;
}

/** The time of a SEL: whole seconds since 1970 (37). */
export function seconds(at: number): number {
  return Math.floor(at / 1000);
}
