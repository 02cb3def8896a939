import { expect, test } from "vitest";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import { openReader } from "../../../../engine/run/store/open-store.ts";
import { acting, held, INTENT, STORE, storePorts, UUID } from "../../../support/a-store.ts";
import { aDisk } from "../../../support/a-disk.ts";
import { type Before, systemError, type Disk } from "../../../support/memory-files.ts";

const OTHER = "cd000000-0000-4000-8000-000000000002";

async function aStore(): Promise<Disk> {
  const disk = await aDisk();
  await initStore("/s", STORE, storePorts(disk, 1));
  return disk;
}

async function seenBy(disk: Disk, pid: number) {
  const reader = await openReader("/s", { store: "store" }, storePorts(disk, pid));
  if (!reader.ok) throw new Error(reader.failure.message);
  return { all: await reader.value.records(), one: await reader.value.record(UUID) };
}

async function namesOf(disk: Disk, part: string): Promise<readonly string[]> {
  const paths = [...(await disk.dump()).keys()].filter((path) => path.includes(part));
  return paths.map((path) => path.split("/").at(-1) ?? "").sort();
}

test("a node without a line has no record; from its first line on all that is known of it is read", async () => {
  const disk = await aStore();
  const grant = await held(await acting(storePorts(disk, 2)));
  expect(await seenBy(disk, 3)).toEqual({ all: new Map(), one: null });
  await grant.patchRecord({ protected: true });
  const { all, one } = await seenBy(disk, 3);
  expect(one).toMatchObject({ uuid: UUID, name: "n1", origin: "existing", protected: true });
  expect(all.get(UUID)).toEqual(one);
  expect(await namesOf(disk, UUID)).toEqual(["claim.0000000000000001"]);
});

test("what a holder writes is read over the record of the one before it, who gave it back", async () => {
  const disk = await aStore();
  const first = await acting(storePorts(disk, 2));
  const was = await held(first);
  await was.patchRecord({ traits: ["A"], protected: true });
  await was.release();
  const grant = await held(await acting(storePorts(disk, 3), "e2"));
  expect(grant.record).toMatchObject({ traits: ["A"], protected: true });
  await grant.patchRecord({ traits: ["B"] });
  expect((await seenBy(disk, 4)).one).toMatchObject({ traits: ["B"], protected: true, fence: 1 });
  await grant.release();
  expect((await seenBy(disk, 4)).one).toMatchObject({ traits: ["B"], protected: true, fence: 2 });
  expect(await namesOf(disk, UUID)).toEqual([
    "claim.0000000000000002",
    "claim.0000000000000002.released",
    "record.0000000000000002.json",
  ]);
});

test("a lease that was taken and given back without a word leaves the record as it is", async () => {
  const disk = await aStore();
  const store = await acting(storePorts(disk, 2));
  const was = await held(store);
  await was.patchRecord({ protected: true });
  await was.release();
  await (await held(store)).release();
  expect(await namesOf(disk, UUID)).toContain("record.0000000000000001.json");
  expect((await held(store)).record).toMatchObject({ protected: true });
});

test("what a killed engine wrote, of a node that had no record, is its successor's", async () => {
  const disk = await aStore();
  const killed = await held(await acting(storePorts(disk, 2)));
  await killed.patchRecord({ protected: true });
  await killed.intent(INTENT);
  const next = await acting(storePorts(disk, 3, { fateOf: () => "gone" }));
  const grant = await held(next);
  expect(grant.record).toMatchObject({ protected: true, origin: "existing", name: "n1" });
  expect(grant.openIntents).toHaveLength(1);
  await next.close();
  // Also once the journal was tidied away.
  expect((await seenBy(disk, 4)).one).toMatchObject({ protected: true });
});

test("a session that a killed engine opened is known to every engine after it, until one has ended it", async () => {
  const disk = await aStore();
  const killed = await held(await acting(storePorts(disk, 2)));
  await killed.nameSession("10.0.0.1", "/sessions/7");
  await killed.nameSession("10.0.0.1", "/sessions/7");
  for (const pid of [3, 4]) {
    const next = await acting(storePorts(disk, pid, { fateOf: () => "gone" }), `e${pid}`);
    const { predecessor } = await held(next);
    expect(predecessor?.claim.sessions).toEqual([{ address: "10.0.0.1", session: "/sessions/7" }]);
  }
});

test("a claim that lost its mark in a crash is one of an engine that ended, and its record stands", async () => {
  const disk = await aStore();
  const store = await acting(storePorts(disk, 2));
  await (await held(store)).patchRecord({ protected: true });
  await store.close();
  for (const path of (await disk.dump()).keys())
    if (path.endsWith(".released")) await disk.drop(path);
  const next = await acting(storePorts(disk, 3));
  const grant = await held(next);
  expect([grant.fence, grant.openIntents.length]).toEqual([2, 0]);
  expect(grant.record.protected).toBe(true);
  await next.close();
});

test("two flows of one engine never hold one node, and claims of a second share a file", async () => {
  const disk = await aStore();
  const store = await acting(storePorts(disk, 2));
  const both = await Promise.all([store.claim(UUID, "n1"), store.claim(UUID, "n1")]);
  const refused = both.filter(({ ok }) => !ok);
  expect(refused).toHaveLength(1);
  expect(refused[0]).toMatchObject({ failure: { code: "IW-L01" } });
  expect((await store.claim(OTHER, "n2")).ok).toBe(true);
  const claims = [...(await disk.dump())].filter(([path]) => path.includes("/claim."));
  expect(claims.map(([, text]) => text)).toEqual([claims[0]?.[1], claims[0]?.[1]]);
  await store.close();
  expect(await namesOf(disk, "/tmp/")).toEqual([]);
});

test("a disk that refused a claim once is asked again", async () => {
  const disk = await aStore();
  let full = true;
  const before: Before = (operation) =>
    full && operation === "create" ? Promise.reject(systemError("ENOSPC")) : Promise.resolve();
  full = false;
  const store = await acting(storePorts(disk.sharedWith(before), 3));
  full = true;
  const refused = await store.claim(UUID, "n1");
  expect(refused.ok ? null : refused.failure.code).toBe("IW-S06");
  full = false;
  expect((await store.claim(UUID, "n1")).ok).toBe(true);
  await store.close();
});

test("a lease that was broken ends nothing but its own node's work", async () => {
  const disk = await aStore();
  const store = await acting(storePorts(disk, 2));
  const broken = await held(store);
  await broken.patchRecord({ traits: ["A"] });
  const other = await store.claim(OTHER, "n2");
  if (!other.ok) throw new Error(other.failure.message);
  const breaker = await acting(storePorts(disk, 3), "e2");
  const taken = await breaker.breakLease(UUID, "it hangs", false);
  expect(taken.ok && taken.value.record.traits).toEqual(["A"]);
  await broken.release();
  await other.value.patchRecord({ protected: true });
  expect(store.dead()).toBeNull();
  await other.value.release();
  await breaker.close();
  await store.close();
});

test("a node that was forgotten stays so, while the engine that wrote of it lives on", async () => {
  const disk = await aStore();
  const store = await acting(storePorts(disk, 2));
  const was = await held(store);
  await was.patchRecord({ protected: true, identity: { serial: "S1" } });
  await was.release();
  const other = await acting(storePorts(disk, 3), "e2", "command");
  expect(await other.forget(UUID)).toEqual({ ok: true, value: null });
  expect((await seenBy(disk, 4)).one).toBeNull();
  expect((await held(other)).record).toMatchObject({ protected: false, identity: null });
  await other.close();
  await store.close();
});

test("every machine that a forgotten name ever was stays known", async () => {
  const disk = await aStore();
  const store = await acting(storePorts(disk, 2));
  for (const serial of ["S1", "S2"]) {
    const grant = await held(store);
    await grant.patchRecord({ name: "n1", identity: { serial } });
    await grant.release();
    expect((await store.forget(UUID)).ok).toBe(true);
  }
  const known = [...(await store.existingNames())].sort();
  expect(known).toEqual(["n1", "serial s1", "serial s2"]);
  await store.close();
});

test("a node is not forgotten while what its holder was about to do may still come", async () => {
  const disk = await aStore();
  const paused = await held(await acting(storePorts(disk, 2)));
  await paused.intent(INTENT);
  const other = await acting(storePorts(disk, 3), "e2");
  await other.breakLease(UUID, "it hangs", false);
  await other.close();
  const person = await acting(storePorts(disk, 4, { fateOf: () => "unknown" }), "e3", "command");
  const refused = await person.forget(UUID);
  expect(refused.ok ? null : refused.failure.code).toBe("IW-L03");
  expect((await held(person)).openIntents).toHaveLength(1);
  await person.close();
});

test("a lease whose name may be lost in a power cut is none, and ends the engine that took it", async () => {
  const disk = await aStore();
  let failing = false;
  const before: Before = (operation, path) =>
    failing && operation === "syncDir" && path.includes(UUID)
      ? Promise.reject(systemError("EIO"))
      : Promise.resolve();
  const store = await acting(storePorts(disk.sharedWith(before), 2));
  failing = true;
  const taken = await store.claim(UUID, "n1");
  expect(taken.ok ? null : taken.failure.code).toBe("IW-S06");
  expect(store.dead()?.code).toBe("IW-L02");
});

test("a record that can't be copied leaves no lease that its own engine can't take again", async () => {
  const disk = await aStore();
  const killed = await held(await acting(storePorts(disk, 2)));
  await killed.intent(INTENT);
  let full = true;
  const before: Before = (operation, path) =>
    full && operation === "rename" && path.includes("record.")
      ? Promise.reject(systemError("ENOSPC"))
      : Promise.resolve();
  const store = await acting(storePorts(disk.sharedWith(before), 3, { fateOf: () => "gone" }));
  expect((await store.claim(UUID, "n1")).ok).toBe(false);
  full = false;
  expect((await held(store)).openIntents).toHaveLength(1);
  await store.close();
});
