import { describe, expect, test } from "vitest";
import type { NodeSpec } from "../../../schemas/documents.ts";
import {
  aFleet,
  aNode,
  anInput,
  aRecord,
  byUuid,
  inForce,
  NOW,
  options,
  seen,
} from "../../support/a-fleet.ts";
import { anInventory } from "../../support/an-inventory.ts";
import { checkNode } from "../../../engine/plan/check-plan.ts";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import {
  ACTIVE,
  ask,
  CATALOG,
  codes,
  plan,
  verbs,
  WANT_ACTIVE,
  DISKS,
  IMAGE,
  SERIAL,
} from "../../support/plan-one.ts";

describe("ways out", () => {
  test("deploy failed is tried again by itself on a node where nothing ran, and not for ever", () => {
    const failed = { provisionState: "deploy failed", cleaned: "metadata" } as const;
    const first = plan({ spec: WANT_ACTIVE, record: failed });
    expect(verbs(first)).toEqual(["provision.deploy"]);
    const asked = plan({ spec: { ...WANT_ACTIVE, requests: [ask("rebuild")] }, record: failed });
    expect(verbs(asked)).toEqual(["provision.rebuild"]);
  });

  test("deploy failed where a workload ran: only a request erases it", () => {
    const record = { ...ACTIVE, provisionState: "deploy failed" } as const;
    const node = plan({ spec: WANT_ACTIVE, record });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P20"]]);
  });

  test("what was in sync before a request or a failure is no drift: the request runs, the way out is said", () => {
    const record = { ...ACTIVE, applied: { provision: "active" } };
    const asked = plan({ spec: { ...WANT_ACTIVE, requests: [ask("rebuild")] }, record });
    expect(verbs(asked)).toEqual(["provision.rebuild"]);
    const failed = plan({
      spec: WANT_ACTIVE,
      record: { ...record, provisionState: "deploy failed" },
    });
    expect([verbs(failed), codes(failed)]).toEqual([[], ["IW-P20"]]);
  });

  test("clean failed goes back through manageable, cleaned anew", () => {
    const record = { provisionState: "clean failed" } as const;
    const node = plan({ spec: { provision: { state: "available" } }, record });
    expect(verbs(node)).toEqual(["provision.manage", "provision.provide"]);
  });

  test.each(["clean failed", "manageable"] as const)(
    "an undeploy that ended half-way at %s is ended by another, and what is left can be kept",
    (provisionState) => {
      const record = { ...ACTIVE, provisionState } as const;
      const gone: NodeSpec = { provision: { state: "available" } };
      const alone = plan({ spec: gone, record });
      expect([verbs(alone), codes(alone)]).toEqual([[], ["IW-P07"]]);
      const asked = plan({ spec: { ...gone, requests: [ask("undeploy")] }, record });
      expect(verbs(asked).at(-1)).toBe("provision.provide");
      expect(asked.steps.at(-1)).toMatchObject({
        request: "ask-undeploy",
        impact: "destructive",
        flow: { results: { instance: null } },
      });
      const uncleaned = { ...gone, clean: { automated: "none" as const } };
      const none = plan({ spec: { ...uncleaned, requests: [ask("undeploy")] }, record });
      expect(none.steps.at(-1)).toMatchObject({ impact: "destructive", request: "ask-undeploy" });
      const again = plan({ spec: WANT_ACTIVE, record });
      expect(again.blockedBy[0]?.message).toContain("provision.state: adopted");
      const kept = plan({ spec: { provision: { state: "adopted" } }, record });
      expect(verbs(kept).at(-1)).toBe("provision.adopt");
    },
  );

  test("service failed: the workload is booted again, and nothing is erased", () => {
    const node = plan({
      spec: WANT_ACTIVE,
      record: { ...ACTIVE, provisionState: "service failed" },
    });
    expect([verbs(node), node.erases]).toEqual([["provision.abort"], []]);
  });

  test("a fault of an earlier run stops what nobody asked for anew", () => {
    const fault = { kind: "clean failure", message: "the disk is dead", at: NOW - 1000 };
    const node = aNode("n1", {
      driver: "fake",
      identity: SERIAL,
      provision: { state: "available" },
    });
    const record = {
      provisionState: "clean failed",
      fault: { ...fault, specHash: node.specHash },
    } as const;
    const stopped = plan({ spec: { provision: { state: "available" } }, record });
    expect([verbs(stopped), codes(stopped)]).toEqual([[], ["IW-P19"]]);
    expect(stopped.blockedBy[0]?.message).toContain("ironwright retry n1");
    const changed = plan({
      spec: { provision: { state: "available" } },
      record: { ...record, fault: { ...fault, specHash: "before" } },
    });
    expect(verbs(changed).length).toBeGreaterThan(0);
  });

  test("a retired node leaves the pool and stays manageable", () => {
    const spec: NodeSpec = { provision: { state: "available" }, retired: { reason: "old" } };
    expect(verbs(plan({ spec, record: { provisionState: "available" } }))).toEqual([
      "provision.manage",
    ]);
    expect(verbs(plan({ spec, record: { provisionState: "manageable" } }))).toEqual([]);
  });
});

describe("requests that are acts of their own", () => {
  test("a reboot is one list: off, seen off, on, seen on; a crash between leaves a list to go on with", () => {
    const node = plan({ spec: { ...WANT_ACTIVE, requests: [ask("soft-reboot")] }, record: ACTIVE });
    const [step] = node.steps;
    expect([step?.action, step?.request, step?.impact]).toEqual([
      "power.reboot",
      "ask-soft-reboot",
      "reboot",
    ]);
    const acts = step?.flow?.entries.flatMap((entry) => entry.acts);
    expect(acts?.map(({ act, fallback }) => [act.verb, fallback?.verb])).toEqual([
      ["power.softOff", "power.off"],
      ["power.on", undefined],
    ]);
  });

  test("a reboot of a machine that is off waits, and says so", () => {
    const node = plan({
      spec: { ...WANT_ACTIVE, requests: [ask("reboot")] },
      record: ACTIVE,
      values: { power: "off" },
    });
    expect([verbs(node), codes(node)]).toEqual([[], ["IW-P22"]]);
  });

  test("a reboot of a machine that git declares off waits: it would be switched on, and off again", () => {
    const node = plan({
      spec: { ...WANT_ACTIVE, power: "off", requests: [ask("reboot")] },
      record: ACTIVE,
    });
    expect([verbs(node), codes(node)]).toEqual([["power.softOff"], ["IW-P22"]]);
    expect(node.blockedBy[0]?.message).toContain("declare power: on");
  });

  test("replace: the machine that git names and that answers is the node from now on", () => {
    const record = { ...ACTIVE, identity: { serial: "OLD" } };
    const swapped = plan({ spec: WANT_ACTIVE, record });
    expect([verbs(swapped), codes(swapped)]).toEqual([[], ["IW-P04"]]);
    const node = plan({
      spec: { ...WANT_ACTIVE, requests: [ask("replace", { keep: "disks" })] },
      record,
    });
    expect(verbs(node)).toEqual(["engine.replace"]);
  });

  test("inspect and service go there and back", () => {
    const inspect = plan({
      spec: { provision: { state: "manageable" }, requests: [ask("inspect")] },
      record: { provisionState: "manageable" },
    });
    expect(verbs(inspect)).toEqual(["provision.inspect"]);
    const steps = [{ interface: "power", step: "reboot" }] as const;
    const service = plan({
      spec: { ...WANT_ACTIVE, requests: [ask("service", { steps: [...steps] })] },
      record: ACTIVE,
    });
    expect(verbs(service)).toEqual(["provision.service"]);
    expect(service.steps[0]?.impact).toBe("reboot");
  });
});

describe("a move that is under way", () => {
  const step = plan({
    spec: WANT_ACTIVE,
    record: { provisionState: "available", cleaned: "metadata" },
  }).steps[0];
  const activity = {
    flow: "provision.deploy",
    id: "f00",
    planId: "sha256:1234567890",
    stepId: "1",
    startedAt: NOW - 60_000,
    registerSeq: 2,
    commit: null,
    request: null,
    authority: { who: "ops", ceiling: "destructive" },
    step: step ?? null,
    entry: 1,
    act: 0,
    abortAfter: false,
    ending: null,
    gate: null,
    enteredAt: NOW - 60_000,
  };

  test("goes on where it stood, under the word that was given when it began", () => {
    const record = { provisionState: "deploying", activity } as const;
    const node = plan({ spec: WANT_ACTIVE, record, options: { maxImpact: "in-place" } });
    expect(node.steps).toHaveLength(1);
    expect(node.steps[0]).toMatchObject({
      action: "provision.deploy",
      resumes: { entry: 1, act: 0 },
    });
    expect(node.steps[0]?.reason).toContain("deploy.write_image");
  });

  test("stands at a hold until a request says unhold; a request may abort it", () => {
    const record = { provisionState: "deploy hold", activity } as const;
    const standing = plan({ spec: WANT_ACTIVE, record });
    expect([verbs(standing), codes(standing)]).toEqual([[], ["IW-P12"]]);
    const on = plan({ spec: { ...WANT_ACTIVE, requests: [ask("unhold")] }, record });
    expect(on.steps[0]).toMatchObject({ action: "provision.deploy", request: "ask-unhold" });
    const off = plan({ spec: { ...WANT_ACTIVE, requests: [ask("abort")] }, record });
    expect(verbs(off)).toEqual(["provision.abort"]);
  });

  test("over a workload it goes on while its request stands in git, and stops once that is taken back", () => {
    const requests = [ask("rebuild")];
    const [begun] = plan({ spec: { ...WANT_ACTIVE, requests }, record: ACTIVE }).steps;
    const open = { ...activity, flow: "provision.rebuild", request: "ask-rebuild" };
    const use = { action: "provision.rebuild", at: NOW, commit: null, outcome: "begun" };
    const record = {
      ...ACTIVE,
      provisionState: "deploying",
      activity: { ...open, step: begun ?? null },
      usedRequests: { "ask-rebuild": use },
    } as const;
    const stands = plan({ spec: { ...WANT_ACTIVE, requests }, record });
    expect(stands.steps[0]).toMatchObject({ action: "provision.rebuild", resumes: { entry: 1 } });
    const gone = plan({ spec: WANT_ACTIVE, record });
    expect([verbs(gone), codes(gone)]).toEqual([[], ["IW-P22"]]);
    expect(gone.blockedBy[0]?.message).toContain("put it back");
    const ended = plan({ spec: { ...WANT_ACTIVE, requests: [ask("abort")] }, record });
    expect(verbs(ended)).toEqual(["provision.abort"]);
  });

  test("a verify can't be aborted: it goes on to its end, and the plan says so", () => {
    const verify = plan({ spec: WANT_ACTIVE }).steps[0];
    const record = {
      provisionState: "verifying",
      activity: { ...activity, flow: "provision.manage", step: verify ?? null },
    } as const;
    const node = plan({ spec: { ...WANT_ACTIVE, requests: [ask("abort")] }, record });
    expect([verbs(node), codes(node)]).toEqual([["provision.manage"], ["IW-P22"]]);
    expect(node.blockedBy[0]?.message).toContain("can't be aborted");
  });
});

describe("what only the record knows never drifts", () => {
  const applied = { provision: "active", image: IMAGE } as const;

  test("a request runs on a node that has been in sync for long", () => {
    const spec = { ...WANT_ACTIVE, requests: [ask("rebuild")] };
    const node = plan({ spec, record: { ...ACTIVE, applied } });
    expect([verbs(node), node.changes]).toEqual([["provision.rebuild"], []]);
  });

  test("a failed service is taken back, whatever was in sync before it, and whatever git says of drift", () => {
    const record = { ...ACTIVE, provisionState: "service failed", applied } as const;
    const spec = { ...WANT_ACTIVE, drift: { default: "ignore" } } as const;
    expect(verbs(plan({ spec, record }))).toEqual(["provision.abort"]);
  });
});

test("no drift policy lets another machine be taken for the node's", () => {
  const spec = { power: "off", drift: { default: "ignore" } } as const;
  const node = plan({ spec, record: ACTIVE, values: { identity: { serial: "NEW" } } });
  expect([verbs(node), codes(node)]).toEqual([[], ["IW-P04"]]);
});

test("a node whose later step is stopped for want of a serial is still verified by apply", () => {
  const saved = plan({ spec: { ...WANT_ACTIVE, identity: {} }, record: { identity: null } });
  expect([verbs(saved)[0], codes(saved)]).toEqual(["provision.manage", ["IW-P04"]]);
  expect(checkNode(saved, saved)).toEqual({ kind: "as-planned" });
  const stranger = {
    kind: "identity",
    code: "IW-P04",
    message: "another machine answers",
  } as const;
  const moved = checkNode(saved, { ...saved, blockedBy: [...saved.blockedBy, stranger] });
  expect(moved).toEqual({ kind: "moved", what: "another machine answers" });
});

describe("every reason names its way out", () => {
  test("another machine answers: what to write, and the request where one was verified before", () => {
    const values = { identity: { serial: "NEW" } };
    const fresh = plan({ spec: WANT_ACTIVE, record: { identity: null }, values });
    expect(fresh.blockedBy[0]?.message).toContain("write identity: { serial: NEW }");
    expect(fresh.blockedBy[0]?.message).not.toContain("action: replace");
    const verified = plan({ spec: WANT_ACTIVE, record: ACTIVE, values });
    expect(verified.blockedBy[0]?.message).toContain("action: replace");
  });

  test("a node that is never inspected names what to declare", () => {
    const spec: NodeSpec = { interfaces: { inspect: "no-inspect" }, requests: [ask("inspect")] };
    const node = plan({ spec, record: { provisionState: "manageable" } });
    expect(node.blockedBy[0]?.message).toContain("interfaces: { inspect:");
  });

  test("a hold of the command line names the command that ends it", () => {
    const hold = { id: "4f2a", reason: "fans", owner: "kim", since: NOW, until: null } as const;
    const node = aNode("n1", {});
    const holds = new Map([[node.uuid ?? "", [{ ...hold, scope: "all" }] as const]]);
    const held = plan({ spec: { power: "off" }, record: ACTIVE, input: { holds } });
    expect(held.blockedBy[0]?.message).toContain("ironwright release n1 4f2a");
  });

  test("disks that nobody can name ask for an inspection", () => {
    const record = { provisionState: "available", inventory: anInventory([]) } as const;
    const node = plan({ spec: WANT_ACTIVE, record });
    expect(codes(node)).toEqual(["IW-P18"]);
    expect(node.blockedBy[0]?.message).toContain("action: inspect");
  });

  test("a facet that could not be read names its node's observe", () => {
    const observations = new Map([["n1", { ...seen("n1"), facets: {} }]]);
    const node = plan({ spec: { power: "on" }, record: ACTIVE, input: { observations } });
    expect(node.blockedBy[0]?.message).toContain("ironwright observe n1");
  });
});

test("the built-in budget refuses a plan that would erase two nodes in service", () => {
  const spec = { provision: { state: "available" }, requests: [ask("undeploy")] } as const;
  const nodes = ["n1", "n2"].map((name) =>
    aNode(
      name,
      { driver: "fake", identity: { serial: `S-${name}` }, ...spec, requests: [...spec.requests] },
      { rack: name },
    ),
  );
  const fleet = aFleet(nodes);
  const records = nodes.map(({ name }) =>
    aRecord(name, {
      ...ACTIVE,
      origin: "new",
      inventory: DISKS,
      identity: { serial: `S-${name}` },
    }),
  );
  const both = anInput(fleet, {
    catalog: CATALOG,
    records: byUuid(records),
    inForce: inForce(fleet),
  });
  expect(makePlan(both, options()).refused.map(({ code }) => code)).toEqual(["IW-P02"]);
  const one = makePlan(both, options({ select: new Set(["n1"]) }));
  expect([one.refused, one.summary.erasedNodes]).toEqual([[], 1]);
});

test("over Redfish no plan calls a machine deployed that is not", () => {
  const node = plan({
    spec: { ...WANT_ACTIVE, driver: "redfish" },
    record: { provisionState: "available" },
  });
  expect([verbs(node), codes(node)]).toEqual([[], ["IW-P08"]]);
});
