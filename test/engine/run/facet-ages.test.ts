import { beforeEach, expect, test } from "vitest";
import type { Driver } from "../../../drivers/driver.ts";
import type { ActingStore } from "../../../engine/run/ports.ts";
import { planFleet } from "../../../engine/run/plan-fleet.ts";
import { initStore } from "../../../engine/run/store/init-store.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import type { Observation, ObservedFacet, ObservedFacets } from "../../../schemas/observation.ts";
import { failure } from "../../../schemas/failure.ts";
import type { NodePlan } from "../../../schemas/plan.ts";
import type { RecordPatch } from "../../../schemas/record.ts";
import { defaultSettings } from "../../../schemas/settings.ts";
import { driver as redfish, nodeAt, small } from "../../drivers/support/redfish-rig.ts";
import { SYSTEM_1 } from "../../drivers/support/small-bmc.ts";
import { A_CATALOG } from "../../support/a-catalog.ts";
import { aFleet, aNode, seen, sha256 } from "../../support/a-fleet.ts";
import { acting, pass, STORE, storePorts } from "../../support/a-store.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { MemoryFiles } from "../../support/memory-files.ts";

const SPEC: NodeSpec = {
  driver: "redfish",
  provision: { state: "adopted" },
  power: "on",
  bios: { Turbo: "On" },
  boot: { secureBoot: true },
  indicators: { chassis: "off" },
};
const TOLD = ["bios", "secureBoot", "indicators"] as const;
const FACET_SECONDS = { bios: 3600, secureBoot: 1800, indicators: 600, inventory: 86_400 };

/** A machine, what of it was read, and a daemon's looks at it. */
class Rig {
  readonly clock = new FakeClock();
  readonly asked: (readonly ObservedFacet[])[] = [];
  machine: Partial<ObservedFacets> = {
    bios: { Turbo: "On" },
    indicators: { "chassis/1": { state: "off", states: ["off", "blinking"] } },
  };
  node: FleetNode = aNode("n1", SPEC);
  store!: ActingStore;
  driver: Pick<Driver, "observe"> = {
    observe: (node, facets) => {
      this.asked.push(facets);
      const all = seen(node.name, this.machine, { at: this.clock.now() });
      const read = Object.entries(all.facets).filter(([facet]) =>
        facets.some((wanted) => wanted === facet),
      );
      return Promise.resolve({ ...all, facets: Object.fromEntries(read) as Observation["facets"] });
    },
  };

  async open(): Promise<void> {
    const disk = new MemoryFiles();
    await initStore("/s", STORE, storePorts(disk, 1, { clock: this.clock }));
    this.store = await acting(storePorts(disk, 2, { clock: this.clock }), "daemon", "watch");
    await this.write({ provisionState: "active", identity: { serial: "S-n1" }, name: "n1" });
  }

  /** Under the node's lease, as an act leaves it. */
  async write(patch: RecordPatch): Promise<void> {
    const claimed = await this.store.claim(this.node.uuid ?? "", "n1");
    if (!claimed.ok) throw new Error(claimed.failure.message);
    await claimed.value.patchRecord(patch);
    await claimed.value.release();
  }

  /** One look; answers the facets that cost requests of their own, as they were asked for. */
  async look(how: "daemon" | "terminal" = "daemon"): Promise<readonly (readonly string[])[]> {
    await this.planned(how);
    const asked = this.asked.splice(0);
    return asked.map((facets) => TOLD.filter((facet) => facets.includes(facet)));
  }

  async planned(how: "daemon" | "terminal" = "daemon"): Promise<NodePlan> {
    const { clock, node, driver } = this;
    const drivers = {
      driverFor: () => driver as Driver,
      secretVersion: () => Promise.resolve("1"),
    };
    const plan = {
      now: clock.now(),
      settings: defaultSettings(),
      settingsHash: "",
      digest: sha256,
      offline: false,
    };
    const { plan: made } = await planFleet(
      aFleet([node]),
      this.store,
      { drivers, clock, concurrency: 1 },
      {
        plan,
        catalog: A_CATALOG,
        ...(how === "daemon" ? { facetSeconds: FACET_SECONDS } : {}),
      },
    );
    const [only] = made.nodes;
    if (only === undefined) throw new Error("it was not planned");
    return only;
  }
}

let rig: Rig;
beforeEach(async () => {
  rig = new Rig();
  await rig.open();
});

test("at first sight all is read, and then each facet when its own time is over", async () => {
  expect(await rig.look()).toEqual([[...TOLD]]);
  await pass(rig.clock, 599);
  expect(await rig.look()).toEqual([[]]);
  await pass(rig.clock, 1);
  expect(await rig.look()).toEqual([["indicators"]]);
  await pass(rig.clock, 1200);
  expect(await rig.look()).toEqual([["secureBoot", "indicators"]]);
  const last = (await rig.store.readings()).get("n1");
  const ages = TOLD.map((facet) => (rig.clock.now() - (last?.facets[facet]?.at ?? 0)) / 1000);
  // What was not read keeps its own time.
  expect(ages).toEqual([1800, 0, 0]);
});

test("a command at the terminal reads all, each time", async () => {
  await rig.look();
  expect(await rig.look("terminal")).toEqual([[...TOLD]]);
});

test("a changed declaration, and an act on the node, read all afresh", async () => {
  await rig.look();
  await pass(rig.clock, 60);
  rig.node = aNode("n1", { ...SPEC, bios: { Turbo: "On", Cores: "8" } });
  rig.machine = { ...rig.machine, bios: { Turbo: "On", Cores: "8" } };
  expect(await rig.look()).toEqual([[...TOLD]]);
  await pass(rig.clock, 60);
  expect(await rig.look()).toEqual([[]]);
  const endedAt = rig.clock.now();
  await rig.write({ lastFlow: { commit: null, planId: "p", endedAt, outcome: "applied" } });
  expect(await rig.look()).toEqual([[...TOLD]]);
});

test("a difference is planned from what was read now: a value that was mended since plans nothing", async () => {
  rig.machine = { ...rig.machine, bios: { Turbo: "Off" } };
  expect((await rig.planned()).changes.map(({ facet }) => facet)).toEqual(["bios"]);
  rig.asked.length = 0;
  // A node that was not in sync is read whole, and once.
  rig.machine = { ...rig.machine, bios: { Turbo: "On" } };
  expect((await rig.planned()).inSync).toBe(true);
  expect(await rig.look()).toEqual([[...TOLD], []]);
});

test("power that drifted has all of its node read before anything is planned", async () => {
  await rig.look();
  await pass(rig.clock, 60);
  rig.machine = { ...rig.machine, power: "off", bios: { Turbo: "Off" } };
  const plan = await rig.planned();
  expect(plan.changes.map(({ facet }) => facet)).toEqual(["bios", "power"]);
});

test("a machine that was silent is read whole when it answers again", async () => {
  await rig.look();
  const { observe } = rig.driver;
  rig.driver = {
    observe: async (node, facets) => ({
      ...(await observe(node, facets)),
      facets: {},
      unreachable: failure("transient", "IW-B01", "no answer"),
    }),
  };
  await rig.look();
  rig.driver = { observe };
  expect(await rig.look()).toEqual([[...TOLD]]);
});

test("a look of a daemon at a node that is in sync is exactly one GET over Redfish", async () => {
  const bmc = await small();
  const login = nodeAt(bmc).spec.bmc;
  rig.driver = redfish();
  rig.node = aNode("n1", { ...SPEC, power: "off", boot: {}, indicators: {}, bmc: login });
  await rig.write({ identity: { serial: "SN1" } });
  rig.clock.advance(1_800_000_000_000 - rig.clock.now());
  expect((await rig.planned()).inSync).toBe(true);
  bmc.log.length = 0;
  for (let looks = 0; looks < 3; looks += 1) expect((await rig.planned()).inSync).toBe(true);
  expect(bmc.logged()).toEqual(Array(3).fill(`GET ${SYSTEM_1}`));
});
