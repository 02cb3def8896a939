import { hash } from "node:crypto";
import { expect, test } from "vitest";
import type { ActingStore } from "../../../../engine/run/ports.ts";
import { declareRestored, initStore } from "../../../../engine/run/store/init-store.ts";
import { openActing, openReader } from "../../../../engine/run/store/open-store.ts";
import { adoptedInstance } from "../../../../schemas/record.ts";
import { STORE_FORMAT } from "../../../../schemas/store-format.ts";
import {
  acting,
  held,
  INTENT,
  pass,
  STORE,
  storePorts,
  TTL_SECONDS,
  UUID,
} from "../../../support/a-store.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { aDisk } from "../../../support/a-disk.ts";
import { type Disk } from "../../../support/memory-files.ts";

const EXPECTED = { store: "store", ttlSeconds: TTL_SECONDS };
const BEFORE = STORE_FORMAT - 1;
const NEXT = STORE_FORMAT + 1;
const RECORD = `/s/nodes/ab/${UUID}/record.0000000000000001.json`;
/** What the first engines wrote of a node, and nothing that came in later. */
const FIRST_RECORD = {
  version: 1,
  uuid: UUID,
  name: "n1",
  revision: 3,
  fence: 1,
  origin: "new",
  provisionState: "cleaning",
  cleaned: "never",
  identity: null,
  bmc: null,
  traits: [],
  applied: {},
  appliedCommit: null,
  appliedAt: null,
  protected: true,
  fault: { kind: "power", message: "silent", at: 5 },
  lastError: null,
  activity: {
    flow: "clean",
    id: "c1",
    planId: "p",
    stepId: "1",
    startedAt: 1,
    registerSeq: 1,
    commit: null,
  },
  registerSeq: 1,
  retryAt: null,
  refusedSecret: null,
  lastFlow: null,
};

async function aStore(change: Readonly<Record<string, unknown>> = {}): Promise<Disk> {
  const disk = await aDisk();
  await initStore("/s", STORE, storePorts(disk, 1));
  const file = JSON.parse((await disk.dump()).get("/s/store.json") ?? "") as object;
  await disk.put("/s/store.json", JSON.stringify({ ...file, ...change }));
  return disk;
}

/** A journal's line with its checksum, as any version writes it. */
function line(value: unknown): string {
  const json = JSON.stringify(value);
  return `${hash("sha1", json).slice(0, 8)} ${json}\n`;
}

/** Raises the format while time passes: it looks again when a lease has lived. */
async function raise(
  store: ActingStore,
  clock: FakeClock,
): Promise<Awaited<ReturnType<ActingStore["raiseFormat"]>>> {
  const raised = store.raiseFormat();
  // It may fail before the time has passed.
  raised.catch(() => undefined);
  await pass(clock, TTL_SECONDS + 1);
  return raised;
}

async function formats(disk: Disk): Promise<{ format: number; writes?: number }> {
  const { format, writes } = JSON.parse((await disk.dump()).get("/s/store.json") ?? "") as {
    format: number;
    writes?: number;
  };
  return writes === undefined ? { format } : { format, writes };
}

test.each([
  [NEXT, "use a newer ironwright"],
  [BEFORE - 1, "raise it with the version in between first: ironwright migrate store"],
])("a store of format %s is refused with the way out", async (format, way) => {
  const disk = await aStore({ format });
  const opened = await openReader("/s", EXPECTED, storePorts(disk, 1));
  expect(opened).toMatchObject({
    ok: false,
    failure: { code: "IW-S05", message: expect.stringContaining(way) as string },
  });
});

test("a line that was written whole in a newer format is no torn line: nothing is done without it", async () => {
  const disk = await aStore();
  await disk.put("/s/journal/other.1.jsonl", line({ version: NEXT, kind: "omen", node: UUID }));
  const opened = await openReader("/s", EXPECTED, storePorts(disk, 1));
  if (!opened.ok) throw new Error(opened.failure.message);
  await expect(opened.value.records()).rejects.toMatchObject({
    code: "IW-S05",
    message: expect.stringContaining("use a newer ironwright") as string,
  });
});

test("a whole line of a kind that nobody knows is damage, and said with its number", async () => {
  const disk = await aStore();
  await disk.put(
    "/s/journal/other.1.jsonl",
    line({ version: STORE_FORMAT, kind: "omen", node: UUID, fence: 1 }),
  );
  const opened = await openReader("/s", EXPECTED, storePorts(disk, 1));
  if (!opened.ok) throw new Error(opened.failure.message);
  await expect(opened.value.records()).rejects.toThrow(/other\.1\.jsonl is damaged \(line 1: kind/);
});

test("a record of the first engines is read with what came in later filled in", async () => {
  const disk = await aStore({ format: BEFORE });
  await disk.put(RECORD, JSON.stringify(FIRST_RECORD));
  const store = await acting(storePorts(disk, 2));
  expect(await store.record(UUID)).toMatchObject({
    version: STORE_FORMAT,
    revision: 3,
    protected: true,
    instance: null,
    usedRequests: {},
    volumes: { connectors: {}, targets: {} },
    fault: { kind: "power", specHash: null },
    activity: { flow: "clean", entry: 0, step: null, gate: null },
  });
  await store.close();
});

test("into a store of the version before everything is written as that reads it, and unknown fields stay", async () => {
  const disk = await aStore({ format: BEFORE });
  await disk.put(RECORD, JSON.stringify({ ...FIRST_RECORD, omens: ["crow"] }));
  const store = await acting(storePorts(disk, 2));
  const grant = await held(store);
  await grant.patchRecord({ traits: ["CUSTOM_A"] });
  await grant.intent(INTENT);
  const [journal = ""] = [...(await disk.dump())].flatMap(([path, text]) =>
    /^\/s\/journal\/.*\.jsonl$/.test(path) ? [text] : [],
  );
  expect(journal.match(/"version":\d+/g)).toEqual([`"version":${BEFORE}`, `"version":${BEFORE}`]);
  await grant.release();
  await store.close();
  const [written = ""] = [...(await disk.dump())].flatMap(([path, text]) =>
    path.includes("/record.") ? [text] : [],
  );
  expect(JSON.parse(written)).toMatchObject({
    version: BEFORE,
    traits: ["CUSTOM_A"],
    omens: ["crow"],
    open: [{ line: { version: BEFORE } }],
  });
});

test("the format is not raised while an engine lives that does not know it", async () => {
  const disk = await aStore({ format: BEFORE });
  const old = await acting(storePorts(disk, 3), "old");
  const path = [...(await disk.dump()).keys()].find((name) => name.startsWith("/s/inst/old")) ?? "";
  const { format: _unknownThen, ...info } = JSON.parse((await disk.dump()).get(path) ?? "") as {
    format: number;
  };
  await disk.put(path, JSON.stringify(info));
  const clock = new FakeClock();
  const store = await acting(storePorts(disk, 2, { clock, fateOf: () => "alive" }), "new");
  expect(await store.raiseFormat()).toMatchObject({
    ok: false,
    failure: {
      message: expect.stringContaining("old (pid 3 on h); nothing was changed") as string,
    },
  });
  expect(await formats(disk)).toMatchObject({ format: BEFORE });
  await old.close();
  expect(await raise(store, clock)).toEqual({
    ok: true,
    value: { from: BEFORE, to: STORE_FORMAT },
  });
  expect(await formats(disk)).toEqual({ format: STORE_FORMAT, writes: STORE_FORMAT });
  await store.close();
});

test("cut off while it is raised, the store is written as before and the next call ends it", async () => {
  const disk = await aStore({ format: BEFORE });
  let renames = 0;
  const files = disk.sharedWith((operation, path) => {
    if (operation === "rename" && path.endsWith("/store.json")) renames += 1;
    return renames > 1 ? Promise.reject(new Error("power cut")) : Promise.resolve();
  });
  const first = new FakeClock();
  const cut = await acting(storePorts(files, 2, { clock: first }));
  await expect(raise(cut, first)).rejects.toThrow("power cut");
  expect(await formats(disk)).toEqual({ format: STORE_FORMAT, writes: BEFORE });
  const clock = new FakeClock();
  const store = await acting(storePorts(disk, 3, { clock, fateOf: () => "gone" }));
  const grant = await held(store);
  await grant.patchRecord({ traits: ["CUSTOM_A"] });
  await grant.release();
  const record = [...(await disk.dump())].find(([path]) => path.includes("/record."))?.[1] ?? "";
  expect(JSON.parse(record)).toMatchObject({ version: BEFORE });
  expect(await raise(store, clock)).toEqual({
    ok: true,
    value: { from: BEFORE, to: STORE_FORMAT },
  });
  await store.close();
});

test("an engine that began while the format was raised does not go on with what it had read", async () => {
  const disk = await aStore({ format: BEFORE });
  let once = true;
  const files = disk.sharedWith(async (operation, path) => {
    if (operation !== "link" || !path.includes("/inst/") || !once) return;
    once = false;
    const clock = new FakeClock();
    const other = await acting(storePorts(disk, 3, { clock }));
    expect((await raise(other, clock)).ok).toBe(true);
    await other.close();
  });
  const actor = { name: "late", role: "apply", host: "h" } as const;
  expect(await openActing("/s", EXPECTED, actor, storePorts(files, 2))).toMatchObject({
    ok: false,
    failure: {
      message: expect.stringContaining("was changed at this moment; try again") as string,
    },
  });
});

test("a store that was restored while its format was raised stays restored", async () => {
  const disk = await aStore({ format: BEFORE });
  let once = true;
  const files = disk.sharedWith(async (operation, path) => {
    if (operation !== "list" || !path.endsWith("/inst") || !once) return;
    once = false;
    const meant = { store: "store", spentRequests: ["r1"], names: ["n1"] };
    expect((await declareRestored("/s", meant, storePorts(disk, 4))).ok).toBe(true);
  });
  const clock = new FakeClock();
  const store = await acting(storePorts(files, 2, { clock }));
  once = true;
  expect(await raise(store, clock)).toMatchObject({ ok: false, failure: { code: "IW-S04" } });
  const file = JSON.parse((await disk.dump()).get("/s/store.json") ?? "") as object;
  expect(file).toMatchObject({ epoch: 2, spentRequests: ["r1"], existing: ["n1"], format: BEFORE });
});

test("an engine of format 1 that was on its way to be seen is seen before anything is written for later ones", async () => {
  const disk = await aStore({ format: BEFORE });
  const clock = new FakeClock();
  const store = await acting(storePorts(disk, 2, { clock, fateOf: () => "alive" }));
  const raising = store.raiseFormat();
  await pass(clock, 5);
  expect(await formats(disk)).toEqual({ format: STORE_FORMAT, writes: BEFORE });
  const old = { inc: "old.1", name: "old", role: "apply", pid: 9, startTicks: "1", host: "h" };
  const process = { bootId: "boot-9", pidNamespace: "n", counter: 0, startedAt: 0 };
  await disk.put("/s/inst/old.1", JSON.stringify({ ...old, ...process }));
  await pass(clock, TTL_SECONDS);
  expect(await raising).toMatchObject({
    ok: false,
    failure: { message: expect.stringContaining("old (pid 9 on h)") as string },
  });
  expect(await formats(disk)).toEqual({ format: STORE_FORMAT, writes: BEFORE });
});

test("two facts at once of a node without a record: the line that says it whole is the first of them", async () => {
  const disk = await aStore();
  const store = await acting(storePorts(disk, 2));
  const grant = await held(store);
  const image = { name: "debian-13", checksum: "sha256:13" };
  await Promise.all([
    grant.patchRecord({ instance: { ...adoptedInstance("ops"), image } }),
    grant.patchRecord({ traits: ["CUSTOM_A"] }),
  ]);
  expect(await store.record(UUID)).toMatchObject({ traits: ["CUSTOM_A"], instance: { image } });
});
