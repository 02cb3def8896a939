import { describe, expect, test } from "vitest";
import { checkNodeSteps } from "../../../../engine/plan/steps/check-steps.ts";
import type { NodeSpec } from "../../../../schemas/documents.ts";
import type { NodePlan } from "../../../../schemas/plan.ts";
import type { NodeRecord, RamdiskSteps } from "../../../../schemas/record.ts";
import type { NamedStep, StepOffer } from "../../../../schemas/steps.ts";
import { anOffer, named } from "../../../support/a-catalog.ts";
import { aNode } from "../../../support/a-fleet.ts";
import { ask, CATALOG, codes, IMAGE, plan, verbs, WANT_ACTIVE } from "../../../support/plan-one.ts";

function findings(spec: NodeSpec): readonly string[] {
  const node = aNode("n1", { driver: "fake", ...spec });
  return checkNodeSteps(node, { templates: [], runbooks: [] }, CATALOG).map(
    ({ severity, where, message }) => `${severity} ${where.pointer}: ${message}`,
  );
}

function clean(...steps: readonly NamedStep[]): NodeSpec {
  return { requests: [ask("clean", { steps: [...steps] })] };
}

function inBand(name: string, more: Partial<StepOffer> = {}): StepOffer {
  return anOffer(name, { requiresRamdisk: true, impact: "reboot", ramdisk: "named", ...more });
}

function learnt(...steps: readonly StepOffer[]): RamdiskSteps {
  return { bootId: "b", version: "7", at: 1, steps: [...steps], ignored: [] };
}

const SHRED = inBand("deploy.shred", { erases: "full", impact: "destructive" });
const STRESS = inBand("deploy.stress", {
  args: { hours: { type: "integer", description: "", required: true } },
});

describe("validate, which asks no ramdisk", () => {
  test("lets a step pass that only the ramdisk can know", () => {
    expect(findings(clean(named("deploy.zap", { any: [1] })))).toEqual([]);
    expect(findings({ stepPriorities: { clean: { "deploy.zap": 60 } } })).toEqual([]);
  });

  test("warns where it is probably misspelt", () => {
    expect(findings(clean(named("deploy.erase_device")))).toEqual([
      "warning /requests/0/steps/0/step: deploy.erase_device is known to the ramdisk at best, which is asked once it runs; did you mean deploy.erase_devices?",
    ]);
    expect(findings({ stepPriorities: { clean: { "deploy.erase_device": 60 } } })).toEqual([
      "warning /stepPriorities/clean/deploy.erase_device: deploy.erase_device is known to the ramdisk at best, which is asked once it runs; did you mean deploy.erase_devices?",
    ]);
  });

  test.each<[string, NodeSpec, string]>([
    [
      "of an interface of which no ramdisk names steps",
      clean(named("bios.zap")),
      "no interface of fake offers the clean step bios.zap",
    ],
    [
      "that is known, in another flow",
      clean(named("deploy.write_image")),
      "deploy.write_image is a step of deploy, not of clean",
    ],
    [
      "of a verify, which boots no ramdisk",
      { stepPriorities: { verify: { "deploy.zap": 5 } } },
      "no interface of fake offers the verify step deploy.zap",
    ],
    [
      "of an implementation whose ramdisk names none",
      { ...clean(named("deploy.zap")), interfaces: { deploy: "noop" } },
      "no interface of fake offers the clean step deploy.zap",
    ],
    [
      "of a type whose ramdisk is not built",
      { ...clean(named("deploy.zap")), driver: "redfish" },
      "the deploy interface is direct here, which is not built yet",
    ],
  ])("refuses a step %s", (_what, spec, why) => {
    expect(findings(spec)).toEqual([expect.stringContaining(`error`)]);
    expect(findings(spec)[0]).toContain(why);
  });

  test("lets a step of another interface pass where its implementation says so", () => {
    expect(findings({ ...clean(named("raid.zap")), interfaces: { raid: "fake" } })).toEqual([]);
  });
});

function planned(spec: NodeSpec, record: Partial<NodeRecord> = {}): NodePlan {
  return plan({
    spec: { provision: { state: "manageable" }, ...spec },
    record: { provisionState: "manageable", ...record },
  });
}

describe("a plan before the ramdisk was asked", () => {
  test("has a gate in the midst of the list, and takes the step for one that interrupts and erases nothing", () => {
    const node = planned(clean(named("deploy.zap")));
    expect(verbs(node)).toEqual(["provision.clean"]);
    expect(node.gates).toEqual([
      {
        after: "1",
        learns: "steps",
        allows: "deploy.zap, where it erases nothing",
        stops:
          "what erases waits at clean hold and is asked for again by name; what is not there, or takes other arguments, ends it at clean failed",
        known: [],
      },
    ]);
    const entry = node.steps[0]?.flow?.entries.find(({ step }) => step === "zap");
    expect(entry).toMatchObject({ ramdisk: "unknown", impact: "reboot", requiresRamdisk: true });
    expect(node.steps[0]?.impact).toBe("reboot");
    expect(node.erases).toEqual([]);
  });

  test("has one for what a ramdisk may bring by itself, at the first list that asks it", () => {
    const node = plan({ spec: WANT_ACTIVE, record: { provisionState: "manageable" } });
    expect(verbs(node)).toEqual(["provision.provide", "provision.deploy"]);
    expect(node.gates.map(({ after, learns }) => [after, learns])).toEqual([["1", "steps"]]);
  });

  test("has it at the end of an inspection that asks the ramdisk before all others", () => {
    const node = plan({
      spec: { ...WANT_ACTIVE, requests: [ask("inspect")] },
      record: { provisionState: "manageable" },
    });
    expect(verbs(node)).toEqual(["provision.inspect", "provision.provide", "provision.deploy"]);
    expect(node.gates.map(({ after, learns }) => [after, learns])).toEqual([
      ["1", "disks"],
      ["1", "steps"],
    ]);
  });
});

describe("a plan once the ramdisk was asked", () => {
  test("names what a step of it erases, disk by disk, and has no gate", () => {
    const node = planned(clean(named("deploy.shred")), { ramdisk: learnt(SHRED) });
    expect(node.gates).toEqual([]);
    expect(node.erases.map(({ serial, part }) => [serial, part])).toEqual([
      ["D1", "full"],
      ["D2", "full"],
    ]);
    expect(node.steps[0]?.impact).toBe("destructive");
  });

  test.each<[string, NodeSpec, string]>([
    [
      "another type of argument",
      clean(named("deploy.stress", { hours: "four" })),
      "deploy.stress: the argument hours is text; it must be a whole number",
    ],
    [
      "an argument that it does not take",
      clean(named("deploy.stress", { hours: 4, hour: 5 })),
      "deploy.stress: it takes no argument hour; did you mean hours?",
    ],
    [
      "another flow",
      {
        provision: { state: "active", image: IMAGE },
        requests: [ask("service", { steps: [named("deploy.shred")] })],
      },
      "deploy.shred is a step of clean, not of service",
    ],
    [
      "a step that it does not have",
      clean(named("deploy.shredd")),
      "neither fake nor its ramdisk, as it was last asked (1970-01-01T00:00:00.001Z), offers the clean step deploy.shredd; did you mean deploy.shred?; where the ramdisk is another one since, let it be asked anew by the request inspect",
    ],
  ])("refuses %s, of that node alone", (what, spec, why) => {
    const inService = what === "another flow";
    const node = planned(spec, {
      ramdisk: learnt(SHRED, STRESS),
      ...(inService ? { provisionState: "active" } : {}),
      ...(inService
        ? {
            instance: {
              origin: "adopted",
              image: null,
              configDrive: null,
              since: null,
              commit: null,
              by: "x",
            },
          }
        : {}),
    });
    expect(node.steps).toEqual([]);
    expect(codes(node)).toEqual(["IW-I18"]);
    expect(node.blockedBy[0]?.message).toBe(`${why} (inventory/n1.yaml:1)`);
  });

  test("runs its own by their priority, as git moves them, and says whose they are", () => {
    const own = inBand("deploy.nvram", { priority: { clean: 50, deploy: 90 } });
    const spec: NodeSpec = { ...WANT_ACTIVE, stepPriorities: { clean: { "deploy.nvram": 100 } } };
    const node = plan({
      spec,
      record: { provisionState: "manageable", ramdisk: learnt(own) },
    });
    const lists = node.steps.map(({ flow }) =>
      flow?.entries.map(({ step, priority, source }) => `${step} ${priority ?? ""} ${source}`),
    );
    expect(lists[0]?.slice(1, 3)).toEqual([
      "nvram 100 ramdisk",
      "erase_devices_metadata 99 driver",
    ]);
    expect(lists[1]?.slice(0, 3)).toEqual([
      "deploy 100 driver",
      "nvram 90 ramdisk",
      "write_image 80 driver",
    ]);
  });

  test("keeps what erases within clean.automated", () => {
    const own = inBand("deploy.shred", { ...SHRED, priority: { clean: 50 } });
    const automated = (word: "metadata" | "full"): readonly string[] =>
      plan({
        spec: { provision: { state: "available" }, clean: { automated: word } },
        record: { provisionState: "manageable", ramdisk: learnt(own) },
      }).steps.flatMap(({ flow }) => flow?.entries.map(({ step }) => step) ?? []);
    expect(automated("metadata")).not.toContain("shred");
    expect(automated("full")).toContain("shred");
  });
});
