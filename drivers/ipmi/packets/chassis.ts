import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";

/** Commands of network function Chassis (IPMI 2.0, table G-1). */
export const CHASSIS_COMMANDS = {
  getStatus: 0x01,
  control: 0x02,
  identify: 0x04,
  setBootOptions: 0x08,
  getBootOptions: 0x09,
} as const;

/** Chassis Control (28.3): the one byte that it has. */
export const CONTROLS = {
  off: 0x00,
  on: 0x01,
  cycle: 0x02,
  reset: 0x03,
  diagnosticInterrupt: 0x04,
  softOff: 0x05,
} as const;
export type Control = keyof typeof CONTROLS;

const LOW_NIBBLE = 0x0f;

/** Data of Chassis Control. */
export function encodeControl(control: Control): Buffer {
  return Buffer.from([CONTROLS[control]]);
}

/** Reads it. */
export function decodeControl(data: Buffer): Decoded<Control> {
  const short = tooShort(data, 1, "the request");
  if (short !== null) return undecoded(short);
  const number = data.readUInt8(0) & LOW_NIBBLE;
  const all: readonly Control[] = ["off", "on", "cycle", "reset", "diagnosticInterrupt", "softOff"];
  const control = all.find((one) => CONTROLS[one] === number);
  return control === undefined ? undecoded(`there is no control ${number}`) : decoded(control);
}

/** The identify light as Get Chassis Status says it; null where the BMC does not say. */
export type IdentifyState = "off" | "timed" | "on" | null;
const IDENTIFY_BITS = [
  ["off", 0],
  ["timed", 1],
  ["on", 2],
] as const;
const IDENTIFY_SAID = 0x40;

/** Get Chassis Status, response (28.2), as far as it is used. */
export interface ChassisStatus {
  readonly isOn: boolean;
  readonly hasPowerFault: boolean;
  readonly identify: IdentifyState;
}

const POWER_ON = 0x01;
const POWER_FAULT = 0x08;

/** Data of the response. */
export function encodeChassisStatus({ isOn, hasPowerFault, identify }: ChassisStatus): Buffer {
  const bits = IDENTIFY_BITS.find(([state]) => state === identify)?.[1];
  const misc = bits === undefined ? 0 : IDENTIFY_SAID | (bits << 4);
  return Buffer.from([(isOn ? POWER_ON : 0) | (hasPowerFault ? POWER_FAULT : 0), 0, misc]);
}

/** Reads the response's data. */
export function decodeChassisStatus(data: Buffer): Decoded<ChassisStatus> {
  const short = tooShort(data, 3, "the response");
  if (short !== null) return undecoded(short);
  const power = data.readUInt8(0);
  const misc = data.readUInt8(2);
  const state = IDENTIFY_BITS.find(([, bits]) => bits === ((misc >> 4) & 3))?.[0] ?? null;
  return decoded({
    isOn: (power & POWER_ON) !== 0,
    hasPowerFault: (power & POWER_FAULT) !== 0,
    identify: (misc & IDENTIFY_SAID) === 0 ? null : state,
  });
}

/** Chassis Identify, request (28.5). */
export interface Identify {
  /** 0 switches the light off. */
  readonly seconds: number;
  /** On until it is switched off; IPMI 1.5 does not know it. */
  readonly isForced: boolean;
}

/** Seconds where the request names none. */
const IDENTIFY_DEFAULT_SECONDS = 15;

/** Data of the request; the second byte only where it says something, for old BMCs refuse it. */
export function encodeIdentify({ seconds, isForced }: Identify): Buffer {
  return Buffer.from(isForced ? [seconds, 1] : [seconds]);
}

/** Reads the request's data. */
export function decodeIdentify(data: Buffer): Decoded<Identify> {
  return decoded({
    seconds: data.length > 0 ? data.readUInt8(0) : IDENTIFY_DEFAULT_SECONDS,
    isForced: data.length > 1 && (data.readUInt8(1) & 1) !== 0,
  });
}
