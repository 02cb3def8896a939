import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HardwareType } from "../../../drivers/driver.ts";
import type { DriverAction, StepRun } from "../../../schemas/action.ts";
import { failure } from "../../../schemas/failure.ts";
import { known, type ObservedFacet, type ObservedFacets } from "../../../schemas/observation.ts";
import type { DriverBench, StepCall, WorkBench } from "./conformance-bench.ts";
import { performContext } from "./driver-bench.ts";

/** What a machine with a ramdisk must hold: one step at a time, each once, on the disks that are named. */
export function workConformance(type: HardwareType, setUp: () => Promise<DriverBench>): void {
  describe(`${type.name}: steps and the ramdisk`, () => {
    let bench: DriverBench;
    let work: WorkBench;
    beforeEach(async () => {
      bench = await setUp();
      if (bench.work === undefined) throw new Error("a type that performs step.run needs work");
      work = bench.work;
      await perform({ verb: "session.open" });
    });
    afterEach(async () => {
      await bench.driver.close();
      await bench.reader.close();
      await bench.close();
    });

    const perform = (act: DriverAction, node = bench.node) =>
      bench.driver.perform(node, act, performContext());
    const run = (id: string, call: StepCall, disks: readonly string[] | null = null): StepRun => ({
      ...call,
      verb: "step.run",
      id,
      inBand: true,
      disks,
    });
    const bootRamdisk = async () => {
      await perform({ verb: "power.off" });
      await perform({ verb: "boot.ramdisk", purpose: "clean" });
      await perform({ verb: "power.on" });
    };
    const read = async <F extends ObservedFacet>(
      facet: F,
    ): Promise<ObservedFacets[F] | undefined> =>
      known(await bench.driver.observe(bench.node, [facet]), facet);
    const nothing = { id: null, state: "none", message: null };

    it("a step in band is refused while no ramdisk's agent runs", async () => {
      await perform({ verb: "power.on" });
      const before = await bench.mutations();
      const performed = await perform(run("a/1", work.step));
      expect(performed).toMatchObject({ sent: "refused", failure: { code: "IW-B10" } });
      expect(await read("work")).toEqual(nothing);
      expect(await bench.mutations()).toBe(before);
    });

    it("a step that it does not know is refused", async () => {
      await bootRamdisk();
      const performed = await perform(run("a/1", { ...work.step, step: "no_such_step" }));
      expect(performed).toMatchObject({ sent: "refused", failure: { code: "IW-B18" } });
      expect(await read("work")).toEqual(nothing);
    });

    it("a step that erases is refused without disks, and with a serial that is not there", async () => {
      await bootRamdisk();
      for (const disks of [null, ["NOT-HERE"], [...work.serials, "NOT-HERE"]]) {
        const performed = await perform(run("a/1", work.erase, disks));
        expect(performed).toMatchObject({ sent: "refused", failure: { code: "IW-B10" } });
      }
      expect(await read("work")).toEqual(nothing);
    });

    it("a second step is refused while one runs, and the first goes on", async () => {
      await bootRamdisk();
      expect(await perform(run("a/1", work.step), work.slow)).toEqual({ sent: true });
      const performed = await perform(run("a/2", work.step), work.slow);
      expect(performed).toMatchObject({ sent: "refused", failure: { code: "IW-B08" } });
      expect(await read("work")).toEqual({ id: "a/1", state: "running", message: null });
    });

    it("a run that is under way is taken again and not begun again", async () => {
      await bootRamdisk();
      await perform(run("a/1", work.step), work.slow);
      expect(await perform(run("a/1", work.step))).toEqual({ sent: true });
      // Begun again without slowness it would be done.
      expect(await read("work")).toEqual({ id: "a/1", state: "running", message: null });
    });

    it("a Failure of the check stops a step and a ramdisk's boot unsent", async () => {
      await bootRamdisk();
      const before = await bench.mutations();
      const why = failure("stalled", "IW-L02", "the lease was lost");
      const context = performContext({ check: () => Promise.resolve(why) });
      for (const act of [
        run("a/1", work.erase, work.serials),
        { verb: "boot.ramdisk", purpose: "clean" } as const,
        { verb: "boot.instance" } as const,
      ]) {
        const performed = await bench.driver.perform(bench.node, act, context);
        expect(performed).toEqual({ sent: false, failure: why });
      }
      expect(await bench.mutations()).toBe(before);
      expect(await read("work")).toEqual(nothing);
    });

    it("a ramdisk boots at the next power-on, its agent does what it is asked, by id", async () => {
      await perform({ verb: "boot.ramdisk", purpose: "clean" });
      expect(await read("agent")).toEqual({ running: false, bootId: null });
      await perform({ verb: "power.on" });
      expect((await read("agent"))?.running).toBe(true);
      expect(await perform(run("a/1", work.step))).toEqual({ sent: true });
      expect(await read("work")).toEqual({ id: "a/1", state: "done", message: null });
      expect(await perform(run("a/2", work.erase, work.serials))).toEqual({ sent: true });
      expect(await read("work")).toEqual({ id: "a/2", state: "done", message: null });
    });

    it("each boot of the ramdisk has an id of its own, and forgets the steps of the one before", async () => {
      await bootRamdisk();
      const first = (await read("agent"))?.bootId;
      await perform(run("a/1", work.step));
      await bootRamdisk();
      const second = (await read("agent"))?.bootId;
      expect(first).toBeTruthy();
      expect(second).toBeTruthy();
      expect(second).not.toBe(first);
      expect(await read("work")).toEqual(nothing);
    });

    it("a ramdisk is booted once: power off ends it, and the next power-on is the machine's own", async () => {
      await bootRamdisk();
      await perform({ verb: "power.off" });
      expect(await read("agent")).toEqual({ running: false, bootId: null });
      await perform({ verb: "power.on" });
      expect(await read("agent")).toEqual({ running: false, bootId: null });
    });

    it("boot.instance takes the ramdisk's boot away again", async () => {
      await perform({ verb: "boot.ramdisk", purpose: "rescue" });
      await perform({ verb: "boot.instance" });
      await perform({ verb: "power.on" });
      expect(await read("agent")).toEqual({ running: false, bootId: null });
    });
  });
}
