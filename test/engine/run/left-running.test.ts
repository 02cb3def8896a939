import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { FlowStep } from "../../../engine/plan/flow-cursor.ts";
import { DEPLOY, entry, HOLD, manualClean, SERVICE, wait } from "../../support/a-flow.ts";
import { type Came, FlowRig } from "../../support/flow-rig.ts";
import { QUICK_SETTINGS } from "../../support/rack.ts";
import { runCli, startCli } from "../../support/run-cli.ts";
import { tempRepo } from "../../support/temp-repo.ts";
import type { Behaviour } from "../../support/small-machine.ts";
import type { NodeRecord } from "../../../schemas/record.ts";

/** Runs the step until a first SIGINT comes, so many seconds after its beginning. */
async function stoppedAfter(rig: FlowRig, step: FlowStep, seconds: number): Promise<Came> {
  rig.stopping = new AbortController();
  const { stopping } = rig;
  void rig.time
    .clock()
    .sleep(seconds * 1000)
    .then(() => stopping.abort());
  const came = await rig.run(await rig.next(step));
  rig.stopping = new AbortController();
  return came;
}

interface Long {
  readonly step: FlowStep;
  readonly record: Partial<NodeRecord>;
  readonly behaviour: Behaviour;
  /** When the signal comes. */
  readonly seconds: number;
  readonly what: string;
}

const LONG: Readonly<Record<string, Long>> = {
  "a step of the ramdisk": {
    step: DEPLOY,
    record: { provisionState: "available" },
    behaviour: { stepMs: 300_000 },
    seconds: 90,
    what: "deploy.write_image, 2 of 6 of provision.deploy",
  },
  "a ramdisk that boots": {
    step: DEPLOY,
    record: { provisionState: "available" },
    behaviour: { agentMs: 1_200_000 },
    seconds: 90,
    what: "deploy.deploy, 1 of 6 of provision.deploy",
  },
  "a graceful stop": {
    step: SERVICE,
    record: { provisionState: "active" },
    behaviour: { ignoresSoftOff: true },
    seconds: 20,
    what: "deploy.prepare_service, 1 of 4 of provision.service",
  },
  "a pause": {
    step: manualClean([entry("power.wait", [wait(3600)])]),
    record: { provisionState: "manageable" },
    behaviour: {},
    seconds: 20,
    what: "power.wait, 1 of 1 of provision.clean",
  },
};

describe("a first SIGINT", () => {
  test.each(Object.entries(LONG))(
    "%s is left running, and found again by the next apply",
    async (_name, { step, record, behaviour, seconds, what }) => {
      const rig = await new FlowRig(record, behaviour).init();
      if (record.provisionState === "active") rig.machine.power = "on";
      const begun = rig.time.now;
      // Twice: also who only goes on looking may be stopped.
      for (const at of ["first", "second"]) {
        const stopped = await stoppedAfter(rig, step, at === "first" ? seconds : 20);
        expect([at, stopped.end]).toMatchObject([
          at,
          { why: { code: "IW-A08", message: `left running: ${what}; apply again to go on` } },
        ]);
      }
      expect((rig.time.now - begun) / 1000).toBeLessThan(150);
      const { provisionState, activity } = await rig.record();
      expect(activity).not.toBeNull();
      expect(provisionState).not.toBe(step.flow.from);
      const again = await rig.run(await rig.next(step));
      expect(again.end).toEqual({ kind: "done" });
      const straight = await new FlowRig(record, behaviour).init();
      if (record.provisionState === "active") straight.machine.power = "on";
      await straight.run(step);
      expect(rig.machine.log).toEqual(straight.machine.log);
    },
  );

  test("what is over at once is seen to its end, and what comes next is not begun", async () => {
    const rig = await new FlowRig({ provisionState: "manageable" }).init();
    const step = manualClean([entry("power.hold", [HOLD]), entry("power.wait", [wait(60)])]);
    rig.stopping.abort();
    const { end } = await rig.run(step);
    expect(end).toMatchObject({ kind: "interrupted" });
    expect((await rig.record()).activity?.entry).toBe(0);
  });
});

test("SIGINT in the middle of a long step ends the command at once; the machine goes on, and so does the next apply", async () => {
  const repo = await tempRepo({
    "ironwright.yaml": QUICK_SETTINGS,
    "inventory/n1.yaml": `apiVersion: ironwright/v1
kind: Node
metadata: { name: n1 }
spec:
  driver: fake
  interfaces: { inspect: out-of-band }
  identity: { serial: S-n1 }
  fake: { serial: S-n1, stepMs: 20000 }
  provision: { state: available }
`,
  });
  expect((await runCli(repo.dir, ["init", "--nodes", "new"])).code).toBe(0);
  const erasures = (): number => {
    const text = readFileSync(join(repo.dir, ".ironwright/fake/n1.json"), "utf8");
    return text.match(/step\.run deploy\.erase_devices_metadata/g)?.length ?? 0;
  };
  const running = startCli(repo.dir, ["apply", "--yes", "--allow-erase", "1"]);
  const isAt = (): boolean => {
    try {
      return erasures() > 0;
    } catch {
      return false;
    }
  };
  while (!isAt()) await sleep(50);
  const signalled = Date.now();
  running.child.kill("SIGINT");
  const stopped = await running.ended;
  expect(Date.now() - signalled).toBeLessThan(15_000);
  expect(stopped.out).toContain(
    "left running: deploy.erase_devices_metadata, 2 of 3 of provision.provide; apply again to go on",
  );
  expect([stopped.code, stopped.signal]).toEqual([4, null]);
  const again = await runCli(repo.dir, ["apply", "--yes"]);
  expect([again.code, again.out]).toEqual([0, expect.stringContaining("1 node applied")]);
  expect(erasures()).toBe(1);
});
