import type { DriverAction } from "../../schemas/action.ts";
import type { BootDevice } from "../../schemas/documents.ts";
import { type Failure, failure, fail, ok, type Result } from "../../schemas/failure.ts";
import type { JsonObject } from "../net/read-json.ts";
import type { Behaviour } from "./quirks.ts";
import { BOOT_TARGETS, MODE_WORDS, type ResetAction } from "./read-system.ts";
import { linkAt, objectAt, textAt, textsAt } from "./resource.ts";

/** A mutating request before its headers. */
export interface ActRequest {
  readonly method: "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body: JsonObject | null;
}

/** Verbs that are one kind of reset each. */
export type ResetVerb = Extract<DriverAction["verb"], `power.${string}` | "management.injectNmi">;

/** DSP0268 ComputerSystem.ResetType for each verb, by preference. PushPowerButton does either and so is never sent. */
const RESET_TYPES: Readonly<Record<ResetVerb, readonly [string, ...string[]]>> = {
  "power.on": ["On", "ForceOn"],
  "power.off": ["ForceOff"],
  "power.softOff": ["GracefulShutdown"],
  "management.injectNmi": ["Nmi"],
};

function offersNot(thing: string, what: string, offered: readonly string[] | undefined): Failure {
  const list = offered === undefined ? "" : ` (it offers ${offered.join(", ") || "nothing"})`;
  return failure(
    "stalled",
    "IW-B18",
    `${thing} does not offer ${what}${list}; take it out of the spec or update the firmware`,
  );
}

/** POST of `#ComputerSystem.Reset`. Without allowed values the first choice is sent: the BMC then judges. */
export function resetRequest(
  thing: string,
  verb: ResetVerb,
  reset: ResetAction | null,
): Result<ActRequest> {
  if (reset === null) return fail(offersNot(thing, "#ComputerSystem.Reset", undefined));
  const wanted = RESET_TYPES[verb];
  const type =
    reset.allowed === undefined ? wanted[0] : wanted.find((one) => reset.allowed?.includes(one));
  if (type === undefined) {
    return fail(offersNot(thing, `ResetType ${wanted.join(" or ")}`, reset.allowed));
  }
  return ok({ method: "POST", path: reset.target, body: { ResetType: type } });
}

/** The settings resource that a system names (DSP0266 Settings resource). */
export function settingsPath(system: JsonObject): string | undefined {
  return linkAt(objectAt(system, "@Redfish.Settings"), "SettingsObject");
}

/** What a boot request is made from. */
export interface BootContext {
  readonly thing: string;
  readonly system: JsonObject;
  /** Where a change of Boot is written: the settings resource where that holds a Boot of its own, else the system. */
  readonly bootPath: string;
  readonly behaviours: ReadonlySet<Behaviour>;
}

/** PATCH of the boot override: Continuous for git's device, which persists; Once where a person asked for one boot. */
export function bootDeviceRequest(
  at: BootContext,
  device: BootDevice,
  persistent: boolean,
): Result<ActRequest> {
  const boot = objectAt(at.system, "Boot");
  const allowed = textsAt(boot, "BootSourceOverrideTarget@Redfish.AllowableValues");
  const choices = at.behaviours.has("usb-cd")
    ? BOOT_TARGETS[device].toReversed()
    : BOOT_TARGETS[device];
  const target =
    allowed === undefined
      ? BOOT_TARGETS[device][0]
      : choices.find((choice) => allowed.includes(choice));
  if (target === undefined) {
    return fail(offersNot(at.thing, `boot from ${choices.join(" or ")}`, allowed));
  }
  const mode = textAt(boot, "BootSourceOverrideMode");
  const together = at.behaviours.has("boot-fields-together") || at.behaviours.has("boot-mode-kept");
  // Some BMCs refuse a repeated Enabled: it is sent where it differs, or where a quirk wants the whole.
  const enabled = persistent ? "Continuous" : "Once";
  const differs = textAt(boot, "BootSourceOverrideEnabled") !== enabled;
  return ok({
    method: "PATCH",
    path: at.bootPath,
    body: {
      Boot: {
        BootSourceOverrideTarget: target,
        ...(together || differs ? { BootSourceOverrideEnabled: enabled } : {}),
        ...(together && mode !== undefined ? { BootSourceOverrideMode: mode } : {}),
      },
    },
  });
}

/** PATCH of the boot mode. */
export function bootModeRequest(at: BootContext, mode: "bios" | "uefi"): Result<ActRequest> {
  const boot = objectAt(at.system, "Boot");
  const allowed = textsAt(boot, "BootSourceOverrideMode@Redfish.AllowableValues");
  const word = MODE_WORDS[mode];
  if (allowed !== undefined && !allowed.includes(word)) {
    return fail(offersNot(at.thing, `boot mode ${word}`, allowed));
  }
  const target = textAt(boot, "BootSourceOverrideTarget");
  const enabled = textAt(boot, "BootSourceOverrideEnabled");
  const together = at.behaviours.has("boot-fields-together");
  return ok({
    method: "PATCH",
    path: at.bootPath,
    body: {
      Boot: {
        BootSourceOverrideMode: word,
        ...(together && target !== undefined ? { BootSourceOverrideTarget: target } : {}),
        ...(together && enabled !== undefined ? { BootSourceOverrideEnabled: enabled } : {}),
      },
    },
  });
}

/** PATCH of the SecureBoot resource. */
export function secureBootRequest(
  thing: string,
  system: JsonObject,
  enabled: boolean,
): Result<ActRequest> {
  const path = linkAt(system, "SecureBoot");
  if (path === undefined) return fail(offersNot(thing, "secure boot", undefined));
  return ok({ method: "PATCH", path, body: { SecureBootEnable: enabled } });
}
