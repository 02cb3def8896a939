import { describe, expect, test } from "vitest";
import { fleetWithAct } from "../../../engine/plan/act-view.ts";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import type { ObservedFacet } from "../../../schemas/observation.ts";
import type { PersonAct } from "../../../schemas/person-act.ts";
import type { NodePlan } from "../../../schemas/plan.ts";
import { PROVISION_STATES } from "../../../schemas/provision-state.ts";
import type { HoldRecord, NodeRecord } from "../../../schemas/record.ts";
import {
  aFleet,
  aNode,
  anInput,
  aRecord,
  byUuid,
  inForce,
  options,
  seen,
  uuidOf,
} from "../../support/a-fleet.ts";
import {
  ACTIVE,
  ask,
  CATALOG,
  codes,
  DISKS,
  plan,
  SERIAL,
  verbs,
  WANT_ACTIVE,
} from "../../support/plan-one.ts";

/** Git asks for all of this; an act is none of it. */
const GIT: NodeSpec = {
  ...WANT_ACTIVE,
  power: "on",
  boot: { device: "pxe", mode: "bios" },
  indicators: { system: "on" },
  traits: ["CUSTOM_NEW"],
  requests: [ask("rebuild"), ask("reboot")],
  drift: { default: "enforce" },
};

const OFF = { kind: "power", to: "off", soft: false, forceAfterSeconds: null } as const;
const ON = { ...OFF, to: "on" } as const;
const CLEAN: PersonAct["ask"] = {
  kind: "request",
  request: { action: "clean", steps: [{ interface: "deploy", step: "erase_devices" }] },
};

function anAct(asked: PersonAct["ask"], more: Partial<PersonAct> = {}): PersonAct {
  return {
    id: "act:ada@desk/2026-11-24T05:16:44.000Z/00000000",
    node: "n1",
    by: "ada@desk",
    ask: asked,
    timeoutSeconds: null,
    pastHolds: [],
    registerSeq: 1,
    ...more,
  };
}

interface Scene {
  readonly spec?: NodeSpec;
  readonly record?: Partial<NodeRecord>;
  readonly values?: Parameters<typeof seen>[1];
  readonly holds?: readonly HoldRecord[];
  readonly unread?: readonly ObservedFacet[];
}

function planned(
  act: PersonAct,
  { spec = GIT, record = ACTIVE, values = {}, holds = [], unread = [] }: Scene,
  more: Parameters<typeof options>[0] = {},
): NodePlan {
  const node = aNode("n1", { driver: "fake", identity: SERIAL, ...spec }, { rack: "r1" });
  const git = aFleet([node]);
  const known = aRecord("n1", { origin: "new", inventory: DISKS, identity: SERIAL, ...record });
  const all = seen("n1", values);
  const read = Object.entries(all.facets).filter(([name]) => !unread.some((one) => one === name));
  const whole = makePlan(
    anInput(fleetWithAct(git, act), {
      catalog: CATALOG,
      records: byUuid([known]),
      observations: new Map([["n1", { ...all, facets: Object.fromEntries(read) }]]),
      holds: new Map([[uuidOf("n1"), holds]]),
      inForce: inForce(git),
    }),
    options({ act, ...more }),
  );
  const [one] = whole.nodes;
  if (one === undefined) throw new Error("not planned");
  return one;
}

describe("whatever git asks for, an act is planned alone", () => {
  const asks = [
    [OFF, ["power.off"]],
    [{ kind: "reboot", soft: true, forceAfterSeconds: null }, ["power.reboot"]],
    [{ kind: "bootDevice", device: "cdrom", persistent: false }, ["management.setBootDevice"]],
    [
      { kind: "indicator", component: "system", id: null, state: "off" },
      ["management.setIndicator"],
    ],
    [
      { kind: "vendor", method: "set_tag", args: { tag: "u7" }, impact: "in-place", after: {} },
      ["vendor.call"],
    ],
  ] as const satisfies readonly (readonly [PersonAct["ask"], readonly string[]])[];

  test.each(asks)("%j", (asked, expected) => {
    const indicators = { "system/1": { state: "on", states: ["on", "off"] } } as const;
    const node = planned(anAct(asked), { values: { indicators } });
    expect([verbs(node), node.changes, codes(node)]).toEqual([expected, [], []]);
    expect(node.records).toBeUndefined();
  });

  test.each(PROVISION_STATES)(
    "on a node that is %s: its own step, or a reason, never both or neither",
    (state) => {
      const node = planned(anAct(OFF), { record: { ...ACTIVE, provisionState: state } });
      expect(verbs(node).filter((verb) => verb !== "power.off")).toEqual([]);
      expect(verbs(node).length + codes(node).length).toBe(1);
    },
  );
});

test("a machine that was never verified gets no act", () => {
  const record = { provisionState: "enroll", instance: null } as const;
  expect(codes(planned(anAct(OFF), { record }))).toEqual(["IW-P23"]);
  expect(codes(planned(anAct(CLEAN), { record }))).toEqual(["IW-P23"]);
});

test("a vendor method that may interrupt waits for a task on the BMC, and a milder one does not", () => {
  const tasks = [{ uri: "/t/1", name: "Firmware update", state: "Running" }];
  const asked = { kind: "vendor", method: "send_raw", args: {}, after: {} } as const;
  const grave = planned(anAct({ ...asked, impact: "reboot" }), { values: { tasks } });
  expect([verbs(grave), codes(grave)]).toEqual([[], ["IW-B17"]]);
  const mild = planned(anAct({ ...asked, impact: "in-place" }), { values: { tasks } });
  expect(verbs(mild)).toEqual(["vendor.call"]);
  expect(mild.steps[0]?.reason).toContain("its effect can't be seen, so it is never repeated");
});

test("power is left alone while a task runs on the BMC", () => {
  const tasks = [{ uri: "/t/1", name: "Firmware update", state: "Running" }];
  for (const asked of [OFF, { kind: "reboot", soft: false, forceAfterSeconds: null }] as const)
    expect(codes(planned(anAct(asked), { values: { tasks } }))).toEqual(["IW-B17"]);
});

test("what is so already has no step and no reason against it", () => {
  const node = planned(anAct(ON), {});
  expect([verbs(node), codes(node)]).toEqual([[], []]);
});

const HOLD = {
  id: "h1",
  scope: "power",
  reason: "fan",
  owner: "ada",
  since: 0,
  until: null,
} as const;

describe("a hold on power", () => {
  const hold = HOLD;
  const values = { power: "off" } as const;

  test("stops an act as it stops a plan", () => {
    expect(codes(planned(anAct(ON), { holds: [hold], values }))).toEqual(["IW-P01"]);
  });

  test("is gone past by its id alone", () => {
    const act = anAct(ON, { pastHolds: ["h1"] });
    expect(verbs(planned(act, { holds: [hold], values }))).toEqual(["power.on"]);
    const two = planned(act, { holds: [hold, { ...hold, id: "h2" }], values });
    expect([verbs(two), codes(two)]).toEqual([[], ["IW-P01"]]);
  });
});

describe("a clean that a person asks for", () => {
  const record = { provisionState: "manageable", instance: null } as const;

  test("ends where it began, and not where git leads", () => {
    const node = planned(anAct(CLEAN), { record });
    expect([verbs(node), node.targetProvisionState]).toEqual([["provision.clean"], "manageable"]);
    expect(node.erases.map(({ serial }) => serial)).toEqual(["D1", "D2"]);
  });

  test("of a protected machine is refused, also by the record's word alone", () => {
    expect(codes(planned(anAct(CLEAN), { record: { ...record, protected: true } }))).toEqual([
      "IW-P05",
    ]);
  });

  test("never comes under the entry that lifted the protection: an act is of no later one", () => {
    const lifted = { ...record, unprotectedSeq: 4 };
    const at = (registerSeq: number): readonly string[] =>
      verbs(planned(anAct(CLEAN, { registerSeq }), { record: lifted }));
    expect([at(4), at(5)]).toEqual([[], ["provision.clean"]]);
  });

  test("of a workload has no way", () => {
    expect(codes(planned(anAct(CLEAN), {}))).toEqual(["IW-P22"]);
  });
});

describe("an act is done whole or not at all", () => {
  const INSPECT: PersonAct["ask"] = { kind: "request", request: { action: "inspect" } };
  const record = {
    provisionState: "available",
    instance: null,
    cleaned: "metadata",
    claim: null,
  } as const;
  const spec: NodeSpec = { provision: { state: "available" } };

  test("an inspection that would leave a node outside the pool is refused, saying where it would end", () => {
    const node = planned(anAct(INSPECT), { record, spec }, { maxImpact: "reboot" });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P14"]]);
    expect(node.blockedBy[0]?.message).toMatch(/manageable.*available.*--allow-erase/s);
  });

  test("and is planned with its way back where that may erase", () => {
    const node = planned(anAct(INSPECT), { record, spec }, { maxImpact: "destructive" });
    expect(verbs(node)).toEqual(["provision.manage", "provision.inspect", "provision.provide"]);
    expect(node.erases.length).toBeGreaterThan(0);
  });

  test("whatever stops a step of it, none before it is done", () => {
    for (const state of PROVISION_STATES)
      for (const scope of ["reboot", "destructive"] as const)
        for (const asked of [INSPECT, CLEAN]) {
          const hold = { ...HOLD, scope };
          const one = { record: { ...record, provisionState: state }, spec, holds: [hold] };
          const node = planned(anAct(asked), one);
          const ends = node.steps.at(-1)?.after["provision"] ?? node.targetProvisionState;
          expect([state, ends]).toEqual([state, node.targetProvisionState]);
        }
  });
});

describe("a boot device for one boot", () => {
  const spec: NodeSpec = { ...WANT_ACTIVE, boot: { device: "disk" } };
  const values = { bootDevice: { device: "cdrom", persistent: false } } as const;
  const held = { applied: { bootDevice: { device: "disk", persistent: true } } };

  test("is left alone by an apply where git's own was seen to hold, and said", () => {
    const node = plan({ spec, values, record: { ...ACTIVE, ...held } });
    expect([verbs(node), node.changes]).toEqual([[], []]);
    expect(node.notes).toContainEqual(expect.stringContaining("boots once from cdrom"));
  });

  test("is exchanged for git's own where that never held, or is another one now", () => {
    for (const applied of [{}, { bootDevice: { device: "pxe", persistent: true } }])
      expect(verbs(plan({ spec, values, record: { ...ACTIVE, applied } }))).toEqual([
        "management.setBootDevice",
      ]);
  });

  test("is a drift once it was used up", () => {
    const used = { bootDevice: { device: "none", persistent: false } } as const;
    const node = plan({ spec, values: used, record: { ...ACTIVE, ...held } });
    expect(node.changes.map(({ cause }) => cause)).toEqual(["drift"]);
  });
});

test("a boot device that nobody could see set is not sent", () => {
  const asked = { kind: "bootDevice", device: "pxe", persistent: true } as const;
  const node = planned(anAct(asked), { unread: ["bootDevice"] });
  expect([verbs(node), codes(node)]).toEqual([[], ["IW-P03"]]);
});

test("a plan names the hold of an act whose machine is on, and no other", () => {
  const left = { ...HOLD, act: "act:ada@desk/2026-11-24T05:16:44.000Z/00000000" };
  const notes = (power: "on" | "off", hold: HoldRecord): readonly string[] =>
    plan({
      spec: WANT_ACTIVE,
      record: ACTIVE,
      values: { power },
      input: { holds: new Map([[uuidOf("n1"), [hold]]]) },
    }).notes;
  expect(notes("on", left)).toEqual([expect.stringContaining("ironwright release n1 h1")]);
  expect([notes("off", left), notes("on", HOLD)]).toEqual([[], []]);
});

test("a light that several machines share is set by its name alone", () => {
  const states = ["on", "off"] as const;
  const indicators = {
    "chassis/blade": { state: "off", states },
    "chassis/enclosure": { state: "off", states, shared: true },
  } as const;
  const ids = (id: string | null): unknown =>
    planned(anAct({ kind: "indicator", component: "chassis", id, state: "on" }), {
      values: { indicators },
    }).steps.map(({ act }) => (act.verb === "management.setIndicator" ? act.id : null));
  expect([ids(null), ids("enclosure")]).toEqual([["blade"], ["enclosure"]]);
});
