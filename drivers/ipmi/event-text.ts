import type { LogLine } from "../../schemas/observation.ts";
import type { SelRecord } from "./packets/sel.ts";

/** Sensor types (IPMI 2.0, table 42-3), and of those that explain a power that moved what their offsets say. */
const SENSORS: Readonly<
  Record<number, { readonly name: string; readonly says?: readonly string[] }>
> = {
  0x01: { name: "temperature" },
  0x02: { name: "voltage" },
  0x03: { name: "current" },
  0x04: { name: "fan" },
  0x05: {
    name: "physical security",
    says: ["chassis opened", "drive bay opened", "I/O card area opened", "processor area opened"],
  },
  0x07: {
    name: "processor",
    says: ["internal error", "thermal trip", "self-test failed", "hung in POST", "failed to start"],
  },
  0x08: {
    name: "power supply",
    says: ["present", "failed", "failure predicted", "input lost", "input lost or out of range"],
  },
  0x09: {
    name: "power unit",
    says: [
      "powered off",
      "power cycled",
      "240 VA power down",
      "interlock power down",
      "AC lost",
      "did not power on as asked",
      "failed",
    ],
  },
  0x0c: { name: "memory", says: ["correctable ECC error", "uncorrectable ECC error"] },
  0x0d: { name: "drive slot", says: ["drive present", "drive failed", "drive failure predicted"] },
  0x0f: { name: "POST", says: ["error", "hang", "progress"] },
  0x10: {
    name: "event logging",
    says: [
      "memory error logging disabled",
      "event type logging disabled",
      "log cleared",
      "all logging disabled",
      "log full",
      "log almost full",
    ],
  },
  0x12: {
    name: "system event",
    says: ["reconfigured", "OEM system boot", "undetermined hardware failure"],
  },
  0x13: { name: "critical interrupt", says: ["front panel NMI", "bus timeout", "I/O check NMI"] },
  0x14: { name: "button", says: ["power pressed", "sleep pressed", "reset pressed"] },
  0x1d: {
    name: "system boot",
    says: ["started by power-up", "started by hard reset", "started by warm reset"],
  },
  0x1f: { name: "base OS boot", says: ["A: completed", "C: completed", "PXE completed"] },
  0x20: {
    name: "OS stop",
    says: ["stopped while it loaded", "stopped at run time", "stopped in an orderly way"],
  },
  0x22: {
    name: "ACPI power state",
    says: ["S0 working", "S1", "S2", "S3", "S4", "S5 soft off", "S4 or S5 soft off"],
  },
  0x23: { name: "watchdog", says: ["expired", "hard reset", "power down", "power cycle"] },
  0x24: { name: "platform alert" },
  0x28: { name: "management subsystem" },
  0x29: { name: "battery", says: ["low", "failed", "present"] },
  0x2b: { name: "version change" },
};

/** Events of thresholds (table 42-2), offset by offset. */
const THRESHOLDS = [
  "below lower non-critical",
  "above lower non-critical",
  "below lower critical",
  "above lower critical",
  "below lower non-recoverable",
  "above lower non-recoverable",
  "below upper non-critical",
  "above upper non-critical",
  "below upper critical",
  "above upper critical",
  "below upper non-recoverable",
  "above upper non-recoverable",
];
const THRESHOLD_EVENT = 0x01;
const SENSOR_SPECIFIC = 0x6f;

/** Times before this are seconds since the BMC started, and no dates (37.1). */
const FIRST_DATE = 0x2000_0000;
const NO_DATE = 0xffff_ffff;

/** A sensor type as people call it. */
export function sensorTypeName(sensorType: number): string {
  return SENSORS[sensorType]?.name ?? `sensor type ${hex(sensorType)}`;
}

/** A record of the event log as a line; its time is the BMC's own, taken for UTC. */
export function lineOf(record: SelRecord): LogLine {
  if (record.kind === "oem")
    return { at: "", message: `OEM record ${hex(record.type)}: ${record.rest.toString("hex")}` };
  const isDate = record.at >= FIRST_DATE && record.at !== NO_DATE;
  const at = isDate ? new Date(record.at * 1000).toISOString() : "";
  return { at, message: messageOf(record) };
}

function messageOf(record: Extract<SelRecord, { readonly kind: "event" }>): string {
  const { sensorType, sensor, eventType, data, isDeassertion } = record;
  const offset = (data[0] ?? 0) & 0x0f;
  const known = SENSORS[sensorType];
  const says =
    eventType === SENSOR_SPECIFIC
      ? known?.says?.[offset]
      : eventType === THRESHOLD_EVENT
        ? THRESHOLDS[offset]
        : undefined;
  const what = says ?? `event ${hex(eventType)} ${data.toString("hex")}`;
  const gone = isDeassertion ? " (no more)" : "";
  return `${sensorTypeName(sensorType)} ${hex(sensor)}: ${what}${gone}`;
}

function hex(byte: number): string {
  return `${byte.toString(16).padStart(2, "0")}h`;
}
