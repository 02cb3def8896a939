import type { Machine } from "./machine.ts";
import { type Json, systemPath, V1 } from "./resources.ts";

/** DSP0268 IndicatorLED of a chassis: the older way; a system and its drives have LocationIndicatorActive. */
const LED_WORDS = ["Lit", "Off", "Blinking"];

/** One light that a request would set. */
export interface LightAsked {
  /** The path of its resource. */
  readonly path: string;
  /** Null where the value is none that the light has. */
  readonly word: string | null;
}

/** What a PATCH says of a light; null where it is about none. */
export function lightAsked(machine: Machine, path: string, body: Json): LightAsked | null {
  const { name } = machine.spec;
  if (path === `${V1}/Chassis/${name}`) {
    const word = LED_WORDS.find((one) => one === body["IndicatorLED"]) ?? null;
    return { path, word };
  }
  const isDrive = path.startsWith(`${systemPath(name)}/Storage/`) && /\/Drives\/[^/]+$/.test(path);
  const active = body["LocationIndicatorActive"];
  if (!isDrive && !(path === systemPath(name) && active !== undefined)) return null;
  return { path, word: typeof active === "boolean" ? (active ? "Lit" : "Off") : null };
}
