import { expect, test } from "vitest";
import type { Planned } from "../../../../engine/run/plan-fleet.ts";
import type { ActingStore } from "../../../../engine/run/ports.ts";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import type { Declared } from "../../../../engine/run/watch/declared.ts";
import { Teller } from "../../../../engine/run/watch/teller.ts";
import { Trouble } from "../../../../engine/run/watch/trouble.ts";
import { failure } from "../../../../schemas/failure.ts";
import { defaultSettings } from "../../../../schemas/settings.ts";
import { makePlan } from "../../../../engine/plan/make-plan.ts";
import { aFleet, aNode, anInput, options, seen } from "../../../support/a-fleet.ts";
import { acting, STORE, storePorts } from "../../../support/a-store.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { MemoryFiles } from "../../../support/memory-files.ts";

const MINUTE = 60_000;
/** 5 % of them are 20. */
const NAMES = Array.from({ length: 400 }, (_, index) => `n${index}`);
const FLEET = aFleet(NAMES.map((name) => aNode(name, { power: "on" })));
const DECLARED: Declared = {
  commit: "c",
  fleet: FLEET,
  settings: defaultSettings(),
  settingsHash: "h",
};
const SILENT = failure("transient", "IW-B01", "no answer");

/** The plan of one member's nodes, of which the first are silent. */
function planned(from: number, silent: number): Pick<Planned, "plan" | "input"> {
  const mine = NAMES.slice(from, from + 40);
  const dark = new Set(mine.slice(0, silent));
  const input = anInput(FLEET, {
    observations: new Map(
      mine.map((name) => [name, seen(name, {}, dark.has(name) ? { unreachable: SILENT } : {})]),
    ),
  });
  return { plan: makePlan(input, options({ select: new Set(mine) })), input };
}

/** A daemon on a host of its own: its clock tells another time of day than that of any other. */
class Member {
  readonly clock: FakeClock;
  readonly store: ActingStore;
  readonly #trouble: Trouble;

  constructor(store: ActingStore, clock: FakeClock) {
    this.store = store;
    this.clock = clock;
    const teller = new Teller({ store, clock, emit: () => undefined }, () => null);
    this.#trouble = new Trouble(store, clock, teller);
  }

  /** One look at its nodes: is it stopped? */
  look(from: number, silent: number): Promise<boolean> {
    const { plan, input } = planned(from, silent);
    this.#trouble.see(plan.nodes);
    return this.#trouble.isStopped({ plan, input }, DECLARED);
  }

  follow(owned: readonly string[]): void {
    this.#trouble.follow(new Set(owned));
  }

  arrive(): Promise<void> {
    return this.#trouble.arrive();
  }

  leave(): Promise<void> {
    return this.#trouble.leave();
  }
}

let pid = 1;
async function aMember(disk: MemoryFiles, name: string): Promise<Member> {
  pid += 1;
  const clock = new FakeClock(pid * 10_000_000_000);
  // Leases are no matter here: nobody's time passes in the store.
  const store = await acting(storePorts(disk, pid, { fateOf: () => "alive" }), name, "watch");
  const member = new Member(store, clock);
  await member.arrive();
  return member;
}

async function aDisk(): Promise<MemoryFiles> {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  return disk;
}

test("members that each stay under the share open the breaker by their sum, and all nodes are named", async () => {
  const disk = await aDisk();
  const [a, b] = [await aMember(disk, "a"), await aMember(disk, "b")];
  expect(await a.look(0, 15)).toBe(false);
  expect(await b.look(40, 15)).toBe(true);
  const stop = await a.store.stop();
  expect(stop).toMatchObject({ kind: "breaker", by: "b" });
  expect(stop?.reason).toContain("30 of 400 nodes");
  expect(stop?.nodes).toHaveLength(30);
  // What was acknowledged opens it for nobody again.
  await a.store.clearStop();
  expect([await a.look(0, 15), await b.look(40, 15)]).toEqual([false, false]);
});

test("what was acknowledged counts again once it was well for an interval", async () => {
  const disk = await aDisk();
  const [a, b] = [await aMember(disk, "a"), await aMember(disk, "b")];
  expect([await a.look(0, 15), await b.look(40, 15)]).toEqual([false, true]);
  await a.store.clearStop();
  // Well again, and not for long.
  expect([await a.look(0, 0), await b.look(40, 0)]).toEqual([false, false]);
  expect(await a.store.acknowledged()).toHaveProperty("size", 30);
  for (const { clock } of [a, b]) clock.advance(MINUTE + 1);
  expect([await a.look(0, 0), await b.look(40, 0)]).toEqual([false, false]);
  expect(await a.store.acknowledged()).toHaveProperty("size", 0);
  expect([await a.look(0, 15), await b.look(40, 15)]).toEqual([false, true]);
});

test("who had a node before says nothing of how it is now", async () => {
  const disk = await aDisk();
  const [a, b] = [await aMember(disk, "a"), await aMember(disk, "b")];
  // All are a's, and well for long; then half of them go to b, and are in trouble there.
  expect(await a.look(0, 0)).toBe(false);
  a.clock.advance(MINUTE + 1);
  a.follow([]);
  expect([await a.look(40, 15), await b.look(0, 15)]).toEqual([false, true]);
  await b.store.clearStop();
  expect(await a.look(40, 15)).toBe(false);
  expect(await b.store.acknowledged()).toHaveProperty("size", 30);
});

test("a node that changes hands while it is in trouble counts once", async () => {
  const disk = await aDisk();
  const [a, b] = [await aMember(disk, "a"), await aMember(disk, "b")];
  expect([await a.look(0, 15), await b.look(0, 15)]).toEqual([false, false]);
});

test("of two that see their share at the same moment, one sees the sum", async () => {
  const disk = await aDisk();
  const [a, b] = [await aMember(disk, "a"), await aMember(disk, "b")];
  const both = await Promise.all([a.look(0, 15), b.look(40, 15)]);
  expect(both).toContain(true);
});

test("the share is that of the whole fleet, not of the nodes of one member", async () => {
  const disk = await aDisk();
  const a = await aMember(disk, "a");
  // Half of its forty nodes.
  expect(await a.look(0, 20)).toBe(false);
  expect(await a.look(0, 21)).toBe(true);
});

test("what a dead member wrote ages out, by the reader's own clock", async () => {
  const disk = await aDisk();
  const [a, b] = [await aMember(disk, "a"), await aMember(disk, "b")];
  expect(await b.look(40, 0)).toBe(false);
  expect(await a.look(0, 15)).toBe(false);
  expect(await b.look(40, 0)).toBe(false);
  // From here on nothing is heard of a.
  b.clock.advance(MINUTE + 1);
  expect(await b.look(40, 15)).toBe(false);
  b.clock.advance(MINUTE / 2);
  expect(await b.look(80, 6)).toBe(true);
});

test("a count that was there before the start may be years old: it counts once it is replaced", async () => {
  const disk = await aDisk();
  const a = await aMember(disk, "a");
  expect(await a.look(0, 15)).toBe(false);
  const b = await aMember(disk, "b");
  expect(await b.look(40, 15)).toBe(false);
  await b.leave();
  a.clock.advance(2 * MINUTE);
  expect(await a.look(0, 15)).toBe(false);
  expect(await b.look(40, 15)).toBe(true);
});

test("nodes that are only seen again are not written in every round, and none is left by who leaves", async () => {
  const disk = await aDisk();
  const a = await aMember(disk, "a");
  const text = (): string | undefined => disk.files.get("/s/counts/a.json");
  await a.look(0, 3);
  const first = text();
  a.clock.advance(1000);
  await a.look(0, 3);
  expect(text()).toBe(first);
  await a.look(0, 4);
  expect(text()).not.toBe(first);
  await a.leave();
  expect(text()).toBeUndefined();
});

test.each(["", "{", '{"version":2}', '{"version":1,"inc":"x","count":1,"troubled":{"n1":"soon"}}'])(
  "a count that says %j says nothing",
  async (text) => {
    const disk = await aDisk();
    const a = await aMember(disk, "a");
    expect(await a.look(0, 0)).toBe(false);
    disk.files.set("/s/counts/b.json", text);
    expect(await a.look(0, 20)).toBe(false);
  },
);

test("a breaker does not take the place of a person's stop", async () => {
  const disk = await aDisk();
  const a = await aMember(disk, "a");
  const stop = { reason: "fire", by: "ops", at: 1, kind: "stop" as const, nodes: [] };
  await a.store.setStop(stop);
  // Planned before that stop was there.
  expect(await a.look(0, 30)).toBe(true);
  expect(await a.store.stop()).toEqual(stop);
});
