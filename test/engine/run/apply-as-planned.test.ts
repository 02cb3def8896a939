import { expect, test } from "vitest";
import type { NodeSpec } from "../../../schemas/documents.ts";
import { aFleet, aNode } from "../../support/a-fleet.ts";
import { LifeWorld } from "../simulation/life-world.ts";

test("drift that the plan leaves alone, told by an earlier reading, is left alone by apply as well", async () => {
  const spec: NodeSpec = {
    driver: "fake",
    provision: { state: "manageable" },
    drift: { default: "ignore" },
  };
  const commit = (more: NodeSpec): ReturnType<typeof aFleet> =>
    aFleet([aNode("n1", { ...spec, ...more })]);
  const world = new LifeWorld(commit({}), "new");
  const fake = { serial: "M1", power: "on" } as const;
  world.hall.slots.set("n1", { serial: "M1", fake, text: null, cuts: 0, robbed: false });
  await world.init();
  await world.apply();
  world.fleet = commit({ power: "on" });
  // It is on: nothing is to be done, and only the reading knows that it was as declared.
  await world.apply();
  const [node] = world.fleet.nodes;
  if (node !== undefined) world.hall.press(node);
  world.fleet = commit({ power: "on", boot: { device: "disk" } });
  const { plan, result } = await world.apply();
  expect(plan?.nodes[0]?.steps.map(({ action }) => action)).toEqual(["management.setBootDevice"]);
  expect(result).toMatchObject({ ok: true, value: { applied: 1, skipped: 0 } });
});
