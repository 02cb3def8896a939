import { assert, boolean, constantFrom, nat, property } from "fast-check";
import { describe, expect, test } from "vitest";
import type { FlowStep } from "../../../engine/plan/flow-cursor.ts";
import { actAt, openList, ramdiskIsSet } from "../../../engine/plan/flow-cursor.ts";
import {
  abortAsked,
  advanced,
  begun,
  endedBadly,
  failEnding,
  finished,
  held,
  intending,
  isHeldState,
  moved,
  putOff,
  unheld,
} from "../../../engine/plan/flow-patches.ts";
import { TRANSITIONS } from "../../../engine/plan/machine.ts";
import { joinPatches, withPatch } from "../../../engine/plan/record-patch.ts";
import { failure } from "../../../schemas/failure.ts";
import type { ProvisionState } from "../../../schemas/provision-state.ts";
import type { NodeRecord, RecordPatch } from "../../../schemas/record.ts";
import { aRecord, NOW } from "../../support/a-fleet.ts";
import {
  DEPLOY,
  entry,
  HOLD,
  manualClean,
  PROVIDE,
  RESCUE,
  SERVICE,
  UNDEPLOY,
  VERIFY,
} from "../../support/a-flow.ts";

const AS_IT_WAS = { left: null, specHash: "h" };

const BEGINNING = {
  id: "run1",
  planId: "p",
  registerSeq: 1,
  commit: "c1",
  authority: { who: "ops", ceiling: "destructive" },
};

function start(step: FlowStep): NodeRecord {
  const record = aRecord("n1", { provisionState: step.flow.from });
  return withPatch(record, begun(record, step, BEGINNING, NOW));
}

/** Walks the list act by act; tells every state that was passed. */
function walk(step: FlowStep, from = start(step), acts = 100): [NodeRecord, ProvisionState[]] {
  let record = from;
  const states: ProvisionState[] = [record.provisionState];
  const lay = (patch: RecordPatch): void => {
    record = withPatch(record, patch);
    if (record.provisionState !== states.at(-1)) states.push(record.provisionState);
  };
  for (let count = 0; count < acts; count += 1) {
    const next = actAt(step, openList(record).activity);
    if (next === null) break;
    lay(intending(record, next.cursor, NOW + count));
    lay(
      next.act.act.verb === "engine.hold" ? held(record, NOW) : advanced(record, next.cursor, NOW),
    );
    if (isHeldState(record.provisionState)) lay(unheld(record, "u1", "c1", NOW));
  }
  return [record, states];
}

test("an edge that is not in the table is a bug, and nothing is written", () => {
  expect(() => moved("available", "unhold")).toThrow("no edge from available by unhold");
  const record = aRecord("n1", { provisionState: "enroll" });
  expect(() => begun(record, DEPLOY, BEGINNING, NOW)).toThrow("no edge from enroll to deploying");
});

test("begun: in its state, with the step as it was approved, and its request used for ever", () => {
  const record = start(DEPLOY);
  expect(record).toMatchObject({
    provisionState: "deploying",
    stateSince: NOW,
    revision: 1,
    activity: { id: "run1", flow: "provision.deploy", entry: 0, act: 0, enteredAt: NOW },
    usedRequests: { "deploy-1": { action: "provision.deploy", at: NOW, outcome: "begun" } },
  });
  expect(openList(record).step).toEqual(DEPLOY);
});

describe("states on the way", () => {
  test("a wait is entered for the act that waits and left by resume", () => {
    const [, states] = walk(DEPLOY);
    expect(states).toEqual([
      "deploying",
      "wait call-back",
      "deploying",
      "wait call-back",
      "deploying",
    ]);
  });

  test("an undeploy deletes, then cleans, and waits only where the machine has a state for it", () => {
    const [record, states] = walk(UNDEPLOY);
    expect([...new Set(states)]).toEqual(["deleting", "cleaning", "clean wait"]);
    expect(withPatch(record, finished(record, {}, NOW)).provisionState).toBe("available");
  });

  test("verify has no waiting state: it stays verifying while a step runs", () => {
    expect(walk(VERIFY)[1]).toEqual(["verifying"]);
  });

  test("a hold is left by unhold, which waits, and the next act works on", () => {
    const clean = manualClean([entry("power.hold", [HOLD]), ...PROVIDE.flow.entries]);
    const [record, states] = walk(clean);
    expect(states.slice(0, 5)).toEqual([
      "cleaning",
      "clean wait",
      "clean hold",
      "clean wait",
      "cleaning",
    ]);
    expect(record.usedRequests["u1"]).toMatchObject({ action: "unhold", outcome: "done" });
  });

  test("an act that was put off leaves the waiting state", () => {
    const [waiting] = walk(DEPLOY, start(DEPLOY), 4);
    const next = actAt(DEPLOY, openList(waiting).activity);
    const asked = withPatch(waiting, intending(waiting, next?.cursor ?? { entry: 0, act: 0 }, NOW));
    expect(asked.provisionState).toBe("wait call-back");
    expect(withPatch(asked, putOff(asked, NOW)).provisionState).toBe("deploying");
  });

  test("every list, however far it came, only takes edges of the table", () => {
    const lists = [VERIFY, PROVIDE, manualClean(), DEPLOY, SERVICE, RESCUE, UNDEPLOY];
    const edges = new Set(TRANSITIONS.map(({ from, to }) => `${from} > ${to}`));
    assert(
      property(constantFrom(...lists), nat(20), boolean(), (step, acts, fails) => {
        const [record, states] = walk(step, start(step), acts);
        const ending = failEnding(failure("stalled", "IW-B10", "no"), "deploy.x");
        const whole = actAt(step, openList(record).activity) === null;
        const broken = withPatch(record, { activity: { ending } });
        const end =
          whole && !fails ? finished(record, {}, NOW) : endedBadly(broken, AS_IT_WAS, NOW);
        const path = [step.flow.from, ...states];
        for (const [index, to] of path.slice(1).entries())
          expect(edges).toContain(`${path[index] ?? ""} > ${to}`);
        const after = withPatch(broken, end);
        expect([
          after.activity,
          TRANSITIONS.some(({ from }) => from === after.provisionState),
        ]).toEqual([null, true]);
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});

describe("ends", () => {
  test("done: the state that was pinned, its results, its request, no error left", () => {
    const [record] = walk(DEPLOY);
    const after = withPatch(record, finished(record, {}, NOW + 5));
    expect(after).toMatchObject({
      provisionState: "active",
      activity: null,
      instance: { origin: "deployed", since: NOW + 5, commit: "c1", by: "ops" },
      usedRequests: { "deploy-1": { outcome: "done" } },
      lastError: null,
    });
  });

  test("a retired node's clean ends in manageable, as was pinned", () => {
    const retired = { ...PROVIDE, flow: { ...PROVIDE.flow, to: "manageable" as const } };
    const [record] = walk(retired);
    expect(withPatch(record, finished(record, {}, NOW)).provisionState).toBe("manageable");
  });

  test.each([
    [PROVIDE, "clean failed", "clean failure"],
    [SERVICE, "service failed", "service failure"],
    [DEPLOY, "deploy failed", undefined],
    [RESCUE, "rescue failed", undefined],
    [VERIFY, "enroll", undefined],
    [UNDEPLOY, "error", undefined],
  ] as const)(
    "failed: $action ends in %s, with the fault that Ironic sets",
    (step, state, fault) => {
      const record = start(step);
      const ending = failEnding(failure("stalled", "IW-B10", "no"), "deploy.x");
      const broken = withPatch(record, { activity: { ending } });
      const after = withPatch(broken, endedBadly(broken, AS_IT_WAS, NOW));
      expect([after.provisionState, after.fault?.kind]).toEqual([state, fault]);
      expect(after.lastError).toMatchObject({ code: "IW-B10", step: "deploy.x" });
      // Where no step had begun, a person need not look at the machine first.
      const early = withPatch(record, { activity: { ending: { ...ending, step: null } } });
      expect(withPatch(early, endedBadly(early, AS_IT_WAS, NOW)).fault).toBeNull();
    },
  );

  test("an undeploy that fails while it cleans is clean failed", () => {
    const [record] = walk(UNDEPLOY, start(UNDEPLOY), 3);
    const ending = failEnding(failure("stalled", "IW-B10", "no"), "deploy.x");
    const broken = withPatch(record, { activity: { ending } });
    expect(withPatch(broken, endedBadly(broken, AS_IT_WAS, NOW)).provisionState).toBe(
      "clean failed",
    );
  });

  test("aborted: the failed state, no fault, both requests used", () => {
    const record = start(DEPLOY);
    const step = { ...DEPLOY, request: "abort-1" };
    const asked = withPatch(record, abortAsked(record, { step, commit: "c2", at: "once" }, NOW));
    expect(withPatch(asked, endedBadly(asked, AS_IT_WAS, NOW))).toMatchObject({
      provisionState: "deploy failed",
      fault: null,
      deployTries: null,
      lastError: { code: "IW-A06" },
      usedRequests: { "deploy-1": { outcome: "aborted" }, "abort-1": { outcome: "done" } },
    });
  });

  test("a rescue that can't be taken back says so by its fault", () => {
    const record = start(RESCUE);
    const step = { ...RESCUE, request: "abort-1" };
    const asked = withPatch(record, abortAsked(record, { step, commit: null, at: "once" }, NOW));
    expect(endedBadly(asked, { ...AS_IT_WAS, left: "its boot stays" }, NOW).fault?.kind).toBe(
      "rescue abort failure",
    );
  });
});

test("the ramdisk is set from its boot until it is taken away", () => {
  const seen = Array.from({ length: 9 }, (_, acts) =>
    ramdiskIsSet(walk(DEPLOY, start(DEPLOY), acts)[0]),
  );
  // The act at the cursor counts: it may have been sent.
  expect(seen).toEqual([true, true, true, true, true, false, false, false, false]);
});

test("two patches in one are as one after the other", () => {
  const record = aRecord("n1", { provisionState: "available" });
  const first = begun(record, DEPLOY, BEGINNING, NOW);
  const second = finished(withPatch(record, first), {}, NOW);
  expect(withPatch(record, joinPatches(first, second))).toEqual(
    withPatch(withPatch(record, first), second),
  );
});
