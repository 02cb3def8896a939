import { afterAll, expect, onTestFinished, test } from "vitest";
import { etcdFiles } from "../../engine/run/store/etcd-files.ts";
import type { FilesPort } from "../../engine/run/store/store-ports.ts";
import { initStore } from "../../engine/run/store/init-store.ts";
import { acting, STORE, storePorts } from "../support/a-store.ts";
import { startEtcd } from "../support/an-etcd.ts";
import { clientOf } from "../support/etcd-disk.ts";
import { LateClient } from "../support/late-client.ts";
import { MemoryFiles } from "../support/memory-files.ts";

// A transaction that lies in a paused member when its process gives up, and is carried out when others have gone on.
const etcd = await startEtcd();
afterAll(() => etcd.close());
let count = 0;

interface Host {
  readonly files: FilesPort;
  readonly client: LateClient;
}

function aHost(prefix: string): Host {
  const { access } = clientOf(etcd.endpoints, prefix);
  const client = new LateClient(access);
  onTestFinished(() => client.close());
  count += 1;
  const hex = (bytes: number): string => `${(count += 1)}`.padStart(bytes * 2, "0");
  return { files: etcdFiles(client, { dir: "/s", local: new MemoryFiles(), hex }), client };
}

function aPrefix(): string {
  count += 1;
  return `/late-${count}`;
}

async function replace(files: FilesPort, path: string, text: string): Promise<void> {
  await files.create("/s/tmp/r", text);
  await files.rename("/s/tmp/r", path);
}

/** What a host sends last before it is cut off for good; it is told that nobody answered. */
async function sentLast(
  { files, client }: Host,
  write: (files: FilesPort) => Promise<unknown>,
): Promise<void> {
  client.cut();
  await expect(write(files)).rejects.toMatchObject({ code: "IW-S10" });
}

test("a directory that was removed late keeps what was made of it since", async () => {
  const prefix = aPrefix();
  const [mine, theirs] = [aHost(prefix), aHost(prefix)];
  await mine.files.create("/s/nodes/ab/u/claim.1", "old");
  await mine.files.exists("/s/stop");
  await sentLast(mine, (files) => files.removeAll("/s/nodes"));
  await theirs.files.removeAll("/s/nodes");
  expect(await theirs.files.list("/s/nodes")).toEqual([]);
  await theirs.files.create("/s/nodes/ab/u/claim.1", "new");
  await mine.client.release();
  expect(await theirs.files.read("/s/nodes/ab/u/claim.1")).toBe("new");
});

test("what others made since this host last looked is removed with its directory all the same", async () => {
  const prefix = aPrefix();
  const [mine, theirs] = [aHost(prefix), aHost(prefix)];
  expect(await mine.files.list("/s/nodes")).toEqual([]);
  await theirs.files.create("/s/nodes/ab/u/claim.1", "new");
  await mine.files.removeAll("/s/nodes");
  expect(await theirs.files.list("/s/nodes")).toEqual([]);
});

test("what was replaced late is not brought back when somebody removed it since", async () => {
  const prefix = aPrefix();
  const [mine, theirs] = [aHost(prefix), aHost(prefix)];
  await replace(theirs.files, "/s/holds/u/h.json", "a hold");
  expect(await mine.files.read("/s/holds/u/h.json")).toBe("a hold");
  mine.client.cutAtWrites();
  const replacing = replace(mine.files, "/s/holds/u/h.json", "the same, longer");
  await expect(replacing).rejects.toMatchObject({ code: "IW-S10" });
  await theirs.files.remove("/s/holds/u/h.json");
  await mine.client.release();
  expect(await theirs.files.exists("/s/holds/u/h.json")).toBe(false);
});

test("what a host was not told the end of is over before it writes anything else", async () => {
  const prefix = aPrefix();
  const mine = aHost(prefix);
  await mine.files.exists("/s/stop");
  mine.client.cutAtWrites();
  await expect(replace(mine.files, "/s/stop", "late")).rejects.toMatchObject({ code: "IW-S10" });
  mine.client.heal();
  await replace(mine.files, "/s/inst/me", "alive");
  await mine.client.release();
  expect(await mine.files.exists("/s/stop")).toBe(false);
});

test("an engine that does not know whether its commit is in force ends", async () => {
  const prefix = aPrefix();
  const mine = aHost(prefix);
  await initStore("/s", STORE, storePorts(mine.files, 1));
  const store = await acting(storePorts(mine.files, 2));
  const entry = {
    allocations: {},
    commit: null,
    subject: null,
    tree: "t2",
    why: "a test",
    names: [],
    requests: {},
  };
  const propose = (): ReturnType<typeof store.propose> => store.propose({ ...entry, readAtSeq: 1 });
  mine.client.cut();
  // A read that is not answered is no such thing.
  expect(await propose()).toMatchObject({ ok: false, failure: { code: "IW-S10" } });
  expect(store.dead()).toBeNull();
  mine.client.heal();
  mine.client.cutAtWrites();
  expect(await propose()).toMatchObject({ ok: false, failure: { code: "IW-S10" } });
  expect(store.dead()).toMatchObject({ code: "IW-L02" });
  mine.client.heal();
  await store.close();
});

/** Dies in its second transaction. */
class Dying extends LateClient {
  #sent = 0;

  override txn(...call: Parameters<LateClient["txn"]>): ReturnType<LateClient["txn"]> {
    this.#sent += 1;
    return this.#sent < 2 ? super.txn(...call) : Promise.reject(new Error("a power cut"));
  }
}

test("a journal whose first rewriting was cut off between its parts and its value is read, found and removed", async () => {
  const prefix = aPrefix();
  const { files, client } = aHost(prefix);
  const journal = await files.openAppend("/s/journal/me.jsonl");
  await journal.append("line\n");
  const dying = new Dying(client.access);
  onTestFinished(() => dying.close());
  const cut = etcdFiles(dying, { dir: "/s", local: new MemoryFiles(), hex: () => "dying" });
  const rewriting = replace(cut, "/s/journal/me.jsonl", "y".repeat(100_000));
  await expect(rewriting).rejects.toThrow("a power cut");
  expect(await files.read("/s/journal/me.jsonl")).toBe("line\n");
  expect(await files.exists("/s/journal/me.jsonl")).toBe(true);
  await files.remove("/s/journal/me.jsonl");
  expect(await files.list("/s/journal")).toEqual([]);
  const left = etcd.ctl("get", "--prefix", `${prefix}/journal`, "--keys-only");
  expect(left.trim()).toBe("");
});

test("parts that were brought for a file that never came are removed with its name", async () => {
  const prefix = aPrefix();
  const { files, client } = aHost(prefix);
  const dying = new Dying(client.access);
  onTestFinished(() => dying.close());
  const cut = etcdFiles(dying, { dir: "/s", local: new MemoryFiles(), hex: () => "dying" });
  await expect(replace(cut, "/s/stop", "y".repeat(100_000))).rejects.toThrow("a power cut");
  expect(await files.exists("/s/stop")).toBe(false);
  await files.remove("/s/stop");
  expect(etcd.ctl("get", "--prefix", `${prefix}/stop`, "--keys-only").trim()).toBe("");
});
