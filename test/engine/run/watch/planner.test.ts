import { expect, test } from "vitest";
import { fakeOffer } from "../../../../drivers/fake/fake-offer.ts";
import { redfishOffer } from "../../../../drivers/redfish/redfish-offer.ts";
import type { ActingStore, Drivers } from "../../../../engine/run/ports.ts";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import type { Declared } from "../../../../engine/run/watch/declared.ts";
import { Known } from "../../../../engine/run/watch/known.ts";
import { Looks } from "../../../../engine/run/watch/looks.ts";
import { Planner } from "../../../../engine/run/watch/planner.ts";
import type { FleetNode } from "../../../../schemas/fleet.ts";
import type { Observation } from "../../../../schemas/observation.ts";
import { defaultSettings } from "../../../../schemas/settings.ts";
import { aFleet, aNode, options, seen } from "../../../support/a-fleet.ts";
import { acting, STORE, storePorts } from "../../../support/a-store.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { MemoryFiles } from "../../../support/memory-files.ts";

const SIGNAL = new AbortController().signal;

/** A planner over one store, whose BMCs answer what `read` says. */
async function aPlanner(read: (node: FleetNode) => Promise<Observation>) {
  const disk = new MemoryFiles();
  const clock = new FakeClock();
  await initStore("/s", STORE, storePorts(disk, 1, { clock }));
  const store: ActingStore = await acting(storePorts(disk, 2, { clock }), "a", "watch");
  const drivers: Drivers = {
    driverFor: () => ({
      observe: read,
      perform: () => Promise.reject(new Error("nothing is done here")),
      close: () => Promise.resolve(),
    }),
    secretVersion: () => Promise.resolve("v"),
  };
  const known = new Known(store, clock);
  const { digest } = options({});
  const ports = { store, clock, digest, catalog: { fake: fakeOffer, redfish: redfishOffer } };
  const planner = new Planner({ ...ports, drivers: () => drivers }, known, () => undefined);
  let hear: () => void = () => undefined;
  const looks = new Looks(2, {
    ended: () => hear(),
    broke: (_names, error) => {
      throw error;
    },
  });
  /** Begins to read, and answers once so many looks have ended in all. */
  const begin = async (of: Declared, names: readonly string[]): Promise<void> => {
    const ended = new Promise<void>((done) => (hear = done));
    await planner.begin(looks, of, names, { isFree: () => true, signal: SIGNAL });
    await ended;
  };
  const plan = async (of: Declared) => {
    const { planned, doubted } = await planner.planLooks(of, looks.take(), { signal: SIGNAL });
    return { nodes: planned?.plan.nodes.map(({ node }) => node) ?? [], doubted };
  };
  return { store, known, looks, begin, plan };
}

function declared(nodes: readonly FleetNode[]): Declared {
  return { commit: "c", fleet: aFleet([...nodes]), settings: defaultSettings(), settingsHash: "h" };
}

const NODE = aNode("n1", { power: "on" });

test("what was read is planned, and a node that a commit has changed since is read again", async () => {
  const { begin, plan, looks } = await aPlanner((node) => Promise.resolve(seen(node.name)));
  const first = declared([NODE]);
  await begin(first, ["n1"]);
  expect(looks.has("n1")).toBe(true);
  expect(await plan(first)).toEqual({ nodes: ["n1"], doubted: [] });
  expect(looks.has("n1")).toBe(false);
  await begin(first, ["n1"]);
  expect((await plan(declared([aNode("n1", { power: "off" })]))).nodes).toEqual([]);
});

test("a reading that began before an act ended on the node is no word on it", async () => {
  const { begin, plan, store } = await aPlanner((node) => Promise.resolve(seen(node.name)));
  const of = declared([NODE]);
  await begin(of, ["n1"]);
  const claimed = await store.claim(NODE.uuid ?? "", "n1");
  if (!claimed.ok) throw new Error(claimed.failure.message);
  await claimed.value.patchRecord({ provisionState: "manageable" });
  await claimed.value.release();
  expect((await plan(of)).nodes).toEqual([]);
});

test("a person who asks for a refused login again is not answered by what was read before", async () => {
  const refused = (node: FleetNode): Observation => ({
    ...seen(node.name),
    facets: {},
    unreachable: { kind: "stalled", code: "IW-B04", message: "refused" },
  });
  const { begin, plan, store, known } = await aPlanner((node) => Promise.resolve(refused(node)));
  const of = declared([NODE]);
  await begin(of, ["n1"]);
  expect((await plan(of)).nodes).toEqual(["n1"]);
  // The next look rests on that refusal, and asks nobody.
  await begin(of, ["n1"]);
  const reading = (await store.readings()).get("n1");
  expect(reading?.refusedSecret).toBeDefined();
  const { refusedSecret: _tried, ...rest } = reading ?? refused(NODE);
  await store.saveReadings(new Map([["n1", rest]]));
  await known.take(["n1"]);
  expect((await plan(of)).nodes).toEqual([]);
});
