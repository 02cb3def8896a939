import { expect, test } from "vitest";
import { interruptsService } from "../../../engine/plan/budget.ts";
import { drawPlan } from "../../../engine/plan/draw-plan.ts";
import type { NodeRequest, NodeSpec } from "../../../schemas/documents.ts";
import { failure } from "../../../schemas/failure.ts";
import type { Observation } from "../../../schemas/observation.ts";
import {
  familyPlan,
  type Member,
  member,
  type Members,
  told,
  why,
} from "../../support/a-family.ts";
import { seen, uuidOf } from "../../support/a-fleet.ts";

/** A list that passes through off and comes back on. */
const SERVICE: NodeRequest = {
  id: "burnin",
  action: "service",
  expires: "2026-11-30T00:00:00Z",
  steps: [{ interface: "deploy", step: "burnin_cpu" }],
};
const REBOOT: NodeRequest = { id: "kernel", action: "reboot", expires: "2026-11-30T00:00:00Z" };

function silent(name: string): Observation {
  return {
    ...seen(name),
    facets: {},
    unreachable: failure("waiting", "IW-B01", `the BMC of ${name} does not answer`),
  };
}

const HELD = [
  { id: "h1", scope: "all", reason: "new fans", owner: "ops", since: 0, until: null },
] as const;
const hold = (name: string) => ({ input: { holds: new Map([[uuidOf(name), HELD]]) } });

/** A child that is to be on, under a server that is off and of which git says nothing. */
const NEEDY: Member = { spec: { power: "on" }, power: "off" };
const OFF: Member = { power: "off" };

test.each<[string, Member, string]>([
  [
    "does not answer",
    { observation: silent("srv") },
    "whether its parent srv is on is not known: the BMC of srv does not answer",
  ],
  [
    "was never observed",
    { observation: null },
    "whether its parent srv is on is not known: its BMC did not tell it",
  ],
  [
    "is another machine",
    { observation: seen("srv", { identity: { serial: "OTHER" }, power: "on" }) },
    "whether its parent srv is on is not known: another machine answers there",
  ],
  [
    "is on its way",
    { power: "powering-on" },
    "its parent srv is powering-on just now; plan again in a minute",
  ],
  [
    "is in maintenance",
    { ...OFF, spec: { maintenance: { enabled: true, reason: "new board" } } },
    'its parent srv is off and can\'t be powered on for it: in maintenance "new board" (inventory/srv.yaml:1)',
  ],
  [
    "is only looked at",
    { ...OFF, spec: { mode: "observe" } },
    "its parent srv is off and can't be powered on for it: mode is observe (inventory/srv.yaml:1)",
  ],
  [
    "has a task",
    {
      observation: seen("srv", {
        power: "off",
        tasks: [{ uri: "/t/1", name: "BIOS update", state: "Running" }],
      }),
    },
    "its parent srv is off and can't be powered on for it: a task runs on its BMC (BIOS update, Running): power is left alone until it ends",
  ],
  [
    "was never verified, and is not about to be",
    {
      ...OFF,
      spec: { provision: { state: "enroll" } },
      record: { provisionState: "enroll", instance: null },
    },
    "its parent srv is off and can't be powered on for it: it is enroll",
  ],
  [
    "is declared on, and its drift is only reported",
    { ...OFF, spec: { power: "on" }, record: { applied: { power: "on" } } },
    "its parent srv is off and is not powered on: drift.power is report",
  ],
])("a child is not powered on while its parent %s, and is told why", (_what, srv, message) => {
  const plan = familyPlan({ srv, dpu: NEEDY });
  expect(told(plan, "dpu")).toEqual([]);
  expect(why(plan, "dpu")).toEqual([`IW-P32 ${message}`]);
  expect(told(plan, "srv").filter((text) => text.startsWith("power"))).toEqual([]);
});

test("a held parent is named with its hold, and what else it would do is not stopped by its child", () => {
  const plan = familyPlan({ srv: OFF, dpu: NEEDY }, hold("srv"));
  expect(why(plan, "dpu")).toEqual([
    'IW-P32 its parent srv is off and can\'t be powered on for it: held (all) by ops: "new fans" (id h1; to end it: ironwright release srv h1)',
  ]);
  expect(plan.summary.steps).toBe(0);
});

test("a parent that is declared off stops a list of its child's that powers it on", () => {
  const plan = familyPlan({
    srv: { ...OFF, spec: { power: "off" } },
    dpu: { ...OFF, spec: { requests: [SERVICE] } },
  });
  expect(why(plan, "dpu")).toEqual([
    "IW-P32 its parent srv is declared off (inventory/srv.yaml:8); declare it on or unmanaged, or say dedicatedPower: true where there is a supply of its own",
  ]);
});

test("a parent that goes off by the same plan stops its child, and says where that is declared", () => {
  const plan = familyPlan({
    srv: { spec: { power: "off" } },
    dpu: { ...OFF, spec: { requests: [SERVICE] } },
  });
  expect(told(plan, "srv")).toEqual(["power.softOff: graceful; forced at 10 min"]);
  expect(why(plan, "dpu")).toEqual([
    "IW-P32 its parent srv is declared off (inventory/srv.yaml:8)",
  ]);
});

test("of a plan of one node the other is no part, and is asked for by name", () => {
  const on = familyPlan({ srv: OFF, dpu: NEEDY }, { options: { select: new Set(["dpu"]) } });
  expect(why(on, "dpu")).toEqual([
    "IW-P32 its parent srv is off and not part of this plan; plan them together: --node srv --node dpu",
  ]);
  const off = familyPlan(
    { srv: { spec: { power: "off" } }, dpu: {} },
    { options: { select: new Set(["srv"]) } },
  );
  expect(why(off, "srv")).toEqual([
    "IW-P32 dpu draws its power from it and is on, and is not part of this plan; plan both: --node srv --node dpu",
  ]);
  expect(told(off, "srv")).toEqual([]);
  const fine = familyPlan({ srv: {}, dpu: NEEDY }, { options: { select: new Set(["dpu"]) } });
  expect(told(fine, "dpu")).toEqual(["power.on: declared on, is off"]);
});

test.each<[string, Member, string]>([
  [
    "is silent",
    { observation: silent("dpu") },
    "dpu draws its power from it, and whether dpu is on is not known: the BMC of dpu does not answer",
  ],
  [
    "is on its way",
    { power: "powering-off" },
    "dpu draws its power from it and is powering-off just now; plan again in a minute",
  ],
  [
    "is in maintenance",
    { spec: { maintenance: { enabled: true } } },
    "dpu draws its power from it, is on, and can't be powered off before it: in maintenance (inventory/dpu.yaml:1)",
  ],
  [
    "is rescued by somebody",
    { record: { provisionState: "rescue" }, spec: { provision: { state: "rescue" } } },
    "dpu draws its power from it, is on, and can't be powered off before it: power: suspended while the node is rescue",
  ],
  [
    "has a list of its own to do",
    { spec: { requests: [SERVICE] } },
    "dpu draws its power from it and has work of its own in this plan (provision.service), which comes first; plan again when that is done",
  ],
])("a parent does not go off while its child %s, and names it", (_what, dpu, message) => {
  for (const spec of [{ power: "off" }, { requests: [SERVICE] }] satisfies readonly NodeSpec[]) {
    const plan = familyPlan({ srv: { spec }, dpu, other: {} });
    expect(told(plan, "srv")).toEqual([]);
    expect(why(plan, "srv")).toEqual([`IW-P32 ${message}`]);
    // Nobody is powered off for a parent that stays on.
    expect(told(plan, "other")).toEqual([]);
  }
});

test("a child that is on under a parent that is off is asked whether it has a supply of its own", () => {
  const plan = familyPlan({ srv: { ...OFF, spec: { requests: [SERVICE] } }, dpu: {} });
  expect(why(plan, "srv")).toEqual([
    "IW-P32 dpu is on while srv is off; where it has a supply of its own, say so: dedicatedPower: true (inventory/dpu.yaml:7)",
  ]);
});

test("what is above the ceiling of the run is done to neither", () => {
  const plan = familyPlan(
    { srv: { spec: { power: "off" } }, dpu: {} },
    { options: { maxImpact: "in-place" } },
  );
  expect(plan.summary.steps).toBe(0);
  expect(why(plan, "srv")[0]).toContain("IW-P14");
  expect(why(plan, "dpu")).toEqual([]);
});

test("without a store nothing is planned for anybody's sake", () => {
  const plan = familyPlan({ srv: OFF, dpu: NEEDY }, { input: { store: null } });
  expect(plan.summary.steps).toBe(0);
  expect(member(plan, "srv").tree).toBeUndefined();
});

test("a parent that is on, and a child with a supply of its own, make nothing of each other", () => {
  expect(told(familyPlan({ srv: {}, dpu: NEEDY }), "dpu")).toEqual([
    "power.on: declared on, is off",
  ]);
  const dedicated = { dedicatedPower: true, power: "on" } as const;
  const on = familyPlan({ srv: OFF, dpu: { spec: dedicated, power: "off" } });
  expect(told(on, "srv")).toEqual([]);
  expect(told(on, "dpu")).toEqual(["power.on: declared on, is off"]);
  const off = familyPlan({
    srv: { spec: { power: "off" } },
    dpu: { spec: { dedicatedPower: true } },
  });
  expect(told(off, "dpu")).toEqual([]);
  expect(told(off, "srv")).toEqual(["power.softOff: graceful; forced at 10 min"]);
});

test("a parent of which git says nothing is powered on for all children that need it, by one step that names them", () => {
  const plan = familyPlan({
    srv: OFF,
    b: NEEDY,
    a: { ...OFF, spec: { requests: [SERVICE] } },
    c: OFF,
  });
  expect(told(plan, "srv")).toEqual([
    "power.on: children a, b need it: inventory/a.yaml:1, inventory/b.yaml:8",
  ]);
  expect(told(plan, "a")[0]).toBe("after srv");
  expect(told(plan, "b")).toEqual(["after srv", "power.on: declared on, is off"]);
  expect(told(plan, "c")).toEqual([]);
  expect(plan.summary).toMatchObject({ changedNodes: 3, byImpact: { "in-place": 2 } });
});

test("a parent with a step of its own keeps its reason; a list of its comes first as well", () => {
  const own = familyPlan({ srv: { ...OFF, spec: { power: "on" } }, dpu: NEEDY });
  expect(told(own, "srv")).toEqual(["power.on: declared on, is off"]);
  expect(told(own, "dpu")).toEqual(["after srv", "power.on: declared on, is off"]);
  const list = familyPlan({ srv: { spec: { requests: [SERVICE] } }, dpu: NEEDY });
  expect(told(list, "srv")).toEqual([
    "provision.service: as the request burnin asks: deploy.burnin_cpu",
  ]);
  expect(told(list, "dpu")[0]).toBe("after srv");
});

test("children are powered off before a parent that is declared off, and counted as interrupted", () => {
  const plan = familyPlan({ srv: { spec: { power: "off" } }, b: {}, a: {}, c: OFF });
  const reason =
    "power.softOff: its parent srv is declared off (inventory/srv.yaml:8); graceful; forced at 10 min";
  expect(told(plan, "a")).toEqual([reason]);
  expect(told(plan, "b")).toEqual([reason]);
  expect(told(plan, "c")).toEqual([]);
  expect(told(plan, "srv")).toEqual([
    "after a",
    "after b",
    "power.softOff: graceful; forced at 10 min",
  ]);
  expect(plan.nodes.filter(interruptsService).map(({ node }) => node)).toEqual(["a", "b", "srv"]);
  expect(plan.summary.reboots).toBe(3);
  expect(member(plan, "a").notes).toEqual([]);
});

test("a child that goes off by itself needs nobody's word, and its parent comes after it", () => {
  const plan = familyPlan({ srv: { spec: { power: "off" } }, dpu: { spec: { power: "off" } } });
  expect(told(plan, "dpu")).toEqual(["power.softOff: graceful; forced at 10 min"]);
  expect(told(plan, "srv")[0]).toBe("after dpu");
});

test("of a parent that comes back on, a child is told how it does", () => {
  const srv: Member = { spec: { requests: [SERVICE] } };
  const on = familyPlan({ srv, dpu: { spec: { power: "on" } } });
  expect(told(on, "dpu")[0]).toContain(
    "its parent srv goes off on its way (provision.service, inventory/srv.yaml:1)",
  );
  expect(member(on, "dpu").notes).toEqual([
    "powered off for srv: it comes on again by its own declaration, in the next plan",
  ]);
  expect(member(familyPlan({ srv, dpu: {} }), "dpu").notes).toEqual([
    "powered off for srv: it declares no power, so it stays off until somebody powers it on",
  ]);
});

test("a reboot asks no child, and says whose power it may cut", () => {
  const plan = familyPlan({
    srv: { spec: { requests: [REBOOT] } },
    a: {},
    b: OFF,
    c: { observation: silent("c") },
  });
  expect(told(plan, "srv")).toEqual(["power.reboot: request kernel"]);
  expect(told(plan, "a")).toEqual([]);
  expect(member(plan, "srv").notes).toEqual([
    "its reboot asks no child, and may cut the power of a, c",
  ]);
  // Who is to come on does not do so in the middle of it.
  const both = familyPlan({ srv: { spec: { requests: [REBOOT] } }, dpu: NEEDY });
  expect(told(both, "dpu")[0]).toBe("after srv");
});

test("a silent child of a parent that is off has no power to lose", () => {
  const plan = familyPlan({
    srv: { ...OFF, spec: { requests: [SERVICE] } },
    dpu: { observation: silent("dpu") },
  });
  expect(told(plan, "srv")).toHaveLength(1);
  expect(why(plan, "srv")).toEqual([]);
});

test("the order in which nodes are read changes no byte of a plan", () => {
  const members: Members = { srv: OFF, a: NEEDY, b: NEEDY, c: {} };
  const turned = Object.fromEntries(Object.entries(members).reverse());
  const same = (one: Members) => ({ ...familyPlan(one), id: "", tree: "" });
  expect(same(turned)).toEqual(same(members));
});

test("graphs lead from the last step of a node to those that come after it", () => {
  const plan = familyPlan({ srv: OFF, dpu: NEEDY });
  expect(drawPlan(plan, "text")).toBe(
    "dpu (after srv): power.on (in-place)\nsrv: power.on (in-place)\n",
  );
  expect(drawPlan(plan, "dot")).toContain('"srv 1 power.on" -> "dpu";');
  expect(JSON.parse(drawPlan(plan, "json"))).toMatchObject({
    nodes: [{ node: "dpu", after: ["srv"] }, {}],
  });
  expect(drawPlan(plan, "svg")).toContain("<svg");
});
