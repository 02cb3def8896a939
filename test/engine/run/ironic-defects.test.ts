import { describe, expect, test } from "vitest";
import { openList } from "../../../engine/plan/flow-cursor.ts";
import {
  ABORT,
  ABORT_SERVICE,
  ACTIVE,
  DEPLOY,
  entry,
  HOLD,
  manualClean,
  PROVIDE,
  ramdisk,
  run,
  service,
  SERVICE,
  UNDEPLOY,
  VERIFY,
  wait,
} from "../../support/a-flow.ts";
import { aRig } from "../../support/flow-rig.ts";

describe("Ironic's defects are not repeated", () => {
  test("1.7a: a manual clean that was held and waited still ends in manageable", async () => {
    const clean = manualClean([
      entry("deploy.prepare_cleaning", ramdisk("clean")),
      entry("power.hold", [HOLD]),
      entry("power.wait", [wait(30)]),
      run("deploy.burnin_cpu"),
    ]);
    const rig = await aRig({ provisionState: "manageable" });
    expect((await rig.run(clean)).end).toMatchObject({ kind: "waiting" });
    expect((await rig.record()).provisionState).toBe("clean hold");
    const unhold = await rig.next({ ...clean, request: "unhold-1" });
    expect((await rig.run(unhold)).end).toEqual({ kind: "done" });
    expect(await rig.record()).toMatchObject({
      provisionState: "manageable",
      usedRequests: {
        "clean-1": { outcome: "done" },
        "unhold-1": { action: "unhold", outcome: "done" },
      },
    });
  });

  test("1.7b: reserved steps are never lost from a list", async () => {
    const clean = manualClean([
      entry("power.hold", [HOLD]),
      run("raid.erase", { requiresRamdisk: false }),
      entry("power.power_on", [
        {
          act: { verb: "power.on" },
          impact: "in-place",
          after: { power: "on" },
          timeoutSeconds: 60,
          waits: false,
        },
      ]),
      entry("power.wait", [wait(600)]),
      run("bios.reset", { requiresRamdisk: false }),
    ]);
    const rig = await aRig({ provisionState: "manageable" });
    await rig.run(clean);
    const held = await rig.record();
    expect(openList(held).step.flow.entries).toHaveLength(5);
    const before = rig.time.now;
    await rig.run(await rig.next({ ...clean, request: "unhold-1" }));
    expect(rig.machine.log).toEqual(["raid.erase", "power.on", "bios.reset"]);
    expect(rig.time.now - before).toBeGreaterThanOrEqual(600_000);
    expect((await rig.history()).at(-1)?.message).toContain(
      "power.hold, raid.erase, power.power_on, power.wait, bios.reset",
    );
  });

  test("1.7c: an abort from deploy hold ends in a state with ways out, and keeps what is known of the workload", async () => {
    const held = {
      ...DEPLOY,
      flow: {
        ...DEPLOY.flow,
        entries: [
          DEPLOY.flow.entries[0] ?? entry("deploy.deploy", []),
          entry("power.hold", [HOLD]),
        ],
      },
    };
    const rig = await aRig({ provisionState: "available" });
    await rig.run(held);
    expect((await rig.record()).provisionState).toBe("deploy hold");
    expect((await rig.run(ABORT)).end).toEqual({ kind: "done" });
    expect(await rig.record()).toMatchObject({
      provisionState: "deploy failed",
      activity: null,
      lastError: { code: "IW-A06" },
      usedRequests: { "deploy-1": { outcome: "aborted" }, "abort-1": { outcome: "done" } },
    });
    expect(rig.machine.nextBoot).toBeNull();
  });

  test("1.7d: resuming a service a second time, while it works, is no error", async () => {
    const rig = await aRig(ACTIVE);
    await rig.run(SERVICE, { point: "outcome-durable", count: 3 });
    for (const count of [2, 2]) {
      expect((await rig.record()).provisionState).toMatch(/^servic/);
      await rig.run(await rig.next(SERVICE), { point: "record-copied", count: count - 1 });
    }
    expect((await rig.run(await rig.next(SERVICE))).end).toEqual({ kind: "done" });
    expect((await rig.record()).provisionState).toBe("active");
  });

  test("1.7e: an aborted service is not active before the machine is back", async () => {
    const rig = await aRig(ACTIVE);
    const held = service([entry("power.hold", [HOLD])]);
    await rig.run(held);
    await rig.run(ABORT);
    expect((await rig.record()).provisionState).toBe("service failed");
    // On its way back, and cut off before it is on again.
    const cut = await rig.run(ABORT_SERVICE, { point: "outcome-durable", count: 3 });
    expect([cut.killed, rig.machine.power]).toEqual([true, "off"]);
    expect((await rig.record()).provisionState).toBe("service failed");
    expect((await rig.run(await rig.next(ABORT_SERVICE))).end).toEqual({ kind: "done" });
    expect([(await rig.record()).provisionState, rig.machine.power]).toEqual(["active", "on"]);
  });

  test("1.7j: whatever an engine died in, the next one finds it open, in its state, with its cursor", async () => {
    for (const [step, record] of [
      [VERIFY, {}],
      [SERVICE, ACTIVE],
      [UNDEPLOY, ACTIVE],
    ] as const) {
      const rig = await aRig(record);
      await rig.run(step, { point: "outcome-durable", count: 2 });
      const { activity, provisionState } = await rig.record();
      expect([provisionState, activity?.flow]).toEqual([step.flow.via, step.action]);
      expect((activity?.entry ?? 0) + (activity?.act ?? 0)).toBeGreaterThan(0);
    }
  });

  test("1.7t: verify stops at the first step that fails, and begins none when the login is not proved", async () => {
    const failing = { "power.verify_supplies": "a power supply is missing" };
    const rig = await aRig({}, { failing });
    const { end } = await rig.run(VERIFY);
    expect(end).toMatchObject({
      kind: "failed",
      at: "power.verify_supplies",
      why: { code: "IW-A05" },
    });
    expect(rig.machine.log).toEqual(["power.verify_supplies"]);
    expect(await rig.record()).toMatchObject({
      provisionState: "enroll",
      activity: null,
      lastError: {
        step: "power.verify_supplies",
        message: "power.verify_supplies: a power supply is missing",
      },
    });
  });

  test("1.7u: the end of a list in the history names the steps that it did", async () => {
    const rig = await aRig(
      { provisionState: "manageable" },
      { failing: { "deploy.burnin_cpu": "too hot" } },
    );
    await rig.run(PROVIDE);
    const last = (await rig.history()).at(-1);
    expect(last).toMatchObject({ event: "failed", action: "provision.provide", code: "IW-A05" });
    expect(last?.message).toBe(
      "manageable to clean failed: deploy.prepare_cleaning, deploy.erase_devices_metadata; deploy.burnin_cpu: too hot",
    );
  });
});
