import assert from "node:assert/strict";
import { type MachineInventory, machineInventorySchema } from "../../schemas/machine-inventory.ts";
import { known, type ObservedFacet } from "../../schemas/observation.ts";
import { INTERFACES } from "../../schemas/steps.ts";
import type { HardwareType } from "../driver.ts";
import { caseOf, type ConformanceCase } from "./conformance-case.ts";

/** What is asked for, also of a type that can't read all of it. */
const FACETS: readonly ObservedFacet[] = [
  "identity",
  "power",
  "bootDevice",
  "bootMode",
  "secureBoot",
];

/** Reading: only what is asked for, unknown where it is not known, and nothing is changed by it. */
export function observeCases(type: HardwareType): readonly ConformanceCase[] {
  const it = caseOf(type);
  return [
    it("validate() finds nothing wrong with a good node, nor does its schema", async ({
      bench,
    }) => {
      assert.deepEqual(type.validate(bench.node), []);
      const parsed = type.properties.safeParse(bench.node.spec);
      assert.ok(parsed.success, parsed.error?.message);
    }),

    it("a node with wrong settings is found, at a place, in a sentence", async ({ bench }) => {
      const findings = type.validate(bench.invalid);
      const isRefused = !type.properties.safeParse(bench.invalid.spec).success;
      assert.ok(isRefused || findings.length > 0, "neither validate() nor its schema finds it");
      for (const { path, message, interfaces = [] } of findings) {
        assert.match(path, /^\//);
        assert.match(message, /\S+ \S+/);
        for (const name of interfaces) assert.ok(INTERFACES.includes(name), name);
      }
    }),

    it("validate() of a node without settings does not throw", async ({ bench }) => {
      type.validate({ ...bench.node, spec: { driver: type.name } });
    }),

    it("observe() answers the facets that were asked for, and no others", async ({ bench }) => {
      const seen = await bench.driver.observe(bench.node, FACETS);
      assert.deepEqual(Object.keys(seen.facets).toSorted(), FACETS.toSorted());
      assert.equal(seen.unreachable, null);
      assert.equal(seen.node, bench.node.name);
      for (const facet of FACETS) {
        const isKnown = seen.facets[facet]?.known;
        assert.equal(isKnown, type.observes.includes(facet), `${facet}: known is ${isKnown}`);
      }
    }),

    it("observe() mutates nothing", async ({ bench }) => {
      await bench.driver.observe(bench.node, type.observes);
      assert.equal(await bench.mutations(), 0);
    }),

    it("observe() of a silent BMC is an Observation: everything unknown, with a reason", async ({
      bench,
    }) => {
      const seen = await bench.driver.observe(bench.silent, type.observes);
      assert.equal(seen.unreachable?.code, "IW-B01");
      assert.deepEqual(Object.keys(seen.facets).toSorted(), type.observes.toSorted());
      for (const [facet, reading] of Object.entries(seen.facets))
        assert.ok(!reading.known && reading.why !== null, facet);
    }),

    it("observe() of a BMC that talks nonsense is unknown, with a reason", async ({ bench }) => {
      const { power } = (await bench.driver.observe(bench.garbage, ["power"])).facets;
      assert.ok(power?.known === false, "nonsense was taken for a state of power");
      assert.notEqual(power.why, null);
    }),

    it("observe() on an aborted signal answers and does not throw", async ({ bench }) => {
      const seen = await bench.driver.observe(bench.node, ["power"], AbortSignal.abort());
      assert.equal(seen.facets.power?.known, false);
    }),

    ...(type.observes.includes("inventory") ? inventoryCases(type) : []),
  ];
}

function inventoryCases(type: HardwareType): readonly ConformanceCase[] {
  const it = caseOf(type);
  return [
    it("the inventory is the machine's own, by the schema, and the same twice", async (stage) => {
      const first = await stage.read("inventory");
      assert.deepEqual(machineInventorySchema.parse(first), first);
      assert.deepEqual(first?.notes, []);
      assert.equal(first?.system.serial, (await stage.read("identity"))?.serial);
      if (stage.bench.diskless !== undefined) areParts(first);
      assert.deepEqual(await stage.read("inventory"), first);
      assert.equal(await stage.bench.mutations(), 0);
    }),

    it("a machine that lists no disks has none, and one whose disks nobody tells has null", async ({
      bench,
    }) => {
      const diskless = bench.diskless?.();
      const seen = await bench.driver.observe(diskless ?? bench.node, ["inventory"]);
      const why = "a BMC that tells its parts needs diskless() in the bench";
      assert.deepEqual(known(seen, "inventory")?.disks, diskless === undefined ? null : [], why);
    }),
  ];
}

/** What a machine consists of is told, and makes sense. */
function areParts(inventory: MachineInventory | undefined): void {
  assert.ok((inventory?.cpu.coreCount ?? 0) >= (inventory?.cpu.socketCount ?? Infinity));
  assert.ok((inventory?.memoryBytes ?? 0) > 2 ** 30);
  const serials = inventory?.disks?.map(({ serial }) => serial) ?? [];
  assert.ok(serials.length > 0);
  assert.equal(new Set(serials).size, serials.length);
  assert.ok(inventory?.nics?.every(({ mac }) => mac !== null));
}
