import { expect, test } from "vitest";
import type { FilesPort } from "../../../../engine/run/store/store-ports.ts";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import { Layout } from "../../../../engine/run/store/layout.ts";
import { moveStore } from "../../../../engine/run/store/move-store.ts";
import { openActing, openReader } from "../../../../engine/run/store/open-store.ts";
import type { StoreFile } from "../../../../schemas/store.ts";
import { turns } from "../../../support/a-disk.ts";
import {
  ACT,
  acting,
  type FateOf,
  held,
  INTENT,
  pass,
  STORE,
  storePorts,
  TTL_SECONDS,
  UUID,
} from "../../../support/a-store.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { MemoryFiles } from "../../../support/memory-files.ts";

const EXPECTED = { store: "store", ttlSeconds: TTL_SECONDS };
const ACTOR = { name: "migrate-store", role: "command", host: "h" } as const;
const GONE: { readonly fateOf: FateOf } = { fateOf: () => "gone" };

/** A place that is no directory of files. */
function elsewhere(): MemoryFiles {
  return new MemoryFiles(new Map(), () => Promise.resolve(), "etcd");
}

/** A store in which an engine died in the middle of an act, with a hold of a person. */
async function aStore(): Promise<MemoryFiles> {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const store = await acting(storePorts(disk, 2));
  const grant = await held(store);
  await grant.intent(INTENT);
  const why = { owner: "ops", reason: "a test", since: 0, until: null } as const;
  await store.setHold(UUID, { id: "h", scope: "power", ...why });
  return disk;
}

/** Moves it, as a command whose process is seen to have ended afterwards. */
function move(from: FilesPort, to: FilesPort, pid: number): ReturnType<typeof moveStore> {
  return moveStore({
    dir: "/s",
    from: storePorts(from, pid, GONE),
    to: storePorts(to, pid, GONE),
    actor: ACTOR,
  });
}

function storeFileIn(disk: MemoryFiles): StoreFile {
  return JSON.parse(disk.files.get("/s/store.json") ?? "") as StoreFile;
}

test("a store that was moved is what it was, intents, deaths and holds included", async () => {
  const [from, to] = [await aStore(), elsewhere()];
  const moved = await move(from, to, 3);
  expect(moved).toMatchObject({ ok: true, value: { id: "store", killed: [expect.any(String)] } });
  expect(storeFileIn(to)).toMatchObject({ id: "store", epoch: 2, backend: "etcd" });
  const next = await acting(storePorts(to, 4, GONE));
  expect((await next.holds()).get(UUID)).toHaveLength(1);
  const grant = await held(next);
  expect([grant.fence, grant.openIntents.length, grant.predecessor?.provenDead]).toEqual([
    2,
    1,
    true,
  ]);
  await next.close();
});

test("the old place grants nothing any more, and says where the store is", async () => {
  const [from, to] = [await aStore(), elsewhere()];
  await move(from, to, 3);
  const refused = {
    ok: false,
    failure: { code: "IW-S03", message: expect.stringMatching(/moved to .* lease\.backend: etcd/) },
  };
  expect(await openReader("/s", EXPECTED, storePorts(from, 4))).toMatchObject(refused);
  const actor = { name: "e", role: "apply", host: "h" } as const;
  expect(await openActing("/s", EXPECTED, actor, storePorts(from, 4))).toMatchObject(refused);
  // Nor by an engine that knows nothing of moves: it reads the format first.
  expect(storeFileIn(from).format).toBeGreaterThan(1_000_000);
});

test("while an engine lives nothing is moved; one that can't be seen is watched for a ttl", async () => {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const before = storeFileIn(disk);
  const clock = new FakeClock();
  const alive = await acting(storePorts(disk, 2, { clock }));
  const moving = moveStore({
    dir: "/s",
    from: storePorts(disk, 3, { clock }),
    to: storePorts(elsewhere(), 3, { clock }),
    actor: ACTOR,
  });
  await pass(clock, TTL_SECONDS + 2);
  expect(await moving).toMatchObject({
    ok: false,
    failure: { kind: "conflict", code: "IW-L01", message: expect.stringContaining("e (pid 2") },
  });
  expect(storeFileIn(disk)).toEqual(before);
  const grant = await held(alive);
  expect(await grant.check(ACT)).toBeNull();
  await alive.close();
});

test("an engine that came while the store was closed keeps it: the move is taken back", async () => {
  const disk = new MemoryFiles();
  await initStore("/s", STORE, storePorts(disk, 1));
  const before = storeFileIn(disk);
  let late: Awaited<ReturnType<typeof acting>> | null = null;
  const slow = disk.sharedWith(async (operation, path) => {
    if (operation !== "rename" || path !== "/s/store.json" || late !== null) return;
    late = await acting(storePorts(disk, 2));
  });
  const alive: { readonly fateOf: FateOf } = { fateOf: () => "alive" };
  const moved = await moveStore({
    dir: "/s",
    from: storePorts(slow, 3, alive),
    to: storePorts(elsewhere(), 3, alive),
    actor: ACTOR,
  });
  expect(moved).toMatchObject({ ok: false, failure: { code: "IW-L01" } });
  expect(storeFileIn(disk)).toEqual(before);
});

test("an engine that nobody saw sends nothing from the old place", async () => {
  const [from, to] = [new MemoryFiles(), elsewhere()];
  await initStore("/s", STORE, storePorts(from, 1));
  const paused = await acting(storePorts(from, 2));
  const grant = await held(paused);
  expect(await grant.check(ACT)).toBeNull();
  // Taken for gone, as one of another container of this host might be.
  expect((await move(from, to, 3)).ok).toBe(true);
  expect(await grant.check(ACT)).toMatchObject({ code: "IW-L02" });
});

test("there and back again: the old place is a store again, and the other one is none any more", async () => {
  const [from, to] = [await aStore(), elsewhere()];
  expect((await move(from, to, 3)).ok).toBe(true);
  const there = await acting(storePorts(to, 4, GONE));
  await there.releaseHold(UUID, null);
  await there.close();
  expect((await move(to, from, 5)).ok).toBe(true);
  expect(storeFileIn(from)).toMatchObject({ epoch: 3, backend: "file", format: 2 });
  expect(storeFileIn(from).movedTo).toBeUndefined();
  const back = await acting(storePorts(from, 6, GONE));
  // What was given back there does not come back from what lay here.
  expect((await back.holds()).size).toBe(0);
  expect((await held(back)).openIntents).toHaveLength(1);
  await back.close();
  expect(await openReader("/s", EXPECTED, storePorts(to, 7))).toMatchObject({
    failure: { code: "IW-S03" },
  });
});

test("a place that holds another store is left alone", async () => {
  const [from, to] = [await aStore(), elsewhere()];
  await initStore("/s", { ...STORE, id: "other" }, storePorts(to, 1));
  const before = await to.dump();
  expect(await move(from, to, 3)).toMatchObject({ ok: false, failure: { code: "IW-S03" } });
  expect(await to.dump()).toEqual(before);
  expect(storeFileIn(from).movedTo).toBeUndefined();
});

test("cut off at any write of either place, one of them at most grants anything, and the next call ends it", async () => {
  for (let cut = 1; ; cut += 1) {
    const [from, to] = [await aStore(), elsewhere()];
    let left = cut;
    const before = (operation: string): Promise<void> => {
      if (["read", "list", "exists"].includes(operation)) return Promise.resolve();
      left -= 1;
      return left > 0 ? Promise.resolve() : new Promise(() => undefined);
    };
    const cutOff = move(from.sharedWith(before), to.sharedWith(before), 3);
    let isDone = false;
    void cutOff.then(() => (isDone = true));
    await turns(3000);
    const opened = await Promise.all(
      [from, to].map((disk) => openReader("/s", EXPECTED, storePorts(disk, 9, GONE))),
    );
    expect([cut, opened.filter(({ ok }) => ok).length <= 1]).toEqual([cut, true]);
    const isWhole = opened[1]?.ok === true;
    if (!isWhole) expect([cut, (await move(from, to, 4)).ok]).toEqual([cut, true]);
    const next = await acting(storePorts(to, 5, GONE));
    expect([cut, (await held(next)).openIntents.length, (await next.holds()).size]).toEqual([
      cut,
      1,
      1,
    ]);
    await next.close();
    if (isDone) {
      expect(cut).toBeGreaterThan(20);
      return;
    }
  }
});

test("what a store keeps is either moved or stays on the host on purpose", async () => {
  const disk = await aStore();
  const shared = new Layout("/s").shared.map((path) => path.split("/")[2]);
  const stays = ["store.json", "readings.json", "readings", "tmp", ".gitignore"];
  const kept = new Set([...disk.files.keys()].map((path) => path.split("/")[2] ?? ""));
  expect([...kept].filter((name) => !shared.includes(name) && !stays.includes(name))).toEqual([]);
});

interface Stopped {
  readonly moving: ReturnType<typeof moveStore>;
  readonly clock: FakeClock;
  readonly wake: () => void;
}

/** A move of a host that stands still from its first such operation on. */
async function stoppedAt(
  from: MemoryFiles,
  to: MemoryFiles,
  where: {
    readonly disk: "from" | "to";
    readonly is: (operation: string, path: string) => boolean;
  },
): Promise<Stopped> {
  const clock = new FakeClock();
  let wake = (): void => undefined;
  let isStopped = false;
  const before = async (operation: string, path: string): Promise<void> => {
    if (isStopped || !where.is(operation, path)) return;
    isStopped = true;
    await new Promise<void>((go) => (wake = go));
  };
  const ports = (disk: MemoryFiles, is: "from" | "to"): ReturnType<typeof storePorts> =>
    storePorts(where.disk === is ? disk.sharedWith(before) : disk, 30, { clock, ...FATE });
  const moving = moveStore({
    dir: "/s",
    from: ports(from, "from"),
    to: ports(to, "to"),
    actor: { ...ACTOR, host: "stopped" },
  });
  await pass(clock, 2 * TTL_SECONDS);
  expect(isStopped).toBe(true);
  return { moving, clock, wake: () => wake() };
}

/** The dead engine of `aStore` is seen to be gone; of movers only their counters tell. */
const FATE: { readonly fateOf: FateOf } = { fateOf: (pid) => (pid < 10 ? "gone" : "unknown") };

/** Another host's move, that waits until the stopped one is dead by its counter. */
async function moveByAnother(from: MemoryFiles, to: MemoryFiles): Promise<void> {
  const clock = new FakeClock();
  const moving = moveStore({
    dir: "/s",
    from: storePorts(from, 31, { clock, ...FATE }),
    to: storePorts(to, 31, { clock, ...FATE }),
    actor: ACTOR,
  });
  await pass(clock, 3 * TTL_SECONDS);
  expect(await moving).toMatchObject({ ok: true });
}

/** All but files that have only a temporary name. */
async function lasting(disk: MemoryFiles): Promise<readonly (readonly [string, string])[]> {
  return [...(await disk.dump())].filter(([path]) => !path.startsWith("/s/tmp/"));
}

/** Where a move may stand still after it closed the old place. */
const STOPS = [
  { when: "it looks for what is left there", disk: "to", operation: "list", path: /inst$/ },
  { when: "it reads what it copies", disk: "from", operation: "read", path: /holds/ },
  { when: "it brings what it copies", disk: "to", operation: "create", path: /tmp/ },
  { when: "it names the new place", disk: "to", operation: "link", path: /store\.json$/ },
] as const;

test.each(STOPS)(
  "a move that was stopped when $when, and wakes after another one ended, changes nothing",
  async ({ disk, operation, path }) => {
    const [from, to] = [await aStore(), elsewhere()];
    await to.put("/s/holds/left/of-an-earlier-try.json", "{}");
    const is = (one: string, where: string): boolean => one === operation && path.test(where);
    const stopped = await stoppedAt(from, to, { disk, is });
    await moveByAnother(from, to);
    const next = await acting(storePorts(to, 40, FATE));
    await next.releaseHold(UUID, null);
    const grant = await held(next);
    await grant.intent(INTENT);
    const before = await lasting(to);
    stopped.clock.advance(10 * TTL_SECONDS * 1000);
    stopped.wake();
    expect(await stopped.moving).toMatchObject({ ok: false, failure: { code: "IW-L02" } });
    expect(await lasting(to)).toEqual(before);
    expect(storeFileIn(from).movedTo).toBeDefined();
    expect(await grant.check(ACT)).toBeNull();
    await next.close();
  },
);

test("a move that is dead does not open again what it closed", async () => {
  const [from, to] = [await aStore(), elsewhere()];
  const engine = [...from.files].find(([path]) => path.includes("/inst/"))?.[1] ?? "";
  const isClosed = (operation: string, path: string): boolean =>
    operation === "list" && path === "/s/inst" && storeFileIn(from).movedTo !== undefined;
  const stopped = await stoppedAt(from, to, { disk: "from", is: isClosed });
  await moveByAnother(from, to);
  // One that was on its way into the old place, and may live for all that can be told.
  const late = { ...(JSON.parse(engine) as object), inc: "late.1", pid: 50 };
  await from.put("/s/inst/late.1", JSON.stringify(late));
  stopped.clock.advance(10 * TTL_SECONDS * 1000);
  stopped.wake();
  expect(await stopped.moving).toMatchObject({ ok: false, failure: { code: "IW-L02" } });
  expect(storeFileIn(from).movedTo).toBeDefined();
});
