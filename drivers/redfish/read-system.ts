import { oneLine, realValue } from "../net/plain-words.ts";
import {
  BOOT_DEVICES,
  type BootDevice,
  type BootMode,
  type Identity,
} from "../../schemas/documents.ts";
import { type Failure, failure } from "../../schemas/failure.ts";
import type { BootDeviceReading, Capabilities, PowerState } from "../../schemas/observation.ts";
import type { JsonObject } from "../net/read-json.ts";
import type { Behaviour } from "./quirks.ts";
import { linkAt, objectAt, objectsAt, pathOf, textAt, textsAt } from "./resource.ts";

/** DSP0268 Resource.PowerState; `Paused` and what is not listed is unknown, never off. */
const POWER_WORDS: Readonly<Record<string, PowerState>> = {
  On: "on",
  Off: "off",
  PoweringOn: "powering-on",
  PoweringOff: "powering-off",
};

/** DSP0268 ComputerSystem.BootSource, for each device by preference. */
export const BOOT_TARGETS: Readonly<Record<BootDevice, readonly [string, ...string[]]>> = {
  disk: ["Hdd"],
  pxe: ["Pxe"],
  cdrom: ["Cd", "UsbCd"],
  bios: ["BiosSetup"],
  uefihttp: ["UefiHttp"],
};

/** DSP0268 ComputerSystem.BootSourceOverrideMode. */
export const MODE_WORDS: Readonly<Record<BootMode, string>> = { uefi: "UEFI", bios: "Legacy" };

/** A value, or why it is not known. */
export type Read<T> = { readonly value: T } | { readonly why: Failure };

function offersNot(thing: string, property: string): { readonly why: Failure } {
  return {
    why: failure(
      "stalled",
      "IW-B18",
      `${thing} does not say ${property}; it may need newer firmware`,
    ),
  };
}

/** Power as the system says it. */
export function readPower(thing: string, system: JsonObject): Read<PowerState> {
  const word = textAt(system, "PowerState");
  if (word === undefined) return offersNot(thing, "System.PowerState");
  const value = POWER_WORDS[word];
  if (value !== undefined) return { value };
  const fact = `${thing} says PowerState "${oneLine(word)}", which is neither on nor off`;
  return { why: failure("waiting", "IW-B06", `${fact}; look at the machine`) };
}

/** The boot override; a disabled one is `none`. */
export function readBootDevice(thing: string, system: JsonObject): Read<BootDeviceReading> {
  const boot = objectAt(system, "Boot");
  const enabled = textAt(boot, "BootSourceOverrideEnabled");
  const target = textAt(boot, "BootSourceOverrideTarget");
  if (enabled === undefined && target === undefined) return offersNot(thing, "System.Boot");
  if (enabled === "Disabled" || target === "None" || target === undefined) {
    return { value: { device: "none", persistent: false } };
  }
  const device = BOOT_DEVICES.find((name) => BOOT_TARGETS[name].includes(target));
  return { value: { device: device ?? "other", persistent: enabled !== "Once" } };
}

/** The boot mode of the override (the one that Redfish has). */
export function readBootMode(thing: string, system: JsonObject): Read<BootMode> {
  const word = textAt(objectAt(system, "Boot"), "BootSourceOverrideMode");
  if (word === MODE_WORDS.uefi) return { value: "uefi" };
  if (word === MODE_WORDS.bios) return { value: "bios" };
  return offersNot(thing, "System.Boot.BootSourceOverrideMode");
}

/** What the machine says it is; blank, zero and filler values are left out. */
export function readIdentity(
  system: JsonObject,
  behaviours: ReadonlySet<Behaviour>,
): Read<Identity> {
  const serial = realValue(textAt(system, "SerialNumber"));
  const sku = behaviours.has("serial-from-sku") ? realValue(textAt(system, "SKU")) : undefined;
  const manufacturer = realValue(textAt(system, "Manufacturer"));
  const systemUuid = realValue(textAt(system, "UUID"))?.toLowerCase();
  const chosen = sku ?? serial;
  return {
    value: {
      ...(manufacturer === undefined ? {} : { manufacturer }),
      ...(chosen === undefined ? {} : { serial: chosen }),
      ...(systemUuid === undefined ? {} : { systemUuid }),
    },
  };
}

/** What the system's own annotations allow; `resetTypes` is handed in where they are in an ActionInfo. */
export function readCapabilities(
  system: JsonObject,
  resetTypes: readonly string[] | undefined,
): Capabilities {
  const boot = objectAt(system, "Boot");
  const targets = textsAt(boot, "BootSourceOverrideTarget@Redfish.AllowableValues");
  const modes = textsAt(boot, "BootSourceOverrideMode@Redfish.AllowableValues");
  return {
    ...(resetTypes === undefined ? {} : { resetTypes }),
    ...(targets === undefined
      ? {}
      : {
          bootDevices: BOOT_DEVICES.filter((device) =>
            BOOT_TARGETS[device].some((target) => targets.includes(target)),
          ),
        }),
    ...(modes === undefined
      ? {}
      : {
          bootModes: (["bios", "uefi"] as const).filter((mode) => modes.includes(MODE_WORDS[mode])),
        }),
    secureBoot: linkAt(system, "SecureBoot") !== undefined,
  };
}

/** The reset action of a system: where it is posted, and where its allowed values are said. */
export interface ResetAction {
  readonly target: string;
  readonly allowed: readonly string[] | undefined;
  readonly info: string | undefined;
}

/** `#ComputerSystem.Reset` of a system; null where it has none. */
export function readResetAction(system: JsonObject): ResetAction | null {
  const action = objectAt(objectAt(system, "Actions"), "#ComputerSystem.Reset");
  const target = pathOf(textAt(action, "target"));
  if (target === undefined) return null;
  return {
    target,
    allowed: textsAt(action, "ResetType@Redfish.AllowableValues"),
    info: pathOf(textAt(action, "@Redfish.ActionInfo")),
  };
}

/** The ResetTypes that an ActionInfo resource allows (DSP0268 ActionInfo.Parameters). */
export function readActionInfo(info: JsonObject): readonly string[] | undefined {
  const parameters = objectsAt(info, "Parameters");
  const found = parameters.find((parameter) => textAt(parameter, "Name") === "ResetType");
  return found === undefined ? undefined : textsAt(found, "AllowableValues");
}
