import { describe, expect, test } from "vitest";
import { type FlowStep, openList } from "../../../engine/plan/flow-cursor.ts";
import { resolveList } from "../../../engine/plan/flow-gate.ts";
import type { FlowEntry, RamdiskTerms, Step } from "../../../schemas/plan.ts";
import { defaultSettings } from "../../../schemas/settings.ts";
import { aFlow, entry, ramdisk, run } from "../../support/a-flow.ts";
import { aRig, FlowRig } from "../../support/flow-rig.ts";

const TERMS: RamdiskTerms = { flow: "clean", interfaces: ["deploy"], taken: [], own: null };
const MANAGEABLE = { provisionState: "manageable" } as const;
const BURN = { interface: "deploy", step: "burn", priority: { clean: 0 } };
const SHRED = {
  interface: "deploy",
  step: "shred",
  priority: { clean: 0 },
  erases: "full",
  rerun: true,
};

function asked(name: string): FlowEntry {
  return run(name, { ramdisk: "unknown", source: "request clean-1", impact: "reboot" });
}

/** A manual clean whose ramdisk is asked for its steps, with these between its coming and going. */
function clean(...entries: readonly FlowEntry[]): FlowStep {
  const [boot, off, on, agent] = ramdisk("clean");
  if (boot === undefined || off === undefined || on === undefined || agent === undefined)
    throw new Error("no boot");
  const asks = { ...agent, after: { ...agent.after, agentSteps: "listed" } };
  return aFlow(
    "provision.clean",
    {
      from: "manageable",
      via: "cleaning",
      to: "manageable",
      hold: "clean hold",
      failed: "clean failed",
      entries: [
        entry("deploy.prepare_cleaning", [boot, off, on, asks], { source: "engine" }),
        ...entries,
        entry("deploy.tear_down_cleaning", ramdisk("clean").slice(1, 2), { source: "engine" }),
      ],
      ramdisk: TERMS,
    },
    { request: "clean-1", impact: "reboot" },
  );
}

/** What the next plan holds: the step with these disks, past its gate. */
async function pastGate(rig: FlowRig, disks: readonly string[]): Promise<Step> {
  const record = await rig.record();
  const { activity, step } = openList(record);
  if (record.ramdisk === null) throw new Error("nothing was learnt");
  const from = { step, at: activity, ramdisk: record.ramdisk, settings: defaultSettings() };
  const { entries } = resolveList(from, () => disks);
  const { entry: at, act } = activity;
  return {
    ...step,
    impact: "destructive",
    flow: { ...step.flow, entries },
    resumes: { entry: at, act, gate: true },
  };
}

describe("at the gate", () => {
  test("a step that erases nothing goes on at once, and what was learnt is recorded", async () => {
    const rig = await aRig(MANAGEABLE, { agentSteps: [BURN, SHRED] });
    expect((await rig.run(clean(asked("deploy.burn")))).end).toEqual({ kind: "done" });
    expect(rig.machine.log).toContain("deploy.burn");
    const { ramdisk: learnt, provisionState } = await rig.record();
    expect(provisionState).toBe("manageable");
    expect(learnt).toMatchObject({ bootId: "boot-1", version: "7", ignored: [] });
    expect(learnt?.steps.map(({ step }) => step)).toEqual(["burn", "shred"]);
  });

  test("it is learnt with the act that waited for the agent: one line, no act of its own", async () => {
    const rig = await aRig(MANAGEABLE, { agentSteps: [BURN] });
    await rig.run(clean(asked("deploy.burn")), { point: "outcome-durable", count: 4 });
    const lines = rig.journal().filter((line) => line.includes('"ramdisk":{"bootId"'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('"outcome":"done"');
  });

  test.each<[string, unknown, string]>([
    ["is not there", [SHRED], "its ramdisk has no step deploy.burn; it names deploy.shred"],
    [
      "takes other arguments",
      [{ ...BURN, args: { hours: { type: "integer", required: true } } }],
      "deploy.burn needs the argument hours (a whole number)",
    ],
    [
      "is hidden by an answer that is garbage",
      { deploy: { burn: {} } },
      "its ramdisk has no step deploy.burn; it names none of its own: its answer is no list of steps (it is a object)",
    ],
  ])("a list whose step %s ends before anything of it ran", async (_what, answer, why) => {
    const rig = await aRig(MANAGEABLE, { agentSteps: answer });
    const list = clean(run("deploy.erase_devices"), asked("deploy.burn"));
    expect((await rig.run(list)).end).toMatchObject({ kind: "failed", why: { code: "IW-A07" } });
    expect(rig.machine.log.filter((name) => name.startsWith("deploy."))).toEqual([]);
    expect(rig.machine.nextBoot).toBeNull();
    // No step had begun, so nobody has to look at the machine first.
    expect(await rig.record()).toMatchObject({
      provisionState: "clean failed",
      activity: null,
      fault: null,
      lastError: { code: "IW-A07", message: why },
    });
  });

  test("also where its engine died over the answer: what comes first in it runs no more than before", async () => {
    const rig = await aRig(MANAGEABLE, { agentSteps: [SHRED] });
    const list = clean(run("deploy.erase_devices"), asked("deploy.burn"));
    expect((await rig.run(list, { point: "looked", count: 4 })).killed).toBe(true);
    const { end } = await rig.run(await rig.next(list));
    expect(end).toMatchObject({ kind: "failed", why: { code: "IW-A07" } });
    expect(rig.machine.log.filter((name) => name.startsWith("deploy."))).toEqual([]);
  });

  test("an agent that never lists its steps is not waited for without end", async () => {
    const rig = await aRig(MANAGEABLE);
    const { end } = await rig.run(clean(asked("deploy.burn")));
    expect(end).toMatchObject({ kind: "failed", at: "deploy.prepare_cleaning" });
    expect((await rig.record()).lastError?.message).toContain("agentSteps is unknown, not listed");
  });

  test("a step that erases stands in clean hold, and no apply of the old plan moves it", async () => {
    const rig = await aRig(MANAGEABLE, { agentSteps: [BURN, SHRED] });
    const list = clean(asked("deploy.burn"), asked("deploy.shred"));
    const { end } = await rig.run(list);
    expect(end).toMatchObject({ kind: "waiting" });
    expect(end).toMatchObject({ message: expect.stringContaining("deploy.shred of its ramdisk") });
    expect(await rig.record()).toMatchObject({
      provisionState: "clean hold",
      activity: { entry: 1 },
    });
    expect((await rig.run(await rig.next(list))).end).toMatchObject({ kind: "waiting" });
    const unhold = await rig.next({ ...list, request: "unhold-1" });
    expect((await rig.run(unhold)).end).toMatchObject({ kind: "waiting" });
    expect(rig.machine.log.filter((name) => name.startsWith("deploy."))).toEqual([]);
    expect(rig.machine.power).toBe("on");
  });

  test("and goes on with the disks that the next plan names, under that plan", async () => {
    const rig = await aRig(MANAGEABLE, { agentSteps: [BURN, SHRED] });
    await rig.run(clean(asked("deploy.burn"), asked("deploy.shred")));
    expect((await rig.run(await pastGate(rig, ["D1"]))).end).toEqual({ kind: "done" });
    expect(rig.machine.log.filter((name) => name.startsWith("deploy."))).toEqual([
      "deploy.burn",
      "deploy.shred",
    ]);
    expect(await rig.record()).toMatchObject({
      provisionState: "manageable",
      usedRequests: { "clean-1": { outcome: "done" } },
    });
  });
});

test("the disks of the plan that was approved, and no others, are in the intent of the step", async () => {
  const rig = await aRig(MANAGEABLE, { agentSteps: [SHRED] });
  await rig.run(clean(asked("deploy.shred")));
  await rig.run(await pastGate(rig, ["D1"]), { point: "intent-durable", count: 2 });
  const intents = rig.journal().filter((line) => line.includes('"kind":"intent"'));
  expect(intents.filter((line) => line.includes('"step":"shred"'))).toEqual([
    expect.stringContaining('"disks":["D1"]'),
  ]);
});

describe("a ramdisk that is another one than was asked", () => {
  test("is asked anew before its step runs: what erases there stands at the gate", async () => {
    const rig = await aRig(MANAGEABLE, { agentSteps: [BURN] });
    // Killed once the list is learnt and judged, before the first step of it.
    const list = clean(asked("deploy.burn"));
    const killed = await rig.run(list, { point: "outcome-durable", count: 4 });
    expect([killed.killed, (await rig.record()).ramdisk?.bootId]).toEqual([true, "boot-1"]);
    rig.machine.rebootRamdisk();
    rig.machine.behaviour = { agentSteps: [{ ...BURN, erases: "full" }] };
    expect((await rig.run(await rig.next(list))).end).toMatchObject({ kind: "waiting" });
    expect(rig.machine.log).not.toContain("deploy.burn");
    expect(await rig.record()).toMatchObject({
      provisionState: "clean hold",
      ramdisk: { bootId: "boot-2" },
    });
  });

  test("goes on where it still has the step as it was", async () => {
    const rig = await aRig(MANAGEABLE, { agentSteps: [BURN] });
    const list = clean(asked("deploy.burn"));
    await rig.run(list, { point: "outcome-durable", count: 4 });
    rig.machine.rebootRamdisk();
    expect((await rig.run(await rig.next(list))).end).toEqual({ kind: "done" });
    expect((await rig.record()).ramdisk?.bootId).toBe("boot-2");
  });

  test("that was exchanged after the plan had named a step's disks is not given them", async () => {
    const rig = await aRig(MANAGEABLE, { agentSteps: [SHRED] });
    await rig.run(clean(asked("deploy.shred")));
    const named = await pastGate(rig, ["D1"]);
    rig.machine.rebootRamdisk();
    rig.machine.behaviour = { agentSteps: [{ ...SHRED, erases: "metadata" }] };
    expect((await rig.run(named)).end).toMatchObject({ kind: "waiting" });
    expect(rig.machine.log).not.toContain("deploy.shred");
    expect((await rig.run(await pastGate(rig, ["D1"]))).end).toEqual({ kind: "done" });
    expect(rig.machine.log).toContain("deploy.shred");
  });

  test("and that can't be asked any more gets nothing that erases", async () => {
    const rig = await aRig(MANAGEABLE, { agentSteps: [SHRED] });
    await rig.run(clean(asked("deploy.shred")));
    const named = await pastGate(rig, ["D1"]);
    rig.machine.behaviour = {};
    expect((await rig.run(named)).end).toMatchObject({ kind: "failed", why: { code: "IW-A07" } });
    expect(rig.machine.log).not.toContain("deploy.shred");
  });
});

test("kill -9 at every point on the way to the gate and past it: nothing is lost, nothing erases unnamed or twice", async () => {
  const list = clean(asked("deploy.burn"), asked("deploy.shred"));
  const behaviour = { agentSteps: [BURN, SHRED] };
  const straight = await aRig(MANAGEABLE, behaviour);
  const before = await straight.run(list);
  const after = await straight.run(await pastGate(straight, ["D1"]));
  expect([before.end?.kind, after.end?.kind]).toEqual(["waiting", "done"]);
  const expected = straight.machine.log.filter((name) => !name.startsWith("boot."));
  for (let count = 1; count <= before.points.length + after.points.length; count += 1) {
    const rig = await aRig(MANAGEABLE, behaviour);
    const late = count - before.points.length;
    const first = await rig.run(list, late > 0 ? null : { count });
    expect([count, first.killed]).toEqual([count, late <= 0]);
    const again = await rig.run(await rig.next(list));
    expect([count, again.end]).toMatchObject([count, { kind: "waiting" }]);
    expect(rig.machine.log).not.toContain("deploy.shred");
    const named = await pastGate(rig, ["D1"]);
    if (late > 0) {
      const killed = await rig.run(named, { count: late });
      expect([count, killed.killed]).toEqual([count, true]);
    }
    // As the next plan would have it: past the gate while it stands there, else where it was cut off.
    const { activity } = await rig.record();
    const next = activity === null ? null : activity.gate === null ? await rig.next(list) : named;
    const end = next === null ? null : (await rig.run(next)).end;
    expect([count, end]).toEqual([count, next === null ? null : { kind: "done" }]);
    const log = rig.machine.log.filter((name) => !name.startsWith("boot."));
    expect([count, log]).toEqual([count, expected]);
    expect((await rig.record()).provisionState).toBe("manageable");
  }
}, 120_000);
