import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readAgentSteps } from "../../../../engine/plan/steps/read-agent-steps.ts";
import { nameOf } from "../../../../engine/plan/steps/step-list.ts";
import type { RamdiskTerms } from "../../../../schemas/plan.ts";
import type { RamdiskSteps } from "../../../../schemas/record.ts";

const TERMS: RamdiskTerms = {
  flow: "clean",
  interfaces: ["deploy", "raid"],
  taken: ["deploy.erase_devices"],
  own: null,
};

function read(steps: unknown, version: string | null = "7"): RamdiskSteps {
  return readAgentSteps({ bootId: "boot-1", version, steps }, TERMS, 5);
}

const STRESS = { interface: "deploy", step: "stress_gpu", priority: { clean: 0 } };

describe("what an agent answers and no engine takes", () => {
  test.each<[string, unknown, string]>([
    ["nothing", null, "its answer is no list of steps (it is nothing)"],
    ["a text", "busy", 'its answer is no list of steps (it is the text "busy")'],
    ["a map", { steps: [] }, "its answer is no list of steps (it is a object)"],
    ["an entry that is none", [7], "entry 1: Invalid input: expected object, received number"],
    [
      "an interface that is none",
      [{ ...STRESS, interface: "gpu" }],
      'entry 1: interface: Invalid option: expected one of "power"|"management"|"boot"|"deploy"|"bios"|"raid"|"firmware"|"inspect"|"console"|"network"|"storage"|"rescue"|"vendor"',
    ],
    [
      "a name with a space",
      [{ ...STRESS, step: "stress gpu" }],
      "entry 1: step: is no name of letters, digits, _",
    ],
    [
      "a priority in words",
      [{ ...STRESS, priority: { clean: "high" } }],
      "deploy.stress_gpu: priority.clean: Invalid input: expected number, received string",
    ],
    [
      "a misspelt erases",
      [{ ...STRESS, erase: "full" }],
      'deploy.stress_gpu: Unrecognized key: "erase"',
    ],
    [
      "a type of an argument that is none",
      [{ ...STRESS, args: { hours: { type: "hours" } } }],
      'deploy.stress_gpu: args.hours.type: Invalid option: expected one of "string"|"integer"|"number"|"boolean"|"list"|"map"|"duration"',
    ],
    [
      "a step that is known without it",
      [{ interface: "deploy", step: "erase_devices", priority: { clean: 90 } }],
      "deploy.erase_devices: it is known without the ramdisk, and stays so",
    ],
    [
      "a step of an interface that takes none",
      [{ ...STRESS, interface: "power" }],
      "power.stress_gpu: the node's power interface takes no steps of a ramdisk",
    ],
    [
      "a step that would run by itself and can't",
      [{ ...STRESS, priority: { clean: 5 }, args: { hours: { type: "integer", required: true } } }],
      "deploy.stress_gpu: it has a priority, and can't run without hours",
    ],
    [
      "one name twice",
      [STRESS, { ...STRESS, erases: "full" }],
      "deploy.stress_gpu: it is named twice, and nobody knows which is meant",
    ],
  ])("%s", (_what, answer, why) => {
    expect(read(answer)).toMatchObject({ steps: [], ignored: [why] });
  });

  test("what is right beside it is taken", () => {
    const { steps, ignored } = read([null, STRESS]);
    expect(steps.map(nameOf)).toEqual(["deploy.stress_gpu"]);
    expect(ignored).toHaveLength(1);
  });

  test("a list without end is read to a bound, and so are the reasons", () => {
    const many = Array.from({ length: 500 }, (_, at) => ({ ...STRESS, step: `s${at}` }));
    expect(read(many).steps).toHaveLength(200);
    expect(read(many).ignored).toEqual(["it names 500 entries, and 200 are read"]);
    expect(read(Array.from({ length: 150 }, () => 7)).ignored.at(-1)).toBe("and 130 more");
  });

  test("no text of an agent reaches a terminal raw", () => {
    const { ignored, version } = read("\u001b[2J", "\u001b[31m7");
    expect([version, ...ignored].join("")).not.toContain("\u001b");
  });

  test("law: whatever it answers, it is judged, and nothing is taken that has no shape", () => {
    const word = fc.constantFrom("deploy", "raid", "power", "stress", "full", 7, null, {});
    const entry = fc.oneof(
      fc.anything(),
      fc.record(
        { interface: word, step: word, priority: fc.dictionary(fc.string(), word), erases: word },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.array(entry)), (answer) => {
        const { steps, ignored } = read(answer);
        expect(ignored.length).toBeLessThanOrEqual(21);
        for (const step of steps) {
          expect(step).toMatchObject({ requiresRamdisk: true, ramdisk: "named" });
          expect(TERMS.interfaces).toContain(step.interface);
          expect(step.impact).toBe(step.erases === null ? "reboot" : "destructive");
        }
      }),
      { numRuns: 1000, seed: 3 },
    );
  });
});

test("a step that is right is taken with what it says, and the milder where it says nothing", () => {
  const said = {
    interface: "raid",
    step: "zap",
    priority: { clean: 40, service: 0 },
    args: { level: { type: "string", description: "which", values: ["1", "10"] } },
    abortable: true,
    reboots: true,
    erases: "metadata",
    rerun: true,
    timeoutSeconds: 90,
  };
  const { steps, bootId, at } = read([said, STRESS]);
  expect([bootId, at]).toEqual(["boot-1", 5]);
  expect(steps[0]).toEqual({
    ...said,
    args: { level: { ...said.args.level, required: false } },
    impact: "destructive",
    requiresRamdisk: true,
    ramdisk: "named",
  });
  expect(steps[1]).toMatchObject({ abortable: false, rerun: false, timeoutSeconds: 1800 });
  expect(steps[1]?.reboots).toBeUndefined();
});
