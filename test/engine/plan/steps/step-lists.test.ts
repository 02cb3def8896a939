import * as fc from "fast-check";
import { expect, test } from "vitest";
import { automatedClean } from "../../../../engine/plan/steps/automated-clean.ts";
import { deployList } from "../../../../engine/plan/steps/deploy-list.ts";
import { offersOf } from "../../../../engine/plan/steps/offers-of.ts";
import { orderSteps } from "../../../../engine/plan/steps/order-steps.ts";
import { isStepRequest, requestList } from "../../../../engine/plan/steps/request-list.ts";
import type { ListedStep, StepList } from "../../../../engine/plan/steps/step-list.ts";
import { verifyList } from "../../../../engine/plan/steps/verify-list.ts";
import type { NodeRequest, NodeSpec } from "../../../../schemas/documents.ts";
import { INTERFACES } from "../../../../schemas/steps.ts";
import { A_CATALOG, anOffer, aRunbook, aTemplate, named } from "../../../support/a-catalog.ts";
import { aNode } from "../../../support/a-fleet.ts";

function aFake(spec: NodeSpec = {}): ReturnType<typeof aNode> {
  return aNode("n1", { driver: "fake", ...spec });
}

/** `100 deploy.deploy driver`. */
function lines({ steps, findings }: StepList): readonly string[] {
  expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
  return steps.map(
    ({ interface: on, step, priority, source }) => `${priority ?? "-"} ${on}.${step} ${source}`,
  );
}

function cleanLines(spec: NodeSpec): readonly string[] {
  const node = aFake(spec);
  return lines(automatedClean(node, offersOf(node, A_CATALOG)));
}

function deployLines(
  spec: NodeSpec,
  templates = [aTemplate("none", ["CUSTOM_NO"], [])],
): readonly string[] {
  const node = aFake(spec);
  return lines(deployList(node, templates, offersOf(node, A_CATALOG)));
}

function requestLines(request: NodeRequest, spec: NodeSpec = {}): readonly string[] {
  const node = aFake({ ...spec, requests: [request] });
  if (!isStepRequest(request)) throw new Error("no request for steps");
  const runbook = aRunbook(
    "burnin",
    "clean",
    ["CUSTOM_A", "CUSTOM_B"],
    [named("deploy.burnin_cpu"), named("power.hold"), named("deploy.burnin_cpu", { hours: 4 })],
  );
  return lines(requestList(node, request, [runbook], offersOf(node, A_CATALOG)));
}

test("an automated clean erases what its word says, and only metadata where it says nothing", () => {
  expect(cleanLines({})).toEqual(["99 deploy.erase_devices_metadata driver"]);
  expect(cleanLines({ clean: { automated: "metadata" } })).toEqual(cleanLines({}));
  expect(cleanLines({ clean: { automated: "full" } })).toEqual([
    "99 deploy.erase_devices_metadata driver",
    "10 deploy.erase_devices driver",
  ]);
  expect(cleanLines({ clean: { automated: "none" } })).toEqual([]);
});

test("priorities in git move and switch off, and never bring an erasure back that the word leaves out", () => {
  const clean = {
    "deploy.erase_devices": 100,
    "deploy.erase_devices_metadata": 0,
    "vendor.send_raw": 7,
    "bios.factory_reset": 100,
  };
  expect(cleanLines({ stepPriorities: { clean } })).toEqual([
    "100 bios.factory_reset driver",
    "7 vendor.send_raw driver",
  ]);
  expect(cleanLines({ clean: { automated: "full" }, stepPriorities: { clean } })).toEqual([
    "100 deploy.erase_devices driver",
    "100 bios.factory_reset driver",
    "7 vendor.send_raw driver",
  ]);
  expect(cleanLines({ clean: { automated: "none" }, stepPriorities: { clean } })).toEqual([]);
});

test("a verify runs what has a priority of its own or in git", () => {
  const node = aFake({ stepPriorities: { verify: { "management.clear_job_queue": 5 } } });
  const offers = offersOf(node, A_CATALOG);
  expect(lines(verifyList(node, offers))).toEqual([
    "5 management.clear_job_queue driver",
    "1 management.verify_bmc_clock driver",
  ]);
  expect(lines(verifyList(aFake(), offers))).toEqual(["1 management.verify_bmc_clock driver"]);
});

const GPU = aTemplate(
  "gpu",
  ["CUSTOM_GPU", "CUSTOM_BIG"],
  [
    { ...named("bios.apply_configuration", { settings: { a: 1 } }), priority: 150 },
    { ...named("vendor.send_raw"), priority: 80 },
    { ...named("deploy.erase_devices_metadata"), priority: 90 },
  ],
);

test("a deploy is the driver's steps under those of templates whose every trait the node has", () => {
  const driver = [
    "100 deploy.deploy driver",
    "80 deploy.write_image driver",
    "20 deploy.boot_instance driver",
  ];
  expect(deployLines({ traits: ["CUSTOM_GPU"] }, [GPU])).toEqual(driver);
  expect(deployLines({ traits: ["CUSTOM_BIG", "CUSTOM_GPU"] }, [GPU])).toEqual([
    "150 bios.apply_configuration template gpu",
    "100 deploy.deploy driver",
    "90 deploy.erase_devices_metadata template gpu",
    "80 vendor.send_raw template gpu",
    "80 deploy.write_image driver",
    "20 deploy.boot_instance driver",
  ]);
});

test("the node's own steps stand over its templates', and 0 switches off whatever is below", () => {
  const steps = [
    { ...named("bios.apply_configuration", { settings: { b: 2 } }), priority: 70 },
    { ...named("vendor.send_raw"), priority: 0 },
    { ...named("deploy.write_image"), priority: 0 },
    { ...named("deploy.boot_instance"), priority: 0 },
    { ...named("power.wait", { seconds: 5 }), priority: 60 },
  ];
  const node = aFake({ traits: ["CUSTOM_BIG", "CUSTOM_GPU"], provision: { steps } });
  const list = deployList(node, [GPU], offersOf(node, A_CATALOG));
  expect(lines(list)).toEqual([
    "100 deploy.deploy driver",
    "90 deploy.erase_devices_metadata template gpu",
    "70 bios.apply_configuration node",
    "60 power.wait node",
  ]);
  expect(list.steps.map(({ args }) => args)).toEqual([
    {},
    {},
    { settings: { b: 2 } },
    { seconds: 5 },
  ]);
});

test("a core step is never replaced, by whom ever", () => {
  const steps = [{ ...named("deploy.deploy"), priority: 50 }];
  const node = aFake({ provision: { steps } });
  const { findings } = deployList(node, [], offersOf(node, A_CATALOG));
  expect(findings.map(({ message }) => message)).toEqual([
    "deploy.deploy is a core step: it may be switched off (priority: 0), not replaced",
  ]);
});

test("steps of a request run as written: nothing sorted, nothing lost, nothing once that is said twice", () => {
  const steps = [
    named("power.hold"),
    named("deploy.erase_devices"),
    named("power.power_off"),
    named("deploy.erase_devices_metadata"),
    named("power.wait", { seconds: 5 }),
    named("power.reboot"),
    named("deploy.erase_devices"),
    named("power.power_on"),
  ];
  expect(requestLines({ id: "r1", action: "clean", steps })).toEqual([
    "- power.hold request r1",
    "- deploy.erase_devices request r1",
    "- power.power_off request r1",
    "- deploy.erase_devices_metadata request r1",
    "- power.wait request r1",
    "- power.reboot request r1",
    "- deploy.erase_devices request r1",
    "- power.power_on request r1",
  ]);
});

test("a runbook is for nodes with any one of its traits", () => {
  const request = { id: "r1", action: "clean", runbook: "burnin" } as const;
  expect(requestLines(request, { traits: ["CUSTOM_B"] })).toEqual([
    "- deploy.burnin_cpu runbook burnin",
    "- power.hold runbook burnin",
    "- deploy.burnin_cpu runbook burnin",
  ]);
});

test("a node composes what it names, else the first that its type lists", () => {
  const implementation = (spec: NodeSpec): string | undefined =>
    offersOf(aFake(spec), A_CATALOG).interfaces.get("deploy")?.implementation;
  expect(implementation({})).toBe("direct");
  expect(implementation({ interfaces: { deploy: "noop" } })).toBe("noop");
  expect(implementation({ interfaces: { deploy: "nothing" } })).toBeUndefined();
  expect(deployLines({ interfaces: { deploy: "noop" } })).toEqual([]);
});

const anyStep = fc
  .record({
    on: fc.constantFrom(...INTERFACES),
    step: fc.stringMatching(/^[a-c]$/),
    priority: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ on, step, priority }): ListedStep => {
    const offer = anOffer(`${on}.${step}`);
    return { interface: on, step, priority, args: {}, offer, source: "driver" };
  });

test("law: sorting loses and adds nothing, is stable, and goes by priority before anything else", () => {
  fc.assert(
    fc.property(fc.array(anyStep), fc.constantFrom("verify", "deploy", "clean"), (steps, flow) => {
      const sorted = orderSteps(flow, steps);
      expect(sorted).toHaveLength(steps.length);
      expect(new Set(sorted)).toEqual(new Set(steps));
      expect(orderSteps(flow, sorted)).toEqual(sorted);
      sorted.forEach((step, index) => {
        const before = sorted[index - 1];
        if (before === undefined) return;
        expect(before.priority).toBeGreaterThanOrEqual(step.priority ?? 0);
        if (before.priority === step.priority && before.interface === step.interface)
          expect(steps.indexOf(before)).toBeLessThan(steps.indexOf(step));
      });
    }),
  );
});

test("at one priority interfaces follow each other as in Ironic, and not alike in a verify", () => {
  const of = (flow: "verify" | "deploy" | "clean"): readonly string[] =>
    orderSteps(
      flow,
      ["raid", "bios", "deploy", "firmware", "management", "power", "vendor"].map((on) => {
        const offer = anOffer(`${on}.a`);
        return { interface: offer.interface, step: "a", priority: 1, args: {}, offer, source: "" };
      }),
    ).map((step) => step.interface);
  const ranks = ["vendor", "power", "management", "firmware", "deploy", "bios", "raid"];
  expect(of("clean")).toEqual(ranks);
  expect(of("deploy")).toEqual(ranks);
  expect(of("verify")).toEqual([
    "power",
    "management",
    "firmware",
    "deploy",
    "bios",
    "raid",
    "vendor",
  ]);
});

test("law: a list as written comes back as written, whatever is in it", () => {
  const names = [
    "power.hold",
    "power.reboot",
    "deploy.erase_devices",
    "bios.factory_reset",
    "vendor.send_raw",
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 30 }), (written) => {
      const steps = written.map((name) => named(name));
      const list = requestLines({ id: "r", action: "clean", steps });
      expect(list).toEqual(written.map((name) => `- ${name} request r`));
    }),
  );
});
