import {
  BOOT_PARAMETERS,
  decodeBootFlags,
  decodeGetBootOption,
  decodeSetBootOption,
  encodeBootOption,
  KEEP_VALID,
} from "../../ipmi/packets/boot-options.ts";
import {
  CHASSIS_COMMANDS,
  type Control,
  decodeControl,
  decodeIdentify,
  encodeChassisStatus,
  type IdentifyState,
} from "../../ipmi/packets/chassis.ts";
import { NET_FN } from "../../ipmi/packets/lan-message.ts";
import { systemPath, V1 } from "../resources.ts";
import { bootOf, flagsOf, withoutValid } from "./boot-parameters.ts";
import {
  answered,
  type CommandAnswer,
  type CommandAsked,
  type CommandRow,
  type CommandSite,
  COMPLETION,
  done,
  isLie,
  LIE,
  refused,
} from "./command.ts";

const GET_CAPABILITIES = 0x00;
const GET_RESTART_CAUSE = 0x07;
const GET_POH_COUNTER = 0x0f;
/** System restart causes (28.11): unknown, and by Chassis Control. */
export const RESTART_UNKNOWN = 0x0;
const RESTART_BY_CONTROL = 0x1;

/** The commands of network function Chassis (IPMI 2.0, table G-1). */
export const CHASSIS_ROWS: readonly CommandRow[] = [
  row(GET_CAPABILITIES, "Get Chassis Capabilities", "user", () =>
    answered([0, 0x20, 0x20, 0x20, 0x20]),
  ),
  row(CHASSIS_COMMANDS.getStatus, "Get Chassis Status", "user", status),
  { ...row(CHASSIS_COMMANDS.control, "Chassis Control", "operator", control), acts: "machine" },
  { ...row(CHASSIS_COMMANDS.identify, "Chassis Identify", "operator", identify), acts: "machine" },
  row(GET_RESTART_CAUSE, "Get System Restart Cause", "user", (_asked, { memory }) =>
    // Channel 1 is the LAN.
    answered([memory.restartCause, 1]),
  ),
  {
    ...row(CHASSIS_COMMANDS.setBootOptions, "Set System Boot Options", "operator", setBootOption),
    acts: "machine",
  },
  row(CHASSIS_COMMANDS.getBootOptions, "Get System Boot Options", "operator", getBootOption),
  // 60 minutes a count; it was never on for one.
  row(GET_POH_COUNTER, "Get POH Counter", "user", () => answered([60, 0, 0, 0, 0])),
];

function row(
  command: number,
  name: string,
  privilege: CommandRow["privilege"],
  answer: CommandRow["answer"],
): CommandRow {
  return { netFn: NET_FN.chassis, command, name, privilege, answer };
}

/** On until it is off: a machine on its way up is not there yet. */
function status(_asked: CommandAsked, site: CommandSite): CommandAnswer {
  const { power } = site.shown();
  const isOn = power === "On" || power === "PoweringOff";
  return answered(encodeChassisStatus({ isOn, hasPowerFault: false, identify: light(site) }));
}

const LIGHT_STATES: Readonly<Record<string, IdentifyState>> = { Lit: "on", Blinking: "timed" };

function light({ machine }: CommandSite): IdentifyState {
  const { name } = machine.spec;
  const word = machine.lights.get(`${V1}/Chassis/${name}`) ?? "Off";
  const isSystemLit = machine.lights.get(systemPath(name)) === "Lit";
  return LIGHT_STATES[word] ?? (isSystemLit ? "on" : "off");
}

/** Chassis Control (28.3) as the ResetType that does the same. */
const RESETS: Readonly<Record<Control, string>> = {
  off: "ForceOff",
  on: "On",
  cycle: "PowerCycle",
  reset: "ForceRestart",
  diagnosticInterrupt: "Nmi",
  softOff: "GracefulShutdown",
};

function control({ data }: CommandAsked, site: CommandSite): CommandAnswer {
  const asked = decodeControl(data);
  if (!asked.ok) return refused(data.length === 0 ? COMPLETION.wrongLength : COMPLETION.wrongField);
  const { machine, memory, now } = site;
  const said = { control: asked.value };
  const isDown = ["Off", "PoweringOff"].includes(machine.power(now));
  // 28.3: a power cycle of a machine that is off does nothing and says so.
  if (asked.value === "cycle" && isDown) return refused(COMPLETION.wrongState, said);
  if (isLie(site, "Reset")) return done(LIE, said);
  freezeIfStale(site);
  // The 60 seconds begin again with each Chassis Control (table 28-14, parameter 3).
  if (machine.forgetsBoot) machine.keepBootUntil(now + VALID_MS);
  memory.restartCause = RESTART_BY_CONTROL;
  const ignoresGraceful = site.fault("ignore-graceful") !== null;
  return done(machine.reset(RESETS[asked.value], now, { door: "IPMI", ignoresGraceful }), said);
}

function freezeIfStale({ fault, freeze, machine, now }: CommandSite): void {
  const stale = fault("stale");
  if (stale !== null) freeze(machine.shown(now), now + (stale.ms ?? Infinity));
}

function identify({ data }: CommandAsked, site: CommandSite): CommandAnswer {
  const asked = decodeIdentify(data);
  if (!asked.ok) return refused(COMPLETION.wrongLength);
  const { seconds, isForced } = asked.value;
  const said = { seconds, isForced };
  if (isLie(site, "Indicator")) return done(LIE, said);
  const { machine, now } = site;
  const isOn = isForced || seconds > 0;
  const until = isOn && !isForced ? now + seconds * 1000 : null;
  const { name } = machine.spec;
  machine.setLight(`${V1}/Chassis/${name}`, isForced ? "Lit" : isOn ? "Blinking" : "Off", until);
  machine.setLight(systemPath(name), isOn ? "Lit" : "Off", until);
  return done("taken", said);
}

/** After so long without Chassis Control the boot flags are no longer valid (table 28-14, parameter 3). */
const VALID_MS = 60_000;
const PARAMETER_UNKNOWN = 0x80;

function setBootOption({ data }: CommandAsked, site: CommandSite): CommandAnswer {
  const asked = decodeSetBootOption(data);
  if (!asked.ok) return refused(COMPLETION.wrongLength);
  const { parameter, data: value } = asked.value;
  const said = { parameter, value: value.toString("hex") };
  if (isLie(site, "Boot")) return done(LIE, said);
  switch (parameter) {
    case BOOT_PARAMETERS.setInProgress:
      return done("taken", said);
    case BOOT_PARAMETERS.validBitClearing:
      return keepValid(value[0], site, said);
    case BOOT_PARAMETERS.acknowledge:
      return acknowledge(value, site, said);
    case BOOT_PARAMETERS.flags:
      return setFlags(value, site, said);
    default:
      return refused(PARAMETER_UNKNOWN, said);
  }
}

type Said = Readonly<Record<string, unknown>>;

function keepValid(
  bits: number | undefined,
  { memory, machine }: CommandSite,
  said: Said,
): CommandAnswer {
  if (bits === undefined) return refused(COMPLETION.wrongLength, said);
  memory.keepValid = bits & 0x1f;
  if ((bits & KEEP_VALID.timeout) !== 0) machine.keepBootUntil(null);
  return done("taken", said);
}

/** The first byte says which bits of the second are written (table 28-14, parameter 4). */
function acknowledge(value: Buffer, { memory }: CommandSite, said: Said): CommandAnswer {
  const [mask, bits] = value;
  if (mask === undefined || bits === undefined) return refused(COMPLETION.wrongLength, said);
  memory.acknowledged = [0, (memory.acknowledged[1] & ~mask) | (bits & mask)];
  return done("taken", said);
}

function setFlags(bytes: Buffer, site: CommandSite, said: Said): CommandAnswer {
  const flags = decodeBootFlags(bytes);
  if (!flags.ok) return refused(COMPLETION.wrongLength, said);
  const { machine, memory, now } = site;
  // What is over has come to pass before it is written over.
  machine.power(now);
  const boot = bootOf(flags.value, machine.boot);
  if (boot === null) return refused(COMPLETION.wrongField, said);
  freezeIfStale(site);
  const isForgotten = flags.value.isValid && (memory.keepValid & KEEP_VALID.timeout) === 0;
  machine.setBoot(boot, isForgotten ? now + VALID_MS : null);
  memory.bootFlags = { bytes: Buffer.from(bytes), boot };
  return done("taken", { ...said, ...boot });
}

function getBootOption({ data }: CommandAsked, site: CommandSite): CommandAnswer {
  const asked = decodeGetBootOption(data);
  if (!asked.ok) return refused(COMPLETION.wrongLength);
  const parameter = asked.value;
  const value = optionData(parameter, site);
  if (value === null) return refused(PARAMETER_UNKNOWN);
  return answered(encodeBootOption({ parameter, isValid: true, data: value }));
}

function optionData(parameter: number, site: CommandSite): Buffer | null {
  const { memory } = site;
  switch (parameter) {
    case BOOT_PARAMETERS.setInProgress:
      return Buffer.from([0]);
    case BOOT_PARAMETERS.validBitClearing:
      return Buffer.from([memory.keepValid]);
    case BOOT_PARAMETERS.acknowledge:
      return Buffer.from(memory.acknowledged);
    case BOOT_PARAMETERS.flags:
      return shownFlags(site);
    default:
      return null;
  }
}

/** As written, while nothing else has touched the override since; else made from it. */
function shownFlags(site: CommandSite): Buffer {
  const { boot } = site.shown();
  const written = site.memory.bootFlags;
  if (
    written === null ||
    boot.enabled !== written.boot.enabled ||
    boot.target !== written.boot.target
  )
    return written !== null && boot.enabled === "Disabled"
      ? withoutValid(written.bytes)
      : flagsOf(boot);
  return boot.mode === written.boot.mode ? written.bytes : flagsOf(boot);
}
