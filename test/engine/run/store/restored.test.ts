import { expect, test } from "vitest";
import type { ActingStore } from "../../../../engine/run/ports.ts";
import {
  declareMoved,
  declareRestored,
  initStore,
  replaceStore,
} from "../../../../engine/run/store/init-store.ts";
import { openActing, openReader } from "../../../../engine/run/store/open-store.ts";
import type { Result } from "../../../../schemas/failure.ts";
import { ACT, acting, held, STORE, storePorts } from "../../../support/a-store.ts";
import { aDisk } from "../../../support/a-disk.ts";
import { type Disk } from "../../../support/memory-files.ts";

const MEANT = { store: "store", witnessDir: "/home/seen" };

function open(disk: Disk, pid: number): Promise<Result<ActingStore>> {
  const actor = { name: "e", role: "apply", host: "h" } as const;
  return openActing("/s", MEANT, actor, storePorts(disk, pid));
}

async function opened(disk: Disk, pid: number): Promise<ActingStore> {
  const store = await open(disk, pid);
  if (!store.ok) throw new Error(store.failure.message);
  return store.value;
}

async function putInForce(store: ActingStore, tree: string, readAtSeq: number): Promise<void> {
  const entry = {
    commit: null,
    subject: null,
    tree,
    why: "test",
    names: [],
    requests: {},
    allocations: {},
    readAtSeq,
  };
  expect((await store.propose(entry)).ok).toBe(true);
}

/** A store at entry 3, and a backup of it from when entry 2 was in force. */
async function backedUp() {
  const disk = await aDisk();
  await initStore("/s", STORE, storePorts(disk, 1));
  const store = await opened(disk, 2);
  await putInForce(store, "two", 1);
  const backup = new Map([...(await disk.dump())].filter(([path]) => path.startsWith("/s/")));
  await putInForce(store, "three", 2);
  await store.close();
  const restore = async (): Promise<void> => {
    for (const path of (await disk.dump()).keys())
      if (path.startsWith("/s/")) await disk.drop(path);
    for (const [path, text] of backup) await disk.put(path, text);
  };
  return { disk, restore };
}

test("yesterday's state, restored in its own place, is refused with the way out, for reading too", async () => {
  const { disk, restore } = await backedUp();
  await restore();
  const acts = await open(disk, 3);
  expect(acts.ok ? null : acts.failure).toMatchObject({ code: "IW-S04" });
  expect(acts.ok ? "" : acts.failure.message).toContain("ironwright init --restored");
  const reads = await openReader("/s", MEANT, storePorts(disk, 3));
  expect(reads.ok ? null : reads.failure.code).toBe("IW-S04");
  expect((await declareMoved("/s", MEANT, storePorts(disk, 3))).ok).toBe(true);
  expect((await open(disk, 3)).ok).toBe(false);
});

test("what a person declared restored opens again, also when the same backup is restored twice", async () => {
  const { disk, restore } = await backedUp();
  for (const pid of [3, 4]) {
    await restore();
    expect((await declareRestored("/s", MEANT, storePorts(disk, pid))).ok).toBe(true);
    await (await opened(disk, pid)).close();
  }
  await restore();
  expect((await open(disk, 5)).ok).toBe(false);
});

test("another fleet's directory is neither declared moved nor restored", async () => {
  const { disk } = await backedUp();
  const before = await disk.dump();
  for (const declare of [declareMoved, declareRestored]) {
    const done = await declare("/s", { store: "mine" }, storePorts(disk, 3));
    expect(done.ok ? null : done.failure.code).toBe("IW-S03");
  }
  expect(await disk.dump()).toEqual(before);
});

test("a home that cannot be written keeps no witness and refuses no work", async () => {
  const { disk } = await backedUp();
  const deaf = disk.sharedWith((_operation, path) =>
    path.startsWith("/home")
      ? Promise.reject(Object.assign(new Error("EACCES"), { code: "EACCES" }))
      : Promise.resolve(),
  );
  const store = await opened(deaf, 3);
  await store.close();
});

test.each(["restored", "replaced"])(
  "an engine under which the directory is %s sends nothing more, whatever its fence",
  async (how) => {
    const disk = await aDisk();
    await initStore("/s", STORE, storePorts(disk, 1));
    const old = await acting(storePorts(disk, 2));
    const grant = await held(old);
    expect(await grant.check(ACT)).toBeNull();
    if (how === "restored") await declareRestored("/s", MEANT, storePorts(disk, 3));
    else await replaceStore("/s", STORE, storePorts(disk, 3));
    // Fences begin anew: the next holder has the very fence of the old one.
    const next = await acting(storePorts(disk, 4));
    expect((await held(next)).fence).toBe(grant.fence);
    expect((await grant.check(ACT))?.code).toBe("IW-L02");
    expect(old.dead()?.message).toContain("restored or replaced under it");
    await next.close();
  },
);
