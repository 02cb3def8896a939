import { fail, failure, ok, type Result } from "../../schemas/failure.ts";
import {
  INDICATOR_COMPONENTS,
  INDICATOR_STATES,
  type IndicatorComponent,
  indicatorName,
  type IndicatorReading,
  type Indicators,
  type IndicatorState,
} from "../../schemas/indicators.ts";
import type { JsonObject } from "../net/read-json.ts";
import type { ActRequest } from "./act-request.ts";
import type { Bmc } from "./bmc.ts";
import { idOf, nameOf, PartSource, pathsOf } from "./parts/part-source.ts";
import type { Read } from "./read-system.ts";
import { linkAt, objectAt, objectsAt, textAt, textsAt } from "./resource.ts";

/** Chassis that hold one system: a blade has its own and that of its enclosure. */
const CHASSIS_MAX = 16;

/** As in `read-disks`: subsystems and drives of one machine. */
const STORAGES_MAX = 64;
const DRIVES_MAX = 256;

/** DSP0268 IndicatorLED, which LocationIndicatorActive has replaced since 2020; BMCs of either age are about. */
const LED_WORDS: Readonly<Record<IndicatorState, string>> = {
  on: "Lit",
  off: "Off",
  blinking: "Blinking",
};

/** A resource that has a light. */
interface Light {
  readonly name: string;
  readonly path: string;
  readonly body: JsonObject;
  readonly shared: boolean;
}

/** Where lights are looked for. */
interface LightsAt {
  readonly bmc: Bmc;
  readonly path: string;
  readonly system: JsonObject;
  readonly components: readonly IndicatorComponent[];
  readonly signal: AbortSignal | undefined;
}

/** Components whose lights are read: what nobody asks for costs no request, and can't fail. */
export function componentsRead(asked: Indicators | undefined): readonly IndicatorComponent[] {
  if (asked === undefined) return ["chassis", "system"];
  return INDICATOR_COMPONENTS.filter((component) => asked[component] !== undefined);
}

/** The lights of a system, its chassis and its drives, by name. */
export async function readIndicators(
  at: LightsAt,
): Promise<Read<Readonly<Record<string, IndicatorReading>>>> {
  const { lights, notes } = await lightsOf(at);
  const [note] = notes;
  // A light that could not be read is not one that is missing.
  if (note !== undefined)
    return { why: failure("waiting", "IW-B06", `${at.bmc.wire.thing}: ${note}`) };
  const value = Object.fromEntries(
    lights.map(({ name, body, shared }) => [
      name,
      { ...readingOf(body), ...(shared ? { shared } : {}) },
    ]),
  );
  return { value };
}

/** PATCH of one light, by the property that its resource has. */
export async function indicatorRequest(
  at: LightsAt,
  name: string,
  state: IndicatorState,
): Promise<Result<ActRequest>> {
  const { lights } = await lightsOf(at);
  const light = lights.find((one) => one.name === name);
  const { thing } = at.bmc.wire;
  if (light === undefined)
    return fail(
      failure(
        "stalled",
        "IW-B18",
        `${thing} offers no indicator ${name}; look at: ironwright node led`,
      ),
    );
  if (!readingOf(light.body).states.includes(state))
    return fail(
      failure(
        "stalled",
        "IW-B18",
        `${thing} can't set the indicator ${name} to ${state}; choose another state`,
      ),
    );
  const body = isNewer(light.body)
    ? { LocationIndicatorActive: state === "on" }
    : { IndicatorLED: LED_WORDS[state] };
  return ok({ method: "PATCH", path: light.path, body });
}

interface Lights {
  readonly lights: readonly Light[];
  /** What could not be read. */
  readonly notes: readonly string[];
}

async function lightsOf({ bmc, path, system, components, signal }: LightsAt): Promise<Lights> {
  const source = new PartSource(bmc, signal);
  const paths = pathsOf(objectsAt(objectAt(system, "Links"), "Chassis"));
  const found: Light[] = [];
  const add = (component: IndicatorComponent, id: string, at: string, body: JsonObject): void => {
    const shared = component === "chassis" && isShared(body, paths);
    if (hasLight(body)) found.push({ name: indicatorName(component, id), path: at, body, shared });
  };
  if (components.includes("chassis")) {
    for (const part of (await source.each("chassis", paths, CHASSIS_MAX)) ?? [])
      if (part.body !== null) add("chassis", nameOf(part, "Id"), part.path, part.body);
  }
  if (components.includes("system"))
    add("system", textAt(system, "Id") ?? idOf(path), path, system);
  if (components.includes("disk")) {
    const storages = await source.members("storage", linkAt(system, "Storage"), STORAGES_MAX);
    for (const storage of storages ?? []) {
      const drives = pathsOf(objectsAt(storage.body ?? {}, "Drives"));
      for (const drive of (await source.each("drives", drives, DRIVES_MAX)) ?? [])
        if (drive.body !== null)
          add("disk", `${nameOf(storage, "Id")}:${nameOf(drive, "Id")}`, drive.path, drive.body);
    }
  }
  return { lights: found, notes: source.notes };
}

/**
 * True for an enclosure of several systems (DSP0268 Chassis.Links): it names them, or it names none and holds another of
 * this system's chassis.
 */
function isShared(chassis: JsonObject, paths: readonly (string | undefined)[]): boolean {
  const links = objectAt(chassis, "Links");
  const systems = objectsAt(links, "ComputerSystems").length;
  const inside = pathsOf(objectsAt(links, "Contains"));
  return systems > 1 || (systems === 0 && inside.some((path) => paths.includes(path)));
}

function isNewer(body: JsonObject): boolean {
  return typeof body["LocationIndicatorActive"] === "boolean";
}

function hasLight(body: JsonObject): boolean {
  return isNewer(body) || textAt(body, "IndicatorLED") !== undefined;
}

function readingOf(body: JsonObject): IndicatorReading {
  if (isNewer(body))
    return {
      state: body["LocationIndicatorActive"] === true ? "on" : "off",
      states: ["on", "off"],
    };
  const word = textAt(body, "IndicatorLED");
  const allowed = textsAt(body, "IndicatorLED@Redfish.AllowableValues");
  const states = INDICATOR_STATES.filter((one) => allowed?.includes(LED_WORDS[one]) ?? true);
  return { state: INDICATOR_STATES.find((one) => LED_WORDS[one] === word) ?? "unknown", states };
}
