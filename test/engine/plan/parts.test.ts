import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import { chooseEnd } from "../../../engine/plan/parts/choose-end.ts";
import { layParts } from "../../../engine/plan/parts/part-changes.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import type { NodePlan } from "../../../schemas/plan.ts";
import type { NodeRecord, PortGroupRecord, PortRecord } from "../../../schemas/record.ts";
import {
  aFleet,
  aNode,
  anInput,
  aRecord,
  aWorkload,
  blockedBy,
  byUuid,
  options,
  planOf,
  seen,
} from "../../support/a-fleet.ts";

const MAC = "52:54:00:00:00:01";
const OTHER_MAC = "52:54:00:00:00:02";

function aPort(values: Partial<PortRecord> = {}): PortRecord {
  const plain = { pxeEnabled: true, localLink: null, physicalNetwork: null, portGroup: null };
  return { mac: MAC, ...plain, smartNic: false, ...values };
}

function aGroup(values: Partial<PortGroupRecord> = {}): PortGroupRecord {
  const plain = { mac: null, mode: "active-backup", properties: {}, physicalNetwork: null };
  return { ...plain, standalonePorts: true, ...values };
}

const ACTIVE = { provisionState: "active", instance: aWorkload("adopted") } as const;

/** The plan of one node that is declared and recorded so. */
function planned(
  spec: NodeSpec,
  record: Partial<NodeRecord>,
  power: "on" | "off" = "on",
): NodePlan {
  const state = record.instance == null ? "manageable" : "adopted";
  const node = aNode("n1", { provision: { state }, ...spec });
  const whole = { provisionState: "manageable", ...record } as const;
  const [plan] = planOf(node, seen("n1", { power }), aRecord("n1", whole)).nodes;
  if (plan === undefined) throw new Error("no plan");
  return plan;
}

describe("ports", () => {
  test("a new port is written down in any state, without a step", () => {
    for (const record of [{}, ACTIVE]) {
      const plan = planned({ ports: { eth0: { mac: MAC.toUpperCase() } } }, record);
      expect(plan.steps).toEqual([]);
      expect(plan.records).toMatchObject({ ports: { eth0: aPort() } });
      expect(blockedBy(plan)).toEqual([]);
    }
  });

  test("a recorded port is in sync, whatever case its MAC has and wherever defaults are left out", () => {
    const plan = planned({ ports: { eth0: { mac: MAC } } }, { ports: { eth0: aPort() } });
    expect([plan.inSync, plan.changes, plan.records]).toEqual([true, [], undefined]);
  });

  test("the MAC of a machine that a workload runs on stays, and it is said why and what to do", () => {
    const plan = planned(
      { ports: { eth0: { mac: OTHER_MAC } } },
      { ...ACTIVE, ports: { eth0: aPort() } },
    );
    expect(plan.records).toBeUndefined();
    expect(blockedBy(plan)).toEqual([
      "IW-P23 ports.eth0.mac stays as it is: a workload runs on it (active), and knows the machine by this MAC; undeploy it first, or set maintenance while it is changed",
    ]);
  });

  test("where a port is plugged in changes while the node is manageable, and not in the pool", () => {
    const spec = { ports: { eth0: { mac: MAC, physicalNetwork: "red" } } };
    const ports = { eth0: aPort() };
    expect(planned(spec, { ports }).records).toMatchObject({
      ports: { eth0: { physicalNetwork: "red" } },
    });
    const inPool = planned(
      { ...spec, provision: { state: "available" } },
      { ports, provisionState: "available" },
    );
    expect(blockedBy(inPool)).toEqual([
      "IW-P23 ports.eth0.physicalNetwork stays as it is: it can be changed while the node is enroll or manageable, and it is available; bring it there, or set maintenance while it is changed",
    ]);
  });

  test("a port with a VIF stays, also where the VIF is on its group", () => {
    const vifs = { v1: { on: "eth0" } };
    const gone = planned({}, { ...ACTIVE, ports: { eth0: aPort() }, vifs });
    expect(blockedBy(gone)).toEqual([
      "IW-P23 ports.eth0 stays as it is: VIF v1 is attached to it; take it out of network.vifs first, or set maintenance while it is changed",
    ]);
    const member = planned(
      { portGroups: { bond: {} }, network: { vifs: ["v1"] } },
      {
        ...ACTIVE,
        ports: { eth0: aPort({ portGroup: "bond" }) },
        portGroups: { bond: aGroup() },
        vifs: { v1: { on: "bond" } },
      },
    );
    expect(blockedBy(member)[0]).toContain("VIF v1 is attached to its port group bond");
  });

  test("what one rule refuses keeps nothing else from being written", () => {
    const plan = planned(
      { ports: { eth0: { mac: OTHER_MAC }, eth1: { mac: "52:54:00:00:00:03" } } },
      { ...ACTIVE, ports: { eth0: aPort() } },
    );
    expect(plan.records).toMatchObject({
      ports: { eth0: { mac: MAC }, eth1: { mac: "52:54:00:00:00:03" } },
    });
    expect(blockedBy(plan)).toHaveLength(1);
  });

  test("no two ports of a record ever have one MAC: who comes waits for who has to stay", () => {
    const plan = planned(
      { ports: { nic0: { mac: MAC } }, network: { vifs: ["v1"] } },
      { ...ACTIVE, ports: { eth0: aPort() }, vifs: { v1: { on: "eth0" } } },
    );
    expect(plan.records).toBeUndefined();
    expect(blockedBy(plan)[1]).toBe(
      "IW-P23 ports.nic0 stays as it is: port eth0 still has its MAC",
    );
    const swapped = planned(
      { ports: { a: { mac: OTHER_MAC }, b: { mac: MAC } } },
      { ports: { a: aPort(), b: aPort({ mac: OTHER_MAC }) } },
    );
    expect(swapped.records).toMatchObject({ ports: { a: { mac: OTHER_MAC }, b: { mac: MAC } } });
  });

  test("a NIC that is moved to another node is the old one's until that has let it go", () => {
    const moved = aNode("n2", {
      provision: { state: "manageable" },
      ports: { eth0: { mac: MAC } },
    });
    const old = aNode("n1", { provision: { state: "manageable" } });
    const before = [
      aRecord("n1", { provisionState: "manageable", ports: { eth0: aPort() } }),
      aRecord("n2", { provisionState: "manageable" }),
    ];
    const fleet = aFleet([old, moved]);
    const [first, second] = makePlan(anInput(fleet, { records: byUuid(before) }), options()).nodes;
    expect(first?.records).toEqual({ ports: {}, portGroups: {} });
    expect(second?.records).toBeUndefined();
    expect(second?.blockedBy.map(({ message }) => message)).toEqual([
      "ports.eth0 stays as it is: n1 still has its MAC, and lets it go first",
    ]);
    const after = before.map((record) => ({ ...record, ports: {} }));
    const [, then] = makePlan(anInput(fleet, { records: byUuid(after) }), options()).nodes;
    expect(then?.records).toMatchObject({ ports: { eth0: { mac: MAC } } });
  });

  test("a group goes only when no port is left in it", () => {
    const plan = planned(
      { ports: { eth0: { mac: MAC } } },
      {
        provisionState: "available",
        ports: { eth0: aPort({ portGroup: "bond" }) },
        portGroups: { bond: aGroup() },
      },
    );
    expect(blockedBy(plan).join("\n")).toContain(
      "portGroups.bond stays as it is: port eth0 is still in it",
    );
    const both = planned(
      { ports: { eth0: { mac: MAC } } },
      { ports: { eth0: aPort({ portGroup: "bond" }) }, portGroups: { bond: aGroup() } },
    );
    expect(both.records).toMatchObject({ ports: { eth0: { portGroup: null } }, portGroups: {} });
  });
});

describe("VIFs", () => {
  const ports = { eth0: aPort(), eth1: aPort({ mac: OTHER_MAC, physicalNetwork: "red" }) };
  const declared = { eth0: { mac: MAC }, eth1: { mac: OTHER_MAC, physicalNetwork: "red" } };

  test("a bond comes before a port, a port of the wanted network before both, and then one that boots by it", () => {
    const fabric = {
      ports: {
        a: aPort({ pxeEnabled: false }),
        b: aPort(),
        c: aPort({ physicalNetwork: "red" }),
        d: aPort({ portGroup: "bond" }),
      },
      portGroups: { bond: aGroup(), empty: aGroup() },
      vifs: {},
    };
    const want = { id: "v", physicalNetwork: null, on: null };
    expect(chooseEnd(fabric, want)).toBe("bond");
    expect(chooseEnd(fabric, { ...want, physicalNetwork: "red" })).toBe("c");
    expect(chooseEnd({ ...fabric, portGroups: {} }, want)).toBe("b");
    expect(chooseEnd(fabric, { ...want, on: "a" })).toBe("a");
    expect(chooseEnd(fabric, { ...want, on: "d" })).toBeNull();
    expect(chooseEnd({ ...fabric, vifs: { w: { on: "d" } } }, { ...want, on: "bond" })).toBeNull();
  });

  test("a VIF in another network finds no port, and it is said which", () => {
    const plan = planned(
      {
        ports: declared,
        network: { vifs: [{ id: "v", physicalNetwork: "blue", on: "eth1" }, "w"] },
      },
      { ...ACTIVE, ports },
    );
    expect(blockedBy(plan)).toEqual([
      "IW-P24 VIF v: none (eth1 is asked for) is free; declare another port, or take a VIF out of network.vifs",
    ]);
    expect(plan.records).toMatchObject({ vifs: { w: { on: "eth0" } } });
  });

  test("who is attached stays, and one that leaves git is taken off", () => {
    const vifs = { v1: { on: "eth1" }, v2: { on: "eth0" } };
    const plan = planned(
      { ports: declared, network: { vifs: ["v1"] } },
      { ...ACTIVE, ports, vifs },
    );
    expect(plan.records).toEqual({ vifs: { v1: { on: "eth1" } } });
    const again = planned(
      { ports: declared, network: { vifs: ["v1"] } },
      { ...ACTIVE, ports, vifs: { v1: { on: "eth1" } } },
    );
    expect([again.inSync, again.records]).toEqual([true, undefined]);
  });

  test("one that is asked to move stays until its place is free, and takes nobody's", () => {
    const vifs = { a: { on: "eth0" }, b: { on: "eth1" } };
    const spec: NodeSpec = {
      ports: declared,
      network: { vifs: [{ id: "a", on: "eth1" }, "b", "c"] },
    };
    const plan = planned(spec, { ...ACTIVE, ports, vifs });
    expect(plan.records).toBeUndefined();
    expect(blockedBy(plan).map((text) => text.slice(0, 20))).toEqual([
      "IW-P24 VIF a: none (",
      "IW-P24 VIF c: none o",
    ]);
    expect(plan.changes.map(({ path }) => path)).toEqual(["/network/vifs/a", "/network/vifs/c"]);
  });

  test("where nothing runs and nothing is to run, no VIF is attached", () => {
    const plan = planned({ ports: declared, network: { vifs: ["v1"] } }, { ports });
    expect([plan.inSync, plan.records]).toEqual([true, undefined]);
  });

  test("no two VIFs are ever on one end, nor on a bond and one of its ports", () => {
    const names = fc.constantFrom("a", "b", "c", "d");
    const fabrics = fc.record({
      ports: fc.dictionary(
        names,
        fc
          .record({
            pxeEnabled: fc.boolean(),
            portGroup: fc.constantFrom(null, "x", "y"),
            physicalNetwork: fc.constantFrom(null, "red", "blue"),
          })
          .map(aPort),
      ),
      portGroups: fc.record({
        x: fc.boolean().map((standalonePorts) => aGroup({ standalonePorts })),
        y: fc.constant(aGroup()),
      }),
    });
    const wishes = fc.array(
      fc.record({ physicalNetwork: fc.constantFrom(null, "red", "blue"), on: fc.constant(null) }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(fabrics, wishes, (fabric, wants) => {
        const vifs: Record<string, { on: string }> = {};
        for (const [index, want] of wants.entries()) {
          const on = chooseEnd({ ...fabric, vifs }, { id: `v${index}`, ...want });
          if (on !== null) vifs[`v${index}`] = { on };
        }
        const taken = Object.values(vifs).map(({ on }) => on);
        expect(new Set(taken).size).toBe(taken.length);
        for (const on of taken) {
          const group = fabric.ports[on]?.portGroup ?? null;
          expect(group !== null && taken.includes(group)).toBe(false);
        }
      }),
      { numRuns: 500, seed: 4 },
    );
  });
});

describe("volumes", () => {
  const target = { volumeType: "iscsi", volumeId: "v1", bootIndex: 0 } as const;
  const recorded = { connectors: {}, targets: { root: { ...target, properties: {} } } };

  test("a target changes only while the node is off", () => {
    const spec: NodeSpec = { volumes: { targets: { root: { ...target, volumeId: "v2" } } } };
    const record = { provisionState: "available", volumes: recorded } as const;
    const at = (power: "on" | "off"): NodePlan =>
      planned({ ...spec, provision: { state: "available" } }, record, power);
    expect(blockedBy(at("on"))).toEqual([
      "IW-P23 volumes.targets.root.volumeId stays as it is: volumes change only while the node is powered off, and it is not; power it off first",
    ]);
    expect(at("off").records).toMatchObject({
      volumes: { targets: { root: { volumeId: "v2" } } },
    });
  });

  test("a boot index is there once: who comes waits for who has to stay", () => {
    const plan = planned(
      { provision: { state: "available" }, volumes: { targets: { other: target } } },
      { provisionState: "available", volumes: recorded },
    );
    expect(plan.records).toBeUndefined();
    expect(blockedBy(plan)).toContain(
      "IW-P23 volumes.targets.other stays as it is: root still has bootIndex 0",
    );
  });

  test("one goes also from a node that is manageable, and comes at any time", () => {
    expect(planned({}, { volumes: recorded }).records).toEqual({
      volumes: { connectors: {}, targets: {} },
    });
    const kept = planned({}, { ...ACTIVE, volumes: recorded });
    expect(blockedBy(kept)[0]).toContain("volumes.targets.root stays as it is");
    const more = planned({ volumes: { targets: { root: target } } }, ACTIVE);
    expect(more.records).toEqual({ volumes: recorded });
  });
});

test("a record takes on exactly what is not refused, and laying twice is laying once", () => {
  const parts = fc.dictionary(
    fc.constantFrom("a", "b", "c"),
    fc.record({ x: fc.integer({ max: 2, min: 0 }), y: fc.boolean() }),
  );
  fc.assert(
    fc.property(parts, parts, fc.boolean(), (recorded, declared, refuses) => {
      const laid = layParts(recorded, declared, ({ field }) =>
        refuses && field === "x" ? "no" : null,
      );
      if (!refuses) expect(laid.parts).toEqual(declared);
      const again = layParts(laid.parts, declared, () => null);
      expect(again.parts).toEqual(declared);
      for (const [{ field }] of laid.refused) expect(field).toBe("x");
    }),
    { numRuns: 300, seed: 4 },
  );
});
