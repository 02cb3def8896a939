import { type Document, isMap, isScalar, type Pair, YAMLMap } from "yaml";
import type { Conversion, Versions } from "../../inventory/conversions.ts";

/** The pair of that key in a map of a document; undefined where there is none. */
function pairAt(document: Document, path: readonly string[]): Pair | undefined {
  const map: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1));
  if (!isMap(map)) return undefined;
  return map.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
}

/** Gives a key another name where it stands. */
function rename(document: Document, path: readonly string[], to: string): void {
  const key = pairAt(document, path)?.key;
  if (isScalar(key)) key.value = to;
}

/** What stands behind a value stays behind what takes its place. */
function withComment<T>(value: T, comment: string | null | undefined): T {
  if (isScalar(value) || isMap(value)) value.comment = comment ?? null;
  return value;
}

/** In `v1alpha1` a driver was a `hardwareType`, and power was a map. */
const upToV1: Conversion = {
  from: "ironwright/v1alpha1",
  to: "ironwright/v1",
  convert(document) {
    rename(document, ["spec", "hardwareType"], "driver");
    const power = pairAt(document, ["spec", "power"]);
    if (power === undefined || !isMap(power.value)) return;
    const state: unknown = power.value.get("state", true);
    if (isScalar(state)) power.value = withComment(state, power.value.comment);
  },
};

const downFromV1: Conversion = {
  from: "ironwright/v1",
  to: "ironwright/v1alpha1",
  convert(document) {
    rename(document, ["spec", "driver"], "hardwareType");
    const power = pairAt(document, ["spec", "power"]);
    if (power === undefined || isMap(power.value)) return;
    const map = new YAMLMap();
    map.flow = true;
    const comment = isScalar(power.value) ? power.value.comment : null;
    map.items.push(document.createPair("state", withComment(power.value, null)));
    power.value = withComment(map, comment);
  },
};

/** In `v2` a description is called summary. */
const upToV2: Conversion = {
  from: "ironwright/v1",
  to: "ironwright/v2",
  convert: (document) => rename(document, ["spec", "description"], "summary"),
};

const downFromV2: Conversion = {
  from: "ironwright/v2",
  to: "ironwright/v1",
  convert: (document) => rename(document, ["spec", "summary"], "description"),
};

/** As this engine would be with an older version behind it. */
export const SINCE_ALPHA: Versions = { current: "ironwright/v1", conversions: [upToV1] };
/** As the next engine would be. */
export const NEXT: Versions = { current: "ironwright/v2", conversions: [upToV2, upToV1] };
/** The way back from there. */
export const BACK: Versions = {
  current: "ironwright/v1alpha1",
  conversions: [downFromV1, downFromV2],
};

/** As if `concurrency` had once been called `workers`, before the settings said their version. */
export const OLD_SETTINGS: Versions = {
  current: "ironwright/v1",
  conversions: [
    {
      from: "ironwright/v1alpha1",
      to: "ironwright/v1",
      convert: (document) => rename(document, ["workers"], "concurrency"),
    },
  ],
  unwritten: "ironwright/v1alpha1",
};
