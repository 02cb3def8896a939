import type { Observation } from "../../schemas/observation.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import { sameValue } from "./canonical-json.ts";
import { signNamed } from "./signs.ts";

/** One value of a step's `before` or `after` that is not what it should be. */
export interface Mismatch {
  readonly facet: string;
  readonly expected: unknown;
  /** Undefined when it is unknown. */
  readonly seen: unknown;
}

/** The first expected value that is not met; null when all are. */
export function firstMismatch(
  expected: Readonly<Record<string, unknown>>,
  observation: Observation | undefined,
  record: NodeRecord,
): Mismatch | null {
  for (const [facet, value] of Object.entries(expected)) {
    const seen = signNamed(facet).value(observation, record);
    if (seen === undefined || !sameValue(seen, value)) return { facet, expected: value, seen };
  }
  return null;
}

/** In one clause: `power is off, not on`. */
export function mismatchText({ facet, expected, seen }: Mismatch): string {
  const is = seen === undefined ? "unknown" : valueText(seen);
  return `${facet} is ${is}, not ${valueText(expected)}`;
}

/** What people call an image. */
function imageText(image: object): string {
  const said: Readonly<Record<string, unknown>> = { ...image };
  return String(said["name"] ?? said["url"] ?? said["checksum"]);
}

/** A value as a person reads it: `disk, persistent`, `(none)`, `on`. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "(unset)";
  if (Array.isArray(value)) return value.length === 0 ? "(none)" : value.map(valueText).join(" ");
  return typeof value === "object" ? mapText(value) : scalarText(value);
}

function scalarText(value: unknown): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "(unset)");
}

/** A port by its address, a bond by its mode. */
function partText(value: object): string {
  const { mac, mode, physicalNetwork }: Readonly<Record<string, unknown>> = { ...value };
  const network = typeof physicalNetwork === "string" ? ` in ${physicalNetwork}` : "";
  return `${[mode, mac].filter((word) => typeof word === "string").join(" ")}${network}`;
}

function mapText(value: object): string {
  if ("url" in value || "checksum" in value) return imageText(value);
  if ("mac" in value) return partText(value);
  if ("connectorId" in value) return String(value.connectorId);
  if ("volumeId" in value) return String(value.volumeId);
  if ("device" in value && "persistent" in value) return bootText(value.device, value.persistent);
  return JSON.stringify(value);
}

/** An override that is none lasts neither once nor for ever. */
function bootText(device: unknown, persistent: unknown): string {
  if (device === "none") return "none";
  return `${String(device)}, ${persistent === true ? "persistent" : "once"}`;
}
