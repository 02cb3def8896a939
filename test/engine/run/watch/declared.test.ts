import { expect, test } from "vitest";
import { changedNodes, type Declared, whyNotNext } from "../../../../engine/run/watch/declared.ts";
import { aFleet, aNode } from "../../../support/a-fleet.ts";
import { defaultSettings } from "../../../../schemas/settings.ts";

function declared(commit: string, nodes: Parameters<typeof aFleet>[0], hash = "h"): Declared {
  return { commit, fleet: aFleet(nodes), settings: defaultSettings(), settingsHash: hash };
}

const ONE = [aNode("n1", { power: "on" }), aNode("n2", { power: "on" })];
const TWO = [aNode("n1", { power: "off" }), aNode("n2", { power: "on" }), aNode("n3", {})];

test("a commit concerns the nodes that it changes, and all where it changes what they share", () => {
  const before = declared("a", ONE);
  expect([...changedNodes(before, declared("b", TWO))].sort((a, b) => (a < b ? -1 : 1))).toEqual([
    "n1",
    "n3",
  ]);
  expect(changedNodes(before, declared("b", ONE)).size).toBe(0);
  expect(changedNodes(before, declared("b", ONE, "other settings")).size).toBe(2);
  expect(changedNodes(null, declared("b", TWO)).size).toBe(3);
});

test.each([
  ["same", null],
  ["ahead", null],
  ["behind", "waits for the repository to catch up"],
  ["apart", "the history was rewritten"],
  ["unknown", "is not in this repository"],
] as const)("a commit that is %s to the one in force", async (relation, why) => {
  const repository = { relation: () => Promise.resolve(relation) };
  const said = await whyNotNext(repository, "b".repeat(40), "a".repeat(40));
  if (why === null) expect(said).toBeNull();
  else expect(said).toContain(why);
  expect(await whyNotNext(repository, "b".repeat(40), null)).toBeNull();
});
