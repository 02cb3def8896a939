import assert from "node:assert/strict";
import type { StepRun } from "../../schemas/action.ts";
import type { HardwareType } from "../driver.ts";
import type { StepCall, WorkBench } from "./bench.ts";
import {
  assertRefused,
  caseOf,
  type ConformanceCase,
  refusingCheck,
  type Stage,
} from "./conformance-case.ts";

const NOTHING = { id: null, state: "none", message: null };

function run(id: string, call: StepCall, disks: readonly string[] | null = null): StepRun {
  return { ...call, verb: "step.run", id, inBand: true, disks };
}

async function bootRamdisk({ perform }: Stage): Promise<void> {
  await perform({ verb: "power.off" });
  await perform({ verb: "boot.ramdisk", purpose: "clean" });
  await perform({ verb: "power.on" });
}

type WorkCase = (
  name: string,
  work: (stage: Stage, bench: WorkBench) => Promise<void>,
) => ConformanceCase;

/** What a machine with a ramdisk must hold: one step at a time, each once, on the disks that are named. */
export function workCases(type: HardwareType): readonly ConformanceCase[] {
  const plain = caseOf(type);
  const it: WorkCase = (name, work) =>
    plain(name, async (stage) => {
      assert.ok(stage.bench.work !== undefined, "a type that performs step.run needs work");
      await stage.open();
      await work(stage, stage.bench.work);
    });
  return [...stepCases(it), ...ramdiskCases(it)];
}

function stepCases(it: WorkCase): readonly ConformanceCase[] {
  return [
    it("a step in band is refused while no ramdisk's agent runs", async (stage, { step }) => {
      await stage.perform({ verb: "power.on" });
      const before = await stage.bench.mutations();
      assertRefused(await stage.perform(run("a/1", step)), "IW-B10");
      assert.deepEqual(await stage.read("work"), NOTHING);
      assert.equal(await stage.bench.mutations(), before);
    }),

    it("a step that it does not know is refused", async (stage, { step }) => {
      await bootRamdisk(stage);
      assertRefused(await stage.perform(run("a/1", { ...step, step: "no_such_step" })), "IW-B18");
      assert.deepEqual(await stage.read("work"), NOTHING);
    }),

    it("a step that erases is refused without disks, and with a serial that is not there", async (stage, work) => {
      await bootRamdisk(stage);
      for (const disks of [null, ["NOT-HERE"], [...work.serials, "NOT-HERE"]])
        assertRefused(await stage.perform(run("a/1", work.erase, disks)), "IW-B10");
      assert.deepEqual(await stage.read("work"), NOTHING);
    }),

    it("a second step is refused while one runs, and the first goes on", async (stage, work) => {
      await bootRamdisk(stage);
      assert.deepEqual(await stage.perform(run("a/1", work.step), work.slow), { sent: true });
      assertRefused(await stage.perform(run("a/2", work.step), work.slow), "IW-B08");
      assert.deepEqual(await stage.read("work"), { id: "a/1", state: "running", message: null });
    }),

    it("a run that is under way is taken again and not begun again", async (stage, work) => {
      await bootRamdisk(stage);
      await stage.perform(run("a/1", work.step), work.slow);
      assert.deepEqual(await stage.perform(run("a/1", work.step)), { sent: true });
      // Begun again without slowness it would be done.
      assert.deepEqual(await stage.read("work"), { id: "a/1", state: "running", message: null });
    }),

    it("a Failure of the check stops a step and a ramdisk's boot unsent", async (stage, work) => {
      await bootRamdisk(stage);
      const before = await stage.bench.mutations();
      const { why, context } = refusingCheck();
      for (const act of [
        run("a/1", work.erase, work.serials),
        { verb: "boot.ramdisk", purpose: "clean" } as const,
        { verb: "boot.instance" } as const,
      ]) {
        const performed = await stage.perform(act, stage.bench.node, context);
        assert.deepEqual(performed, { sent: false, failure: why });
      }
      assert.equal(await stage.bench.mutations(), before);
      assert.deepEqual(await stage.read("work"), NOTHING);
    }),
  ];
}

function ramdiskCases(it: WorkCase): readonly ConformanceCase[] {
  return [
    it("a ramdisk boots at the next power-on, its agent does what it is asked, by id", async (stage, work) => {
      assert.equal(await stage.read("nextBoot"), "instance");
      await stage.perform({ verb: "boot.ramdisk", purpose: "clean" });
      assert.equal(await stage.read("nextBoot"), "clean");
      assert.deepEqual(await stage.read("agent"), { running: false, bootId: null });
      await stage.perform({ verb: "power.on" });
      assert.equal((await stage.read("agent"))?.running, true);
      assert.deepEqual(await stage.perform(run("a/1", work.step)), { sent: true });
      assert.deepEqual(await stage.read("work"), { id: "a/1", state: "done", message: null });
      const erase = run("a/2", work.erase, work.serials);
      assert.deepEqual(await stage.perform(erase), { sent: true });
      assert.deepEqual(await stage.read("work"), { id: "a/2", state: "done", message: null });
    }),

    it("each boot of the ramdisk has an id of its own, and forgets the steps of the one before", async (stage, work) => {
      await bootRamdisk(stage);
      const first = (await stage.read("agent"))?.bootId;
      await stage.perform(run("a/1", work.step));
      await bootRamdisk(stage);
      const second = (await stage.read("agent"))?.bootId;
      assert.ok(first !== undefined && first !== null && first !== "");
      assert.ok(second !== undefined && second !== null && second !== "");
      assert.notEqual(second, first);
      assert.deepEqual(await stage.read("work"), NOTHING);
    }),

    it("a ramdisk is booted once: power off ends it, and the next power-on is the machine's own", async (stage) => {
      await bootRamdisk(stage);
      await stage.perform({ verb: "power.off" });
      assert.deepEqual(await stage.read("agent"), { running: false, bootId: null });
      await stage.perform({ verb: "power.on" });
      assert.deepEqual(await stage.read("agent"), { running: false, bootId: null });
    }),

    it("boot.instance takes the ramdisk's boot away again", async (stage) => {
      await stage.perform({ verb: "boot.ramdisk", purpose: "rescue" });
      await stage.perform({ verb: "boot.instance" });
      assert.equal(await stage.read("nextBoot"), "instance");
      await stage.perform({ verb: "power.on" });
      assert.deepEqual(await stage.read("agent"), { running: false, bootId: null });
    }),
  ];
}
