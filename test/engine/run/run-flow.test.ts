import { describe, expect, test } from "vitest";
import { Slots } from "../../../engine/run/limits.ts";
import type { Step } from "../../../schemas/plan.ts";
import {
  ABORT,
  ACTIVE,
  aFlow,
  DEPLOY,
  entry,
  HOLD,
  manualClean,
  ramdisk,
  run,
  UNDEPLOY,
  wait,
} from "../../support/a-flow.ts";
import { aRig, FlowRig } from "../../support/flow-rig.ts";
import { VirtualTime } from "../../support/virtual-time.ts";

describe("a list that is done", () => {
  test("deploy: active, with who deployed what and when, its request used, and the whole list in the history", async () => {
    const rig = await aRig({ provisionState: "available" });
    expect((await rig.run(DEPLOY)).end).toEqual({ kind: "done" });
    const record = await rig.record();
    expect(record).toMatchObject({
      provisionState: "active",
      activity: null,
      instance: { origin: "deployed", image: { url: "u" }, by: "ops" },
      usedRequests: { "deploy-1": { action: "provision.deploy", outcome: "done" } },
    });
    expect(record.instance?.since).toBeGreaterThan(rig.time.now - 10_000);
    const last = (await rig.history()).at(-1);
    expect(last).toMatchObject({ event: "done", action: "provision.deploy", by: "ops" });
    expect(last?.message).toBe(
      "available to active: deploy.deploy, deploy.write_image, deploy.prepare_instance_boot, deploy.tear_down_agent, deploy.switch_to_tenant_network, deploy.boot_instance",
    );
    expect(last?.durationMs).toBeGreaterThan(60_000);
    expect(rig.machine.power).toBe("on");
  });

  test("an undeploy goes through cleaning, waits there, and leaves no workload", async () => {
    const instance = {
      origin: "deployed",
      image: null,
      configDrive: null,
      since: 1,
      commit: null,
      by: "x",
    } as const;
    const rig = await aRig({ ...ACTIVE, instance });
    await rig.run(UNDEPLOY, { point: "performed", count: 6 });
    expect((await rig.record()).provisionState).toBe("clean wait");
    expect((await rig.run(await rig.next(UNDEPLOY))).end).toEqual({ kind: "done" });
    expect(await rig.record()).toMatchObject({
      provisionState: "available",
      instance: null,
      cleaned: "metadata",
    });
  });

  test("an undeploy without a clean still ends in the pool", async () => {
    const rig = await aRig(ACTIVE);
    const bare = {
      ...UNDEPLOY,
      flow: { ...UNDEPLOY.flow, entries: UNDEPLOY.flow.entries.slice(0, 1) },
    };
    expect((await rig.run(bare)).end).toEqual({ kind: "done" });
    expect((await rig.record()).provisionState).toBe("available");
  });

  test("an empty list is one line: nothing of it can be cut off in the middle", async () => {
    const rig = await aRig({ provisionState: "manageable" });
    const empty = aFlow("provision.provide", {
      from: "manageable",
      via: "cleaning",
      to: "available",
      entries: [],
    });
    const came = await rig.run(empty, { point: "outcome-durable", count: 1 });
    expect(came.killed).toBe(true);
    // After the first line of all, which says what the node is.
    const [first, ...lines] = rig.journal();
    expect(first).toContain('"kind":"fact"');
    expect(lines).toHaveLength(2);
    expect(await rig.record()).toMatchObject({ provisionState: "available", activity: null });
  });

  test("an inspection records what the machine consists of; one that reads nothing has failed", async () => {
    const inspect = aFlow("provision.inspect", {
      from: "manageable",
      via: "inspecting",
      to: "manageable",
      entries: [],
    });
    const rig = await aRig({ provisionState: "manageable" }, { inventory: { cpus: 2 } });
    expect((await rig.run(inspect)).end).toEqual({ kind: "done" });
    expect(await rig.record()).toMatchObject({
      provisionState: "manageable",
      inventory: { cpus: 2 },
    });
    const mute = await aRig({ provisionState: "manageable" });
    expect((await mute.run(inspect)).end).toMatchObject({
      kind: "failed",
      why: { code: "IW-A04" },
    });
    expect(await mute.record()).toMatchObject({
      provisionState: "inspect failed",
      inspectedAt: null,
    });
  });
});

describe("a list that fails", () => {
  test("a clean: clean failed, a fault, the step by name, and the ramdisk's boot is taken away at once", async () => {
    const rig = await aRig(
      { provisionState: "manageable" },
      { stepMs: 1000, failing: { "deploy.burnin_cpu": "too hot" } },
    );
    const begun = rig.time.now;
    expect((await rig.run(manualClean())).end).toMatchObject({
      kind: "failed",
      at: "deploy.burnin_cpu",
    });
    // Its own word ends it; its time of ten minutes is not waited for.
    expect(rig.time.now - begun).toBeLessThan(200_000);
    expect(rig.machine.log.at(-1)).toBe("boot.instance");
    expect(await rig.record()).toMatchObject({
      provisionState: "clean failed",
      activity: null,
      fault: { kind: "clean failure" },
      lastError: { code: "IW-A05", step: "deploy.burnin_cpu" },
      usedRequests: { "clean-1": { outcome: "IW-A05" } },
      cleaned: "never",
    });
  });

  test("killed while it ends, it is ended again, and the step that failed is not run again", async () => {
    const whole = await aRig(
      { provisionState: "manageable" },
      { failing: { "deploy.burnin_cpu": "too hot" } },
    );
    const straight = await whole.run(manualClean());
    const from = straight.points.lastIndexOf(
      "performed",
      straight.points.lastIndexOf("performed") - 1,
    );
    for (let count = from; count <= straight.points.length; count += 1) {
      const rig = await aRig(
        { provisionState: "manageable" },
        { failing: { "deploy.burnin_cpu": "too hot" } },
      );
      await rig.run(manualClean(), { count });
      const next = await rig.next(manualClean());
      await rig.run((await rig.record()).activity === null ? null : next);
      const burnins = rig.machine.log.filter((name) => name === "deploy.burnin_cpu");
      expect([count, burnins.length, (await rig.record()).provisionState]).toEqual([
        count,
        1,
        "clean failed",
      ]);
      expect(rig.machine.nextBoot).toBeNull();
    }
  });

  test("a deploy: deploy failed, no fault, and one more attempt is counted", async () => {
    const rig = await aRig(
      { provisionState: "available", deployTries: { bind: "image-1", count: 1 } },
      { refuses: ["deploy.write_image"] },
    );
    expect((await rig.run(DEPLOY)).end).toMatchObject({ kind: "failed", why: { code: "IW-B10" } });
    expect(await rig.record()).toMatchObject({
      provisionState: "deploy failed",
      fault: null,
      deployTries: { bind: "image-1", count: 2 },
    });
  });

  test("where the ramdisk's boot can't be taken away, it ends all the same and says so", async () => {
    const rig = await aRig(
      { provisionState: "available" },
      { refuses: ["deploy.write_image", "boot.instance"] },
    );
    await rig.run(DEPLOY);
    const { provisionState, lastError } = await rig.record();
    expect(provisionState).toBe("deploy failed");
    expect(lastError?.message).toMatch(
      /refuses deploy\.write_image; then the ramdisk's boot could not be taken away/,
    );
  });

  test("what never reached the machine leaves the list open, and the next apply goes on there", async () => {
    const rig = await aRig({ provisionState: "available" }, { unsent: ["deploy.write_image"] });
    expect((await rig.run(DEPLOY)).end).toMatchObject({ kind: "failed", at: "deploy.write_image" });
    expect(await rig.record()).toMatchObject({
      provisionState: "deploying",
      activity: { entry: 1 },
    });
    rig.machine.behaviour = {};
    expect((await rig.run(await rig.next(DEPLOY))).end).toEqual({ kind: "done" });
  });

  test("another machine stops it before the next reboot: nothing is sent to it, and the list stays open", async () => {
    const identity = { manufacturer: "Small", serial: "S-n1" };
    const rig = await aRig({ provisionState: "available", identity });
    await rig.run(DEPLOY, { point: "outcome-durable", count: 5 });
    const sent = rig.machine.log.length;
    rig.machine.serial = "S-stranger";
    expect((await rig.run(await rig.next(DEPLOY))).end).toMatchObject({
      kind: "failed",
      why: { code: "IW-P04" },
    });
    // What needs no reboot was still sent, for the identity is read before those that do.
    expect(rig.machine.log.slice(sent)).not.toContain("power.off");
    expect(await rig.record()).toMatchObject({
      provisionState: "deploying",
      activity: { entry: 3 },
    });
  });
});

describe("abort", () => {
  test("a step that can't be cut off is let end first", async () => {
    const clean = manualClean([
      entry("deploy.prepare_cleaning", ramdisk("clean")),
      entry("deploy.erase", [...run("deploy.erase_one").acts, wait(60)], { abortable: false }),
      run("deploy.burnin_cpu"),
    ]);
    const rig = await aRig({ provisionState: "manageable" });
    // Killed after the first act of the entry that can't be cut off.
    await rig.run(clean, { point: "outcome-durable", count: 5 });
    expect((await rig.record()).activity).toMatchObject({ entry: 1, act: 1 });
    const before = rig.time.now;
    expect((await rig.run(ABORT)).end).toEqual({ kind: "done" });
    expect(rig.time.now - before).toBeGreaterThanOrEqual(60_000);
    expect(rig.machine.log).not.toContain("deploy.burnin_cpu");
    expect(await rig.record()).toMatchObject({ provisionState: "clean failed", fault: null });
  });

  test("it counts also where the entry that could not be cut off was the last", async () => {
    const clean = manualClean([entry("deploy.erase", [wait(10), wait(60)], { abortable: false })]);
    const rig = await aRig({ provisionState: "manageable" });
    await rig.run(clean, { point: "outcome-durable", count: 2 });
    await rig.run(ABORT);
    expect((await rig.record()).provisionState).toBe("clean failed");
  });

  test("a step that can be cut off is not waited for", async () => {
    const rig = await aRig({ provisionState: "manageable" }, { stepMs: 500_000 });
    const clean = manualClean([
      entry("deploy.prepare_cleaning", ramdisk("clean")),
      run("deploy.burnin_cpu"),
    ]);
    await rig.run(clean, { point: "performed", count: 5 });
    expect(rig.machine.log.at(-1)).toBe("deploy.burnin_cpu");
    const before = rig.time.now;
    await rig.run(ABORT);
    expect(rig.time.now - before).toBeLessThan(60_000);
    expect((await rig.record()).provisionState).toBe("clean failed");
    expect(rig.machine.nextBoot).toBeNull();
  });
});

describe("hold", () => {
  test("stands until a request says unhold; another apply does nothing", async () => {
    const clean = manualClean([
      entry("power.hold", [HOLD]),
      run("bios.reset", { requiresRamdisk: false }),
    ]);
    const rig = await aRig({ provisionState: "manageable" });
    expect((await rig.run(clean)).end).toMatchObject({ kind: "waiting" });
    expect((await rig.run(await rig.next(clean))).end).toMatchObject({ kind: "waiting" });
    expect(rig.machine.log).toEqual([]);
    await rig.run(await rig.next({ ...clean, request: "unhold-1" }));
    expect(rig.machine.log).toEqual(["bios.reset"]);
  });
});

test("a node that waits for its ramdisk holds no worker: with one worker two wait at the same time", async () => {
  const time = new VirtualTime();
  const slots = new Slots(1);
  const rigs = [];
  for (const name of ["n1", "n2"])
    rigs.push(
      await new FlowRig(
        { provisionState: "available" },
        { agentMs: 600_000 },
        { name, time, slots },
      ).init(),
    );
  const begun = time.now;
  await Promise.all(rigs.map((rig) => slots.hold(() => rig.run(DEPLOY))));
  expect((time.now - begun) / 1000).toBeLessThan(900);
  for (const rig of rigs) expect((await rig.record()).provisionState).toBe("active");
});

test("the journal is small: an act's lines name what moved, not the whole list", async () => {
  const rig = await aRig({ provisionState: "available" });
  await rig.run(DEPLOY, { point: "record-written", count: 1 });
  const lines = rig.journal();
  const sizes = lines.map((line) => line.length).sort((a, b) => b - a);
  expect(sizes[1]).toBeLessThan(1_200);
});

test("what a request asks for that is so already uses the request: the next apply does not ask again", async () => {
  const rig = await aRig({ provisionState: "active" });
  rig.machine.power = "off";
  const off: Step = {
    ...ABORT,
    action: "power.off",
    act: { verb: "power.off" },
    interface: "power",
    impact: "reboot",
    after: { power: "off" },
    request: "reboot-1",
  };
  expect((await rig.run(off)).end).toEqual({ kind: "done" });
  expect(rig.machine.log).toEqual([]);
  expect((await rig.record()).usedRequests["reboot-1"]?.outcome).toBe("done");
});
