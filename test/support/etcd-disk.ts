import { EtcdClient } from "../../engine/run/store/etcd-client.ts";
import { etcdFiles } from "../../engine/run/store/etcd-files.ts";
import { childIn, textOf } from "../../engine/run/store/etcd-keys.ts";
import type { AppendFile, FilesPort } from "../../engine/run/store/store-ports.ts";
import { type Before, type Disk, MemoryFiles } from "./memory-files.ts";

const DIR = "/s";
let count = 0;

/** Calls to any etcd that are not answered yet. */
let underWay = 0;

/** A name that no other test has. */
function hex(bytes: number): string {
  count += 1;
  return `${process.pid}x${count}`.padStart(bytes * 2, "0");
}

/** Until nothing that waits for etcd is left, nor comes after. */
export async function untilIdle(): Promise<void> {
  for (let quiet = 0; quiet < 10; quiet += 1) {
    await new Promise((next) => setImmediate(next));
    if (underWay > 0) quiet = 0;
  }
}

/** The state directory `/s` in a real etcd, below a prefix of its own; what stays on the host lies in memory. */
export class EtcdDisk implements Disk {
  readonly backend = "etcd";
  readonly #client: EtcdClient;
  readonly #local: MemoryFiles;
  readonly #before: Before;
  readonly #files: FilesPort;

  constructor(
    client: EtcdClient,
    local = new MemoryFiles(),
    before: Before = () => Promise.resolve(),
    files: FilesPort = etcdFiles(client, { dir: DIR, local, hex }),
  ) {
    this.#client = client;
    this.#local = local;
    this.#before = before;
    this.#files = files;
  }

  sharedWith(before: Before): Disk {
    return new EtcdDisk(this.#client, this.#local, before);
  }

  guardedBy(path: string): FilesPort {
    return new EtcdDisk(this.#client, this.#local, this.#before, this.#files.guardedBy(path));
  }

  async dump(): Promise<Map<string, string>> {
    const { prefix } = this.#client.access;
    const { kvs } = await counted(
      this.#client.range({ key: Buffer.from(`${prefix}/`), range_end: Buffer.from(`${prefix}0`) }),
    );
    const found = new Map(this.#local.files);
    const keys = kvs.map((kv) => ({ kv, key: kv.key.toString().replace(/\0.*$/s, "") }));
    for (const { key } of keys) {
      const path = `${DIR}/${key.slice(prefix.length + 1)}`;
      const its = keys.filter((one) => one.key === key).map(({ kv }) => kv);
      const text = textOf(key, its);
      if (text !== null && childIn(prefix, key).name !== "fences") found.set(path, text);
    }
    return found;
  }

  async put(path: string, text: string): Promise<void> {
    if (!path.startsWith(`${DIR}/`)) return this.#local.put(path, text);
    await counted(this.#files.create(`${DIR}/tmp/put`, text));
    await counted(this.#files.rename(`${DIR}/tmp/put`, path));
  }

  async drop(path: string): Promise<void> {
    await this.#local.drop(path);
    await counted(this.#files.remove(path));
  }

  place(dir: string): string {
    return this.#files.place(dir);
  }
  identity(path: string): ReturnType<FilesPort["identity"]> {
    return counted(this.#files.identity(path));
  }
  revision(): Promise<number | null> {
    return counted(this.#files.revision());
  }
  read(path: string): Promise<string | null> {
    return this.#after("read", path, () => this.#files.read(path));
  }
  list(dir: string): Promise<readonly string[]> {
    return this.#after("list", dir, () => this.#files.list(dir));
  }
  create(path: string, text: string): Promise<void> {
    return this.#after("create", path, () => this.#files.create(path, text));
  }
  createUnsynced(path: string, text: string): Promise<void> {
    return this.#after("create", path, () => this.#files.createUnsynced(path, text));
  }
  appendUnsynced(path: string, text: string): Promise<void> {
    return this.#after("append", path, () => this.#files.appendUnsynced(path, text));
  }
  link(from: string, to: string): Promise<boolean> {
    return this.#after("link", to, () => this.#files.link(from, to));
  }
  rename(from: string, to: string): Promise<void> {
    return this.#after("rename", to, () => this.#files.rename(from, to));
  }
  remove(path: string): Promise<void> {
    return this.#after("remove", path, () => this.#files.remove(path));
  }
  removeAll(dir: string): Promise<void> {
    return this.#after("removeAll", dir, () => this.#files.removeAll(dir));
  }
  makeDir(dir: string): Promise<void> {
    return this.#after("makeDir", dir, () => this.#files.makeDir(dir));
  }
  syncDir(dir: string): Promise<void> {
    return this.#after("syncDir", dir, () => this.#files.syncDir(dir));
  }
  exists(path: string): Promise<boolean> {
    return this.#after("exists", path, () => this.#files.exists(path));
  }
  async openAppend(path: string): Promise<AppendFile> {
    const file = await counted(this.#files.openAppend(path));
    return {
      append: (text) => this.#after("append", path, () => file.append(text)),
      add: (text) => this.#after("append", path, () => file.add(text)),
      close: () => file.close(),
    };
  }

  async #after<T>(operation: string, path: string, work: () => Promise<T>): Promise<T> {
    await this.#before(operation, path);
    return counted(work());
  }
}

async function counted<T>(work: Promise<T>): Promise<T> {
  underWay += 1;
  try {
    return await work;
  } finally {
    underWay -= 1;
  }
}

/** How an etcd without users is reached by a test. */
export function clientOf(
  endpoints: readonly string[],
  prefix: string,
  timeoutMs = 10_000,
): EtcdClient {
  return new EtcdClient({
    endpoints,
    prefix,
    timeoutMs,
    tls: null,
    login: null,
    now: () => performance.now(),
  });
}
