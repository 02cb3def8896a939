import type { DriverAction, SessionAction } from "../../schemas/action.ts";
import { type Failure, failure, fail, ok, type Result } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { Performed, PerformContext } from "../driver.ts";
import type { Command } from "./ask-command.ts";
import type { BootMode } from "../../schemas/documents.ts";
import { flagsFor, IPMI_BOOT_DEVICES, isIpmiBootDevice, readingOf } from "./boot-device.ts";
import { control, identify, READS, setBootFlags, setKeepValid } from "./commands.ts";
import type { Controller } from "./controller.ts";
import { vendorCommand } from "./ipmi-vendor.ts";
import { type BootFlags, decodeBootOption, KEEP_VALID, NO_REST } from "./packets/boot-options.ts";
import type { Control } from "./packets/chassis.ts";
import {
  IDENTIFY_LIGHT,
  behavioursBy,
  readBootFlags,
  readBy,
  readDeviceId,
  noBootMode,
} from "./read-machine.ts";

type MachineAction = Exclude<DriverAction, SessionAction>;

/** Where an act is done. */
interface ActAt {
  readonly bmc: Controller;
  readonly node: FleetNode;
  readonly context: PerformContext;
  readonly signal: AbortSignal | undefined;
}

/** Chassis Control for each verb that is one (IPMI 2.0, 28.3). */
const CONTROL_OF = {
  "power.on": "on",
  "power.off": "off",
  "power.softOff": "softOff",
  "management.injectNmi": "diagnosticInterrupt",
} as const satisfies Partial<Record<DriverAction["verb"], Control>>;

/** Performs one act: what it is made from is read first, then it is written once, behind the engine's check. */
export async function performAct(
  bmc: Controller,
  node: FleetNode,
  action: MachineAction,
  context: PerformContext,
): Promise<Performed> {
  const at = { bmc, node, context, signal: context.signal };
  // What is not going to be sent reads nothing either.
  const early = bmc.unready(node.name);
  if (early !== null) return { sent: false, failure: early };
  switch (action.verb) {
    case "power.on":
    case "power.off":
    case "power.softOff":
    case "management.injectNmi":
      return bmc.act(node.name, control(CONTROL_OF[action.verb]), context);
    case "management.setBootDevice":
      return setBootDevice(at, action);
    case "management.setBootMode":
      return setBootMode(at, action.mode);
    case "management.setIndicator":
      return sendOr(at, lightCommand(bmc, action));
    case "vendor.call":
      return vendorCall(at, action);
    case "management.setSecureBoot":
    case "boot.ramdisk":
    case "boot.instance":
    case "step.run":
    default:
      return { sent: false, failure: notOffered(bmc, `${action.verb} is not performed over IPMI`) };
  }
}

function sendOr({ bmc, node, context }: ActAt, command: Result<Command>): Promise<Performed> {
  if (command.ok) return bmc.act(node.name, command.value, context);
  return Promise.resolve({ sent: false, failure: command.failure });
}

/** What raw bytes are answered is what they were sent for. */
async function vendorCall(
  at: ActAt,
  call: Extract<MachineAction, { readonly verb: "vendor.call" }>,
): Promise<Performed> {
  const command = await vendorCommand(at, call);
  const { bmc, node, context } = at;
  if (!command.ok || call.method !== "send_raw") return sendOr(at, command);
  return bmc.actAloud(node.name, command.value, context);
}

function notOffered({ thing }: Controller, fact: string): Failure {
  return failure("stalled", "IW-B18", `${thing}: ${fact}; take it out of the spec`);
}

type SetIndicator = Extract<MachineAction, { readonly verb: "management.setIndicator" }>;

function lightCommand(bmc: Controller, { component, id, state }: SetIndicator): Result<Command> {
  const isIt = component === IDENTIFY_LIGHT.component && id === IDENTIFY_LIGHT.id;
  if (!isIt) return fail(notOffered(bmc, `there is no indicator ${component}/${id}`));
  if (state === "blinking") return fail(notOffered(bmc, "the identify light is on or off"));
  return ok(identify(state === "on"));
}

type SetBootDevice = Extract<MachineAction, { readonly verb: "management.setBootDevice" }>;

/**
 * Boot flags that last: a BMC forgets them when no Chassis Control comes within 60 seconds, so that is switched off before,
 * where it is not yet (table 28-14, parameter 3). A BMC that knows no such parameter is left to it, as Ironic does.
 */
async function setBootDevice(at: ActAt, action: SetBootDevice): Promise<Performed> {
  const { bmc } = at;
  const { device, persistent } = action;
  if (!isIpmiBootDevice(device)) {
    const known = IPMI_BOOT_DEVICES.join(", ");
    const fact = `it cannot boot from ${device} (it offers ${known})`;
    return { sent: false, failure: notOffered(bmc, fact) };
  }
  const isEfi = await isEfiWanted(at);
  if (!isEfi.ok) return { sent: false, failure: isEfi.failure };
  const behaviours = behavioursBy(await readDeviceId(at));
  const how = { isPersistent: persistent, isEfi: isEfi.value };
  return writeFlags(at, flagsFor(device, how, behaviours));
}

/** The boot flags as they are, but for the bit that says EFI. Flags that ask for nothing are left so: it would mean nothing. */
async function setBootMode(at: ActAt, mode: BootMode): Promise<Performed> {
  const read = await readBootFlags(at);
  if (!read.ok) return { sent: false, failure: read.failure };
  const flags = read.value;
  if (!flags.isValid)
    return { sent: false, failure: noBootMode(at.bmc, at.node.spec.boot?.device !== undefined) };
  const behaviours = behavioursBy(await readDeviceId(at));
  const how = { isPersistent: flags.isPersistent, isEfi: mode === "uefi" };
  // Where a quirk gives the disk another selector with EFI, it is that of the new mode.
  const isDisk = readingOf(flags, behaviours).device === "disk" && behaviours.size > 0;
  const { selector } = isDisk ? flagsFor("disk", how, behaviours) : flags;
  return writeFlags(at, { isValid: true, ...how, selector, rest: NO_REST });
}

async function writeFlags(at: ActAt, flags: BootFlags): Promise<Performed> {
  const lasting = await keepValid(at);
  return lasting ?? at.bmc.act(at.node.name, setBootFlags(flags), at.context);
}

/** As boot.mode says; else as the BMC's flags have it; else UEFI, as the machines of today. */
async function isEfiWanted(at: ActAt): Promise<Result<boolean>> {
  const declared = at.node.spec.boot?.mode;
  if (declared !== undefined) return ok(declared === "uefi");
  const flags = await readBootFlags(at);
  if (!flags.ok) return flags;
  return ok(flags.value.isValid ? flags.value.isEfi : true);
}

/** Null where nothing stands in the way of the flags themselves. */
async function keepValid(at: ActAt): Promise<Performed | null> {
  const { bmc, node, context } = at;
  const option = await readBy(at, READS.validBitClearing, decodeBootOption);
  const bits = option.ok ? (option.value.data[0] ?? 0) : 0;
  if ((bits & KEEP_VALID.timeout) !== 0) return null;
  const performed = await bmc.act(node.name, setKeepValid(bits | KEEP_VALID.timeout), context);
  return performed.sent === true || performed.sent === "refused" ? null : performed;
}
