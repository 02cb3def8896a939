import { expect, test } from "vitest";
import { fakeOffer } from "../../../../drivers/fake/fake-offer.ts";
import { redfishOffer } from "../../../../drivers/redfish/redfish-offer.ts";
import { planWhole } from "../../../../engine/run/plan-fleet.ts";
import type { ActingStore, Drivers } from "../../../../engine/run/ports.ts";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import { Known } from "../../../../engine/run/watch/known.ts";
import type { Plan } from "../../../../schemas/plan.ts";
import { defaultSettings } from "../../../../schemas/settings.ts";
import { aFleet, aNode, aWorkload, options, seen } from "../../../support/a-fleet.ts";
import { acting, STORE, storePorts } from "../../../support/a-store.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { MemoryFiles } from "../../../support/memory-files.ts";

const INTERVAL = 60_000;
const SPEC = { provision: { state: "manageable" } } as const;
const MACHINE = seen("b");
/** One machine, whichever BMC is asked. */
const drivers: Drivers = {
  driverFor: (node) => ({
    observe: () => Promise.resolve({ ...MACHINE, node: node.name }),
    perform: () => Promise.reject(new Error("nothing is done here")),
    close: () => Promise.resolve(),
  }),
  secretVersion: () => Promise.resolve("v"),
};

/** Another member takes the machine into service under its own name. */
async function deployed(store: ActingStore, name: string, uuid: string): Promise<void> {
  const claimed = await store.claim(uuid, name);
  if (!claimed.ok) throw new Error(claimed.failure.message);
  await claimed.value.patchRecord({
    provisionState: "active",
    identity: { serial: "S-b" },
    instance: aWorkload("deployed"),
  });
  await claimed.value.release();
}

test("a first act is planned by what all members have recorded by then, not an interval ago", async () => {
  const disk = new MemoryFiles();
  const clock = new FakeClock();
  await initStore("/s", STORE, storePorts(disk, 1, { clock }));
  const mine = await acting(storePorts(disk, 2, { clock }), "a", "watch");
  const theirs = await acting(storePorts(disk, 3, { clock }), "b", "watch");
  const [ours, other] = [aNode("b2", SPEC), aNode("a2", SPEC)];
  const fleet = aFleet([ours, other]);
  const known = new Known(mine, clock);
  await known.of(fleet, ["b2"], INTERVAL);
  await deployed(theirs, "a2", other.uuid ?? "");
  const planned = async (isOld?: (plan: Plan) => Promise<boolean>): Promise<Plan["nodes"]> => {
    const whole = await known.of(fleet, ["b2"], INTERVAL);
    const ports = { drivers, clock, concurrency: 1 };
    const { plan } = await planWhole(whole, mine, ports, {
      plan: { ...options({ settings: defaultSettings() }), select: new Set(["b2"]) },
      catalog: { fake: fakeOffer, redfish: redfishOffer },
      isOld,
    });
    return plan.nodes;
  };
  // What the daemon knew of the other's node is that it has no record.
  const [blind] = await planned();
  expect(blind?.steps.length).toBeGreaterThan(0);
  const [node] = await planned((plan) => known.refreshFor(plan));
  expect(node?.steps).toEqual([]);
  expect(node?.blockedBy.map(({ code }) => code)).toContain("IW-P04");
});
