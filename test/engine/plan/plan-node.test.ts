import { expect, test } from "vitest";
import type { NodeSpec } from "../../../schemas/documents.ts";
import { failure } from "../../../schemas/failure.ts";
import { known, type Observation, type ObservedFacets } from "../../../schemas/observation.ts";
import type { NodePlan } from "../../../schemas/plan.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import type { PlanOptions } from "../../../engine/plan/input.ts";
import { aNode, aRecord, aWorkload, NOW, planOf, seen } from "../../support/a-fleet.ts";

interface Case {
  readonly spec: NodeSpec;
  readonly values?: Partial<ObservedFacets>;
  readonly more?: Partial<Observation>;
  readonly record?: Partial<NodeRecord>;
  readonly options?: Partial<PlanOptions>;
}

function plan({ spec, values = {}, more = {}, record, options = {} }: Case): NodePlan {
  const planned = planOf(
    aNode("n1", spec),
    seen("n1", values, more),
    record === undefined ? undefined : aRecord("n1", record),
    options,
  );
  const [node] = planned.nodes;
  if (node === undefined) throw new Error("not planned");
  return node;
}

const verbs = (node: NodePlan): readonly string[] => node.steps.map(({ action }) => action);
const codes = (node: NodePlan): readonly string[] => node.blockedBy.map(({ code }) => code);
const ACTIVE = { provisionState: "active", instance: aWorkload("deployed") } as const;
const ADOPTED = { provisionState: "active", instance: aWorkload("adopted") } as const;
const FULL = known(seen("n1"), "identity") ?? {};

test("nothing is sent to a machine that is declared enroll", () => {
  const node = plan({
    spec: { provision: { state: "enroll" }, power: "on" },
    values: { power: "off" },
  });
  expect(verbs(node)).toEqual([]);
  expect(node.changes[0]?.noStep).toContain("nothing is sent but reads");
});

test("a machine that was never verified is verified before anything else is sent", () => {
  const node = plan({
    spec: { power: "on", boot: { device: "pxe", secureBoot: false } },
    values: { power: "off" },
  });
  expect(verbs(node)).toEqual([
    "provision.manage",
    "management.setSecureBoot",
    "management.setBootDevice",
    "power.on",
  ]);
  expect(node.steps.map(({ dependsOn }) => dependsOn)).toEqual([[], ["1"], ["2"], ["3"]]);
});

test("provide comes after the settings and before power", () => {
  const node = plan({
    spec: { provision: { state: "available" }, power: "on", boot: { mode: "bios" } },
    values: { power: "off" },
  });
  expect(verbs(node)).toEqual([
    "provision.manage",
    "management.setBootMode",
    "provision.inspect",
    "provision.provide",
    "power.on",
  ]);
});

test("adopted, named in full and answering as named: nothing to do, and nothing is sent", () => {
  const node = plan({ spec: { provision: { state: "adopted" }, identity: FULL } });
  expect([node.inSync, node.provisionState, verbs(node), node.records]).toEqual([
    true,
    "active",
    [],
    undefined,
  ]);
  expect(node.adopts).toBe(true);
});

test("adopted and named in part: it is verified and adopted by steps that send nothing", () => {
  const node = plan({ spec: { provision: { state: "adopted" }, identity: { serial: "S-n1" } } });
  expect(verbs(node)).toEqual(["provision.manage", "provision.adopt"]);
  expect(node.steps.every(({ impact }) => impact === "none")).toBe(true);
});

test("active to adopted and back plans nothing", () => {
  for (const record of [ACTIVE, ADOPTED])
    for (const state of ["active", "adopted"] as const)
      expect(verbs(plan({ spec: { provision: { state } }, record }))).toEqual([]);
});

test("a workload is never left without a request", () => {
  for (const state of ["available", "manageable"] as const) {
    const node = plan({ spec: { provision: { state } }, record: ADOPTED });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P07"]]);
  }
});

test("what needs a deploy is blocked as not built, and nothing is sent on the way", () => {
  const node = plan({
    spec: { provision: { state: "active" }, power: "on" },
    values: { power: "off" },
  });
  expect([verbs(node), codes(node)]).toEqual([[], ["IW-P08"]]);
});

test("off is graceful and then forced; forced alone where the BMC offers no graceful stop", () => {
  const graceful = plan({ spec: { power: "off" }, record: ACTIVE });
  expect(graceful.steps[0]).toMatchObject({
    action: "power.softOff",
    fallback: { verb: "power.off" },
    impact: "reboot",
  });
  const forced = plan({
    spec: { power: "off" },
    record: ACTIVE,
    more: { capabilities: { resetTypes: ["On", "ForceOff"] } },
  });
  expect(forced.steps[0]).toMatchObject({ action: "power.off", impact: "reboot" });
});

test("unknown is never off: a power that cannot be read plans no act", () => {
  const node = plan({
    spec: { power: "on" },
    record: ACTIVE,
    more: { facets: { power: { known: false, at: NOW, why: null } } },
  });
  expect([verbs(node), codes(node), node.inSync]).toEqual([[], ["IW-P03"], false]);
});

test("a task on the BMC leaves power alone", () => {
  const node = plan({
    spec: { power: "on" },
    record: ACTIVE,
    values: { power: "off", tasks: [{ uri: "/t/1", name: "flash", state: "Running" }] },
  });
  expect([verbs(node), codes(node)]).toEqual([[], ["IW-B17"]]);
});

test("a BMC that does not say whether a task runs has its power left alone too", () => {
  const why = failure("transient", "IW-B08", "BMC x failed inside; reset it");
  const node = plan({
    spec: { power: "on" },
    record: ACTIVE,
    values: { power: "off" },
    more: {
      facets: { ...seen("n1", { power: "off" }).facets, tasks: { known: false, at: NOW, why } },
    },
  });
  expect([verbs(node), codes(node)]).toEqual([[], ["IW-B17"]]);
});

test("drift is what git did not move: enforced where we deployed, reported where we adopted", () => {
  const off = { values: { power: "off" } as const, spec: { power: "on" } as const };
  expect(
    plan({ ...off, record: { ...ACTIVE, applied: { power: "on" } } }).changes[0],
  ).toMatchObject({ cause: "drift" });
  expect(verbs(plan({ ...off, record: { ...ACTIVE, applied: { power: "on" } } }))).toEqual([
    "power.on",
  ]);
  expect(verbs(plan({ ...off, record: { ...ADOPTED, applied: { power: "on" } } }))).toEqual([]);
  expect(verbs(plan({ ...off, record: ADOPTED }))).toEqual(["power.on"]);
  const enforced = { ...off, spec: { power: "on", drift: { power: "enforce" } } as const };
  expect(verbs(plan({ ...enforced, record: { ...ADOPTED, applied: { power: "on" } } }))).toEqual([
    "power.on",
  ]);
  const ignored = plan({
    values: off.values,
    spec: { power: "on", drift: { default: "ignore" } },
    record: { ...ACTIVE, applied: { power: "on" } },
  });
  expect([ignored.changes, ignored.inSync]).toEqual([[], true]);
});

test("an earlier reading that agreed tells drift from intent, also without a record", () => {
  const node = plan({
    spec: { power: "on", provision: { state: "adopted" }, identity: FULL },
    values: { power: "off" },
    more: { agreed: { at: NOW - 1000, desired: { power: "on" } } },
  });
  expect(node.changes).toMatchObject([{ facet: "power", cause: "drift" }]);
  expect(verbs(node)).toEqual([]);
});

test("another machine answers: every step is gone, whatever its impact", () => {
  const node = plan({
    spec: { identity: { serial: "OTHER" }, power: "on", boot: { device: "pxe" } },
    values: { power: "off" },
    record: ACTIVE,
  });
  expect([verbs(node), codes(node)]).toEqual([[], ["IW-P04"]]);
});

test.each(["", "0000-0000", "To be filled by O.E.M.", "ffffffff-ffff"])(
  "a serial of %j is unknown, never a match and never a difference",
  (serial) => {
    const node = plan({
      spec: { identity: { serial: "S1" } },
      values: { identity: { serial } },
      record: ACTIVE,
    });
    expect([node.identity.matches, codes(node)]).toEqual([null, []]);
  },
);

test.each([
  ["all", []],
  ["power", ["management.setBootDevice"]],
  ["reboot", ["management.setBootDevice"]],
  ["destructive", ["management.setBootDevice", "power.softOff"]],
] as const)("a hold of scope %s leaves the acts that it does not cover", (scope, left) => {
  const node = plan({
    spec: { power: "off", boot: { device: "pxe" }, holds: [{ scope, reason: "fan" }] },
    record: ACTIVE,
  });
  expect(verbs(node)).toEqual(left);
  expect(codes(node)).toEqual(left.length === 2 ? [] : ["IW-P01"]);
});

test("a hold that is over holds nothing", () => {
  const node = plan({
    spec: { power: "off", holds: [{ reason: "fan", until: "2026-11-23" }] },
    record: ACTIVE,
  });
  expect(verbs(node)).toEqual(["power.softOff"]);
});

test("maintenance, mode observe and a ceiling each keep a step back and say so", () => {
  const off = { record: ACTIVE } as const;
  expect(codes(plan({ ...off, spec: { power: "off", maintenance: { enabled: true } } }))).toEqual([
    "IW-P06",
  ]);
  expect(codes(plan({ ...off, spec: { power: "off", mode: "observe" } }))).toEqual(["IW-P09"]);
  const capped = plan({
    ...off,
    spec: { power: "off", boot: { device: "pxe" } },
    options: { maxImpact: "in-place" },
  });
  expect([verbs(capped), codes(capped)]).toEqual([["management.setBootDevice"], ["IW-P14"]]);
});

test("a silent BMC is one row, not one for each facet", () => {
  const node = plan({
    spec: { power: "on", boot: { mode: "uefi", device: "disk" } },
    record: ACTIVE,
    more: { facets: {}, unreachable: failure("transient", "IW-B01", "no answer") },
  });
  expect([codes(node), node.unreachable]).toEqual([["IW-B01"], true]);
});

test("traits are written into the record by no step; on a held node they wait", () => {
  const node = plan({ spec: { traits: ["CUSTOM_B", "CUSTOM_A"] }, record: ACTIVE });
  expect([verbs(node), node.records]).toEqual([[], { traits: ["CUSTOM_A", "CUSTOM_B"] }]);
  expect(
    plan({ spec: { traits: ["CUSTOM_A"], mode: "observe" }, record: ACTIVE }).records,
  ).toBeUndefined();
});

test("secure boot under legacy BIOS is refused as what the hardware cannot do", () => {
  const node = plan({
    spec: { boot: { secureBoot: true } },
    record: ACTIVE,
    values: { bootMode: "bios", secureBoot: { enabled: false, currentBoot: false } },
  });
  expect([verbs(node), codes(node)]).toEqual([[], ["IW-P13"]]);
});

test("boot mode may keep a machine from booting, and is staged while it is on", () => {
  const node = plan({ spec: { boot: { mode: "bios" } }, record: ACTIVE });
  expect(node.steps[0]?.mayNotBoot).toBe(true);
  expect(node.staged).toEqual([{ path: "/boot/mode", until: "the next power-on" }]);
});

test("in rescue and on the way, power and boot are suspended, never drift", () => {
  for (const provisionState of ["rescue", "deploying"] as const) {
    const node = plan({
      spec: { power: "on" },
      record: { provisionState, applied: { power: "on" } },
      values: { power: "off" },
    });
    expect(verbs(node)).toEqual([]);
    expect(node.notes.join()).toContain("power: suspended while the node is");
  }
});
