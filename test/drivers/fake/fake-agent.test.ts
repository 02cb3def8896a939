import { describe, expect, it } from "vitest";
import { parseFakeMachine } from "../../../drivers/fake/fake-machine.ts";
import { fakeType } from "../../../drivers/fake/fake-type.ts";
import type { DriverAction } from "../../../schemas/action.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import { known } from "../../../schemas/observation.ts";
import { performContext, testNode, testPorts } from "../support/driver-bench.ts";

const SHRED = { interface: "deploy", step: "shred", priority: { clean: 0 }, erases: "full" };
const STRESS = {
  interface: "deploy",
  step: "stress",
  priority: { clean: 0 },
  args: { hours: { type: "integer", required: true } },
};

/** One fake machine whose ramdisk answers that. */
async function machineOf(fake: NonNullable<NodeSpec["fake"]>) {
  let text: string | null = null;
  const fakeState = {
    read: () => Promise.resolve(text),
    write: (_node: string, written: string) => {
      text = written;
      return Promise.resolve();
    },
  };
  const disks = [{ serial: "D1" }, { serial: "D2" }];
  const node = testNode("n1", { driver: "fake", fake: { disks, ...fake } });
  const driver = fakeType.open(testPorts({ fakeState }));
  const perform = (act: DriverAction) => driver.perform(node, act, performContext());
  await perform({ verb: "session.open" });
  return {
    boot: async () => {
      await perform({ verb: "boot.ramdisk", purpose: "clean" });
      await perform({ verb: "power.on" });
    },
    off: () => perform({ verb: "power.off" }),
    run: (step: string, args = {}, disks_: readonly string[] | null = null) =>
      perform({
        verb: "step.run",
        id: `run ${step}`,
        interface: "deploy",
        step,
        args,
        inBand: true,
        disks: disks_,
      }),
    asked: async () => {
      const observation = await driver.observe(node, ["agentSteps"]);
      const reading = observation.facets.agentSteps;
      return known(observation, "agentSteps") ?? (reading?.known === false ? reading.why : null);
    },
    /** Somebody puts another ramdisk in place, without a word in git. */
    exchange: (agentSteps: unknown) => {
      text = JSON.stringify({ ...(JSON.parse(text ?? "{}") as object), agentSteps });
    },
    contents: () => parseFakeMachine(text, node).disks.map(({ content }) => content),
  };
}

describe("the steps that a fake ramdisk names", () => {
  it("are there while its agent runs, and not before or after", async () => {
    const machine = await machineOf({ agentSteps: [SHRED], agentVersion: "7" });
    const none = { code: "IW-B18", kind: "waiting" };
    expect(await machine.asked()).toMatchObject(none);
    await machine.boot();
    expect(await machine.asked()).toEqual({
      bootId: "n1-ramdisk-1",
      version: "7",
      steps: [SHRED],
    });
    await machine.off();
    expect(await machine.asked()).toMatchObject(none);
  });

  it.each([["busy"], [null], [{ a: 1 }], [[7, SHRED]]])(
    "are answered word for word, also where they are %j",
    async (agentSteps) => {
      const machine = await machineOf({ agentSteps });
      await machine.boot();
      expect(await machine.asked()).toMatchObject({ steps: agentSteps ?? [] });
    },
  );

  it("are those of the ramdisk that is in place, whatever git says", async () => {
    const machine = await machineOf({ agentSteps: [SHRED] });
    await machine.boot();
    machine.exchange([STRESS]);
    expect(await machine.asked()).toMatchObject({ steps: [STRESS] });
    expect(await machine.run("shred", {}, ["D1"])).toMatchObject({ sent: "refused" });
  });

  it("are done in band, to the disks that are named, and to no others", async () => {
    const machine = await machineOf({ agentSteps: [SHRED] });
    await machine.boot();
    expect(await machine.run("shred", {}, ["D2"])).toMatchObject({ sent: true });
    expect(machine.contents()).toEqual(["data", "blank"]);
  });

  it.each<[string, readonly [string, object, readonly string[] | null], string]>([
    ["that it does not have", ["shredd", {}, ["D1"]], "has no such step"],
    ["that erases, without disks", ["shred", {}, null], "it was not told which disks to touch"],
    ["that erases, with a stranger's disk", ["shred", {}, ["D9"]], "no disk with the serial D9"],
    ["without an argument that it needs", ["stress", {}, null], "the argument hours is missing"],
  ])("a step %s is refused", async (_what, [step, args, disks], why) => {
    const machine = await machineOf({ agentSteps: [SHRED, STRESS] });
    await machine.boot();
    expect(await machine.run(step, args, disks)).toMatchObject({
      sent: "refused",
      failure: { message: expect.stringContaining(why) },
    });
    expect(machine.contents()).toEqual(["data", "data"]);
  });

  it("are refused where no ramdisk runs", async () => {
    const machine = await machineOf({ agentSteps: [SHRED] });
    expect(await machine.run("shred", {}, ["D1"])).toMatchObject({ sent: "refused" });
  });
});

it("a failure of a step that only the ramdisk names is known by its name", () => {
  const node = testNode("n1", {
    driver: "fake",
    fake: { agentSteps: [SHRED], failures: ["step:deploy.shred:failed", "step:deploy.other"] },
  });
  expect(fakeType.validate(node).map(({ path }) => path)).toEqual(["/fake/failures/1"]);
});
