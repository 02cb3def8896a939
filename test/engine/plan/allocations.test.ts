import { describe, expect, test } from "vitest";
import { allocate } from "../../../engine/plan/allocations/allocate.ts";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import { inForce, aWorkload, options, uuidOf } from "../../support/a-fleet.ts";
import { anAllocation, aPool, DECIDING, given, IMAGE, type Made } from "../../support/a-pool.ts";

describe("who fits", () => {
  const cases: readonly (readonly [string, Made])[] = [
    ["is of small", { spec: { resourceClass: "small" }, record: { traits: ["CUSTOM_GPU"] } }],
    ["lacks CUSTOM_GPU", {}],
    ["is manageable", { record: { provisionState: "manageable", traits: ["CUSTOM_GPU"] } }],
    [
      "is declared active",
      { spec: { provision: { state: "active" } }, record: { traits: ["CUSTOM_GPU"] } },
    ],
    [
      "is in maintenance",
      { spec: { maintenance: { enabled: true } }, record: { traits: ["CUSTOM_GPU"] } },
    ],
    ["is retired", { spec: { retired: {} }, record: { traits: ["CUSTOM_GPU"] } }],
    ["is held", { spec: { holds: [{ reason: "r" }] }, record: { traits: ["CUSTOM_GPU"] } }],
    ["is protected, as last recorded", { record: { protected: true, traits: ["CUSTOM_GPU"] } }],
    [
      "is not the machine that answers there",
      { record: { identity: { serial: "OTHER" }, traits: ["CUSTOM_GPU"] } },
    ],
    [
      "was given to other, which left git",
      { record: { traits: ["CUSTOM_GPU"], allocation: { name: "other", since: 0, commit: null } } },
    ],
  ];
  test.each(cases)("a node that %s does not, and it is said", (why, made) => {
    const input = aPool({ n1: made }, [anAllocation("web", { traits: ["CUSTOM_GPU"] })]);
    const { allocations } = allocate(input, DECIDING);
    expect(allocations).toMatchObject([
      { allocation: "web", state: "waiting", node: null, nearest: [{ node: "n1", why: [why] }] },
    ]);
  });

  test("a node that says nothing does not", () => {
    const input = aPool({ n1: {} }, [anAllocation("web")], { observations: new Map() });
    expect(given(input)).toEqual({ web: null });
  });

  test("the nearest come first, three at most", () => {
    const far = {
      spec: { resourceClass: "small" },
      record: { provisionState: "manageable" },
    } as const;
    const near = { spec: { resourceClass: "small" } };
    const input = aPool({ a: far, b: far, c: near, d: far }, [anAllocation("web")]);
    const [row] = allocate(input, DECIDING).allocations;
    expect(row?.nearest.map(({ node }) => node)).toEqual(["c", "a", "b"]);
  });
});

describe("what a plan says", () => {
  test("a node of the pool is given, deployed with the wish's image, and nothing else is asked", () => {
    const input = aPool(
      {
        n1: { record: { inventory: { disks: [{ serial: "D", sizeBytes: 1e12 }] }, origin: "new" } },
      },
      [anAllocation("web")],
    );
    const [node] = makePlan(input, options({ claims: "all" })).nodes;
    expect(node?.allocation).toBe("web");
    expect(node?.steps.map(({ action }) => action)).toEqual([
      "engine.claim",
      "engine.allocate",
      "provision.deploy",
    ]);
    expect(node?.changes.find(({ facet }) => facet === "allocation")).toMatchObject({
      desired: "web",
      observed: null,
      declaredAt: "inventory/allocations.yaml:3:1",
    });
  });

  test("one that only keeps a node from others leaves it available", () => {
    const input = aPool({ n1: {} }, [anAllocation("web", { provision: undefined })]);
    const [node] = makePlan(input, options()).nodes;
    expect(node?.steps.map(({ action }) => action)).toEqual(["engine.allocate"]);
    expect(node?.targetProvisionState).toBe("available");
  });

  const RUNS = {
    provisionState: "active",
    instance: aWorkload("deployed", IMAGE),
    allocation: { name: "web", since: 0, commit: null },
  } as const;

  test("who has a node keeps it, whatever the wish or the node says by now", () => {
    const input = aPool({ n1: { record: RUNS }, n2: {} }, [
      anAllocation("web", { resourceClass: "tiny" }),
    ]);
    const plan = makePlan(input, options());
    expect(plan.allocations).toMatchObject([{ state: "allocated", node: "n1" }]);
    expect(plan.nodes.map(({ inSync }) => inSync)).toEqual([true, true]);
  });

  test("one that left git leaves its workload alone, until a request undeploys it", () => {
    const plan = makePlan(aPool({ n1: { record: RUNS } }, []), options());
    const [node] = plan.nodes;
    expect(node?.steps).toEqual([]);
    expect(node?.blockedBy.map(({ code }) => code)).toEqual(["IW-P07"]);
    expect(node?.changes.find(({ facet }) => facet === "allocation")?.noStep).toContain(
      "given back when its workload is undeployed",
    );
  });

  test("a hold that is over keeps nobody out of the pool", () => {
    const holds = [{ reason: "r", until: "2026-11-23" }];
    expect(given(aPool({ n1: { spec: { holds } } }, [anAllocation("web")]))).toEqual({ web: "n1" });
  });

  test.each(["manageable", "adopted", "enroll"] as const)(
    "a node that is given and declares %s itself is left to its own word, and it is said",
    (state) => {
      const record = { allocation: RUNS.allocation };
      const input = aPool({ n1: { spec: { provision: { state } }, record } }, [
        anAllocation("web"),
      ]);
      const [node] = makePlan(input, options({ claims: "all" })).nodes;
      expect(node?.steps.map(({ action }) => action)).not.toContain("provision.deploy");
      expect(node?.blockedBy.map(({ code }) => code)).toContain("IW-P27");
    },
  );

  test("a rescue is one of what runs there", () => {
    const spec = { provision: { state: "rescue" as const } };
    const input = aPool({ n1: { spec, record: RUNS } }, [anAllocation("web")]);
    const [node] = makePlan(input, options()).nodes;
    expect(node?.steps.map(({ action }) => action)).toEqual(["provision.rescue"]);
  });

  test("an undeploy while it is wished for is refused, and says where the wish is", () => {
    const spec = { requests: [{ id: "u", action: "undeploy" as const, expires: "2026-11-30" }] };
    const input = aPool({ n1: { spec, record: RUNS } }, [anAllocation("web")]);
    const [node] = makePlan(input, options()).nodes;
    expect(node?.steps).toEqual([]);
    expect(node?.blockedBy.map(({ message }) => message)).toEqual([
      "the request u (undeploy) does not run: the Allocation web has the node (inventory/allocations.yaml:3); take it out of git first",
    ]);
  });

  test("a node is not kept for what can't be done there", () => {
    const input = aPool({ n1: {} }, [anAllocation("web")]);
    const [node] = makePlan(input, options({ maxImpact: "reboot" })).nodes;
    expect(node?.steps).toEqual([]);
  });

  test("one that left git before anything was deployed gives its node back at once", () => {
    const { allocation } = RUNS;
    const [node] = makePlan(aPool({ n1: { record: { allocation } } }, []), options()).nodes;
    expect([node?.steps, node?.records]).toEqual([[], { allocation: null }]);
  });
});

describe("whose turn it is", () => {
  test("who was in force first is served first, and of one commit the first by name", () => {
    const wishes = [anAllocation("a"), anAllocation("b"), anAllocation("c")];
    const fleet = aPool({ n1: {}, n2: {} }, wishes).fleet;
    const entry = inForce(fleet, { allocations: { c: { seq: 1 }, b: { seq: 2 } } });
    const nodes = given(aPool({ n1: {}, n2: {} }, wishes, { inForce: entry }));
    expect([nodes["a"], nodes["b"] === null, nodes["c"] === null]).toEqual([null, false, false]);
  });

  test("a node that was taken for it before a crash is its, while that one still fits", () => {
    const wishes = [anAllocation("web")];
    const taken = { allocated: new Map([["web", uuidOf("n3")]]) };
    expect(given(aPool({ n1: {}, n2: {}, n3: {} }, wishes, taken))).toEqual({ web: "n3" });
    const away = { n1: {}, n3: { record: { provisionState: "manageable" } } } as const;
    expect(given(aPool(away, wishes, taken))).toEqual({ web: "n1" });
  });
});
