import { expect, test } from "vitest";
import {
  changedNodes,
  type Declared,
  isAsBefore,
  mayEnd,
  whyNotNext,
} from "../../../../engine/run/watch/declared.ts";
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

test("what was begun goes on under a commit that leaves the node as it is, with all that it shares", () => {
  const before = declared("a", ONE);
  expect(isAsBefore(before, declared("b", TWO), "n2")).toBe(true);
  expect(isAsBefore(before, declared("b", TWO), "n1")).toBe(false);
  expect(isAsBefore(before, declared("b", []), "n2")).toBe(false);
  expect(isAsBefore(before, declared("b", ONE, "other settings"), "n2")).toBe(false);
});

test("an open list ends first under another wish, and under no other machine, request, guard or settings", () => {
  const before = declared("a", ONE);
  const under = (spec: Parameters<typeof aNode>[1], hash?: string): boolean =>
    mayEnd(before, declared("b", [aNode("n1", spec)], hash), "n1");
  expect(under({ power: "off" })).toBe(true);
  expect(mayEnd(before, declared("b", []), "n1")).toBe(true);
  expect(under({ power: "on", protected: true })).toBe(false);
  expect(under({ power: "on", maintenance: { enabled: true } })).toBe(false);
  expect(under({ power: "on", requests: [{ action: "abort", id: "1" }] })).toBe(false);
  expect(under({ power: "on", identity: { serial: "another" } })).toBe(false);
  expect(under({ power: "on" }, "other settings")).toBe(false);
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
