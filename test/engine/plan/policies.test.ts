import { describe, expect, test } from "vitest";
import { policiesOf } from "../../../engine/plan/policies.ts";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import { scopesOf } from "../../../engine/run/budget.ts";
import { API_VERSION, type NodeSpec } from "../../../schemas/documents.ts";
import type { PolicyDocument } from "../../../schemas/kinds.ts";
import type { Plan } from "../../../schemas/plan.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import {
  aFleet,
  aNode,
  anInput,
  aRecord,
  aWorkload,
  byUuid,
  options,
} from "../../support/a-fleet.ts";

const OLD = { name: "d", url: "https://images/d.raw", checksum: "sha256:1" };
const NEW = { ...OLD, name: "e", checksum: "sha256:2" };

function aPolicy(name: string, spec: PolicyDocument["spec"]): PolicyDocument {
  return { apiVersion: API_VERSION, kind: "Policy", metadata: { name }, spec };
}

const REBUILD = { id: "r1", action: "rebuild", expires: "2026-11-30" } as const;

/** Nodes in service by name and rack, each with a rebuild that is due. */
function planned(
  racks: Readonly<Record<string, string>>,
  policies: readonly PolicyDocument[],
  spec: NodeSpec = { requests: [REBUILD] },
  record: Partial<NodeRecord> = {},
): Plan {
  const names = Object.keys(racks);
  const nodes = names.map((name) =>
    aNode(
      name,
      {
        driver: "fake",
        provision: { state: "active", image: NEW, ...spec.provision },
        ...without(spec),
      },
      { rack: racks[name] ?? "" },
    ),
  );
  const records = names.map((name) =>
    aRecord(name, {
      provisionState: "active",
      instance: aWorkload("deployed", OLD),
      inventory: { disks: [{ serial: `D-${name}`, sizeBytes: 1e12 }] },
      ...record,
    }),
  );
  const fleet = aFleet(nodes, { policies });
  return makePlan(anInput(fleet, { records: byUuid(records) }), options({ claims: "all" }));
}

function without({ provision: _provision, ...rest }: NodeSpec): NodeSpec {
  return rest;
}

/** Moves, without what is only written down first. */
function verbs(plan: Plan): readonly string[] {
  const all = plan.nodes.flatMap(({ steps }) => steps.map(({ action }) => action));
  return all.filter((verb) => verb.startsWith("provision."));
}

describe("which budget counts a node", () => {
  test("that of the Policy that selects it, in the place of the built-in one", () => {
    const two = aPolicy("storage", { selector: "rack=r1", budget: { destructive: 2, perRack: 2 } });
    expect(planned({ n1: "r1", n2: "r1" }, [two]).refused).toEqual([]);
    const [refusal] = planned({ n1: "r2", n2: "r3" }, [two]).refused;
    expect(refusal?.message).toBe(
      "2 nodes in service would be ERASED (n1, n2); the built-in budget allows 1 at once, 1 in a rack. A part that fits: ironwright plan --node n1",
    );
  });

  test("every one that selects it, each for itself", () => {
    const some = aPolicy("a", { selector: "rack=r1", budget: { destructive: 3 } });
    const all = aPolicy("b", { budget: { destructive: 1, reboot: 5 } });
    const plan = planned({ n1: "r1", n2: "r1" }, [some, all]);
    expect(plan.refused.map(({ message }) => message.includes("the Policy b allows 1"))).toEqual([
      true,
    ]);
    const [first] = plan.nodes;
    if (first === undefined) throw new Error("no node");
    expect(scopesOf(first, plan.budgets)).toEqual([
      { name: "a/destructive", count: 3 },
      { name: "a/rack r1", count: 1, isRack: true },
      { name: "a/reboot", count: 10 },
      { name: "b/destructive", count: 1 },
      { name: "b/rack r1", count: 1, isRack: true },
      { name: "b/reboot", count: 5 },
    ]);
  });

  test("a part that fits takes as many as it says, and of no rack more than it says", () => {
    const two = aPolicy("p", { budget: { destructive: 2 } });
    const [refusal] = planned({ n1: "r1", n2: "r1", n3: "r2", n4: "r3" }, [two]).refused;
    expect(refusal?.message).toContain("A part that fits: ironwright plan --node n1 --node n3; or");
  });

  test("a queue refuses nothing", () => {
    const queue = aPolicy("p", { budget: { destructive: 1 }, overBudget: "queue" });
    const plan = planned({ n1: "r1", n2: "r1", n3: "r2" }, [queue]);
    expect([plan.refused, verbs(plan).length]).toEqual([[], 3]);
  });

  test.each([
    ["25%", 8, 2],
    ["10%", 8, 1],
    ["0%", 8, 0],
    [0, 8, 0],
    ["100%", 3, 3],
  ] as const)("%s of %i nodes is %i", (destructive, count, expected) => {
    const names = Array.from({ length: count }, (_, index) => aNode(`n${index}`, {}));
    const fleet = aFleet(names, { policies: [aPolicy("p", { budget: { destructive } })] });
    expect(policiesOf(fleet).budgets[0]?.destructive).toBe(expected);
  });
});

describe("rebuildOn", () => {
  const policy = aPolicy("p", { budget: { destructive: 1 } });
  const wants = { provision: { rebuildOn: ["image" as const] } };

  test("another image is written without a request, once", () => {
    const plan = planned({ n1: "r1" }, [policy], wants);
    expect(verbs(plan)).toEqual(["provision.rebuild"]);
    const step = plan.nodes[0]?.steps.at(-1);
    const id = step?.request ?? "";
    expect(id).toMatch(/^rebuildOn-[0-9a-f]{12}$/);
    const usedRequests = {
      [id]: { action: "provision.rebuild", at: 0, commit: null, outcome: "IW-A05" },
    };
    const again = planned({ n1: "r1" }, [policy], wants, { usedRequests });
    expect([verbs(again), again.nodes[0]?.staged]).toEqual([
      [],
      [{ path: "/provision/image", until: "a rebuild request" }],
    ]);
  });

  test("no Policy that bounds it, no rebuild", () => {
    const unbounded = aPolicy("p", { budget: { reboot: 1 } });
    expect(verbs(planned({ n1: "r1" }, [unbounded], wants))).toEqual([]);
    expect(verbs(planned({ n1: "r1" }, [], wants))).toEqual([]);
  });

  test("a node that is protected, or that runs what we did not install, is left alone", () => {
    const guarded = planned({ n1: "r1" }, [policy], { ...wants, protected: true });
    expect(verbs(guarded)).toEqual([]);
    const adopted = planned({ n1: "r1" }, [policy], wants, { instance: aWorkload("adopted") });
    expect(verbs(adopted)).toEqual([]);
  });
});
