import { expect, test } from "vitest";
import { checkNodeSteps, checkSteps } from "../../../../engine/plan/steps/check-steps.ts";
import { allTurns } from "../../../../engine/plan/turns.ts";
import type { StepFinding } from "../../../../engine/plan/steps/step-list.ts";
import type { NodeSpec } from "../../../../schemas/documents.ts";
import { A_CATALOG, aRunbook, aTemplate, named } from "../../../support/a-catalog.ts";
import { aNode } from "../../../support/a-fleet.ts";
import { anAllocation } from "../../../support/a-pool.ts";

/** Steps of a deploy on a type without a ramdisk. */
const BARE_DEPLOYS = (A_CATALOG["bare"]?.interfaces ?? []).map((one) =>
  one.interface === "deploy"
    ? { ...one, steps: one.steps.map((step) => ({ ...step, priority: { deploy: 0 } })) }
    : one,
);

const RUNBOOKS = [
  aRunbook("burnin", "clean", ["CUSTOM_LAB"], [named("deploy.burnin_cpu", { hours: 4 })]),
  aRunbook("flash", "service", ["CUSTOM_LAB"], [named("bios.factory_reset")]),
];
const LATER = "2026-12-01T00:00:00Z";

function text({ code, severity, where, message }: StepFinding): string {
  const word = severity === "error" ? "" : `${severity} `;
  return `${word}${code} ${where.kind} ${where.name}${where.pointer}: ${message}`;
}

function findings(
  spec: NodeSpec,
  documents: Partial<Parameters<typeof checkNodeSteps>[1]> = {},
): readonly string[] {
  const node = aNode("n1", { driver: "fake", ...spec });
  return checkNodeSteps(node, { templates: [], runbooks: RUNBOOKS, ...documents }, A_CATALOG).map(
    text,
  );
}

function clean(...steps: readonly ReturnType<typeof named>[]): NodeSpec {
  return { requests: [{ id: "r1", action: "clean", expires: LATER, steps: [...steps] }] };
}

test.each<[string, NodeSpec, string]>([
  [
    "a step that nobody offers, with the one that was meant",
    clean(named("bios.factory_rest")),
    "IW-I18 Node n1/requests/0/steps/0/step: no interface of fake offers the clean step bios.factory_rest; did you mean bios.factory_reset?",
  ],
  [
    "a step of another interface",
    clean(named("power.reboot"), named("raid.factory_reset")),
    "IW-I18 Node n1/requests/0/steps/1/step: no interface of fake offers the clean step raid.factory_reset; did you mean bios.factory_reset?",
  ],
  [
    "a step of another flow",
    clean(named("deploy.write_image")),
    "IW-I18 Node n1/requests/0/steps/0/step: deploy.write_image is a step of deploy, not of clean",
  ],
  [
    "a reserved name on another interface",
    clean(named("management.reboot")),
    "IW-I18 Node n1/requests/0/steps/0/step: no interface of fake offers the clean step management.reboot; did you mean power.reboot?",
  ],
  [
    "a missing argument",
    clean(named("bios.apply_configuration")),
    "IW-I18 Node n1/requests/0/steps/0: bios.apply_configuration needs the argument settings (a map)",
  ],
  [
    "an unknown argument",
    clean(named("bios.apply_configuration", { settings: {}, whenn: "now" })),
    "IW-I18 Node n1/requests/0/steps/0/args/whenn: bios.apply_configuration: it takes no argument whenn; did you mean when?",
  ],
  [
    "an argument where none is taken",
    clean(named("bios.factory_reset", { force: true })),
    "IW-I18 Node n1/requests/0/steps/0/args/force: bios.factory_reset: it takes no arguments; take force out",
  ],
  [
    "an argument of another type",
    clean(named("bios.apply_configuration", { settings: [1] })),
    "IW-I18 Node n1/requests/0/steps/0/args/settings: bios.apply_configuration: the argument settings is a list; it must be a map",
  ],
  [
    "a number that is no whole number",
    clean(named("deploy.burnin_cpu", { hours: 1.5 })),
    "IW-I18 Node n1/requests/0/steps/0/args/hours: deploy.burnin_cpu: the argument hours is the number 1.5; it must be a whole number",
  ],
  [
    "a value that is none of the few",
    clean(named("bios.apply_configuration", { settings: {}, when: "nxt" })),
    "IW-I18 Node n1/requests/0/steps/0/args/when: bios.apply_configuration: the argument when must be one of now, next (did you mean next?)",
  ],
  [
    "a pause without its length",
    clean(named("power.wait")),
    "IW-I18 Node n1/requests/0/steps/0: power.wait needs the argument seconds (a whole number of seconds)",
  ],
  [
    "a pause of a negative length",
    clean(named("power.wait", { seconds: -5 })),
    "IW-I18 Node n1/requests/0/steps/0/args/seconds: power.wait: the argument seconds is the number -5; it must be a whole number of seconds",
  ],
  [
    "a pause of more than a day",
    clean(named("power.wait", { seconds: 90_000 })),
    "IW-I18 Node n1/requests/0/steps/0/args/seconds: power.wait: 90000 s is more than a day (86400 s); write power.hold, and let it go by a request unhold",
  ],
  [
    "a runbook that is not there",
    { requests: [{ id: "r1", action: "clean", expires: LATER, runbook: "burnim" }] },
    "IW-I06 Node n1/requests/0/runbook: runbook burnim is not declared; did you mean burnin?",
  ],
  [
    "a runbook of another flow",
    {
      traits: ["CUSTOM_LAB"],
      requests: [{ id: "r1", action: "clean", expires: LATER, runbook: "flash" }],
    },
    "IW-I19 Node n1/requests/0/runbook: the runbook flash is for a service, and the request is a clean",
  ],
  [
    "a runbook whose traits the node lacks",
    {
      traits: ["CUSTOM_GPU"],
      requests: [{ id: "r1", action: "clean", expires: LATER, runbook: "burnin" }],
    },
    "IW-I19 Node n1/requests/0/runbook: the runbook burnin is for nodes with CUSTOM_LAB, and the node has CUSTOM_GPU",
  ],
  [
    "neither runbook nor steps",
    { requests: [{ id: "r1", action: "service", expires: LATER }] },
    "IW-I17 Node n1/requests/0: the request r1 needs either a runbook or steps",
  ],
  [
    "an inspection that reboots, for ever",
    { interfaces: { inspect: "agent" }, requests: [{ id: "r1", action: "inspect" }] },
    "IW-I17 Node n1/requests/0: the request r1 has no expires, and inspect: agent reboots the machine; write one, 14 days at most",
  ],
  [
    "an implementation that is not offered",
    { interfaces: { deploy: "dirct" } },
    'IW-I04 Node n1/interfaces/deploy: fake has no deploy interface "dirct"; did you mean direct?',
  ],
  [
    "an interface that the type has not",
    { interfaces: { rescue: "agent" } },
    "IW-I04 Node n1/interfaces/rescue: fake has no rescue interface; take it out",
  ],
  [
    "a word that is no interface",
    { interfaces: { boots: "ipxe" } },
    "IW-I04 Node n1/interfaces/boots: there is no interface boots; did you mean boot?",
  ],
  [
    "a deploy without an image",
    { provision: { state: "active" } },
    "IW-I20 Node n1/provision/state: state: active needs provision.image.url or provision.image.name; where something runs that was not installed from here, write state: adopted",
  ],
  [
    "an image of nothing but a checksum",
    { provision: { state: "active", image: { checksum: "sha256:00" } } },
    "IW-I20 Node n1/provision/image: state: active needs provision.image.url or provision.image.name; where something runs that was not installed from here, write state: adopted",
  ],
  [
    "a root hint that is none",
    { provision: { rootDevice: { size: "big" } } },
    'IW-I04 Node n1/provision/rootDevice: the hint size ("big") is wrong: "big" is no size; write whole GiB, such as ">= 100"',
  ],
  [
    "a keep hint that is none",
    { clean: { keep: [{ model: "K*" }, { rotational: "maybe" }] } },
    'IW-I04 Node n1/clean/keep/1: the hint rotational ("maybe") is wrong: "maybe" is neither true nor false',
  ],
  [
    "a priority of a step that is not there",
    { stepPriorities: { clean: { "deploy.erase_device": 5 } } },
    "IW-I18 Node n1/stepPriorities/clean/deploy.erase_device: no interface of fake offers the clean step deploy.erase_device; did you mean deploy.erase_devices?",
  ],
  [
    "a priority of what is no step",
    { stepPriorities: { verify: { clock: 5 } } },
    'IW-I18 Node n1/stepPriorities/verify/clock: "clock" is no step; write INTERFACE.STEP, such as deploy.erase_devices',
  ],
  [
    "a priority of a step that can't run by itself",
    { stepPriorities: { clean: { "bios.apply_configuration": 5 } } },
    "IW-I18 Node n1/stepPriorities/clean/bios.apply_configuration: bios.apply_configuration needs the argument settings and can't run by itself; name it in a list",
  ],
  [
    "a core step that is moved",
    { stepPriorities: { deploy: { "deploy.deploy": 5 } } },
    "IW-I18 Node n1/stepPriorities/deploy/deploy.deploy: deploy.deploy is a core step: it may be switched off (0), not moved",
  ],
  [
    "an erasure that clean.automated leaves out",
    { clean: { automated: "metadata" }, stepPriorities: { clean: { "deploy.erase_devices": 50 } } },
    "warning IW-I18 Node n1/stepPriorities/clean/deploy.erase_devices: deploy.erase_devices has a priority and will not run, for clean.automated is metadata; write clean.automated: full, or take the priority out",
  ],
])("%s", (_name, spec, finding) => {
  expect(findings(spec)).toEqual([finding]);
});

test("steps that only the ramdisk can do are refused where none is built, and named by their place", () => {
  const bare = { driver: "bare", ...clean(named("deploy.erase_devices")) };
  expect(findings(bare)).toEqual([
    "IW-P08 Node n1/requests/0/steps/0/step: deploy.erase_devices needs the ramdisk, and none is built for bare; take the step out",
  ]);
  expect(findings({ driver: "bare", ...clean(named("raid.delete_configuration")) })).toEqual([
    "IW-I18 Node n1/requests/0/steps/0/step: raid.delete_configuration: the raid interface is agent here, which is not built yet",
  ]);
});

test("what a template or a runbook gets wrong is said at its own place", () => {
  const documents = {
    templates: [
      aTemplate("gpu", ["CUSTOM_GPU"], [{ ...named("bios.factory_rest"), priority: 90 }]),
      aTemplate("other", ["CUSTOM_NONE"], [{ ...named("bios.nothing"), priority: 90 }]),
    ],
    runbooks: [
      aRunbook("lab", "clean", ["CUSTOM_GPU"], [named("deploy.burnin_cpu", { hours: "4" })]),
    ],
  };
  const requests = [{ id: "r1", action: "clean", expires: LATER, runbook: "lab" } as const];
  expect(findings({ traits: ["CUSTOM_GPU"], requests }, documents)).toEqual([
    "IW-I18 DeployTemplate gpu/steps/0/step: no interface of fake offers the deploy step bios.factory_rest; did you mean bios.factory_reset?",
    "IW-I18 Runbook lab/steps/0/args/hours: deploy.burnin_cpu: the argument hours is text; it must be a whole number",
  ]);
});

test("two templates that name one step are an error that holds both places", () => {
  const step = { ...named("bios.factory_reset"), priority: 90 };
  const templates = [aTemplate("a", ["CUSTOM_A"], [step]), aTemplate("b", ["CUSTOM_B"], [step])];
  const node = aNode("n1", { driver: "fake", traits: ["CUSTOM_A", "CUSTOM_B"] });
  const [found, ...others] = allTurns(
    checkSteps({ nodes: [node], templates, runbooks: [], allocations: [] }, A_CATALOG),
  );
  expect(others).toEqual([]);
  expect(found).toMatchObject({
    code: "IW-I19",
    message: "the templates a and b both name bios.factory_reset and both are for this node",
    where: { kind: "DeployTemplate", name: "b", pointer: "/steps/0" },
    also: { kind: "DeployTemplate", name: "a", pointer: "/steps/0" },
  });
});

test("a deploy for an Allocation that would be stopped is a warning, also while the node itself is only in the pool", () => {
  const step = { ...named("deploy.erase_devices"), priority: 90 };
  const catalog = { ...A_CATALOG, bare: { hardwareType: "bare", interfaces: BARE_DEPLOYS } };
  const node = aNode("n1", {
    driver: "bare",
    resourceClass: "large",
    provision: { state: "available", steps: [step] },
  });
  const said = (allocations: Parameters<typeof checkSteps>[0]["allocations"]): readonly string[] =>
    allTurns(checkSteps({ nodes: [node], templates: [], runbooks: [], allocations }, catalog)).map(
      text,
    );
  expect(said([])).toEqual([]);
  expect(said([anAllocation("web")])).toEqual([
    "warning IW-P08 Node n1/provision/steps/0/step: deploy.erase_devices needs the ramdisk, and none is built for bare; take the step out (it would be deployed for the Allocation web)",
  ]);
  expect(said([anAllocation("web", { provision: undefined })])).toEqual([]);
  expect(said([anAllocation("web", { resourceClass: "small" })])).toEqual([]);
  expect(said([anAllocation("web", { candidates: ["n2"] })])).toEqual([]);
  expect(said([anAllocation("web", { traits: ["CUSTOM_GPU"] })])).toEqual([]);
});

test("nothing is said of what is right, nor of a hardware type that nobody knows", () => {
  const right: NodeSpec = {
    traits: ["CUSTOM_LAB"],
    provision: { state: "active", image: { url: "https://images/a.raw" } },
    clean: { automated: "full", keep: [{ model: "KIOXIA*" }] },
    stepPriorities: { clean: { "deploy.erase_devices": 0 }, deploy: { "deploy.deploy": 0 } },
    requests: [
      { id: "r1", action: "clean", expires: LATER, runbook: "burnin" },
      {
        id: "r2",
        action: "service",
        expires: LATER,
        steps: [named("power.wait", { seconds: 30 }), named("power.hold"), named("power.reboot")],
      },
      { id: "r3", action: "inspect" },
    ],
  };
  expect(findings(right)).toEqual([]);
  expect(findings({ provision: { state: "active" }, interfaces: { deploy: "noop" } })).toEqual([]);
  expect(findings({ driver: "nobody", ...clean(named("bios.nothing")) })).toEqual([]);
});

test("a profile for many types may switch off what one of them has not: a warning, not an error", () => {
  expect(findings({ stepPriorities: { clean: { "raid.delete_configuration": 0 } } })[0]).toMatch(
    /^warning IW-I18 Node n1\/stepPriorities\/clean\/raid.delete_configuration: no interface/,
  );
});
