import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contradictedTraits } from "../../../engine/plan/contradicted-traits.ts";
import { allocate } from "../../../engine/plan/allocations/allocate.ts";
import { stopsAtTraits } from "../../../engine/plan/gates.ts";
import { whyNoDeploy } from "../../../engine/plan/lost-lists.ts";
import { makePlan } from "../../../engine/plan/make-plan.ts";
import { requestsInForce } from "../../../engine/plan/requests.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import { STANDARD_TRAITS } from "../../../schemas/standard-traits.ts";
import { aRunbook, aTemplate, named } from "../../support/a-catalog.ts";
import {
  aFleet,
  aNode,
  anInput,
  aRecord,
  aWorkload,
  byUuid,
  inForce,
  NOW,
  options,
  sha256,
} from "../../support/a-fleet.ts";
import { anAllocation, aPool, DECIDING } from "../../support/a-pool.ts";

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
        "the trait HW_ARCH_AARCH64 (inventory/arm.yaml:9) is not kept in the record, and nothing matches on it, nor is the DeployTemplate arm for this node: its processors are x86_64, as last inspected (2026-11-24T04:16:44.000Z); take it out, or, where the hardware was changed since, have it looked at anew by the request inspect",
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

test("a node is not deployed without steps that git has for it by such a trait, and it is said which", () => {
  const image = { name: "d", url: "https://images/d.raw", checksum: "sha256:d" };
  const spec = { provision: { state: "active" as const, image } };
  const nodeOf = (inventory: Inventory) =>
    planOf({ inventory: { ...inventory, disks: [{ serial: "D", sizeBytes: 1e12 }] } }, spec)
      .nodes[0];
  expect(JSON.stringify(nodeOf(ARM)?.steps)).toContain("factory_reset");
  expect(nodeOf(X86)?.steps).toEqual([]);
  const said = nodeOf(X86)?.blockedBy.map(({ code, message }) => `${code} ${message}`);
  expect(said).toEqual([
    "IW-P29 no image is written here: the DeployTemplate arm is for it by the trait HW_ARCH_AARCH64, and its processors are x86_64; take the trait out where the hardware is right, so that it is deployed without those steps, or have it looked at anew by the request inspect",
    expect.stringContaining(
      "nothing matches on it, nor is the DeployTemplate arm for this node: its processors are x86_64",
    ),
  ]);
});

test("without such a template it is deployed as git says", () => {
  const node = aNode("n1", {
    driver: "fake",
    traits: TRAITS,
    provision: { state: "active", image: { name: "d", url: "https://i/d", checksum: "sha256:d" } },
  });
  const record = aRecord("n1", {
    provisionState: "available",
    cleaned: "metadata",
    inventory: { ...X86, disks: [{ serial: "D", sizeBytes: 1e12 }] },
  });
  const input = anInput(aFleet([node]), { records: byUuid([record]) });
  const [plan] = makePlan(input, options({ claims: "all" })).nodes;
  expect(plan?.steps.map(({ action }) => action)).toContain("provision.deploy");
});

test("an Allocation that deploys waits for another node, and says why; one that only takes a node gets it", () => {
  const template = aTemplate(
    "arm",
    ["HW_ARCH_AARCH64"],
    [named("bios.factory_reset")].map((one) => ({ ...one, priority: 90 })),
  );
  const of = (provision: boolean) => {
    const wish = anAllocation("web", provision ? {} : { provision: undefined });
    const made = {
      n1: { spec: { traits: TRAITS }, record: { traits: ["CUSTOM_GPU"], inventory: X86 } },
    };
    const input = aPool(made, [wish]);
    const fleet = { ...input.fleet, templates: [template] };
    return allocate({ ...input, fleet }, DECIDING).allocations;
  };
  expect(of(false)).toMatchObject([{ node: "n1" }]);
  expect(of(true)).toMatchObject([
    {
      node: null,
      nearest: [
        {
          node: "n1",
          why: [
            "can't be deployed (the DeployTemplate arm is for it by the trait HW_ARCH_AARCH64, and its processors are x86_64)",
          ],
        },
      ],
    },
  ]);
});

test("a Runbook that is no longer for the node is named with the trait", () => {
  const node = aNode("n1", { driver: "fake", traits: TRAITS });
  const runbooks = [
    aRunbook("burn-arm", "clean", ["HW_ARCH_AARCH64"], [named("bios.factory_reset")]),
    aRunbook("burn-gpu", "clean", ["HW_ARCH_AARCH64", "CUSTOM_GPU"], [named("bios.factory_reset")]),
  ];
  const record = aRecord("n1", { provisionState: "manageable", inventory: X86 });
  const input = anInput(aFleet([node], { runbooks }), { records: byUuid([record]) });
  const [plan] = makePlan(input, options()).nodes;
  expect(plan?.blockedBy.map(({ message }) => message)).toEqual([
    expect.stringContaining("nothing matches on it, nor is the Runbook burn-arm for this node:"),
  ]);
});

test("a request that is bound to such a template is not stale by what was inspected", () => {
  const image = { name: "d", url: "https://images/d.raw", checksum: "sha256:d" };
  const node = aNode("n1", {
    driver: "fake",
    traits: TRAITS,
    provision: { state: "active", image },
    requests: [{ id: "again", action: "rebuild", expires: "2026-11-30" }],
  });
  const template = aTemplate(
    "arm",
    ["HW_ARCH_AARCH64"],
    [{ ...named("bios.factory_reset"), priority: 90 }],
  );
  const fleet = aFleet([node], { templates: [template] });
  const requests = requestsInForce(fleet, null, { seq: 1, at: NOW - 1000, digest: sha256 });
  const record = aRecord("n1", {
    provisionState: "active",
    instance: aWorkload("deployed", image),
    inventory: { ...X86, disks: [{ serial: "D", sizeBytes: 1e12 }] },
    claim: null,
  });
  const input = anInput(fleet, {
    records: byUuid([record]),
    inForce: inForce(fleet, { requests }),
  });
  const [plan] = makePlan(input, options({ claims: "all" })).nodes;
  const said = plan?.blockedBy.map(({ message }) => message).join("\n");
  expect(said).toContain("no image is written here: the DeployTemplate arm is for it");
  expect(said).not.toContain("stale");
  expect(plan?.steps).toEqual([]);
});

describe("at the gate, where an inspection on the way tells what the machine is", () => {
  const template = aTemplate("arm", ["HW_ARCH_AARCH64"], []);
  const node = aNode("n1", { driver: "fake", traits: TRAITS });
  const steps = [
    { id: "1", action: "provision.inspect" },
    { id: "2", action: "provision.provide" },
    { id: "3", action: "provision.deploy" },
  ] as const;
  const gateAfter = (id: string, inventory: Inventory | null): string | null =>
    stopsAtTraits(steps, id, whyNoDeploy(node, { inventory }, [template]));

  test("no image is written on a machine that templates of another were laid over", () => {
    expect(gateAfter("1", X86)).toBe(
      "at the gate: the DeployTemplate arm is for it by the trait HW_ARCH_AARCH64, and its processors are x86_64, as it was just inspected; it is planned again",
    );
    expect(gateAfter("1", ARM)).toBeNull();
    expect(gateAfter("1", null)).toBeNull();
  });

  test("what was written is written", () => {
    expect(gateAfter("3", X86)).toBeNull();
  });
});
