import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  aMember,
  type Member,
  membersOf,
  movesBetween,
  ownersOf,
  whyNobody,
} from "../../../engine/plan/ring.ts";

const NODES = Array.from({ length: 10_000 }, (_, index) => aNode(`r${index % 97}-n${index}`));
const TEN = Array.from({ length: 10 }, (_, index) => aMember(`engine-${index}`));

function aNode(name: string, spec: object = {}): Parameters<typeof ownersOf>[0][number] {
  return { name, uuid: null, spec: { driver: "fake", ...spec } };
}

function counts(owners: ReadonlyMap<string, string | null>): ReadonlyMap<string | null, number> {
  const all = new Map<string | null, number>();
  for (const owner of owners.values()) all.set(owner, (all.get(owner) ?? 0) + 1);
  return all;
}

test("a node of a group nobody is in, or of a type nobody has, has no owner, and it is said why", () => {
  const members: readonly Member[] = [
    { ...aMember("a"), group: "hall-a" },
    { ...aMember("b"), group: "hall-b", hardwareTypes: ["redfish"] },
  ];
  const cases = [
    [aNode("n1"), "it names no conductor group, and every member is in one"],
    [aNode("n2", { conductorGroup: "hall-c" }), "no member is in the conductor group hall-c"],
    [
      aNode("n3", { conductorGroup: "hall-b" }),
      "no member of its group has the hardware type fake",
    ],
  ] as const;
  for (const [node, why] of cases) {
    expect(ownersOf([node], members).get(node.name)).toBeNull();
    expect(whyNobody(node, members)).toBe(why);
  }
  expect(whyNobody(aNode("n1"), [])).toBe("no engine is a member");
});

test("a member that is not declared owns nothing; without Conductors everybody who lives is one", () => {
  const conductor = {
    apiVersion: "ironwright/v1",
    kind: "Conductor",
    metadata: { name: "a" },
    spec: { weight: 3 },
  } as const;
  expect(membersOf([conductor], ["a", "stranger"])).toEqual([{ ...aMember("a"), weight: 3 }]);
  expect(membersOf([conductor], ["stranger"])).toEqual([]);
  expect(membersOf([], ["b", "a"])).toEqual([aMember("a"), aMember("b")]);
});

test("10,000 nodes over 10 members: even to within 15 %", () => {
  const shares = [...counts(ownersOf(NODES, TEN)).values()];
  expect(shares).toHaveLength(10);
  expect(Math.min(...shares)).toBeGreaterThan(850);
  expect(Math.max(...shares)).toBeLessThan(1150);
});

test("weights are shares", () => {
  const members = [{ ...aMember("big"), weight: 3 }, aMember("small")];
  expect((counts(ownersOf(NODES, members)).get("big") ?? 0) / NODES.length).toBeCloseTo(0.75, 1);
});

test("law: one member more or less moves its share, at most 1.3 times it, and nothing else", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 12 }),
      (names) => {
        const all = names.map((name) => aMember(name));
        const [gone] = names;
        const after = ownersOf(NODES, all.slice(1));
        const before = ownersOf(NODES, all);
        const moves = movesBetween(before, after);
        expect(new Set(moves.map(({ from }) => from))).toEqual(new Set([gone]));
        expect(moves.length).toBeLessThan((1.3 * NODES.length) / names.length);
        // Coming back is the same way.
        expect(movesBetween(after, before)).toHaveLength(moves.length);
      },
    ),
    { numRuns: 25, seed: 5 },
  );
});

test("law: neither the order of nodes nor that of members matters", () => {
  const some = NODES.slice(0, 500);
  const order = <T>(items: readonly T[]): readonly T[] => [...items].reverse();
  const owners = ownersOf(some, TEN);
  const backwards = ownersOf(order(some), order(TEN));
  for (const { name } of some) expect(backwards.get(name)).toBe(owners.get(name));
});

test("a child is owned by who owns its parent", () => {
  const parents = NODES.slice(0, 200);
  const children = parents.map(({ name }) => aNode(`dpu-of-${name}`, { parent: name }));
  const owners = ownersOf([...parents, ...children], TEN);
  for (const { name } of parents) expect(owners.get(`dpu-of-${name}`)).toBe(owners.get(name));
});
