import { describe, expect, test } from "vitest";
import { allocate } from "../../../engine/plan/allocations/allocate.ts";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import { planMarkdown } from "../../../engine/plan/plan-markdown.ts";
import { showPlan } from "../../../engine/plan/show-plan.ts";
import { NO_COLORS } from "../../../engine/plan/sheet.ts";
import { failure } from "../../../schemas/failure.ts";
import type { Plan } from "../../../schemas/plan.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import { aWorkload, options, seen } from "../../support/a-fleet.ts";
import { anAllocation, aPool, DECIDING, given, IMAGE, type Made } from "../../support/a-pool.ts";

const ADOPTED: Made = {
  spec: { provision: { state: "adopted" } },
  record: { provisionState: "active", instance: aWorkload("adopted") },
};
const NAMED = { resourceClass: undefined, provision: undefined, node: "n1" } as const;

function withRecord(made: Made, record: Partial<NodeRecord>): Made {
  return { ...made, record: { ...made.record, ...record } };
}

/** The part of a printed plan that says what is not done, as one line of words. */
function notDone(plan: Plan): string {
  const text = showPlan(plan, {
    columns: 100,
    colors: NO_COLORS,
    now: DECIDING.now,
    savedAs: "p.plan",
    storeName: "s",
  });
  return text.slice(text.indexOf("NOT DONE")).replaceAll(/\s+/g, " ");
}

describe("an Allocation that names a node", () => {
  test("takes it while it runs, without a class and without touching what runs", () => {
    const plan = makePlan(aPool({ n1: ADOPTED, n2: {} }, [anAllocation("web", NAMED)]), options());
    expect(plan.allocations).toMatchObject([{ state: "picked", node: "n1" }]);
    expect(plan.nodes[0]?.steps.map(({ action, impact }) => [action, impact])).toEqual([
      ["engine.allocate", "none"],
    ]);
    expect(plan.nodes[0]?.targetProvisionState).toBe("active");
    expect(plan.nodes[1]?.steps).toEqual([]);
  });

  test("is in sync once it has it", () => {
    const had = withRecord(ADOPTED, { allocation: { name: "web", since: 0, commit: null } });
    const plan = makePlan(aPool({ n1: had }, [anAllocation("web", NAMED)]), options());
    expect(plan.allocations).toMatchObject([{ state: "allocated", node: "n1" }]);
    expect(plan.nodes[0]).toMatchObject({ inSync: true, steps: [] });
  });

  test.each([aWorkload("adopted"), aWorkload("deployed", { name: "old", url: "https://old" })])(
    "never lets what runs be overwritten: another image waits for a request (%j)",
    (instance) => {
      const record = { provisionState: "active", instance, claim: null } as const;
      const input = aPool({ n1: { record } }, [
        anAllocation("web", { node: "n1", resourceClass: undefined }),
      ]);
      const [node] = makePlan(input, options({ claims: "all" })).nodes;
      expect(node?.steps.map(({ action }) => action)).toEqual(["engine.allocate"]);
      expect(node?.erases).toEqual([]);
    },
  );

  const OTHER = { name: "other", since: 0, commit: null };
  const unmet: readonly (readonly [string, Made, Parameters<typeof anAllocation>[1]])[] = [
    ["is available, not active", {}, NAMED],
    ["is of large", ADOPTED, { ...NAMED, resourceClass: "small" }],
    ["lacks CUSTOM_GPU", ADOPTED, { ...NAMED, traits: ["CUSTOM_GPU"] }],
    ["is no candidate", ADOPTED, { ...NAMED, candidates: ["n2"] }],
    ["is in no conductor group", ADOPTED, { ...NAMED, conductorGroup: "east" }],
    [
      "was given to other, which left git: it is given back first",
      withRecord(ADOPTED, { allocation: OTHER }),
      NAMED,
    ],
    [
      "is not the machine that answers there",
      withRecord(ADOPTED, { identity: { serial: "OTHER" } }),
      NAMED,
    ],
  ];
  test.each(unmet)("is not given one that %s, and it is said", (why, made, spec) => {
    const plan = makePlan(aPool({ n1: made, n2: {} }, [anAllocation("web", spec)]), options());
    expect(plan.allocations).toMatchObject([
      { state: "waiting", node: null, names: "n1", nearest: [{ node: "n1", why: [why] }] },
    ]);
    expect(notDone(plan)).toContain(
      `web it names n1 (inventory/allocations.yaml:3), and is not given it: n1 ${why}`,
    );
  });

  test("is not given one that was never verified", () => {
    const input = aPool({ n1: ADOPTED }, [anAllocation("web", NAMED)], { records: new Map() });
    expect(allocate(input, DECIDING).allocations[0]?.nearest).toEqual([
      { node: "n1", why: ["was never verified"] },
    ]);
  });

  test("that has another one keeps it, and says so", () => {
    const had = withRecord(ADOPTED, { allocation: { name: "web", since: 0, commit: null } });
    const plan = makePlan(aPool({ n1: ADOPTED, n2: had }, [anAllocation("web", NAMED)]), options());
    expect(plan.allocations).toMatchObject([{ state: "allocated", node: "n2", names: "n1" }]);
    expect(plan.nodes.flatMap(({ steps }) => steps)).toEqual([]);
    expect(notDone(plan)).toContain(
      "web it names n1 (inventory/allocations.yaml:3) and has n2, which it keeps; name that, or give n2 back",
    );
  });

  test("gives it back at once when it leaves git, for what runs there is the node's own word", () => {
    const had = withRecord(ADOPTED, { allocation: { name: "web", since: 0, commit: null } });
    const [node] = makePlan(aPool({ n1: had }, []), options()).nodes;
    expect([node?.steps, node?.records]).toEqual([[], { allocation: null }]);
  });
});

describe("an Allocation by another name", () => {
  const RUNS: Made = {
    record: {
      provisionState: "active",
      instance: aWorkload("deployed", IMAGE),
      allocation: { name: "web-1", since: 0, commit: null },
    },
  };

  test("is another wish: it gets a node of its own, and the plan says who still has the old one", () => {
    const plan = makePlan(
      aPool({ n1: RUNS, n2: {} }, [anAllocation("web")]),
      options({ claims: "all" }),
    );
    expect(plan.allocations).toMatchObject([
      { state: "picked", node: "n2", left: { node: "n1", allocation: "web-1" } },
    ]);
    expect(notDone(plan)).toContain(
      "web n1 is still taken by the Allocation web-1, which left git; web (inventory/allocations.yaml:3) is another wish, also where only its name was changed, and it is given a node of its own. Where n1 is meant, call it web-1 again; else give n1 back by the request undeploy on it",
    );
  });

  test("waits where there is none, and says the same", () => {
    const plan = makePlan(aPool({ n1: RUNS }, [anAllocation("web")]), options());
    expect(plan.allocations).toMatchObject([
      { state: "waiting", left: { node: "n1", allocation: "web-1" } },
    ]);
    expect(notDone(plan)).toContain("and it waits for one of its own");
    const inMergeRequest = planMarkdown(plan, { now: DECIDING.now });
    expect(inMergeRequest).toContain("| web | no node fits this Allocation");
    expect(inMergeRequest).toContain("| web | n1 is still taken by the Allocation web-1");
  });

  test.each<[string, Parameters<typeof anAllocation>[1]]>([
    ["another class", { resourceClass: "small" }],
    ["another image", { provision: { state: "active", image: { name: "e", url: "https://e" } } }],
  ])("with %s it is no renaming, and nothing is said", (_, spec) => {
    const [row] = makePlan(aPool({ n1: RUNS }, [anAllocation("web", spec)]), options()).allocations;
    expect(row?.left).toBeUndefined();
  });
});

describe("a machine that nobody gave up yet", () => {
  const CLAIMED: Made = { record: { claim: { serial: "S-n9", by: "ops", at: 0 } } };
  const names = ["n1", "n2", "n3", "n4", "n5"];
  const pool = Object.fromEntries(names.map((name) => [name, {}]));

  test("is not taken while another fits, whatever the lot says", () => {
    for (let at = 0; at < 20; at += 1) {
      const wish = anAllocation(`web-${at}`);
      expect(given(aPool({ ...pool, n9: CLAIMED }, [wish]))).toEqual({ [`web-${at}`]: "n9" });
    }
  });

  test("is taken where no other fits, and its plan says how to claim it", () => {
    const inventory = { disks: [{ serial: "D", sizeBytes: 1e12 }] };
    const made = { spec: { identity: { serial: "S-n1" } }, record: { inventory } };
    const plan = makePlan(aPool({ n1: made }, [anAllocation("web")]), options());
    expect(plan.allocations).toMatchObject([{ state: "picked", node: "n1" }]);
    expect(plan.nodes[0]?.steps).toEqual([]);
    expect(plan.nodes[0]?.blockedBy.map(({ code }) => code)).toEqual(["IW-P15"]);
  });

  test("is as good as any other to a wish that deploys nothing, and once it is claimed", () => {
    const wishes = Array.from({ length: 6 }, (_, at) => `web-${at}`);
    const keeps = wishes.map((name) => anAllocation(name, { provision: undefined }));
    const all = Object.values(given(aPool({ ...pool, n9: CLAIMED }, keeps)));
    expect(new Set(all)).toEqual(new Set([...names, "n9"]));
    const input = aPool({ ...pool, n9: CLAIMED }, [anAllocation("web-0")]);
    const claimed = (name: string): string | null =>
      allocate(input, { ...DECIDING, claims: new Set([name]) }).allocations[0]?.node ?? null;
    expect(names.filter((name) => claimed(name) === name)).not.toEqual([]);
  });
});

describe("an allocated node that is retired, where nothing can be sent to it", () => {
  const GIVEN = { allocation: { name: "web", since: 0, commit: null } };
  const spec = { retired: { reason: "its board is dead" } };
  const planOf = (made: Made, more: Parameters<typeof aPool>[2] = {}, select?: Set<string>) =>
    makePlan(
      aPool({ n1: { spec, record: GIVEN, ...made }, n2: {} }, [anAllocation("web")], more),
      options({ claims: "all", ...(select === undefined ? {} : { select }) }),
    );
  const unreachable = failure("transient", "IW-B01", "no answer");
  const silent = {
    observations: new Map([
      ["n1", seen("n1", {}, { facets: {}, unreachable })],
      ["n2", seen("n2")],
    ]),
  };
  const other = { record: { ...GIVEN, identity: { serial: "ANOTHER" } } };
  const repaired = { spec: { ...spec, maintenance: { enabled: true } } };
  const told =
    "web n1 is retired before anything runs on it for this Allocation (inventory/allocations.yaml:3), and";

  test.each<[string, Made, Parameters<typeof aPool>[2]]>([
    ["it is silent", {}, silent],
    ["another machine answers for it", other, {}],
    ["it is in maintenance", repaired, {}],
  ])("is given back by its record alone: %s", (_, made, more) => {
    const plan = planOf(made, more);
    expect(plan.nodes[0]?.records).toEqual({ allocation: null });
    expect(plan.nodes[0]?.steps).toEqual([]);
    expect(notDone(plan)).toContain(`${told} is given back; the next plan looks for another node`);
  });

  test.each<[string, Made, Set<string> | undefined, string]>([
    [
      "is only observed",
      { spec: { ...spec, mode: "observe" } },
      undefined,
      "mode is observe (inventory/n1.yaml:1)",
    ],
    ["is not in the plan", {}, new Set(["n2"]), "n1 is not among the nodes of this plan"],
  ])("what %s is not given back, and the plan says that", (_, made, select, why) => {
    const plan = planOf(made, {}, select);
    expect(plan.nodes.every(({ records }) => records === undefined)).toBe(true);
    expect(notDone(plan)).toContain(`${told} is not given back by this plan: ${why}`);
  });

  test("what runs there is not given back", () => {
    const runs = { provisionState: "active", instance: aWorkload("deployed", IMAGE) } as const;
    expect(planOf({ record: { ...GIVEN, ...runs } }, silent).nodes[0]?.records).toBeUndefined();
  });
});

describe("an allocated node that is retired", () => {
  const GIVEN = { allocation: { name: "web", since: 0, commit: null } };
  const RETIRED = { retired: { reason: "out of warranty" } };

  test("goes on with what it runs, and the plan says that it does not come back", () => {
    const runs = { provisionState: "active", instance: aWorkload("deployed", IMAGE) } as const;
    const input = aPool({ n1: { spec: RETIRED, record: { ...runs, ...GIVEN } } }, [
      anAllocation("web"),
    ]);
    const [node] = makePlan(input, options({ claims: "all" })).nodes;
    expect(node).toMatchObject({ steps: [], inSync: true, allocation: "web" });
    expect(node?.notes).toEqual([
      'retired "out of warranty" (inventory/n1.yaml:1): it goes on for the Allocation web, and stays out of the pool once it is given back',
    ]);
  });

  test.each([
    ["available", "provision.manage"],
    ["manageable", null],
    ["deploy failed", "provision.manage"],
    ["clean failed", "provision.manage"],
  ] as const)(
    "is given back at %s, before anything runs on it, and the next plan looks elsewhere",
    (provisionState, step) => {
      const nodes = { n1: { spec: RETIRED, record: { ...GIVEN, provisionState } }, n2: {} };
      const plan = makePlan(aPool(nodes, [anAllocation("web")]), options({ claims: "all" }));
      expect(plan.allocations).toMatchObject([{ state: "waiting", node: null }]);
      expect(plan.nodes.map(({ steps }) => steps.map(({ action }) => action))).toEqual([
        step === null ? [] : [step],
        [],
      ]);
      expect(plan.nodes[0]?.records).toMatchObject({ allocation: null });
      expect(notDone(plan)).toContain(
        "web n1 is retired before anything runs on it for this Allocation (inventory/allocations.yaml:3), and is given back; the next plan looks for another node",
      );
      const next = aPool({ ...nodes, n1: { spec: RETIRED } }, [anAllocation("web")]);
      expect(given(next)).toEqual({ web: "n2" });
    },
  );
});
