import { expect, test } from "vitest";
import { aWorld, statuses } from "../../support/family-world.ts";
import { seededRandom } from "../../support/fake-clock.ts";
import { Budget, scopesOf } from "../../../engine/run/budget.ts";
import type { ActingStore } from "../../../engine/run/ports.ts";
import { initStore } from "../../../engine/run/store/init-store.ts";
import type { Mishap } from "../simulation/life-world.ts";
import { failure } from "../../../schemas/failure.ts";
import { acting, held, STORE, storePorts, UUID } from "../../support/a-store.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { MemoryFiles } from "../../support/memory-files.ts";
import { ACTIVE, ask, plan, WANT_ACTIVE } from "../../support/plan-one.ts";

test("a person's act is told at once who has the slot, worked on or left", async () => {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const engine = await acting(storePorts(disk, 2, { fateOf: () => "alive" }), "engine");
  const mine = await acting(storePorts(disk, 3, { fateOf: () => "alive" }), "mine", "command");
  const node = plan({ spec: { ...WANT_ACTIVE, requests: [ask("reboot")] }, record: ACTIVE });
  const budget = new Budget(mine, new FakeClock(), []);
  const enter = (): ReturnType<Budget["enter"]> =>
    budget.enter([node], { signal: new AbortController().signal, waits: false });
  const grant = await held(engine);
  await engine.takeSlot({ name: "rack r1", count: 1 }, { uuid: UUID, node: "n1" });
  const scope = /rack r1.*n1 is interrupted since .* an engine works on it/;
  expect(await enter()).toMatchObject({ code: "IW-P02", message: expect.stringMatching(scope) });
  await grant.release();
  const left = /n1 was interrupted at .*ironwright release n1/;
  expect(await enter()).toMatchObject({ code: "IW-P02", message: expect.stringMatching(left) });
  await engine.freeSlots(UUID);
  expect(await enter()).toBeNull();
});

/** Engines on one disk, of which each operation takes its time. */
async function someEngines(seed: number): Promise<{
  readonly disk: MemoryFiles;
  readonly engines: readonly ActingStore[];
}> {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const random = seededRandom(seed);
  const before = async (): Promise<void> => {
    for (let turn = Math.floor(random.next() * 8); turn > 0; turn -= 1) await Promise.resolve();
  };
  const fateOf = (): "alive" => "alive";
  const engines = await Promise.all(
    [2, 3, 4].map((pid) => acting(storePorts(disk.sharedWith(before), pid, { fateOf }), `e${pid}`)),
  );
  return { disk, engines };
}

function slotsIn(disk: MemoryFiles): readonly string[] {
  return [...disk.files.keys()].filter((path) => path.startsWith("/s/budgets/"));
}

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed + 1);

test.each(SEEDS)(
  "three engines at once take no more slots than there are, nor two for one node (seed %i)",
  async (seed) => {
    const { disk, engines } = await someEngines(seed);
    const random = seededRandom(seed);
    const scope = { name: "reboot", count: 2 };
    let taken = 0;
    const work = async (engine: ActingStore, at: number): Promise<void> => {
      const holder = { uuid: `u${at}`, node: `n${at}` };
      for (let round = 0; round < 6; round += 1) {
        const answer = await engine.takeSlot(scope, holder);
        expect(slotsIn(disk).length).toBeLessThanOrEqual(2);
        if (answer !== "taken") continue;
        taken += 1;
        for (let turn = Math.floor(random.next() * 40); turn > 0; turn -= 1)
          await Promise.resolve();
        await engine.freeSlots(holder.uuid);
      }
    };
    // Each node by two engines.
    await Promise.all(
      engines.flatMap((engine, at) => [0, 1].map((more) => work(engine, (at + more) % 3))),
    );
    expect(taken).toBeGreaterThan(0);
  },
);

test.each(SEEDS)(
  "slots past a count that was lowered count until they are given back (seed %i)",
  async (seed) => {
    const { disk, engines } = await someEngines(seed);
    const [first] = engines;
    if (first === undefined) throw new Error("no engine");
    const ten = { name: "reboot", count: 10 };
    for (const n of [0, 1, 2, 3]) await first.takeSlot(ten, { uuid: `old${n}`, node: `old${n}` });
    await first.freeSlots("old0");
    await first.freeSlots("old1");
    // Two are left, at the third and fourth place; a commit allows two.
    const two = { name: "reboot", count: 2 };
    const take = (): Promise<readonly unknown[]> =>
      Promise.all(
        engines.map((engine, n) => engine.takeSlot(two, { uuid: `u${n}`, node: `n${n}` })),
      );
    for (const answer of await take()) expect(answer).toMatchObject({ node: "old2" });
    await first.freeSlots("old2");
    expect((await take()).filter((answer) => answer === "taken")).toHaveLength(1);
    expect(slotsIn(disk)).toHaveLength(2);
  },
);

test("two nodes of a rack are not off at once, at whichever moment two more engines come", async () => {
  const lastMoment = 40;
  let refused = 0;
  for (let moment = 1; moment <= lastMoment; moment += 1) {
    const { world } = await aWorld({
      n1: { is: "on", spec: { power: "off" }, rack: "r1" },
      n2: { is: "on", spec: { power: "off" }, rack: "r1" },
    });
    const only = (name: string, mishap: Mishap | null = null): ReturnType<typeof world.apply> =>
      world.apply({ select: new Set([name]), mishap });
    const begun = new Map<string, number>();
    world.watch = ({ node: { name } }) => {
      if (!begun.has(name)) begun.set(name, world.time.now);
    };
    let others: Promise<unknown> = Promise.resolve();
    const come = (): void => {
      others = only("n1").then((second) => {
        if (statuses(second)["n1"] === "skipped") refused += 1;
        return only("n2");
      });
    };
    await only("n1", { moment, what: come });
    await others;
    const [first, second] = [begun.get("n1"), begun.get("n2")];
    // Each takes ten seconds to go off.
    if (first !== undefined && second !== undefined)
      expect(Math.abs(second - first), `moment ${moment}`).toBeGreaterThanOrEqual(10_000);
  }
  expect(refused).toBeGreaterThan(0);
});

/** A store of which one call is told of before it is answered. */
function heard(
  store: ActingStore,
  call: keyof ActingStore,
  before: (args: readonly unknown[]) => Promise<unknown>,
): ActingStore {
  return new Proxy(store, {
    get(it, key) {
      const value: unknown = Reflect.get(it, key, it);
      if (typeof value !== "function") return value;
      if (key !== call) return value.bind(it);
      return async (...args: unknown[]): Promise<unknown> => {
        const said = await before(args);
        return said === undefined ? value.apply(it, args) : said;
      };
    },
  });
}

const REBOOT = plan({ spec: { ...WANT_ACTIVE, requests: [ask("reboot")] }, record: ACTIVE });
const ASKED = { signal: new AbortController().signal, waits: false };

test.each(["has confirmed", "has found its slots", "was not there"])(
  "who finds a budget full gives back what it took, where somebody else %s",
  async (other) => {
    const disk = new MemoryFiles();
    await initStore("/s", STORE, storePorts(disk, 1));
    const daemon = await acting(storePorts(disk, 2, { fateOf: () => "alive" }), "daemon");
    const person = await acting(
      storePorts(disk, 3, { fateOf: () => "alive" }),
      "person",
      "command",
    );
    // It was acted on before.
    await (await held(person)).release();
    const scopes = scopesOf(REBOOT, []);
    const last = scopes.at(-1);
    if (last === undefined || scopes.length < 2) throw new Error("one scope is no race");
    const act = new Budget(person, new FakeClock(), []);
    let times = 0;
    const raced = heard(daemon, "takeSlot", async ([scope]) => {
      if (JSON.stringify(scope) !== JSON.stringify(last)) return;
      times += 1;
      // Others were faster, and gave theirs back again.
      if (other !== "was not there") expect(await act.enter([REBOOT], ASKED)).toBeNull();
      if (other === "has confirmed") {
        await held(person);
        expect(await act.confirm([REBOOT])).toBeNull();
      }
      return { scope: last.name, place: 0, uuid: "u9", node: "n9", at: 0 };
    });
    const full = await new Budget(raced, new FakeClock(), []).enter([REBOOT], ASKED);
    expect(full).toMatchObject({ code: "IW-P02" });
    expect(times).toBe(1);
    const left = slotsIn(disk).length;
    if (other === "was not there") expect(left).toBe(0);
    if (other === "has confirmed") expect(left).toBe(scopes.length);
    if (other !== "has found its slots") return;
    // What it rests on is looked at under the lease.
    await held(person);
    expect(await act.confirm([REBOOT])).toBeNull();
    expect(slotsIn(disk)).toHaveLength(scopes.length);
  },
);

test("a full budget is seen before anything is taken: no lease is taken only to give back", async () => {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const daemon = await acting(storePorts(disk, 2, { fateOf: () => "alive" }), "daemon");
  for (const { name, count } of scopesOf(REBOOT, []).slice(-1))
    for (let at = 0; at < count; at += 1)
      await daemon.takeSlot({ name, count }, { uuid: `u${at}`, node: `n${at}` });
  const before = new Map(disk.files);
  const full = await new Budget(daemon, new FakeClock(), []).enter([REBOOT], ASKED);
  expect(full).toMatchObject({ code: "IW-P02" });
  expect(disk.files).toEqual(before);
});

test("slots that were taken for a node whose lease was not got are given back once it is free", async () => {
  const { world } = await aWorld({ n1: { is: "on", spec: { power: "off" } } });
  let claims = 0;
  const busy = { ok: false, failure: failure("waiting", "IW-L01", "n1 is held by somebody") };
  const isHeld = (store: ActingStore): ActingStore =>
    heard(store, "claim", () => {
      claims += 1;
      return Promise.resolve(claims <= 2 ? busy : undefined);
    });
  let left: unknown = null;
  const applied = await world.apply({
    store: (store) => {
      const seen = isHeld(store);
      return heard(seen, "close", async () => void (left = await store.heldSlots()));
    },
  });
  expect(statuses(applied)).toEqual({ n1: "skipped" });
  expect(claims).toBe(3);
  expect(left).toEqual([]);
});

test("whoever has the lease of a well node gives back what others took for it, also where it interrupts nothing", async () => {
  const { world } = await aWorld({ n1: { is: "off", spec: { power: "on" } } });
  const [node] = world.fleet.nodes;
  const holder = { uuid: node?.uuid ?? "", node: node?.name ?? "" };
  let left: unknown = null;
  const applied = await world.apply({
    store: (store) => {
      let times = 0;
      const taken = heard(store, "readings", async () => {
        times += 1;
        if (times > 1) return;
        await store.takeSlot({ name: "reboot", count: 5 }, holder);
      });
      return heard(taken, "close", async () => void (left = await store.heldSlots()));
    },
  });
  expect(statuses(applied)).toEqual({ n1: "applied" });
  expect(left).toEqual([]);
});
