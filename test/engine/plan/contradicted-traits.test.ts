import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contradictedTraits } from "../../../engine/plan/contradicted-traits.ts";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import { STANDARD_TRAITS } from "../../../schemas/standard-traits.ts";
import { aTemplate, named } from "../../support/a-catalog.ts";
import { aFleet, aNode, anInput, aRecord, byUuid, NOW, options } from "../../support/a-fleet.ts";

type Inventory = NonNullable<NodeRecord["inventory"]>;

const X86 = { cpu: { architecture: "x86_64", coreCount: 32, threadCount: 64 } };
const ARM = { cpu: { architecture: "aarch64", coreCount: 64, threadCount: 64 } };

function disks(...media: readonly (string | null)[]): Inventory {
  return { disks: media.map((one) => ({ serial: "D", media: one })), notes: [] };
}

function whyNot(trait: string, inventory: Inventory): string | null {
  return contradictedTraits([trait], { inventory })[0]?.why ?? null;
}

describe("what the hardware contradicts", () => {
  test.each<[string, Inventory, string]>([
    ["HW_ARCH_AARCH64", X86, "its processors are x86_64"],
    ["HW_ARCH_PPC64LE", ARM, "its processors are aarch64"],
    ["HW_CPU_X86_VMX", ARM, "its processors are aarch64"],
    ["HW_CPU_AMD_SEV", ARM, "its processors are aarch64"],
    ["HW_CPU_AARCH64_SVE", X86, "its processors are x86_64"],
    ["HW_CPU_PPC64LE_POWER9", X86, "its processors are x86_64"],
    ["HW_CPU_HYPERTHREADING", ARM, "its 64 cores run 64 threads"],
    ["STORAGE_DISK_SSD", disks("HDD", "HDD"), "its 2 disks are HDD"],
    ["STORAGE_DISK_HDD", disks("SSD", "NVMe"), "its 2 disks are SSD"],
    ["STORAGE_DISK_HDD", disks("NVMe"), "its disk is SSD"],
  ])("%s on %j", (trait, inventory, why) => {
    expect(whyNot(trait, inventory)).toBe(why);
  });
});

describe("what it does not say is no contradiction", () => {
  test.each<[string, Inventory]>([
    ["HW_ARCH_X86_64", X86],
    ["HW_ARCH_I686", X86],
    ["HW_ARCH_ARMV7", ARM],
    ["HW_ARCH_AARCH64", { cpu: { architecture: null } }],
    ["HW_ARCH_AARCH64", { cpu: { architecture: "x86_64, aarch64" } }],
    ["HW_ARCH_AARCH64", { cpu: { architecture: "MIPS64" } }],
    ["HW_CPU_X86_VMX", X86],
    ["HW_CPU_X86_AMD_SVM", X86],
    ["HW_CPU_HYPERTHREADING", X86],
    ["HW_CPU_HYPERTHREADING", { cpu: { coreCount: null, threadCount: null } }],
    ["STORAGE_DISK_SSD", disks("HDD", "SSD")],
    ["STORAGE_DISK_SSD", disks("HDD", null)],
    ["STORAGE_DISK_SSD", disks()],
    ["STORAGE_DISK_SSD", { disks: null, notes: [] }],
    ["STORAGE_DISK_SSD", { ...disks("HDD"), notes: ["drives: 404 of /Drives/2"] }],
    ["COMPUTE_FIRMWARE_UEFI", X86],
    ["HW_GPU_API_VULKAN", X86],
    ["CUSTOM_HW_ARCH_AARCH64", X86],
  ])("%s on %j", (trait, inventory) => {
    expect(whyNot(trait, inventory)).toBeNull();
  });

  test("a machine that was never inspected contradicts nothing", () => {
    expect(contradictedTraits([...STANDARD_TRAITS], { inventory: null })).toEqual([]);
    expect(contradictedTraits([...STANDARD_TRAITS], null)).toEqual([]);
  });

  test("law: whatever an inventory holds, only known traits are judged and a trait that is contradicted is not the machine's", () => {
    const machine = fc.record({
      cpu: fc.anything(),
      disks: fc.anything(),
      notes: fc.anything(),
    });
    fc.assert(
      fc.property(machine, fc.subarray([...STANDARD_TRAITS]), (inventory, traits) => {
        for (const { trait, index } of contradictedTraits(traits, { inventory }))
          expect(traits[index]).toBe(trait);
      }),
      { numRuns: 300, seed: 5 },
    );
  });
});

const TRAITS = ["CUSTOM_GPU", "HW_ARCH_AARCH64"];

function planOf(record: Partial<NodeRecord>, spec: Parameters<typeof aNode>[1] = {}) {
  const node = aNode(
    "n1",
    { driver: "fake", traits: TRAITS, provision: { state: "available" }, ...spec },
    { origins: { "/traits/1": ["inventory/arm.yaml", 9] } },
  );
  const records = byUuid([
    aRecord("n1", {
      provisionState: "available",
      cleaned: "metadata",
      inventory: X86,
      inspectedAt: NOW - 3_600_000,
      ...record,
    }),
  ]);
  const template = aTemplate(
    "arm",
    ["HW_ARCH_AARCH64"],
    [{ ...named("bios.factory_reset"), priority: 90 }],
  );
  return makePlan(
    anInput(aFleet([node], { templates: [template] }), { records }),
    options({ claims: "all" }),
  );
}

test("a contradicted trait is not recorded, the others are, and the plan says why, where and what to do", () => {
  const [node] = planOf({}).nodes;
  expect(node?.records).toEqual({ traits: ["CUSTOM_GPU"] });
  expect(node?.steps).toEqual([]);
  expect(node?.inSync).toBe(false);
  expect(node?.blockedBy).toEqual([
    {
      kind: "unsupported",
      code: "IW-P29",
      message:
        "the trait HW_ARCH_AARCH64 (inventory/arm.yaml:9) is not kept in the record, and nothing matches on it: its processors are x86_64, as last inspected (2026-11-24T04:16:44.000Z); take it out, or, where the hardware was changed since, have it looked at anew by the request inspect",
    },
  ]);
});

test("one that was recorded before the inspection is taken out of the record", () => {
  expect(planOf({ traits: TRAITS }).nodes[0]?.records).toEqual({ traits: ["CUSTOM_GPU"] });
});

test("once the others are recorded nothing is written again, and it is still said", () => {
  const [node] = planOf({ traits: ["CUSTOM_GPU"] }).nodes;
  expect(node?.records).toBeUndefined();
  expect(node?.blockedBy.map(({ code }) => code)).toEqual(["IW-P29"]);
});

test("no template is for the node because of it", () => {
  const image = { name: "d", url: "https://images/d.raw", checksum: "sha256:d" };
  const spec = { provision: { state: "active" as const, image } };
  const listOf = (inventory: Inventory): string =>
    JSON.stringify(
      planOf({ inventory: { ...inventory, disks: [{ serial: "D", sizeBytes: 1e12 }] } }, spec)
        .nodes[0]?.steps,
    );
  expect(listOf(ARM)).toContain("factory_reset");
  expect(listOf(X86)).toContain("provision.deploy");
  expect(listOf(X86)).not.toContain("factory_reset");
});
