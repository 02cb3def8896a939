import { expect, test } from "vitest";
import { checkUnused } from "../../../../engine/plan/steps/check-unused.ts";
import type { RunbookDocument } from "../../../../schemas/documents.ts";
import type { DeployStep } from "../../../../schemas/steps.ts";
import {
  A_CATALOG,
  anInterface,
  anOffer,
  aRunbook,
  aTemplate,
  named,
} from "../../../support/a-catalog.ts";
import { aNode } from "../../../support/a-fleet.ts";

const AWAY = ["CUSTOM_AWAY"];

function step(
  name: string,
  priority: number,
  args?: Readonly<Record<string, unknown>>,
): DeployStep {
  return { ...named(name, args), priority };
}

function said(documents: Partial<Parameters<typeof checkUnused>[0]>): readonly string[] {
  const all = { nodes: [], templates: [], runbooks: [], ...documents };
  return checkUnused(all, A_CATALOG).map(
    ({ code, where, message }) => `${code} ${where.kind} ${where.name}${where.pointer}: ${message}`,
  );
}

const ofRunbook = (flow: "clean" | "service", one: ReturnType<typeof named>): RunbookDocument[] => [
  aRunbook("later", flow, AWAY, [named("power.reboot"), one]),
];

test.each([
  [
    "a step of no hardware type",
    "clean",
    named("bios.factory_rest"),
    "/1/step: no hardware type offers the clean step bios.factory_rest; did you mean bios.factory_reset?",
  ],
  [
    "a step of another flow",
    "service",
    named("deploy.write_image"),
    "/1/step: deploy.write_image is a step of deploy, not of service",
  ],
  [
    "an argument of another type",
    "clean",
    named("deploy.burnin_cpu", { hours: "four" }),
    "/1/args/hours: deploy.burnin_cpu: the argument hours is text; it must be a whole number",
  ],
  [
    "a missing argument",
    "service",
    named("bios.apply_configuration"),
    "/1: bios.apply_configuration needs the argument settings (a map)",
  ],
] as const)("a Runbook that no node uses: %s", (_, flow, one, message) => {
  expect(said({ runbooks: ofRunbook(flow, one) })).toEqual([
    `IW-I18 Runbook later/steps${message}`,
  ]);
});

test.each([
  [
    step("bios.nothing", 50),
    "/0/step: no hardware type offers the deploy step bios.nothing; there are",
  ],
  [step("deploy.boot_instance", 90), "/0: deploy.boot_instance is a core step"],
  [step("bios.apply_configuration", 50, { settings: 1 }), "/0/args/settings: "],
] as const)("a DeployTemplate that no node uses: %j", (one, message) => {
  const [found = "", ...others] = said({ templates: [aTemplate("later", AWAY, [one])] });
  expect(others).toEqual([]);
  expect(found).toContain(`IW-I18 DeployTemplate later/steps${message}`);
});

test("what one hardware type can run is right, also by an implementation that is no default", () => {
  const interfaces = [
    anInterface("raid", "no-raid"),
    anInterface("raid", "second", [anOffer("raid.delete_configuration")]),
  ];
  const catalog = { ...A_CATALOG, second: { hardwareType: "second", interfaces } };
  const runbooks = [
    aRunbook("raid", "clean", AWAY, [named("raid.delete_configuration")]),
    aRunbook("erase", "clean", AWAY, [named("deploy.erase_devices")]),
  ];
  const templates = [aTemplate("off", AWAY, [step("deploy.boot_instance", 0)])];
  expect(checkUnused({ nodes: [], templates, runbooks }, catalog)).toEqual([]);
});

test("what a node uses is judged by its lists alone", () => {
  const runbooks = ofRunbook("clean", named("bios.factory_rest"));
  const templates = [aTemplate("later", AWAY, [step("bios.nothing", 50)])];
  const expires = "2026-12-01";
  const node = aNode("n1", {
    driver: "fake",
    traits: AWAY.map(String),
    requests: [{ id: "a", action: "clean", runbook: "later", expires }],
  });
  expect(said({ nodes: [node], runbooks, templates })).toEqual([]);
});
