import { afterAll, expect, onTestFinished, test } from "vitest";
import { etcdFiles } from "../../engine/run/store/etcd-files.ts";
import type { FilesPort } from "../../engine/run/store/store-ports.ts";
import { startEtcd } from "../support/an-etcd.ts";
import { aBadWire } from "../support/bad-wire.ts";
import { clientOf } from "../support/etcd-disk.ts";
import { filesContract } from "../support/files-contract.ts";
import { MemoryFiles } from "../support/memory-files.ts";

const etcd = await startEtcd();
afterAll(() => etcd.close());
let count = 0;

/** Files of the directory `/s` below a prefix; each call is a host of its own. */
function filesAt(prefix: string, endpoints = etcd.endpoints, timeoutMs = 10_000): FilesPort {
  const client = clientOf(endpoints, prefix, timeoutMs);
  onTestFinished(() => client.close());
  count += 1;
  return etcdFiles(client, {
    dir: "/s",
    stays: "/s/seen",
    local: new MemoryFiles(),
    hex: (bytes) => `${(count += 1)}`.padStart(bytes * 2, "0"),
  });
}

function aPrefix(): string {
  count += 1;
  return `/files-${count}`;
}

filesContract(() => {
  const prefix = aPrefix();
  return Promise.resolve({ dir: "/s", mine: filesAt(prefix), theirs: filesAt(prefix) });
});

async function link(files: FilesPort, path: string, text: string): Promise<boolean> {
  await files.create("/s/tmp/l", text);
  try {
    return await files.link("/s/tmp/l", path);
  } finally {
    await files.remove("/s/tmp/l");
  }
}

async function replace(files: FilesPort, path: string, text: string): Promise<void> {
  await files.create("/s/tmp/r", text);
  await files.rename("/s/tmp/r", path);
}

test("an engine that was declared dead writes nothing more, in whatever way", async () => {
  const prefix = aPrefix();
  const mine = filesAt(prefix).guardedBy("/s/inst/me.dead");
  const journal = await mine.openAppend("/s/journal/me.jsonl");
  await journal.append("before\n");
  await replace(mine, "/s/stop", "before");
  await link(filesAt(prefix), "/s/inst/me.dead", "by another");
  const writes: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["append", () => journal.append("after\n")],
    ["link", () => link(mine, "/s/nodes/ab/u/claim.1", "after")],
    ["second name", () => mine.link("/s/stop", "/s/stop.released")],
    ["rename", () => replace(mine, "/s/stop", "after")],
    ["remove", () => mine.remove("/s/stop")],
    ["removeAll", () => mine.removeAll("/s/journal")],
    ["big", () => replace(mine, "/s/stop", "after".repeat(100_000))],
  ];
  for (const [name, write] of writes)
    await expect(write(), name).rejects.toMatchObject({ code: "IW-L02" });
  const theirs = filesAt(prefix);
  expect([await theirs.read("/s/stop"), await theirs.read("/s/journal/me.jsonl")]).toEqual([
    "before",
    "before\n",
  ]);
  expect(await theirs.list("/s/nodes")).toEqual([]);
});

test("a change whose answer was lost is made once, and known to be made", async () => {
  const prefix = aPrefix();
  const wire = await aBadWire(etcd.endpoints[0] ?? "");
  const mine = filesAt(prefix, [wire.endpoint, ...etcd.endpoints]);
  const journal = await mine.openAppend("/s/journal/me.jsonl");
  await journal.append("1\n");
  wire.loseAnswers();
  await journal.append("2\n");
  await journal.append("3\n");
  expect(await filesAt(prefix).read("/s/journal/me.jsonl")).toBe("1\n2\n3\n");
  const taken = filesAt(prefix, [wire.endpoint, ...etcd.endpoints]);
  expect(await link(taken, "/s/names/n.1", "mine")).toBe(true);
  const removed = filesAt(prefix, [wire.endpoint, ...etcd.endpoints]);
  await removed.remove("/s/names/n.1");
  expect(await mine.exists("/s/names/n.1")).toBe(false);
});

test("a change that was held up on its way, and was made by another way since, is never made late", async () => {
  const prefix = aPrefix();
  const wire = await aBadWire(etcd.endpoints[0] ?? "");
  const mine = filesAt(prefix, [wire.endpoint, ...etcd.endpoints], 3000);
  // The connection stands before it goes bad.
  expect(await mine.exists("/s/budgets/b.0")).toBe(false);
  wire.hold();
  expect(await link(mine, "/s/budgets/b.0", "ours")).toBe(true);
  await mine.remove("/s/budgets/b.0");
  expect(wire.release()).toBeGreaterThan(0);
  // What was let go is carried out, or refused, before what is asked on the same connection of etcd afterwards.
  await new Promise((done) => setTimeout(done, 500));
  expect(await filesAt(prefix).exists("/s/budgets/b.0")).toBe(false);
});

test("what is lost without harm stays on the host, and so does the witness", async () => {
  const prefix = aPrefix();
  const mine = filesAt(prefix);
  await mine.makeDir("/s/seen/store");
  await mine.create("/s/seen/store/1.1", "");
  await mine.createUnsynced("/s/tmp/r", "readings");
  await mine.rename("/s/tmp/r", "/s/readings.json");
  await mine.appendUnsynced("/s/nodes/ab/u/history.jsonl", "line\n");
  await mine.create("/s/tmp/blank", "only in memory");
  expect(await mine.list("/s/seen/store")).toEqual(["1.1"]);
  expect(await mine.read("/s/readings.json")).toBe("readings");
  expect(etcd.ctl("get", "--prefix", `${prefix}/`, "--keys-only").trim()).toBe("");
});
