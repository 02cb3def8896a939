import type { BootMode } from "../../schemas/documents.ts";
import { type Failure, fail, failure, ok, type Result } from "../../schemas/failure.ts";
import { type IndicatorReading, indicatorName } from "../../schemas/indicators.ts";
import type { PowerState, TaskReading } from "../../schemas/observation.ts";
import { READS } from "./commands.ts";
import type { Command } from "./ask-command.ts";
import type { Controller } from "./controller.ts";
import { wireFault } from "./ipmi-faults.ts";
import { type BootFlags, decodeBootFlags, decodeBootOption } from "./packets/boot-options.ts";
import { type ChassisStatus, decodeChassisStatus } from "./packets/chassis.ts";
import type { Decoded } from "./packets/decoded.ts";
import { decodeDeviceId, type DeviceId } from "./packets/device.ts";
import { type Behaviour, behavioursOf, manufacturerName } from "./quirks.ts";

/** A BMC that is read, and until when. */
export interface ReadAt {
  readonly bmc: Controller;
  readonly signal: AbortSignal | undefined;
}

/** Sends a read and decodes its answer. */
export async function readBy<T>(
  { bmc, signal }: ReadAt,
  command: Command,
  decode: (data: Buffer) => Decoded<T>,
): Promise<Result<T>> {
  const data = await bmc.read(command, signal);
  if (!data.ok) return data;
  const value = decode(data.value);
  return value.ok ? ok(value.value) : fail(wireFault(bmc.thing, "unreadable", value.reason));
}

/** Get Chassis Status: power and light in one request. */
export function readStatus(at: ReadAt): Promise<Result<ChassisStatus>> {
  return readBy(at, READS.chassisStatus, decodeChassisStatus);
}

/** The state of power that a status says; IPMI has no words for the ways between. */
export function powerOf({ isOn }: ChassisStatus): PowerState {
  return isOn ? "on" : "off";
}

/** The name of the identify light: IPMI has one for each chassis. */
export const IDENTIFY_LIGHT = { component: "chassis", id: "identify" } as const;

/** The identify light; one that only glows for some seconds is neither on nor off. */
export function lightsOf({ identify }: ChassisStatus): Readonly<Record<string, IndicatorReading>> {
  const state = identify === "on" || identify === "off" ? identify : "unknown";
  const name = indicatorName(IDENTIFY_LIGHT.component, IDENTIFY_LIGHT.id);
  return { [name]: { state, states: ["on", "off"] } };
}

/** Get Device ID. */
export function readDeviceId(at: ReadAt): Promise<Result<DeviceId>> {
  return readBy(at, READS.deviceId, decodeDeviceId);
}

/** What runs on a BMC: the only task that IPMI tells of is the BMC's own update, or its start. */
export function tasksOf({ isUpdating }: DeviceId): readonly TaskReading[] {
  if (!isUpdating) return [];
  return [{ uri: "device", name: "firmware update or start of the BMC", state: "running" }];
}

/** Vendor, model and firmware, as far as the BMC says them of itself. */
export interface MakeRead {
  readonly vendor?: string;
  readonly bmcFirmware?: string;
}

/** The same of a device id. */
export function makeOf({ manufacturer, firmware }: DeviceId): MakeRead {
  const vendor = manufacturerName(manufacturer);
  return { ...(vendor === undefined ? {} : { vendor }), bmcFirmware: firmware };
}

/** What a BMC does differently; a BMC that does not say who made it does as the specification says. */
export function behavioursBy(id: Result<DeviceId>): ReadonlySet<Behaviour> {
  return behavioursOf(id.ok ? id.value.manufacturer : 0);
}

/** The boot flags; flags of a parameter that is marked invalid hold nothing. */
export async function readBootFlags(at: ReadAt): Promise<Result<BootFlags>> {
  const option = await readBy(at, READS.bootFlags, decodeBootOption);
  if (!option.ok) return option;
  const flags = decodeBootFlags(option.value.data);
  if (!flags.ok) return fail(wireFault(at.bmc.thing, "unreadable", flags.reason));
  return ok(option.value.isValid ? flags.value : { ...flags.value, isValid: false });
}

/**
 * The boot mode that the flags ask for. Flags that ask for nothing have none, whatever their bit says, and IPMI knows no other
 * place where the machine's mode would be said.
 */
export function bootModeOf(
  bmc: Controller,
  { isValid, isEfi }: BootFlags,
  isDeviceDeclared: boolean,
): Result<BootMode> {
  if (!isValid) return fail(noBootMode(bmc, isDeviceDeclared));
  return ok(isEfi ? "uefi" : "bios");
}

/** Nothing is set that has a boot mode. */
export function noBootMode({ thing }: Controller, isDeviceDeclared: boolean): Failure {
  const fact = `${thing} holds no boot device, and over IPMI only that has a boot mode`;
  const wayOut = isDeviceDeclared
    ? "boot.device, which is declared, sets both"
    : "declare boot.device too, which sets both";
  return failure("stalled", "IW-B18", `${fact}; ${wayOut}`);
}

/** A facet of which a BMC says nothing. */
export function notSaid(bmc: Controller, what: string): Failure {
  const fact = `${bmc.thing} does not tell ${what} over IPMI`;
  return failure("stalled", "IW-B18", `${fact}; a BMC that speaks Redfish may (driver: redfish)`);
}
