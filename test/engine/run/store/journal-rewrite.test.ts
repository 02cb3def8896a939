import { expect, test } from "vitest";
import type { ActingStore, Grant } from "../../../../engine/run/ports.ts";
import { LeaseLost } from "../../../../engine/run/store/file-grant.ts";
import { initStore } from "../../../../engine/run/store/init-store.ts";
import { REWRITE_BYTES } from "../../../../engine/run/store/journal.ts";
import { openReader } from "../../../../engine/run/store/open-store.ts";
import { leaseKey, neededLines } from "../../../../engine/run/store/rewrite-journal.ts";
import type { StorePorts } from "../../../../engine/run/store/store-ports.ts";
import type { NodeRecord } from "../../../../schemas/record.ts";
import { acting, INTENT, STORE, storePorts } from "../../../support/a-store.ts";
import { type Before, MemoryFiles, systemError } from "../../../support/memory-files.ts";

const A = "ab000000-0000-4000-8000-00000000000a";
const B = "ab000000-0000-4000-8000-00000000000b";
/** Of a hundred acts each. */
const LEASES = 200;
/** A line so long that the journal is written anew before the next. */
const BULK = "x".repeat(REWRITE_BYTES);

function ports(files: MemoryFiles, pid: number): StorePorts {
  return storePorts(files, pid, { fateOf: (other) => (other === 2 ? "gone" : "alive") });
}

async function aDisk(): Promise<MemoryFiles> {
  const disk = new MemoryFiles();
  const made = await initStore("/s", STORE, ports(disk, 1));
  expect(made.ok).toBe(true);
  return disk;
}

async function claimed(store: ActingStore, uuid: string): Promise<Grant> {
  const grant = await store.claim(uuid, uuid === A ? "a" : "b");
  if (!grant.ok) throw new Error(grant.failure.message);
  return grant.value;
}

const DETAIL = { code: null, message: "", durationMs: 1 };

/** One engine: `a` has an intent open, `b` has done enough that the next line has the journal written anew. */
async function nearlyFull(files: MemoryFiles): Promise<{ store: ActingStore; a: Grant; b: Grant }> {
  const store = await acting(ports(files, 2), "writer");
  const a = await claimed(store, A);
  await a.patchRecord({ provisionState: "enroll", revision: 1 });
  await a.intent({ ...INTENT, step: "open" });
  const b = await claimed(store, B);
  for (const message of ["", "", BULK]) {
    const intent = await b.intent(INTENT);
    const revision = b.record.revision + 1;
    await b.outcome(
      intent,
      "done",
      { ...DETAIL, message },
      { revision, provisionState: "available" },
    );
  }
  return { store, a, b };
}

/** Gives `b` back, and writes the line of `a` before which the journal is written anew. */
async function rewriting({ a, b }: { readonly a: Grant; readonly b: Grant }): Promise<void> {
  await b.release();
  await a.patchRecord({ provisionState: "verifying", revision: 2 });
}

function journalBytes(disk: MemoryFiles): number {
  let bytes = 0;
  for (const [path, text] of disk.files) if (path.startsWith("/s/journal/")) bytes += text.length;
  return bytes;
}

async function seenBy(files: MemoryFiles): Promise<ReadonlyMap<string, NodeRecord>> {
  const opened = await openReader("/s", { store: "store" }, ports(files, 9));
  if (!opened.ok) throw new Error(opened.failure.message);
  return opened.value.records();
}

function states(records: ReadonlyMap<string, NodeRecord>): readonly unknown[] {
  return [A, B].map((uuid) => {
    const record = records.get(uuid);
    return [record?.provisionState, record?.revision];
  });
}

test.each([
  ["is cut off at any operation", true],
  ["is refused any one operation, and ends in order,", false],
])("an engine that %s of the rewriting loses no line that was written", async (_, isCutOff) => {
  let failing = 0;
  let ended: unknown = new Error("not yet");
  while (ended !== null) {
    failing += 1;
    const disk = await aDisk();
    let operations = -Infinity;
    const before: Before = () => {
      operations += 1;
      const fails = isCutOff ? operations >= failing : operations === failing;
      return fails ? Promise.reject(systemError("EIO")) : Promise.resolve();
    };
    const engine = await nearlyFull(disk.sharedWith(before));
    operations = 0;
    ended = await rewriting(engine).then(
      () => null,
      (error: unknown) => error,
    );
    if (ended !== null) {
      expect([failing, ended]).toEqual([failing, expect.any(Error)]);
      // One that could not write goes on to nothing.
      if (ended instanceof LeaseLost) expect(engine.store.dead()?.code).toBe("IW-L02");
    }
    if (!isCutOff) await engine.store.close();
    const [, ofB] = states(await seenBy(disk));
    expect([failing, ofB]).toEqual([failing, ["available", 3]]);
    const taker = await acting(ports(disk, 3), "taker");
    const taken = await claimed(taker, A);
    expect([failing, taken.openIntents.map(({ line }) => line.step)]).toEqual([failing, ["open"]]);
    const written = ended === null ? ["verifying", 2] : ["enroll", 1];
    expect([failing, states(new Map([[A, taken.record]]))[0]]).toEqual([failing, written]);
    const other = await claimed(taker, B);
    expect([failing, other.openIntents, other.record.revision]).toEqual([failing, [], 3]);
  }
  // All of it was cut off somewhere: giving back, judging, writing, marking, renaming, syncing.
  expect(failing).toBeGreaterThan(15);
});

test("a reader reads what was written before it began, wherever the rewriting falls into its reading", async () => {
  let fellInto = 0;
  for (let at = 1; fellInto === at - 1; at += 1) {
    const disk = await aDisk();
    const engine = await nearlyFull(disk);
    let operations = 0;
    const before: Before = async () => {
      operations += 1;
      if (operations !== at) return;
      fellInto = at;
      await rewriting(engine);
    };
    const [ofA, ofB] = states(await seenBy(disk.sharedWith(before)));
    expect([at, ofB]).toEqual([at, ["available", 3]]);
    expect([
      ["enroll", 1],
      ["verifying", 2],
    ]).toContainEqual(ofA);
  }
  expect(fellInto).toBeGreaterThan(8);
});

test("a reader in the midst of the rewriting reads all that was written", async () => {
  let reached = 0;
  for (let at = 1; reached === at - 1; at += 1) {
    const disk = await aDisk();
    let operations = -Infinity;
    let seen: readonly unknown[] = [];
    const before: Before = async () => {
      operations += 1;
      if (operations !== at) return;
      reached = at;
      seen = states(await seenBy(disk));
    };
    const engine = await nearlyFull(disk.sharedWith(before));
    operations = 0;
    await rewriting(engine);
    if (reached !== at) break;
    expect([at, seen]).toEqual([at, [expect.anything(), ["available", 3]]]);
    expect([
      ["enroll", 1],
      ["verifying", 2],
    ]).toContainEqual(seen[0]);
  }
  expect(reached).toBeGreaterThan(15);
});

test("who takes a node sees what its holder began, wherever the rewriting falls into the taking", async () => {
  let fellInto = 0;
  for (let at = 1; fellInto === at - 1; at += 1) {
    const disk = await aDisk();
    const engine = await nearlyFull(disk);
    let operations = -Infinity;
    const before: Before = async () => {
      operations += 1;
      if (operations !== at) return;
      fellInto = at;
      await rewriting(engine).catch(() => undefined);
    };
    const taker = await acting(ports(disk.sharedWith(before), 3), "taker");
    operations = 0;
    const taken = await taker.breakLease(A, "test", true);
    if (!taken.ok) throw new Error(taken.failure.message);
    const { openIntents, record } = taken.value;
    expect([at, openIntents.map(({ line }) => line.step)]).toEqual([at, ["open"]]);
    expect([
      ["enroll", 1],
      ["verifying", 2],
    ]).toContainEqual(states(new Map([[A, record]]))[0]);
  }
  expect(fellInto).toBeGreaterThan(15);
});

test("after 20,000 acts of one engine its journal is small, and reading costs what it did", async () => {
  const disk = await aDisk();
  const store = await acting(ports(disk, 2), "daemon");
  const acts = 100;
  let largest = 0;
  let names = 0;
  for (let lease = 0; lease < LEASES; lease += 1) {
    const grant = await claimed(store, lease % 2 === 0 ? A : B);
    for (let act = 0; act < acts; act += 1) {
      const intent = await grant.intent(INTENT);
      await grant.outcome(intent, "done", DETAIL, { revision: lease * acts + act });
    }
    await grant.release();
    largest = Math.max(largest, journalBytes(disk));
    names = Math.max(
      names,
      [...disk.files.keys()].filter((path) => path.startsWith("/s/journal/")).length,
    );
  }
  expect(largest).toBeLessThan(1.2 * REWRITE_BYTES);
  // The journal and its mark.
  expect(names).toBe(2);
  let read = 0;
  const before: Before = (operation, path) => {
    if (operation === "read") read += disk.files.get(path)?.length ?? 0;
    return Promise.resolve();
  };
  const records = await seenBy(disk.sharedWith(before));
  expect(records.get(B)?.revision).toBe(LEASES * acts - 1);
  expect(read).toBeLessThan(1.3 * REWRITE_BYTES);
  await store.close();
  expect(journalBytes(disk)).toBe(0);
}, 60_000);

test("leases are asked for many at once, each once, and lines keep their order", async () => {
  const disk = new MemoryFiles();
  const lines = Array.from({ length: 400 }, (_, seq) => {
    const node = `n${seq % 40}`;
    return `00000000 ${JSON.stringify({ node, fence: 1, seq })}`;
  });
  await disk.put("/j", `${lines.join("\n")}\n`);
  let [now, most] = [0, 0];
  const asked: string[] = [];
  const { from } = await neededLines(disk, "/j", {
    temporary: () => "/new",
    held: () => new Set([leaseKey({ uuid: "n0", fence: 1 })]),
    isNeeded: async (node) => {
      asked.push(node);
      now += 1;
      most = Math.max(most, now);
      await Promise.resolve();
      now -= 1;
      return node === "n7";
    },
  });
  expect([asked.length, new Set(asked).size, asked.includes("n0")]).toEqual([39, 39, false]);
  expect(most).toBeGreaterThan(10);
  const kept = lines.filter((_, seq) => [0, 7].includes(seq % 40));
  expect(await disk.read(from)).toBe(`${kept.join("\n")}\n`);
});
