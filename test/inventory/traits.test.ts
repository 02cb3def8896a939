import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { traitsOf } from "../../inventory/foreign/traits.ts";
import { loadFleet } from "../../inventory/load-fleet.ts";
import { traitSchema } from "../../schemas/documents.ts";
import { defaultSettings } from "../../schemas/settings.ts";
import { isKnownTrait, STANDARD_TRAITS } from "../../schemas/standard-traits.ts";
import { tempRepo } from "../support/temp-repo.ts";

function document(kind: string, name: string, spec: string): string {
  return `apiVersion: ironwright/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec:\n${spec}---\n`;
}

const NODE = document("Node", "n1", "  driver: fake\n");

async function findingsOf(text: string): Promise<readonly string[]> {
  const repo = await tempRepo({ "inventory/a.yaml": text });
  const settings = defaultSettings();
  const { fleet, diagnostics } = await loadFleet({ dir: repo.dir, settings });
  const isRefused = diagnostics.some(({ severity }) => severity === "error");
  expect(fleet === null).toBe(isRefused);
  return diagnostics.map((d) => `${d.line}:${d.column} ${d.severity} ${d.code} ${d.message}`);
}

const KEPT = "is written is kept, and matches only the same name elsewhere";
const WAY = "One of your own is CUSTOM_HW_CPU_X86_VMXX; one that a newer os-traits has may stay";

describe("a name that os-traits does not have is warned of where it stands, and kept", () => {
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
      `${spot} warning IW-I06 HW_CPU_X86_VMXX is no standard trait (os-traits 2.9.0); did you mean HW_CPU_X86_VMX? What ${KEPT}. ${WAY}`,
    ]);
  });

  test("nothing near is named where nothing is near", async () => {
    const [said] = await findingsOf(
      document("Node", "n1", "  driver: fake\n  traits: [GPU_RED]\n"),
    );
    expect(said).toBe(
      `6:12 warning IW-I06 GPU_RED is no standard trait (os-traits 2.9.0); what ${KEPT}. One of your own is CUSTOM_GPU_RED; one that a newer os-traits has may stay`,
    );
  });

  test("it is warned of again where the Fleet comes out of the cache", async () => {
    const text = document("Node", "n1", "  driver: fake\n  traits: [GPU_RED]\n");
    const { dir } = await tempRepo({ "inventory/a.yaml": text });
    const options = { dir, settings: defaultSettings(), cacheDir: `${dir}/cache` };
    const [cold, warm] = [await loadFleet(options), await loadFleet(options)];
    expect(warm.diagnostics).toEqual(cold.diagnostics);
    expect(warm.diagnostics).toHaveLength(1);
    expect(warm.fleet?.nodes[0]?.spec.traits).toEqual(["GPU_RED"]);
  });
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

test("what Ironic allows by a newer os-traits comes along with an import, and is said", () => {
  const { traits, notes } = traitsOf(["CUSTOM_A", "HW_CPU_X86_VMX", "HW_NEW_ONE", "nonsense"]);
  expect(traits).toEqual(["CUSTOM_A", "HW_CPU_X86_VMX", "HW_NEW_ONE"]);
  expect(notes.map(({ field, todo }) => `${field}: ${todo}`)).toEqual([
    "traits HW_NEW_ONE: correct it where it is misspelt; one that a newer os-traits has may stay",
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
