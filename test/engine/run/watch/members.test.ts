import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ownersOf, aMember } from "../../../../engine/plan/ring.ts";
import type { ActingStore } from "../../../../engine/run/ports.ts";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import { Members } from "../../../../engine/run/watch/members.ts";
import { aFleet, aNode, uuidOf } from "../../../support/a-fleet.ts";
import { turns } from "../../../support/a-disk.ts";
import { acting, pass, STORE, storePorts, TTL_SECONDS } from "../../../support/a-store.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { type Before, MemoryFiles } from "../../../support/memory-files.ts";

const FLEET = aFleet(Array.from({ length: 600 }, (_, n) => aNode(`n${n}`, {})));
const RENEWAL_SECONDS = TTL_SECONDS / 3;

/** Hosts that share a disk and see nothing of each other's processes. */
class Hosts {
  readonly disk = new MemoryFiles();
  readonly clock = new FakeClock();
  #pid = 1;

  async init(): Promise<this> {
    await initStore("/s", STORE, storePorts(this.disk, 1, { clock: this.clock }));
    return this;
  }

  start(name: string, before: Before = () => Promise.resolve()): Promise<ActingStore> {
    this.#pid += 1;
    const ports = storePorts(this.disk.sharedWith(before), this.#pid, { clock: this.clock });
    return acting(ports, name, "watch");
  }
}

async function owned(...stores: readonly ActingStore[]): Promise<readonly ReadonlySet<string>[]> {
  return Promise.all(stores.map(async (store) => (await new Members(store).ringOf(FLEET)).owned));
}

test("one that is told to leave is passed over at once, by all and by itself", async () => {
  const hosts = await new Hosts().init();
  const [a, b] = [await hosts.start("a"), await hosts.start("b")];
  await pass(hosts.clock, 21 * RENEWAL_SECONDS);
  const [ofA, ofB] = await owned(a, b);
  expect((ofA?.size ?? 0) + (ofB?.size ?? 0)).toBe(600);
  expect(ofA?.size).toBeLessThan(600);
  await b.drain();
  expect((await owned(a, b)).map((nodes) => nodes.size)).toEqual([600, 0]);
  // Its lease lives on while it finishes what it has begun.
  await pass(hosts.clock, TTL_SECONDS);
  expect(b.dead()).toBeNull();
  expect((await a.living()).map(({ name, drain }) => [name, drain])).toEqual([["b", true]]);
});

test("a word to leave is not lost to a renewal that is under way", async () => {
  const hosts = await new Hosts().init();
  const a = await hosts.start("a");
  // The disk keeps one renewal waiting at its last step.
  let isSlow = false;
  let goOn = (): void => undefined;
  const b = await hosts.start("b", (operation, path) => {
    if (!isSlow || operation !== "rename" || !path.startsWith("/s/inst/b."))
      return Promise.resolve();
    isSlow = false;
    return new Promise((go) => (goOn = go));
  });
  isSlow = true;
  hosts.clock.advance(RENEWAL_SECONDS * 1000);
  await turns();
  const told = b.drain();
  await turns();
  goOn();
  await told;
  await turns();
  expect((await owned(a))[0]?.size).toBe(600);
});

test("one that comes back gets its nodes a few at a time, and no node has two owners or none", async () => {
  const hosts = await new Hosts().init();
  const a = await hosts.start("a");
  const first = await hosts.start("b");
  await first.drain();
  await first.close();
  const b = await hosts.start("b");
  const share = [...ownersOf(FLEET.nodes, [aMember("a"), aMember("b")]).values()].filter(
    (owner) => owner === "b",
  ).length;
  let last = 0;
  for (let renewal = 0; renewal < 6; renewal += 1) {
    const [ofA = new Set(), ofB = new Set()] = await owned(a, b);
    expect(ofA.size + ofB.size).toBe(600);
    expect([...ofB].some((name) => ofA.has(name))).toBe(false);
    expect(ofB.size).toBe(Math.min(share, 64 * (renewal + 1)));
    expect(ofB.size).toBeGreaterThanOrEqual(last);
    last = ofB.size;
    await pass(hosts.clock, RENEWAL_SECONDS);
  }
  expect(last).toBe(share);
});

test("one that lapses is passed over once its lease has run out, and not before", async () => {
  const hosts = await new Hosts().init();
  const a = await hosts.start("a");
  await hosts.start("b");
  const text = (): string =>
    [...hosts.disk.files].find(([path]) => path.startsWith("/s/inst/b."))?.[1] ?? "";
  await pass(hosts.clock, 21 * RENEWAL_SECONDS);
  const share = (await owned(a))[0]?.size ?? 0;
  expect(share).toBeLessThan(600);
  const still = text();
  const path = [...hosts.disk.files.keys()].find((one) => one.startsWith("/s/inst/b.")) ?? "";
  // From here on it renews nothing.
  for (let second = 0; second < TTL_SECONDS; second += 1) {
    await pass(hosts.clock, 1);
    hosts.disk.files.set(path, still);
    if (second < TTL_SECONDS - 1) expect((await owned(a))[0]?.size).toBe(share);
  }
  await pass(hosts.clock, 2);
  hosts.disk.files.set(path, still);
  expect((await owned(a))[0]?.size).toBe(600);
});

test("law: after any commits a member owns what it would own had it begun with the last one", async () => {
  const hosts = await new Hosts().init();
  const [a, b] = [await hosts.start("a"), await hosts.start("b")];
  await pass(hosts.clock, 21 * RENEWAL_SECONDS);
  const aDrawn = fc
    .record({
      name: fc.constantFrom("n0", "n1", "n2", "n3", "n4", "n5"),
      uuid: fc.constantFrom("n0", "n1", "n9"),
      parent: fc.constantFrom(undefined, "n0", "n1"),
      driver: fc.constantFrom("redfish", "fake"),
    })
    .map(({ name, uuid, parent, driver }) => ({
      ...aNode(name, { driver, ...(parent === undefined || parent === name ? {} : { parent }) }),
      uuid: uuidOf(`${uuid} ${name}`),
    }));
  const aCommit = fc.array(aDrawn, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.array(aCommit, { minLength: 2, maxLength: 6 }), async (commits) => {
      const long = new Members(a);
      let nodes = new Map(FLEET.nodes.slice(0, 20).map((node) => [node.name, node]));
      for (const commit of commits) {
        nodes = new Map([...nodes, ...commit.map((node) => [node.name, node] as const)]);
        if (commit.length === 1) nodes.delete("n5");
        const fleet = aFleet([...nodes.values()], { conductors: FLEET.conductors });
        const [mine, anew] = [await long.ringOf(fleet), await new Members(a).ringOf(fleet)];
        expect([...mine.owned].sort()).toEqual([...anew.owned].sort());
        const theirs = await new Members(b).ringOf(fleet);
        expect(mine.owned.size + theirs.owned.size).toBe(fleet.nodes.length);
      }
    }),
    { seed: 5, numRuns: 60 },
  );
});
