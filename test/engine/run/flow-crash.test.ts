import { describe, expect, test } from "vitest";
import type { FlowStep } from "../../../engine/plan/flow-cursor.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import { DEPLOY, PROVIDE, RESCUE, SERVICE, UNDEPLOY, VERIFY } from "../../support/a-flow.ts";
import { FlowRig } from "../../support/flow-rig.ts";

const ACTIVE: Partial<NodeRecord> = { provisionState: "active" };

/** Each kind of list, the node that it begins on, and whether that node runs. */
const KINDS: readonly (readonly [string, FlowStep, Partial<NodeRecord>, "on" | "off"])[] = [
  ["verify", VERIFY, {}, "off"],
  ["clean", PROVIDE, { provisionState: "manageable" }, "off"],
  ["deploy", DEPLOY, { provisionState: "available" }, "off"],
  ["service", SERVICE, ACTIVE, "on"],
  ["rescue", RESCUE, ACTIVE, "on"],
  ["undeploy", UNDEPLOY, ACTIVE, "on"],
];

async function rigFor(record: Partial<NodeRecord>, power: "on" | "off"): Promise<FlowRig> {
  const rig = await new FlowRig(record).init();
  rig.machine.power = power;
  return rig;
}

/** What a machine went through; a graceful stop of which nobody knows whether it was pressed is forced in the end. */
function once(log: readonly string[]): readonly string[] {
  return log.map((name) => (name === "power.softOff" ? "power.off" : name));
}

describe("kill -9 at every point of a list, then apply again", () => {
  test.each(KINDS)(
    "%s: each act reaches the machine once, and it ends where it was to end",
    async (_name, step, record, power) => {
      const whole = await rigFor(record, power);
      const straight = await whole.run(step);
      expect(straight.end).toEqual({ kind: "done" });
      const expected = once(whole.machine.log);
      expect(expected.length).toBeGreaterThan(1);
      expect(straight.points.length).toBeGreaterThan(10);
      for (let count = 1; count <= straight.points.length; count += 1) {
        const rig = await rigFor(record, power);
        const killed = await rig.run(step, { count });
        const at = `killed at ${straight.points[count - 1] ?? ""}, point ${count}`;
        expect([at, killed.killed]).toEqual([at, true]);
        const shown = await rig.record();
        const next = await rig.next(step);
        const again = await rig.run(next);
        expect([at, again.end]).toEqual([at, next === null ? null : { kind: "done" }]);
        expect([at, once(rig.machine.log)]).toEqual([at, expected]);
        const after = await rig.record();
        expect([at, after.provisionState, after.activity]).toEqual([at, step.flow.to, null]);
        // What was shown between was what the next grant found.
        if (shown.activity !== null) expect(shown.provisionState).not.toBe(step.flow.from);
      }
    },
    120_000,
  );

  test("killed again and again, at each point that it comes to, a deploy still does each act once", async () => {
    const straight = await rigFor({ provisionState: "available" }, "off");
    await straight.run(DEPLOY);
    const rig = await rigFor({ provisionState: "available" }, "off");
    let next = await rig.next(DEPLOY);
    let kills = 0;
    // Three points later each time: every process gets a little further than the one before.
    for (; next !== null && kills < 60; kills += 1) {
      await rig.run(next, { point: "outcome-durable", count: 2 });
      next = (await rig.record()).provisionState === "active" ? null : await rig.next(DEPLOY);
    }
    expect(kills).toBeGreaterThan(4);
    expect(once(rig.machine.log)).toEqual(once(straight.machine.log));
    const { provisionState, usedRequests, instance } = await rig.record();
    expect([provisionState, usedRequests["deploy-1"]?.outcome]).toEqual(["active", "done"]);
    expect(instance).toMatchObject({ origin: "deployed", by: "ops" });
  });
});

describe("a step that ran on the machine when its engine died", () => {
  test("is followed for the rest of its time, not asked again", async () => {
    const rig = await new FlowRig({ provisionState: "available" }, { stepMs: 300_000 }).init();
    // It was off, so there was no off: the beginning, the ramdisk's boot, on, its agent, the image.
    await rig.run(DEPLOY, { point: "performed", count: 5 });
    expect(rig.machine.log.at(-1)).toBe("deploy.write_image");
    const again = await rig.run(await rig.next(DEPLOY));
    expect(again.end).toEqual({ kind: "done" });
    expect(rig.machine.log.filter((name) => name === "deploy.write_image")).toHaveLength(1);
    const resumed = again.events.find(({ event }) => event === "step.resumed");
    expect(resumed?.message).toContain("the machine says that it is done");
  });

  test("is asked again where it may run twice and its ramdisk is gone", async () => {
    const rig = await new FlowRig({ provisionState: "available" }, { stepMs: 300_000 }).init();
    await rig.run(DEPLOY, { point: "performed", count: 5 });
    rig.machine.rebootRamdisk();
    const again = await rig.run(await rig.next(DEPLOY));
    expect(again.end).toEqual({ kind: "done" });
    expect(rig.machine.log.filter((name) => name === "deploy.write_image")).toHaveLength(2);
  });

  test("ends its list where it may not, and the ramdisk is taken away", async () => {
    const rig = await new FlowRig({ provisionState: "active" }, { stepMs: 300_000 }).init();
    rig.machine.power = "on";
    const straight = await rig.run(SERVICE, { point: "performed", count: 7 });
    expect([straight.killed, rig.machine.log.at(-1)]).toEqual([true, "deploy.burnin_disk"]);
    rig.machine.rebootRamdisk();
    const again = await rig.run(await rig.next(SERVICE));
    expect(again.end).toMatchObject({ kind: "failed", at: "deploy.burnin_disk" });
    expect(rig.machine.log.filter((name) => name === "deploy.burnin_disk")).toHaveLength(1);
    expect(rig.machine.nextBoot).toBeNull();
    const { provisionState, fault, lastError } = await rig.record();
    expect([provisionState, fault?.kind]).toEqual(["service failed", "service failure"]);
    expect(lastError?.message).toContain("may not run twice");
  });
});

test("an agent that is waited for keeps the time it was given, however often its engine dies", async () => {
  const rig = await new FlowRig({ provisionState: "available" }, { agentMs: 10 ** 9 }).init();
  const begun = rig.time.now;
  const killed = await rig.run(DEPLOY, { point: "performed", count: 4 });
  expect(killed.killed).toBe(true);
  expect((await rig.record()).provisionState).toBe("wait call-back");
  const again = await rig.run(await rig.next(DEPLOY));
  expect(again.end).toMatchObject({ kind: "failed", at: "deploy.deploy", why: { code: "IW-A01" } });
  expect((rig.time.now - begun) / 1000).toBeLessThan(1800 + 120);
  expect((await rig.record()).provisionState).toBe("deploy failed");
});
