import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CHECKPOINTS } from "../../../engine/run/ports.ts";
import { aRack, parseEveryFile } from "../../support/rack.ts";

describe("kill -9 at every point between the acts of a step, then apply again", () => {
  for (const point of CHECKPOINTS)
    test(`stopped at ${point}: the machine is powered on by exactly one act`, async () => {
      const rack = await aRack(["n1"], { spec: "  power: on\n" });
      // A record is copied only from a holder that did not give its claim back.
      if (point === "record-copied")
        await rack.runWith({ IRONWRIGHT_TEST_STOP_AT: "intent-durable" }, "apply", "--yes");
      const killed = await rack.runWith({ IRONWRIGHT_TEST_STOP_AT: point }, "apply", "--yes");
      expect(killed.signal).toBe("SIGKILL");
      expect(parseEveryFile(join(rack.repo.dir, ".ironwright"))).toBeGreaterThan(2);
      const again = await rack.run("apply", "--yes");
      expect([again.code, again.err]).toEqual([0, expect.any(String)]);
      const resets = rack.acts().filter(({ path }) => path.endsWith("ComputerSystem.Reset"));
      expect(resets.map(({ effect }) => effect)).toEqual(["powering on"]);
      expect(rack.simulator.machines.get("n1")?.power(Date.now())).toBe("On");
      const plan = await rack.run("plan", "--detailed-exitcode");
      expect(plan.code).toBe(0);
      const leases = await rack.run("lease", "list");
      expect(leases.out).toContain("no lease is held");
    });
});

test("an intent whose answer was never seen is closed by looking, and said to be", async () => {
  const rack = await aRack(["n1"], { spec: "  power: on\n" });
  await rack.runWith({ IRONWRIGHT_TEST_STOP_AT: "performed" }, "apply", "--yes");
  const again = await rack.run("apply", "--yes", "--json");
  const events = again.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string; message: string });
  expect(events.find(({ event }) => event === "step.resumed")?.message).toContain("it took effect");
  const history = await rack.run("history", "n1");
  expect(history.out).toContain("left open by an engine");
});

test("a graceful stop that a crash interrupted is not pressed twice", async () => {
  const rack = await aRack(["n1"], {
    spec: "  power: off\n",
    simulator: { faults: ["n1=ignore-graceful"] },
  });
  rack.simulator.pressPowerButton("n1");
  const killed = await rack.runWith({ IRONWRIGHT_TEST_STOP_AT: "performed" }, "apply", "--yes");
  expect(killed.signal).toBe("SIGKILL");
  const again = await rack.run("apply", "--yes");
  expect(again.code).toBe(0);
  expect(rack.acts().map(({ body }) => (body as { ResetType: string }).ResetType)).toEqual([
    "GracefulShutdown",
    "ForceOff",
  ]);
});
