import { describe, expect, test } from "vitest";
import { ACTIVE, ask, codes, IMAGE, plan, verbs, WANT_ACTIVE } from "../../support/plan-one.ts";

/** A node that apply has left in sync: each facet's value is written down as applied. */
const IN_SYNC = { ...ACTIVE, applied: { provision: "active", image: IMAGE } };
const POOLED = { provisionState: "manageable", applied: { provision: "manageable" } } as const;

describe("a request on a node that apply left in sync is work, not drift of the hardware", () => {
  const cases = [
    ["rebuild", WANT_ACTIVE, IN_SYNC, "provision.rebuild"],
    ["inspect", { provision: { state: "manageable" } }, POOLED, "provision.inspect"],
  ] as const;
  test.each(cases)("%s", (action, spec, record, verb) => {
    const node = plan({ spec: { ...spec, requests: [ask(action)] }, record });
    expect(verbs(node)).toEqual([verb]);
    expect([node.changes, node.blockedBy]).toEqual([[], []]);
    expect(node.asked?.map(({ id }) => id)).toEqual([`ask-${action}`]);
  });

  test("what leads nowhere is blocked, and says why", () => {
    const spec = { ...WANT_ACTIVE, requests: [ask("undeploy")] };
    expect(codes(plan({ spec, record: IN_SYNC }))).toEqual(["IW-P22"]);
  });

  test("a deploy that failed over an earlier one is not the hardware's doing either", () => {
    const record = { ...IN_SYNC, provisionState: "deploy failed" } as const;
    expect(codes(plan({ spec: WANT_ACTIVE, record }))).toContain("IW-P20");
  });
});

test("a first deploy that failed too often is not tried again by way of another clean", () => {
  const failed = { provisionState: "deploy failed", cleaned: "metadata" } as const;
  const [again] = plan({ spec: WANT_ACTIVE, record: failed }).steps;
  const deployTries = { bind: again?.flow?.bind ?? "", count: 3 };
  const node = plan({ spec: WANT_ACTIVE, record: { ...failed, deployTries } });
  expect([verbs(node), codes(node)]).toEqual([[], ["IW-P20"]]);
});

test("an id that another action has used up is refused, and says which", () => {
  const used = { action: "power.off", at: 0, commit: null, outcome: "done" };
  const spec = { ...WANT_ACTIVE, requests: [{ ...ask("nmi"), id: "ops-1" }] };
  const node = plan({ spec, record: { ...IN_SYNC, usedRequests: { "ops-1": used } } });
  expect(codes(node)).toEqual(["IW-P22"]);
  expect(node.blockedBy[0]?.message).toContain("power.off ran under its id");
});

test("a machine that nobody gave up is not stopped to be inspected", () => {
  const spec = { provision: { state: "available" } } as const;
  const record = { origin: "existing", inventory: null } as const;
  const node = plan({ spec, record, values: { power: "on" } });
  expect(node.steps.filter(({ impact }) => impact !== "none")).toEqual([]);
  expect(codes(node)).toContain("IW-P15");
});

describe("a rebuild of a node that runs nothing yet", () => {
  const spec = { ...WANT_ACTIVE, requests: [ask("rebuild")] };

  test.each([
    ["enroll", { provisionState: "enroll" }],
    ["available", { provisionState: "available", cleaned: "metadata" }],
    ["available, never cleaned", { provisionState: "available" }],
  ] as const)(
    "from %s: its image is written once, by the deploy that uses the request",
    (_, record) => {
      const node = plan({ spec, record });
      const writing = node.steps.filter(({ flow }) =>
        flow?.entries.some(({ step }) => step === "write_image"),
      );
      expect(writing.map(({ action, request }) => [action, request])).toEqual([
        ["provision.deploy", "ask-rebuild"],
      ]);
      expect(writing[0]?.reason).toContain("as the request ask-rebuild (rebuild) asks");
      expect(node.asked?.map(({ id }) => id)).toEqual(["ask-rebuild"]);
    },
  );
});
