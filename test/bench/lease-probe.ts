import { mkdtempSync, rmSync } from "node:fs";
import { open, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Etcd3 } from "etcd3";
import { compose } from "../../engine/cli/compose.ts";
import { EtcdClient } from "../../engine/run/store/etcd-client.ts";
import { etcdFiles } from "../../engine/run/store/etcd-files.ts";
import { initStore } from "../../engine/run/store/init-store.ts";
import { nodeFiles } from "../../engine/run/store/node-files.ts";
import { openActing } from "../../engine/run/store/open-store.ts";
import type { StorePorts } from "../../engine/run/store/store-ports.ts";
import { BENCH_STORE } from "./bench-store.ts";

// Takes and gives back leases of so many nodes through the store, many at once and one after the other, then does the
// same number of the least that could ever do it: the floor. Arguments: how many, and the endpoint of an etcd or
// nothing. Prints JSON.
const count = Number(process.argv[2] ?? "1000");
const endpoint = process.argv[3];
/** As many flows at once as an apply has by itself. */
const AT_ONCE = 64;

/** Seconds for so many pieces of work, `atOnce` of them under way at any time. */
async function timed(work: (i: number) => Promise<void>, atOnce: number): Promise<number> {
  const started = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const i = next;
      next += 1;
      await work(i);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return (performance.now() - started) / 1000;
}

function uuidOf(round: number, i: number): string {
  const shelf = (i % 256).toString(16).padStart(2, "0");
  return `${shelf}000000-0000-4000-8000-${String(round * 1_000_000 + i).padStart(12, "0")}`;
}

async function leases(dir: string, ports: StorePorts): Promise<readonly [number, number]> {
  const made = await initStore(dir, BENCH_STORE, ports);
  if (!made.ok) throw new Error(made.failure.message);
  const actor = { name: "bench", role: "apply", host: "h" } as const;
  const opened = await openActing(dir, { store: "bench" }, actor, ports);
  if (!opened.ok) throw new Error(opened.failure.message);
  const store = opened.value;
  const one = async (uuid: string): Promise<void> => {
    const claimed = await store.claim(uuid, uuid);
    if (!claimed.ok) throw new Error(claimed.failure.message);
    await claimed.value.release();
  };
  const many = await timed((i) => one(uuidOf(1, i)), AT_ONCE);
  const alone = await timed((i) => one(uuidOf(2, i)), 1);
  await store.close();
  return [many, alone];
}

/** One name that nobody has, on disk, and gone again. */
async function floorOfFiles(dir: string): Promise<readonly [number, number]> {
  const one = async (i: number): Promise<void> => {
    const path = join(dir, `floor.${i}`);
    const file = await open(path, "wx");
    await file.sync();
    await file.close();
    await unlink(path);
  };
  return [await timed(one, AT_ONCE), await timed(one, 1)];
}

/** One put and one delete. */
async function floorOfEtcd(at: string): Promise<readonly [number, number]> {
  const etcd = new Etcd3({ hosts: at });
  const one = async (i: number): Promise<void> => {
    const key = Buffer.from(`/floor/${i}`);
    await etcd.kv.put({ key, value: Buffer.from("x") });
    await etcd.kv.deleteRange({ key });
  };
  const floor = [await timed(one, AT_ONCE), await timed(one, 1)] as const;
  etcd.close();
  return floor;
}

const dir = mkdtempSync(join(tmpdir(), "ironwright-bench-"));
try {
  const house = compose("bench", {});
  const state = join(dir, "state");
  if (endpoint === undefined) {
    const [many, alone] = await leases(state, house.store);
    const [manyFloor, aloneFloor] = await floorOfFiles(dir);
    process.stdout.write(`${JSON.stringify({ count, many, alone, manyFloor, aloneFloor })}\n`);
  } else {
    const client = new EtcdClient({
      endpoints: [endpoint],
      prefix: `/bench-${process.pid}`,
      timeoutMs: 30_000,
      tls: null,
      login: null,
      now: () => performance.now(),
    });
    const files = etcdFiles(client, {
      dir: state,
      local: nodeFiles,
      hex: (bytes) => house.random.hex(bytes),
    });
    const [many, alone] = await leases(state, { ...house.store, files });
    client.close();
    const [manyFloor, aloneFloor] = await floorOfEtcd(endpoint);
    process.stdout.write(`${JSON.stringify({ count, many, alone, manyFloor, aloneFloor })}\n`);
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
