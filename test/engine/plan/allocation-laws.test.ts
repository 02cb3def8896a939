import * as fc from "fast-check";
import { expect, test } from "vitest";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import type { FleetAllocation } from "../../../schemas/fleet.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import { aWorkload, inForce, options } from "../../support/a-fleet.ts";
import { anAllocation, aPool, given, IMAGE, type Made } from "../../support/a-pool.ts";

const TRAITS = ["CUSTOM_A", "CUSTOM_B"];
const CLASSES = fc.constantFrom("large", "small");
const NAMES = ["n1", "n2", "n3", "n4", "n5", "n6"];

type Nodes = Readonly<Record<string, Made>>;

const pooled = fc.record({
  spec: fc.record({ resourceClass: CLASSES }),
  record: fc.record({
    traits: fc.subarray(TRAITS),
    provisionState: fc.constantFrom("available", "available", "manageable"),
  }),
});
/** Runs already: only an Allocation that names it may have it. */
const running = fc.record({
  spec: fc.record({
    resourceClass: CLASSES,
    provision: fc.constant({ state: "adopted" as const }),
  }),
  record: fc.record({
    traits: fc.subarray(TRAITS),
    provisionState: fc.constant("active" as const),
    instance: fc.constant(aWorkload("adopted")),
  }),
});
const pools: fc.Arbitrary<Nodes> = fc.dictionary(
  fc.constantFrom(...NAMES),
  fc.oneof({ weight: 4, arbitrary: pooled }, { weight: 1, arbitrary: running }),
);

const wish = fc.record({
  resourceClass: CLASSES,
  traits: fc.subarray(TRAITS),
  candidates: fc.option(fc.subarray(NAMES, { minLength: 1 }), { nil: undefined, freq: 3 }),
  node: fc.option(fc.constantFrom(...NAMES), { nil: undefined, freq: 4 }),
});
/** Sorted by name; no two name one node, which is an error in git. */
const wishes: fc.Arbitrary<readonly FleetAllocation[]> = fc
  .tuple(fc.subarray(["a", "b", "c", "d", "e"]), fc.array(wish, { minLength: 5, maxLength: 5 }))
  .map(([names, specs]) => {
    const named = new Set<string>();
    return names.map((name, at) => {
      const { node, ...spec } = specs[at] ?? { resourceClass: "large" };
      if (node === undefined || named.has(node)) return anAllocation(name, spec);
      named.add(node);
      return anAllocation(name, { ...spec, node, provision: undefined });
    });
  });

/** Turns: who came earlier has the lower number. */
const turns = fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 5, maxLength: 5 });

function isFit({ spec }: FleetAllocation, name: string, made: Made): boolean {
  const { traits = [], provisionState } = made.record ?? {};
  return (
    made.spec?.resourceClass === spec.resourceClass &&
    provisionState === (spec.node === undefined ? "available" : "active") &&
    (spec.node === undefined || spec.node === name) &&
    spec.candidates?.includes(name) !== false &&
    (spec.traits ?? []).every((trait) => traits.includes(trait))
  );
}

function seqs(all: readonly FleetAllocation[], turn: readonly number[]) {
  return Object.fromEntries(all.map(({ name }, at) => [name, { seq: turn[at] ?? 9 }]));
}

function check(
  law: (nodes: Nodes, all: readonly FleetAllocation[], turn: readonly number[]) => void,
  seed: number,
): void {
  fc.assert(fc.property(pools, wishes, turns, law), { numRuns: 300, seed });
}

test("law: no node is given twice, and every one that is given fits", () => {
  check((nodes, all) => {
    const result = given(aPool(nodes, all));
    const taken = Object.values(result).filter((node) => node !== null);
    expect(new Set(taken).size).toBe(taken.length);
    for (const one of all) {
      const node = result[one.name] ?? null;
      if (node !== null) expect(isFit(one, node, nodes[node] ?? {})).toBe(true);
    }
  }, 4);
});

test("law: nobody waits for what a later wish was given, and nobody waits while a free node fits", () => {
  check((nodes, all, turn) => {
    const allocations = seqs(all, turn);
    const { fleet } = aPool(nodes, all);
    const result = given(aPool(nodes, all, { inForce: inForce(fleet, { allocations }) }));
    const holder = new Map(Object.entries(result).map(([name, node]) => [node, name]));
    for (const one of all) {
      if (result[one.name] !== null) continue;
      for (const [name, made] of Object.entries(nodes)) {
        if (!isFit(one, name, made)) continue;
        const other = holder.get(name);
        expect(other).toBeDefined();
        const before = allocations[other ?? ""]?.seq ?? 0;
        expect(before).toBeLessThan(allocations[one.name]?.seq ?? 0);
      }
    }
  }, 7);
});

test("law: the order of documents is nothing, and the same input gives the same", () => {
  check((nodes, all, turn) => {
    const allocations = seqs(all, turn);
    const turned = Object.fromEntries(Object.entries(nodes).toReversed());
    const entry = inForce(aPool(nodes, all).fleet, { allocations });
    const result = given(aPool(nodes, all, { inForce: entry }));
    expect(given(aPool(nodes, all, { inForce: entry }))).toEqual(result);
    expect(given(aPool(turned, all.toReversed(), { inForce: entry }))).toEqual(result);
  }, 9);
});

/** The fleet once a plan's Allocations have their nodes. */
function settled(
  nodes: Nodes,
  result: Readonly<Record<string, string | null>>,
  record: Partial<NodeRecord>,
): Nodes {
  const names = new Map(Object.entries(result).map(([name, node]) => [node, name]));
  return Object.fromEntries(
    Object.entries(nodes).map(([name, made]) => {
      const by = names.get(name);
      const runs = made.record?.provisionState === "active" ? {} : record;
      const allocation = { name: by ?? "", since: 0, commit: null };
      const its = by === undefined ? made.record : { ...made.record, ...runs, allocation };
      return [name, { ...made, record: its ?? {} }];
    }),
  );
}

test("law: who has a node keeps it, whoever comes, goes or changes", () => {
  check((nodes, all, turn) => {
    const first = given(aPool(nodes, all));
    const runs = { provisionState: "active", instance: aWorkload("deployed", IMAGE) } as const;
    const changed = all.map(({ name }) => anAllocation(name, { resourceClass: "tiny" }));
    const newcomers = turn.map((at) => anAllocation(`z${at}`, { resourceClass: "large" }));
    const later = given(aPool(settled(nodes, first, runs), [...changed, ...newcomers]));
    for (const [name, node] of Object.entries(first))
      if (node !== null) expect(later[name]).toBe(node);
    for (const { name } of newcomers)
      expect(Object.values(first)).not.toContain(later[name] ?? "none");
  }, 12);
});

test("law: one that left git before anything was deployed gives its node back, for the next one to get", () => {
  check((nodes, all) => {
    const first = given(aPool(nodes, all));
    const kept = settled(nodes, first, {});
    const plans = makePlan(aPool(kept, []), options()).nodes;
    const free = Object.fromEntries(
      plans.map(({ node, records, steps }) => {
        expect(steps.map(({ impact }) => impact)).not.toContain("destructive");
        const made = kept[node] ?? {};
        const { allocation } = { ...made.record, ...records };
        return [node, { ...made, record: { ...made.record, allocation: allocation ?? null } }];
      }),
    );
    expect(given(aPool(free, all))).toEqual(first);
  }, 15);
});

test("over many wishes every node of a pool is as likely as any other", () => {
  const pool = { n1: {}, n2: {}, n3: {}, n4: {} };
  const count = new Map<string, number>();
  for (let i = 0; i < 400; i += 1) {
    const node = given(aPool(pool, [anAllocation(`wish-${i}`)]))[`wish-${i}`] ?? "";
    count.set(node, (count.get(node) ?? 0) + 1);
  }
  for (const [, times] of count) expect(times).toBeGreaterThan(65);
  expect(count.size).toBe(4);
});
