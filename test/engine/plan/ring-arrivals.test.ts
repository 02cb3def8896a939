import { describe, expect, it } from "vitest";
import {
  aMember,
  arrivalsOf,
  movesBetween,
  ownersNow,
  ownersOf,
} from "../../../engine/plan/ring.ts";
import { aNode } from "../../support/a-fleet.ts";

const NODES = Array.from({ length: 3000 }, (_, n) => aNode(`n${n}`, {}));
const [A, B, C] = [aMember("a"), aMember("b"), aMember("c")];
const ALL = [A, B, C];
const WITHOUT = ownersOf(NODES, [A, B]);
const WHOLE = ownersOf(NODES, ALL);

function ownedBy(name: string, owners: ReadonlyMap<string, string | null>): ReadonlySet<string> {
  return new Set([...owners].flatMap(([node, owner]) => (owner === name ? [node] : [])));
}

describe("ownersNow()", () => {
  it("gives one that comes its nodes a bounded number at a time, none of which goes back", () => {
    const share = ownedBy("c", WHOLE).size;
    let before = WITHOUT;
    let rounds = 0;
    for (let renewals = 0; ownedBy("c", before).size < share; renewals += 1) {
      const now = ownersNow(NODES, ALL, new Map([["c", renewals]]));
      const moves = movesBetween(before, now);
      expect(moves.length).toBeLessThanOrEqual(64);
      for (const { to } of moves) expect(to).toBe("c");
      before = now;
      rounds += 1;
    }
    expect(before).toEqual(WHOLE);
    expect(rounds).toBe(Math.ceil(share / 64));
  });

  it("is through within the twenty renewals after which nobody counts them, however large the fleet", () => {
    const many = Array.from({ length: 12_000 }, (_, n) => aNode(`m${n}`, {}));
    expect(ownersNow(many, ALL, new Map([["c", 19]]))).toEqual(ownersOf(many, ALL));
  });

  it("leaves no node without an owner, and asks only who may own it", () => {
    const odd = aNode("odd", { conductorGroup: "far" });
    const far = { ...aMember("far"), group: "far" };
    const now = ownersNow(
      [...NODES, odd],
      [...ALL, far],
      new Map([
        ["far", 0],
        ["c", 0],
      ]),
    );
    expect(now.get("odd")).toBe("far");
    expect([...now.values()].every((owner) => owner !== null)).toBe(true);
  });

  it("a first start waits for nobody: all that come share the nodes at once", () => {
    const arrivals = new Map(ALL.map(({ name }) => [name, 0]));
    expect(ownersNow(NODES, ALL, arrivals)).toEqual(WHOLE);
  });

  it("two that come at the same time take nothing from each other", () => {
    const once = ownersNow(
      NODES,
      ALL,
      new Map([
        ["b", 1],
        ["c", 2],
      ]),
    );
    const next = ownersNow(
      NODES,
      ALL,
      new Map([
        ["b", 2],
        ["c", 3],
      ]),
    );
    for (const { from } of movesBetween(once, next)) expect(from).toBe("a");
  });

  it("a family comes over whole", () => {
    const family = NODES.slice(0, 900).flatMap((parent) => [
      parent,
      ...[1, 2].map((n) => aNode(`${parent.name}-${n}`, { parent: parent.name })),
    ]);
    for (let renewals = 0; renewals < 20; renewals += 1) {
      const now = ownersNow(family, ALL, new Map([["c", renewals]]));
      for (const { name, spec } of family)
        if (spec.parent !== undefined) expect(now.get(name)).toBe(now.get(spec.parent));
    }
  });
});

describe("arrivalsOf()", () => {
  it("knows who is on its way in: by its own word, until it has renewed often enough", () => {
    const living = [
      { name: "first", counter: 0, startedAt: 1 },
      { name: "new", joins: true, counter: 7, startedAt: 1 },
      { name: "in", joins: true, counter: 20, startedAt: 1 },
      // It crashed; hosts that cannot see its process still see the engine before, and mean the later one.
      { name: "crashed", joins: true, counter: 1, startedAt: 9 },
      { name: "crashed", counter: 900, startedAt: 1 },
      // Its engine before was not known to be dead when it came: nobody has taken over its nodes.
      { name: "back", counter: 1, startedAt: 9 },
      { name: "back", counter: 900, startedAt: 1 },
    ];
    expect(new Map(arrivalsOf(living))).toEqual(
      new Map([
        ["new", 7],
        ["crashed", 1],
      ]),
    );
  });
});
