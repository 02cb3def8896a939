import type { Answered, Asked } from "./exchange.ts";
import type { Fault, FaultKind } from "./faults.ts";
import { type LightAsked, lightAsked } from "./lights.ts";
import { type Machine, RESET_TYPES, type Shown } from "./machine.ts";
import * as made from "./resources.ts";

/** What an act is done with. */
export interface ActSite {
  readonly body: made.Json;
  /** The path below the system: "" is the system itself. */
  readonly room: string;
  readonly now: number;
  readonly fault: (kind: FaultKind) => Fault | null;
  /** Goes on showing the values of before. */
  readonly freeze: (shown: Shown, until: number) => void;
}

/** What is answered, and what really happened. */
export interface Acted {
  readonly answer: Answered;
  readonly effect: string;
}

/** What can be written to, by its path below the system, and how. */
const WRITABLE = {
  "/Actions/ComputerSystem.Reset": { kind: "Reset", method: "POST" },
  "": { kind: "Boot", method: "PATCH" },
  "/SecureBoot": { kind: "SecureBoot", method: "PATCH" },
  "/Bios/Settings": { kind: "Bios", method: "PATCH" },
} as const;
type Kind = (typeof WRITABLE)[keyof typeof WRITABLE]["kind"];

/** Does one mutating request to a machine, as its faults allow. */
export function act(machine: Machine, asked: Asked, site: ActSite): Acted {
  const { room, body, fault, now } = site;
  const conflict = asked.method === "PATCH" ? ifMatch(machine, asked, site) : null;
  if (conflict !== null) return { answer: conflict, effect: "refused" };
  const light = asked.method === "PATCH" ? lightAsked(machine, asked.path, body) : null;
  if (light !== null) return setLight(machine, light, fault);
  const found = isWritable(room) ? WRITABLE[room] : null;
  if (found === null) return { answer: notFound(asked.path), effect: "refused" };
  if (asked.method !== found.method)
    return refused(405, "OperationNotAllowed", `${asked.method} is not allowed here.`);
  const wrong = wrongProperty(found.kind, body);
  if (wrong !== null) return refused(400, "PropertyValueNotInList", wrong);
  const none = fault("no-effect");
  if (none !== null && [null, "all", found.kind].includes(none.argument))
    return { answer: { status: 204 }, effect: "nothing: the BMC lies" };
  const stale = fault("stale");
  if (stale !== null) site.freeze(machine.shown(now), now + (stale.ms ?? Infinity));
  if (found.kind !== "Reset") return patch(machine, found.kind, site);
  const type = typeof body["ResetType"] === "string" ? body["ResetType"] : "";
  const effect = machine.reset(type, now, {
    door: "Redfish",
    ignoresGraceful: fault("ignore-graceful") !== null,
  });
  return { answer: { status: 204 }, effect };
}

function setLight(machine: Machine, { path, word }: LightAsked, fault: ActSite["fault"]): Acted {
  if (word === null)
    return refused(400, "PropertyValueNotInList", "The indicator has no such value.");
  const none = fault("no-effect");
  if (none !== null && [null, "all", "Indicator"].includes(none.argument))
    return { answer: { status: 204 }, effect: "nothing: the BMC lies" };
  machine.setLight(path, word);
  return { answer: { status: 204 }, effect: "taken" };
}

function isWritable(room: string): room is keyof typeof WRITABLE {
  return Object.hasOwn(WRITABLE, room);
}

/** An error answer; a refused request changes nothing. */
export function refused(status: number, id: string, message: string): Acted {
  return { answer: { status, body: made.errorBody(id, message) }, effect: "refused" };
}

function patch(machine: Machine, kind: Exclude<Kind, "Reset">, { body, fault }: ActSite): Acted {
  const half = fault("half-apply") !== null;
  const part = (map: unknown): Readonly<Record<string, unknown>> => {
    const entries = Object.entries(typeof map === "object" && map !== null ? map : {});
    return Object.fromEntries(half ? entries.slice(0, 1) : entries);
  };
  machine.revision += 1;
  if (kind === "SecureBoot") machine.secureBoot.enabled = body["SecureBootEnable"] === true;
  if (kind === "Bios") Object.assign(machine.biosPending, scalars(part(body["Attributes"])));
  if (kind === "Boot") {
    const boot = part(body["Boot"]);
    const text = (key: string, old: string): string =>
      typeof boot[key] === "string" ? boot[key] : old;
    const { target, enabled, mode } = machine.boot;
    machine.setBoot({
      target: text("BootSourceOverrideTarget", target),
      enabled: text("BootSourceOverrideEnabled", enabled),
      mode: text("BootSourceOverrideMode", mode),
    });
  }
  return { answer: { status: 204 }, effect: half ? "half of it was taken" : "taken" };
}

/** What of a request is not taken, in words; a refused one changes nothing. */
function wrongProperty(kind: Kind, body: made.Json): string | null {
  if (kind === "Reset") {
    const known = RESET_TYPES.some((type) => type === body["ResetType"]);
    return known ? null : "The ResetType is not supported.";
  }
  if (kind === "SecureBoot")
    return typeof body["SecureBootEnable"] === "boolean" ? null : "SecureBootEnable is no boolean.";
  const [key, allowed] = kind === "Boot" ? ["Boot", made.BOOT_VALUES] : ["Attributes", {}];
  const given = body[key];
  if (typeof given !== "object" || given === null) return `${key} is missing.`;
  for (const [name, values] of Object.entries<readonly string[]>(allowed)) {
    const value: unknown = Object.entries(given).find(([property]) => property === name)?.[1];
    if (value !== undefined && !values.some((one) => one === value))
      return `${name} has a value that is not in the list of acceptable values.`;
  }
  return null;
}

function scalars(map: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const kinds = new Set(["string", "number", "boolean"]);
  return Object.fromEntries(Object.entries(map).filter(([, value]) => kinds.has(typeof value)));
}

/** DSP0266: a PATCH with an ETag that is not the current one changes nothing. */
function ifMatch(machine: Machine, { headers }: Asked, { fault }: ActSite): Answered | null {
  const match = headers["if-match"];
  if (match === undefined) {
    if (fault("etag-required") === null) return null;
    return {
      status: 428,
      body: made.errorBody("PreconditionRequired", "If-Match is required."),
    };
  }
  if (match === "*" || match === etagOf(machine)) return null;
  return { status: 412, body: made.errorBody("PreconditionFailed", "The ETag does not match.") };
}

/** The ETag of a machine: it changes with each change of it. */
export function etagOf({ revision }: Machine): string {
  return `W/"${revision}"`;
}

/** 404 as Redfish says it. */
export function notFound(path: string): Answered {
  return {
    status: 404,
    body: made.errorBody("ResourceMissingAtURI", `The resource at ${path} was not found.`),
  };
}
