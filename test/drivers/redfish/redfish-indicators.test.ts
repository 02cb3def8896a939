import { describe, expect, it } from "vitest";
import type { Indicators } from "../../../schemas/indicators.ts";
import type { Observation } from "../../../schemas/observation.ts";
import { driver, LOGIN, nodeAt, small } from "../support/redfish-rig.ts";
import { sendJson } from "../support/small-bmc.ts";

const at = (id: string): { readonly "@odata.id": string } => ({
  "@odata.id": `/redfish/v1/Chassis/${id}`,
});
const systems = (count: number): unknown =>
  Array.from({ length: count }, (_, index) => ({
    "@odata.id": `/redfish/v1/Systems/${index + 1}`,
  }));

/** The lights of a blade in an enclosure, whose resources say this. */
async function lightsOf(
  chassis: Readonly<Record<string, object | null>>,
  indicators: Indicators,
): Promise<Observation["facets"]["indicators"]> {
  const bmc = await small({
    ...LOGIN,
    extra: { Links: { Chassis: Object.keys(chassis).map(at) } },
  });
  bmc.misbehave = ({ path, method }, response) => {
    const id = path.split("/Chassis/")[1];
    if (id === undefined || method !== "GET") return false;
    const said = chassis[id] ?? null;
    const body = { ...at(id), Id: id, IndicatorLED: "Off", ...said };
    sendJson(response, said === null ? 500 : 200, body);
    return true;
  };
  const node = nodeAt(bmc);
  const asked = { ...node, spec: { ...node.spec, indicators } };
  const { facets } = await driver().observe(asked, ["indicators"], new AbortController().signal);
  return facets.indicators;
}

describe("lights of a blade", () => {
  const own = { Links: { ComputerSystems: systems(1) } };

  it.each([
    ["names its systems", { Links: { ComputerSystems: systems(2) } }],
    ["holds the blade's own chassis", { Links: { Contains: [at("blade")] } }],
  ])("that of an enclosure that %s is shared, the blade's own is not", async (_, enclosure) => {
    const seen = await lightsOf({ blade: own, enclosure }, { chassis: {} });
    expect(seen?.known === true ? seen.value : null).toEqual({
      "chassis/blade": { state: "off", states: ["on", "off", "blinking"] },
      "chassis/enclosure": { state: "off", states: ["on", "off", "blinking"], shared: true },
    });
  });

  it("the only chassis of a server with a backplane in it is its own", async () => {
    const outer = { Links: { ComputerSystems: systems(1), Contains: [at("backplane")] } };
    const seen = await lightsOf({ outer, backplane: own }, { chassis: {} });
    expect(JSON.stringify(seen)).not.toContain("shared");
  });

  it("a chassis that can't be read hides nothing but chassis", async () => {
    const silent = { blade: null };
    expect((await lightsOf(silent, { system: {} }))?.known).toBe(true);
    expect((await lightsOf(silent, { chassis: {} }))?.known).toBe(false);
  });
});
