import * as fc from "fast-check";
import { expect, test } from "vitest";
import { checkNode, checkWhole } from "../../../engine/plan/check-plan.ts";
import { explainNode } from "../../../engine/plan/explain-node.ts";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import { loadPlan, savePlan } from "../../../engine/plan/plan-json.ts";
import { planMarkdown } from "../../../engine/plan/plan-markdown.ts";
import { nextWait } from "../../../engine/plan/backoff.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import type { Observation } from "../../../schemas/observation.ts";
import type { NodePlan, Plan } from "../../../schemas/plan.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import {
  aFleet,
  aNode,
  anInput,
  aRecord,
  aWorkload,
  byUuid,
  inForce,
  NOW,
  options,
  planOf,
  seen,
  sha256,
  uuidOf,
} from "../../support/a-fleet.ts";

const ACTIVE = { provisionState: "active", instance: aWorkload("deployed") } as const;

const specs: fc.Arbitrary<NodeSpec> = fc.record(
  {
    power: fc.constantFrom("on", "off", "unmanaged"),
    boot: fc.record(
      { mode: fc.constantFrom("uefi", "bios"), device: fc.constantFrom("disk", "pxe") },
      { requiredKeys: [] },
    ),
    traits: fc.uniqueArray(fc.constantFrom("CUSTOM_A", "CUSTOM_B"), { maxLength: 2 }),
    provision: fc.record({
      state: fc.constantFrom("enroll", "manageable", "available", "adopted"),
    }),
    drift: fc.record({ default: fc.constantFrom("enforce", "report", "ignore") }),
  },
  { requiredKeys: [] },
);
const readings = fc.record({
  power: fc.constantFrom("on", "off"),
  bootMode: fc.constantFrom("uefi", "bios"),
  bootDevice: fc.constantFrom(
    { device: "disk", persistent: true },
    { device: "none", persistent: false },
  ),
});
const states = fc.constantFrom(
  "enroll",
  "manageable",
  "available",
  "active",
  "clean failed",
  "error",
);

/** What is seen and recorded once every step of a plan has done what it says. */
function carriedOut(
  plan: NodePlan,
  observation: Observation,
  record: NodeRecord,
): [Observation, NodeRecord] {
  let facets = observation.facets;
  let next = { ...record, ...plan.records };
  for (const { after } of plan.steps)
    for (const [facet, value] of Object.entries(after))
      if (facet === "provision")
        next = { ...next, provisionState: value as NodeRecord["provisionState"] };
      else facets = { ...facets, [facet]: { known: true, value, at: NOW } };
  return [{ ...observation, facets }, next];
}

test("law: after all steps succeed the next plan has none", () => {
  fc.assert(
    fc.property(specs, readings, states, (spec, values, provisionState) => {
      const node = aNode("n1", spec);
      const record = aRecord("n1", { provisionState });
      const observation = seen("n1", values);
      const [first] = planOf(node, observation, record).nodes;
      if (first === undefined) throw new Error("not planned");
      const [later, known] = carriedOut(first, observation, record);
      const [second] = planOf(node, later, known).nodes;
      expect(second?.steps).toEqual([]);
      expect(second?.records).toBeUndefined();
    }),
    { numRuns: 500, seed: 1 },
  );
});

test("law: the same input gives the same bytes, and the order of files gives nothing", () => {
  fc.assert(
    fc.property(fc.array(specs, { minLength: 2, maxLength: 5 }), (all) => {
      const nodes = all.map((spec, i) => aNode(`n${i}`, spec));
      const one = makePlan(anInput(aFleet(nodes)), options());
      const fleet = aFleet(nodes);
      const two = makePlan(anInput({ ...fleet, nodes: fleet.nodes.toReversed() }), options());
      expect(savePlan({ ...two })).toBe(savePlan(one));
    }),
    { numRuns: 100, seed: 2 },
  );
});

function names(count: number): readonly ReturnType<typeof aNode>[] {
  return Array.from({ length: count }, (_, i) => aNode(`n${i}`, {}));
}

test("removing a few nodes makes orphans; removing many refuses the plan whole", () => {
  const before = aFleet(names(10));
  const few = makePlan(anInput(aFleet(names(8)), { inForce: inForce(before) }), options());
  expect([few.orphans, few.refused]).toEqual([["n8", "n9"], []]);
  const many = makePlan(anInput(aFleet(names(6)), { inForce: inForce(before) }), options());
  expect(many.refused[0]?.message).toContain("removes 4 of 10 nodes");
  const accepted = makePlan(
    anInput(aFleet(names(6)), { inForce: inForce(before) }),
    options({ acceptRemoval: 4 }),
  );
  expect(accepted.refused).toEqual([]);
  const fleet = aFleet(names(6));
  const said = {
    ...fleet,
    commit: { ...fleet.commit, message: "drop n6..n9\n\nIronwright-Removes: 4\n" },
  };
  expect(makePlan(anInput(said, { inForce: inForce(before) }), options()).refused).toEqual([]);
});

test("a renamed node is found by its machine: no orphan, no new node, nothing planned", () => {
  const record = aRecord("old", { ...ACTIVE, identity: { serial: "S-new" } });
  const node = {
    ...aNode("new", { provision: { state: "active" }, identity: { serial: "S-new" } }),
  };
  const before = aFleet([aNode("old", {})]);
  const plan = makePlan(
    anInput(aFleet([node]), { records: byUuid([record]), inForce: inForce(before) }),
    options(),
  );
  expect([plan.orphans, plan.nodes[0]?.uuid, plan.nodes[0]?.steps, plan.nodes[0]?.inSync]).toEqual([
    [],
    uuidOf("old"),
    [],
    true,
  ]);
});

test("a renamed node behind a chassis is found by whom its BMC passes on to, and by no neighbour of it", () => {
  const address = "10.0.0.7";
  const system = "channel 7 address 24h";
  const record = aRecord("old", { ...ACTIVE, identity: null, bmc: { address, system } });
  const uuidsBehind = (target: number): readonly (string | null)[] => {
    const bridging = { target: { channel: 7, address: target } };
    const spec = { driver: "ipmi", provision: { state: "active" } } as const;
    const node = aNode("new", { ...spec, bmc: { address, bridging } });
    const input = anInput(aFleet([node]), { records: byUuid([record]) });
    return makePlan(input, options()).nodes.map(({ uuid }) => uuid);
  };
  expect(uuidsBehind(0x24)).toEqual([uuidOf("old")]);
  expect(uuidsBehind(0x26)).not.toContain(uuidOf("old"));
});

test("the breaker opens when more than a share drifts, and not for what was acknowledged", () => {
  const nodes = Array.from({ length: 100 }, (_, i) => aNode(`n${i}`, { power: "on" }));
  const records = byUuid(
    nodes.map(({ name }) => aRecord(name, { ...ACTIVE, applied: { power: "on" } })),
  );
  const off = new Map(
    nodes.map(({ name }, i) => [name, seen(name, { power: i < 21 ? "off" : "on" })]),
  );
  const input = anInput(aFleet(nodes), { records, observations: off });
  expect(makePlan(input, options()).refused[0]?.code).toBe("IW-P11");
  expect(makePlan({ ...input, acknowledged: new Set(["n0"]) }, options()).refused).toEqual([]);
});

test("without a store everything is shown and nothing is planned", () => {
  const plan = makePlan(
    anInput(aFleet([aNode("n1", { power: "off" })]), { store: null }),
    options(),
  );
  expect([
    plan.nodes[0]?.changes.length,
    plan.nodes[0]?.steps,
    plan.nodes[0]?.blockedBy[0]?.code,
  ]).toEqual([2, [], "IW-S02"]);
});

test("a saved plan proves itself; one changed byte is found", () => {
  const plan = planOf(aNode("n1", { power: "off" }), seen("n1"), aRecord("n1", ACTIVE));
  const text = savePlan(plan);
  const loaded = loadPlan(text, sha256);
  expect(loaded.ok && loaded.value.id).toBe(plan.id);
  for (const broken of [text.replace("softOff", "on"), text.slice(0, -9), "{}", "[]", '"x"'])
    expect([broken.length, loadPlan(broken, sha256).ok]).toEqual([broken.length, false]);
});

test("a saved plan goes stale as a whole by tree, store, settings and age", () => {
  const plan = planOf(aNode("n1", {}), seen("n1"));
  expect(checkWhole(plan, plan, NOW)).toBeNull();
  const changes: Partial<Plan>[] = [
    { tree: "other" },
    { store: "other" },
    { settingsHash: "other" },
    { storeEpoch: 2 },
  ];
  for (const change of changes)
    expect(checkWhole(plan, { ...plan, ...change }, NOW)).not.toBeNull();
  expect(checkWhole(plan, plan, NOW + 25 * 3_600_000)).toContain("older than 24 hours");
});

test("a node that moved is dropped with its first difference; one that is done already is done", () => {
  const node = aNode("n1", { power: "off" });
  const saved = planOf(node, seen("n1"), aRecord("n1", ACTIVE)).nodes[0];
  const again = (observation: Observation, record: NodeRecord): NodePlan | undefined =>
    planOf(node, observation, record).nodes[0];
  if (saved === undefined) throw new Error("not planned");
  expect(checkNode(saved, again(seen("n1"), aRecord("n1", ACTIVE)))).toEqual({
    kind: "as-planned",
  });
  expect(checkNode(saved, again(seen("n1", { power: "off" }), aRecord("n1", ACTIVE)))).toEqual({
    kind: "already-done",
  });
  expect(checkNode(saved, again(seen("n1"), aRecord("n1", { ...ACTIVE, revision: 3 })))).toEqual({
    kind: "moved",
    what: "somebody acted on it since",
  });
  expect(checkNode(saved, undefined)).toMatchObject({ kind: "moved" });
});

test("explain says why nothing happens, with the code and the place", () => {
  const node = aNode(
    "n1",
    { power: "off", holds: [{ reason: "a fan is out", owner: "kim" }] },
    { origins: { "/holds/0": ["inventory/n1.yaml", 9] } },
  );
  const plan = planOf(node, seen("n1"), aRecord("n1", ACTIVE));
  const text = explainNode({ plan, node, nodes: [node], record: null, holder: null, now: NOW });
  expect(text).toContain("n1: active; nothing will be done");
  expect(text).toContain(
    'because  held (all) by kim: "a fan is out" (inventory/n1.yaml:9)   IW-P01',
  );
});

test("Markdown escapes what a name or a reason could break", () => {
  const node = aNode("n1", { power: "off", holds: [{ reason: "a|b <script>" }] });
  const text = planMarkdown(planOf(node, seen("n1"), aRecord("n1", ACTIVE)), { now: NOW });
  expect(text).toContain("a\\|b &lt;script>");
});

test("waits double from half a minute to an hour and are spread by node", () => {
  const first = nextWait(0, 1, "n1");
  expect(first).toBeGreaterThanOrEqual(27_000);
  expect(first).toBeLessThanOrEqual(33_000);
  expect(nextWait(0, 1, "n1")).toBe(first);
  expect(nextWait(0, 1, "n2")).not.toBe(first);
  expect(nextWait(50 * 60_000, 1, "n1")).toBeLessThanOrEqual(66 * 60_000);
});
