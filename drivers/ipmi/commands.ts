import type { Command } from "./ask-command.ts";
import {
  BOOT_PARAMETERS,
  type BootFlags,
  encodeBootFlags,
  encodeGetBootOption,
  encodeSetBootOption,
} from "./packets/boot-options.ts";
import {
  CHASSIS_COMMANDS,
  type Control,
  encodeControl,
  encodeIdentify,
} from "./packets/chassis.ts";
import { DEVICE_COMMANDS } from "./packets/device.ts";
import { encodeFruRead, FRU_COMMANDS } from "./packets/fru.ts";
import { encodeClearSel, encodeSelEntryRequest, SEL_COMMANDS } from "./packets/sel.ts";
import { encodeSdrRequest, SDR_COMMANDS, type SdrRequest, SENSOR_COMMANDS } from "./packets/sdr.ts";
import { NET_FN } from "./packets/lan-message.ts";

const NOTHING = Buffer.alloc(0);

function chassis(command: number, data: Buffer = NOTHING): Command {
  return { netFn: NET_FN.chassis, command, data };
}

function app(command: number): Command {
  return { netFn: NET_FN.app, command, data: NOTHING };
}

/** Reads of one request each. */
export const READS = {
  chassisStatus: chassis(CHASSIS_COMMANDS.getStatus),
  bootFlags: bootOption(BOOT_PARAMETERS.flags),
  validBitClearing: bootOption(BOOT_PARAMETERS.validBitClearing),
  deviceId: app(DEVICE_COMMANDS.getDeviceId),
  systemGuid: app(DEVICE_COMMANDS.getSystemGuid),
  // The FRU of the machine itself is number 0 (34.1).
  fruAreaInfo: storage(FRU_COMMANDS.getAreaInfo, Buffer.from([0])),
  selInfo: storage(SEL_COMMANDS.getInfo),
  selReservation: storage(SEL_COMMANDS.reserve),
  sdrReservation: storage(SDR_COMMANDS.reserve),
} as const satisfies Readonly<Record<string, Command>>;

function bootOption(parameter: number): Command {
  return chassis(CHASSIS_COMMANDS.getBootOptions, encodeGetBootOption(parameter));
}

/** Part of a record of the SDR repository. */
export function sdrPart(request: SdrRequest): Command {
  return storage(SDR_COMMANDS.get, encodeSdrRequest(request));
}

/** What a sensor reads now. */
export function sensorReading(number: number): Command {
  return { netFn: NET_FN.sensor, command: SENSOR_COMMANDS.getReading, data: Buffer.from([number]) };
}

/** One record of the event log. */
export function selEntry(record: number): Command {
  return storage(SEL_COMMANDS.getEntry, encodeSelEntryRequest(record));
}

/** Empties the event log. */
export function clearSel(reservation: number): Command {
  return storage(SEL_COMMANDS.clear, encodeClearSel({ reservation, isStart: true }));
}

function storage(command: number, data: Buffer = NOTHING): Command {
  return { netFn: NET_FN.storage, command, data };
}

/** A part of the machine's FRU inventory. */
export function fruRead(offset: number, count: number): Command {
  const data = encodeFruRead({ fru: 0, offset, count });
  return storage(FRU_COMMANDS.read, data);
}

/** Chassis Control. */
export function control(what: Control): Command {
  return chassis(CHASSIS_COMMANDS.control, encodeControl(what));
}

/** Seconds of light for a BMC that overlooks the bit which says: until it is switched off. */
const FORCED_SECONDS = 255;

/** The identify light, on until it is switched off, or off. */
export function identify(isOn: boolean): Command {
  const asked = { seconds: isOn ? FORCED_SECONDS : 0, isForced: isOn };
  return chassis(CHASSIS_COMMANDS.identify, encodeIdentify(asked));
}

/** Writes the boot flags. */
export function setBootFlags(flags: BootFlags): Command {
  const option = { parameter: BOOT_PARAMETERS.flags, data: encodeBootFlags(flags) };
  return chassis(CHASSIS_COMMANDS.setBootOptions, encodeSetBootOption(option));
}

/** Writes which events leave the valid bit of the boot flags alone. */
export function setKeepValid(bits: number): Command {
  const option = { parameter: BOOT_PARAMETERS.validBitClearing, data: Buffer.from([bits]) };
  return chassis(CHASSIS_COMMANDS.setBootOptions, encodeSetBootOption(option));
}

/** Restarts the BMC, not the machine. */
export function bmcReset(isWarm: boolean): Command {
  return app(isWarm ? DEVICE_COMMANDS.warmReset : DEVICE_COMMANDS.coldReset);
}
