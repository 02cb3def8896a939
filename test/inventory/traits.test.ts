import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { traitsOf } from "../../inventory/foreign/traits.ts";
import { loadFleet } from "../../inventory/load-fleet.ts";
import { loadSettings } from "../../inventory/load-settings.ts";
import { traitSchema } from "../../schemas/documents.ts";
import { defaultSettings, type Settings } from "../../schemas/settings.ts";
import { isKnownTrait, STANDARD_TRAITS } from "../../schemas/standard-traits.ts";
import { tempRepo } from "../support/temp-repo.ts";

function document(kind: string, name: string, spec: string): string {
  return `apiVersion: ironwright/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec:\n${spec}---\n`;
}

const NODE = document("Node", "n1", "  driver: fake\n");

async function findingsOf(text: string, more: Partial<Settings> = {}): Promise<readonly string[]> {
  const repo = await tempRepo({ "inventory/a.yaml": text });
  const settings = { ...defaultSettings(), ...more };
  const { fleet, diagnostics } = await loadFleet({ dir: repo.dir, settings });
  const isRefused = diagnostics.some(({ severity }) => severity === "error");
  expect(fleet === null).toBe(isRefused);
  return diagnostics.map((d) => `${d.line}:${d.column} ${d.severity} ${d.code} ${d.message}`);
}

const WAY =
  "One of your own is CUSTOM_HW_CPU_X86_VMXX, and a newer standard name is allowed by traits: { more: [ HW_CPU_X86_VMXX ] } in the settings";

describe("a name that os-traits does not have is an error where it stands", () => {
  const traits = "  traits: [CUSTOM_A, HW_CPU_X86_VMXX]\n";
  test.each<[string, string, string]>([
    ["of a node", document("Node", "n1", `  driver: fake\n${traits}`), "6:22"],
    [
      "of a profile, once for all its nodes",
      document("Profile", "p", traits) +
        document("Node", "n1", "  driver: fake\n  profiles: [p]\n") +
        document("Node", "n2", "  driver: fake\n  profiles: [p]\n"),
      "5:22",
    ],
    [
      "of an Allocation",
      NODE + document("Allocation", "w", `  resourceClass: l\n${traits}`),
      "12:22",
    ],
    [
      "of a DeployTemplate",
      NODE +
        document(
          "DeployTemplate",
          "t",
          `${traits}  steps: [{ interface: deploy, step: erase_devices, priority: 0 }]\n`,
        ),
      "11:22",
    ],
    [
      "of a Runbook",
      NODE +
        document(
          "Runbook",
          "r",
          `  flow: clean\n${traits}  steps: [{ interface: deploy, step: erase_devices }]\n`,
        ),
      "12:22",
    ],
  ])("%s", async (_, text, spot) => {
    expect(await findingsOf(text)).toEqual([
      `${spot} error IW-I06 HW_CPU_X86_VMXX is no standard trait (os-traits 2.9.0); did you mean HW_CPU_X86_VMX? ${WAY}`,
    ]);
  });

  test("nothing near is named where nothing is near", async () => {
    const [said] = await findingsOf(
      document("Node", "n1", "  driver: fake\n  traits: [GPU_RED]\n"),
    );
    expect(said).toBe(
      "6:12 error IW-I06 GPU_RED is no standard trait (os-traits 2.9.0); one of your own is CUSTOM_GPU_RED, and a newer standard name is allowed by traits: { more: [ GPU_RED ] } in the settings",
    );
  });
});

test("the settings let a newer standard name in, and the environment does too", async () => {
  const text = document("Node", "n1", "  driver: fake\n  traits: [HW_CPU_X86_AVX10]\n");
  expect(await findingsOf(text, { traits: { more: ["HW_CPU_X86_AVX10"] } })).toEqual([]);
  const { dir } = await tempRepo({ "ironwright.yaml": "traits: { more: [ HW_CPU_X86_AVX10 ] }\n" });
  const env = { IRONWRIGHT_TRAITS_MORE: "HW_NEW_A,HW_NEW_B" };
  expect((await loadSettings({ dir, env: {} })).settings?.traits.more).toEqual([
    "HW_CPU_X86_AVX10",
  ]);
  expect((await loadSettings({ dir, env })).settings?.traits.more).toEqual([
    "HW_NEW_A",
    "HW_NEW_B",
  ]);
});

test("a node has fifty traits at most, however many profiles they come from", async () => {
  const list = (from: number, to: number): string =>
    Array.from({ length: to - from }, (_, at) => `CUSTOM_T${from + at}`).join(", ");
  const of = (to: number): string =>
    document("Profile", "a", `  traits: [${list(0, 30)}]\n`) +
    document("Profile", "b", `  traits: [${list(20, to)}]\n`) +
    document("Node", "n1", "  driver: fake\n  profiles: [a, b]\n");
  expect(await findingsOf(of(50))).toEqual([]);
  expect(await findingsOf(of(53))).toEqual([
    "13:1 error IW-I04 n1 has 53 traits, those of its profiles among them; a node has 50 at most, so take 3 out",
  ]);
});

test("every standard name is a trait in form, and the list is whole", () => {
  for (const name of STANDARD_TRAITS) expect(traitSchema.safeParse(name).success).toBe(true);
  expect(STANDARD_TRAITS.size).toBe(345);
});

test("law: what is known is a trait of one's own or a standard one", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Z]{1,8}_[A-Z0-9_]{1,20}$/), (name) => {
      expect(isKnownTrait(name)).toBe(name.startsWith("CUSTOM_") || STANDARD_TRAITS.has(name));
    }),
    { numRuns: 200, seed: 11 },
  );
});

test("what Ironic allows by a newer os-traits is left out of an import, and it is said how it comes in", () => {
  const { traits, notes } = traitsOf(["CUSTOM_A", "HW_CPU_X86_VMX", "HW_NEW_ONE", "nonsense"]);
  expect(traits).toEqual(["CUSTOM_A", "HW_CPU_X86_VMX"]);
  expect(notes.map(({ field, todo }) => `${field}: ${todo}`)).toEqual([
    "traits HW_NEW_ONE: where a newer os-traits has it, name it in traits.more of the settings and write it here",
    "traits nonsense: give it such a name, here and where it is asked for",
  ]);
});

describe("resource classes", () => {
  const of = (a: string, b: string): string =>
    document("Node", "n1", `  driver: fake\n  resourceClass: ${a}\n`) +
    document("Allocation", "w", `  resourceClass: ${b}\n`);

  test("two that Nova takes for one are warned of", async () => {
    expect(await findingsOf(of("large-gpu", "Large.GPU"))).toEqual([
      "12:3 warning IW-I04 the resource classes Large.GPU and large-gpu (inventory/a.yaml:6) are two here and one to Nova (CUSTOM_LARGE_GPU); write one of them in both places",
    ]);
    expect(await findingsOf(of("large", "large"))).toEqual([]);
  });

  test.each(['""', "x".repeat(81)])("%s is none", async (name) => {
    expect((await findingsOf(of(name, "large")))[0]).toContain("6:3 error IW-I04");
  });
});

describe("a NodeList", () => {
  test.each([
    ["[metadata.name, spec.bmc, spec.bmc.address]", "7:38"],
    ["[metadata.name, spec.bmc.address, spec.bmc]", "7:28"],
  ])("with columns %s says one value twice", async (columns, spot) => {
    const text = document(
      "NodeList",
      "l",
      `  template:\n    spec: { driver: fake }\n  columns: ${columns}\n  rows: [[n1, { address: a }, b]]\n`,
    );
    expect(await findingsOf(text)).toEqual([
      `${spot} error IW-I04 the column spec.bmc.address is a part of the column spec.bmc, so that both say it; remove one of them`,
    ]);
  });
});
