import { expect, test } from "vitest";
import { treeOf } from "../../../engine/plan/tree/relatives.ts";
import { Whole } from "../../../engine/plan/whole.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { aFleet, aNode } from "../../support/a-fleet.ts";

const PARENT = aNode("c1", {});
const CHILD = aNode("b1", { parent: "c1" });
const OTHER = aNode("n1", { power: "on" });

/** Whose children are whose, and the very nodes that stand for them. */
function family(nodes: readonly FleetNode[]): unknown {
  const { children, parents } = treeOf(nodes);
  return { children: [...children], parents: [...parents] };
}

/** The same of a list that nobody has seen, after one that has nothing to do with it. */
function anew(nodes: readonly FleetNode[]): unknown {
  treeOf([]);
  return family([...nodes]);
}

test.each([
  ["another node changes", [CHILD, PARENT, aNode("n1", { power: "off" })]],
  ["the child changes", [aNode("b1", { parent: "c1", power: "on" }), PARENT, OTHER]],
  ["the child leaves its parent", [aNode("b1", {}), PARENT, OTHER]],
  ["the parent changes", [CHILD, aNode("c1", { power: "on" }), OTHER]],
  ["another node becomes a child", [CHILD, PARENT, aNode("n1", { parent: "c1" })]],
  ["a node goes", [CHILD, PARENT]],
  ["a node has another name", [CHILD, PARENT, aNode("n2", {})]],
])("the tree of a commit is that of its nodes, also where %s", (_what, next) => {
  treeOf([]);
  treeOf([CHILD, PARENT, OTHER]);
  const moved = family(next);
  expect(moved).toEqual(anew(next));
});

test("names of the entry in force that are declared no more come and go with commits", () => {
  const nodes = ["n1", "n2", "n3"].map((name) => aNode(name, {}));
  const of = (...names: readonly string[]): ReturnType<typeof aFleet> =>
    aFleet(nodes.filter(({ name }) => names.includes(name)));
  const entry = { names: ["n1", "n2", "n3", "old"] };
  const whole = new Whole({
    fleet: of("n1", "n2", "n3"),
    records: new Map(),
    observations: new Map(),
  });
  const undeclared = (): readonly string[] => [...whole.undeclaredOf(entry)].sort();
  expect(undeclared()).toEqual(["old"]);
  whole.follow(of("n1"));
  expect(undeclared()).toEqual(["n2", "n3", "old"]);
  whole.follow(of("n1", "n3"));
  expect(undeclared()).toEqual(["n2", "old"]);
  expect([...whole.undeclaredOf({ names: ["n1", "n2"] })]).toEqual(["n2"]);
});
