import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HardwareType } from "../../drivers/driver.ts";
import type { DriverAction } from "../../schemas/action.ts";
import { CODES } from "../../schemas/codes.ts";
import { failure } from "../../schemas/failure.ts";
import { machineInventorySchema } from "../../schemas/machine-inventory.ts";
import { known, type ObservedFacet, type ObservedFacets } from "../../schemas/observation.ts";
import type { DriverBench } from "./support/conformance-bench.ts";
import { offerConformance } from "./support/conformance-offer.ts";
import { workConformance } from "./support/conformance-work.ts";
import { performContext } from "./support/driver-bench.ts";

export type { DriverBench, Treatment } from "./support/conformance-bench.ts";

const FACETS: readonly ObservedFacet[] = [
  "identity",
  "power",
  "bootDevice",
  "bootMode",
  "secureBoot",
];

interface ActCase {
  readonly act: DriverAction;
  readonly facet: ObservedFacet;
  readonly seen: unknown;
}

const ACTS: readonly ActCase[] = [
  { act: { verb: "power.on" }, facet: "power", seen: "on" },
  { act: { verb: "power.softOff" }, facet: "power", seen: "off" },
  { act: { verb: "power.on" }, facet: "power", seen: "on" },
  { act: { verb: "power.off" }, facet: "power", seen: "off" },
  {
    act: { verb: "management.setBootDevice", device: "pxe", persistent: true },
    facet: "bootDevice",
    seen: { device: "pxe", persistent: true },
  },
  {
    act: { verb: "management.setBootDevice", device: "disk", persistent: true },
    facet: "bootDevice",
    seen: { device: "disk", persistent: true },
  },
  { act: { verb: "management.setBootMode", mode: "bios" }, facet: "bootMode", seen: "bios" },
  { act: { verb: "management.setBootMode", mode: "uefi" }, facet: "bootMode", seen: "uefi" },
];

/** Acts that a type may leave out. */
const OPTIONAL_ACTS: readonly DriverAction[] = [
  { verb: "management.injectNmi" },
  { verb: "boot.ramdisk", purpose: "clean" },
  { verb: "boot.instance" },
  {
    verb: "step.run",
    id: "a/1",
    interface: "deploy",
    step: "erase_devices",
    args: {},
    inBand: true,
    disks: [],
  },
];

/** What every driver must hold: run it against your own hardware type. */
export function driverConformance(type: HardwareType, setUp: () => Promise<DriverBench>): void {
  describe(`${type.name}: conformance of a driver`, () => {
    let bench: DriverBench;
    beforeEach(async () => {
      bench = await setUp();
    });
    afterEach(async () => {
      await bench.driver.close();
      await bench.reader.close();
      await bench.close();
    });

    const read = async <F extends ObservedFacet>(
      facet: F,
    ): Promise<ObservedFacets[F] | undefined> =>
      known(await bench.driver.observe(bench.node, [facet]), facet);
    const open = (node = bench.node) =>
      bench.driver.perform(node, { verb: "session.open" }, performContext());

    it("validate() finds nothing wrong with a good node", () => {
      expect(type.validate(bench.node)).toEqual([]);
    });

    it("observe() answers the facets that were asked for, and no others", async () => {
      const seen = await bench.driver.observe(bench.node, FACETS);
      expect(Object.keys(seen.facets).toSorted()).toEqual(FACETS.toSorted());
      expect(seen.unreachable).toBeNull();
      expect(seen.node).toBe(bench.node.name);
      for (const facet of FACETS) expect(seen.facets[facet]?.known, facet).toBe(true);
    });

    it("observe() mutates nothing", async () => {
      await bench.driver.observe(bench.node, FACETS);
      expect(await bench.mutations()).toBe(0);
    });

    it("observe() of a silent BMC is an Observation: everything unknown, with a reason", async () => {
      const seen = await bench.driver.observe(bench.silent, ["power", "identity"]);
      expect(seen.unreachable?.code).toBe("IW-B01");
      for (const reading of [seen.facets.power, seen.facets.identity]) {
        expect(reading?.known === false && reading.why !== null).toBe(true);
      }
    });

    it("observe() on an aborted signal answers and does not throw", async () => {
      const seen = await bench.driver.observe(bench.node, ["power"], AbortSignal.abort());
      expect(seen.facets.power?.known).toBe(false);
    });

    it("every act is sent once and is seen when it is read back", async () => {
      expect((await open()).sent).toBe(true);
      for (const [index, { act, facet, seen }] of ACTS.entries()) {
        const performed = await bench.driver.perform(bench.node, act, performContext());
        expect(performed, act.verb).toMatchObject({ sent: true });
        expect(await read(facet), act.verb).toEqual(seen);
        expect(await bench.mutations()).toBe(index + 1);
      }
    });

    it("secure boot is set and read back", async () => {
      await open();
      const act = { verb: "management.setSecureBoot", enabled: true } as const;
      expect(await bench.driver.perform(bench.node, act, performContext())).toMatchObject({
        sent: true,
      });
      expect((await read("secureBoot"))?.enabled).toBe(true);
    });

    it("the inventory is read when it is asked for: the machine's own, by the schema, and the same twice", async () => {
      const first = await read("inventory");
      expect(machineInventorySchema.parse(first)).toEqual(first);
      expect(first?.notes).toEqual([]);
      expect(first?.system.serial).toBe((await read("identity"))?.serial);
      expect(first?.cpu.coreCount).toBeGreaterThanOrEqual(first?.cpu.socketCount ?? Infinity);
      expect(first?.memoryBytes).toBeGreaterThan(2 ** 30);
      const serials = first?.disks?.map(({ serial }) => serial) ?? [];
      expect(serials.length).toBeGreaterThan(0);
      expect(new Set(serials).size).toBe(serials.length);
      expect(first?.nics?.every(({ mac }) => mac !== null)).toBe(true);
      expect(await read("inventory")).toEqual(first);
      expect(await bench.mutations()).toBe(0);
    });

    it("a machine that lists no disks has none, which is not unknown", async () => {
      const seen = await bench.driver.observe(bench.diskless(), ["inventory"]);
      expect(known(seen, "inventory")?.disks).toEqual([]);
    });

    it("the inventory of a silent BMC is unknown, with a reason", async () => {
      const seen = await bench.driver.observe(bench.silent, ["inventory"]);
      expect(seen.facets.inventory).toMatchObject({ known: false, why: { code: "IW-B01" } });
    });

    it("the check is asked once for each act, and a Failure of it stops the act unsent", async () => {
      await open();
      let asked = 0;
      const why = failure("stalled", "IW-L02", "the lease was lost");
      const check = () => {
        asked += 1;
        return Promise.resolve(why);
      };
      const act = { verb: "power.on" } as const;
      expect(await bench.driver.perform(bench.node, act, performContext({ check }))).toEqual({
        sent: false,
        failure: why,
      });
      expect(asked).toBe(1);
      expect(await bench.mutations()).toBe(0);
    });

    it("an aborted signal stops the act unsent", async () => {
      await open();
      const context = performContext({ signal: AbortSignal.abort() });
      const performed = await bench.driver.perform(bench.node, { verb: "power.on" }, context);
      expect(performed.sent).toBe(false);
      expect(await bench.mutations()).toBe(0);
    });

    it("an act without session.open before it is not sent", async () => {
      const performed = await bench.driver.perform(
        bench.node,
        { verb: "power.on" },
        performContext(),
      );
      expect(performed).toMatchObject({ sent: false, failure: { code: "IW-B14" } });
      expect(await bench.mutations()).toBe(0);
    });

    it("session.open names its session; ended, it carries no further act", async () => {
      const opened = await open();
      const session = "session" in opened ? (opened.session ?? "") : "";
      expect(session).not.toBe("");
      const end = { verb: "session.end", session } as const;
      expect(await bench.driver.perform(bench.node, end, performContext())).toMatchObject({
        sent: true,
      });
      const performed = await bench.driver.perform(
        bench.node,
        { verb: "power.on" },
        performContext(),
      );
      expect(performed).toMatchObject({ sent: false, failure: { code: "IW-B14" } });
    });

    it("session.end of a session that is gone is done", async () => {
      const opened = await open();
      const session = "session" in opened ? (opened.session ?? "") : "";
      const end = { verb: "session.end", session } as const;
      await bench.driver.perform(bench.node, end, performContext());
      expect(await bench.driver.perform(bench.node, end, performContext())).toMatchObject({
        sent: true,
      });
    });

    it("a refused act is told as refused and changes nothing", async () => {
      const node = bench.treat("power.on", "refused");
      await open(node);
      const performed = await bench.driver.perform(node, { verb: "power.on" }, performContext());
      expect(performed.sent).toBe("refused");
      expect(await read("power")).toBe("off");
    });

    it("a lost answer is told as unknown, and the act was sent once", async () => {
      const node = bench.treat("power.on", "lost");
      await open(node);
      const before = await bench.mutations();
      const performed = await bench.driver.perform(node, { verb: "power.on" }, performContext());
      expect(performed).toMatchObject({
        sent: "unknown",
        failure: { kind: "ambiguous", code: "IW-B12" },
      });
      expect(await bench.mutations()).toBe(before + 1);
    });

    it("an act that is taken and has no effect is told as sent: looking tells", async () => {
      const node = bench.treat("power.on", "ignored");
      await open(node);
      const performed = await bench.driver.perform(node, { verb: "power.on" }, performContext());
      expect(performed.sent).toBe(true);
      expect(await read("power")).toBe("off");
    });

    it("an act that cannot reach the BMC is told as not sent", async () => {
      const node = bench.treat("power.on", "unsent");
      await open(node);
      const performed = await bench.driver.perform(node, { verb: "power.on" }, performContext());
      expect(performed.sent).toBe(false);
    });

    it("under --read-only acts are not sent (IW-B16), and reading goes on", async () => {
      for (const act of [{ verb: "session.open" }, { verb: "power.on" }] as const) {
        const performed = await bench.reader.perform(bench.node, act, performContext());
        expect(performed).toMatchObject({ sent: false, failure: { code: "IW-B16" } });
      }
      expect(known(await bench.reader.observe(bench.node, ["power"]), "power")).toBe("off");
      expect(await bench.mutations()).toBe(0);
    });

    it("every failure is a sentence with a known code and a way out", async () => {
      const seen = await bench.driver.observe(bench.silent, ["power"]);
      const performed = await bench.reader.perform(
        bench.node,
        { verb: "power.on" },
        performContext(),
      );
      for (const why of [seen.unreachable, "failure" in performed ? performed.failure : null]) {
        expect(Object.keys(CODES)).toContain(why?.code);
        expect(why?.message).toMatch(/^BMC .+; .+/);
        expect(why?.message).not.toMatch(/\n|\bat .+:\d+:\d+/);
      }
    });

    it("close() may be called twice", async () => {
      await open();
      await bench.driver.close();
      await bench.driver.close();
    });

    for (const act of OPTIONAL_ACTS.filter(({ verb }) => !type.performs.includes(verb))) {
      it(`${act.verb}, which it does not perform, is answered so and changes nothing`, async () => {
        await open();
        const performed = await bench.driver.perform(bench.node, act, performContext());
        expect(performed).toMatchObject({ sent: false, failure: { code: "IW-B18" } });
        expect(await bench.mutations()).toBe(0);
      });
    }
  });
  offerConformance(type);
  if (type.performs.includes("step.run")) workConformance(type, setUp);
}
