import { basename, dirname } from "node:path";
import type { ICompare, IRequestOp } from "etcd3";
import { type EtcdClient, hex } from "./etcd-client.ts";
import {
  bytes,
  type Change,
  deleted,
  EtcdCommits,
  isAbsent,
  isOurs,
  modIs,
  noneNewer,
  put,
} from "./etcd-commits.ts";
import {
  belowEnd,
  childIn,
  endOf,
  isPart,
  nextSegment,
  PAGE_KEYS,
  PIECE_BYTES,
  PIECES_AT_ONCE,
  partKey,
  partsRange,
  piecesIn,
  piecesOf,
  pointer,
  segmentKey,
  textOf,
} from "./etcd-keys.ts";
import type { AppendFile, FilesPort } from "./store-ports.ts";

/** What every view of one etcd shares. */
interface Shared {
  readonly client: EtcdClient;
  readonly commits: EtcdCommits;
  /** The state directory: what lies below it is in etcd, but for what `isLocal` says. */
  readonly dir: string;
  /** The witness, wherever it is: it must not go back with what it bears witness of. */
  readonly stays: string | null;
  /** The disk of this host. */
  readonly local: FilesPort;
  readonly hex: (bytes: number) => string;
  /** Files that have only a temporary name yet. */
  readonly blanks: Map<string, string>;
}

/**
 * The store's files in etcd. What is relied on:
 *
 * - A read is linearizable (never serializable): it sees every transaction that was answered before it was asked, on
 *   whichever member. So "no such key" is an answer that a check may rest on, and no reply comes without a quorum.
 * - A transaction compares and writes in one step, and is on the disks of a quorum when it is answered. To link is to
 *   create where there is nothing; of a name that exists, where the source is as it was read (its mod revision).
 * - A range is of one revision; so are its further pages, asked for by that revision.
 *
 * Every transaction compares besides that nobody declared this engine dead (`guardedBy`), so a killed one cannot write at
 * all, and that a key of this process (`fences/`) stands where it stood. When an answer is lost, that key is written first:
 * from then on the lost transaction cannot be carried out any more, and a read tells whether it was. Only then is it sent
 * again.
 *
 * What is lost without harm stays on the disk of this host: readings, histories, and what has only a temporary name.
 */
export class EtcdFiles implements FilesPort {
  readonly backend = "etcd";
  readonly #shared: Shared;
  /** Files whose presence refuses every write. */
  readonly #guards: readonly string[];

  constructor(shared: Shared, guards: readonly string[] = []) {
    this.#shared = shared;
    this.#guards = guards;
  }

  place(): string {
    const { endpoints, prefix } = this.#shared.client.access;
    return `etcd (${endpoints.join(", ")}, below ${prefix})`;
  }

  guardedBy(path: string): FilesPort {
    return new EtcdFiles(this.#shared, [...this.#guards, this.#key(path)]);
  }

  async read(path: string): Promise<string | null> {
    const { blanks, local } = this.#shared;
    const blank = blanks.get(path);
    if (blank !== undefined) return blank;
    if (this.#isLocal(path)) return local.read(path);
    const key = this.#key(path);
    return textOf(key, await this.#shared.commits.all(key));
  }

  async list(dir: string): Promise<readonly string[]> {
    if (this.#isLocal(dir)) return this.#shared.local.list(dir);
    const key = this.#key(dir);
    const names = new Set<string>();
    let from = `${key}/`;
    for (;;) {
      const { kvs, more } = await this.#shared.client.range({
        key: bytes(from),
        range_end: bytes(belowEnd(key)),
        limit: PAGE_KEYS,
        keys_only: true,
      });
      for (const kv of kvs) if (!isPart(kv.key)) names.add(childIn(key, kv.key.toString()).name);
      const last = kvs.at(-1)?.key.toString();
      if (!more || last === undefined) return [...names];
      // What else lies below the last name is of no interest.
      const { name, isDir } = childIn(key, last);
      from = isDir ? belowEnd(`${key}/${name}`) : endOf(`${key}/${name}`);
    }
  }

  async exists(path: string): Promise<boolean> {
    const { blanks, local } = this.#shared;
    if (blanks.has(path)) return true;
    if (this.#isLocal(path)) return local.exists(path);
    return (await this.#shared.commits.first(this.#key(path))) !== null;
  }

  async create(path: string, text: string): Promise<void> {
    const { blanks, local } = this.#shared;
    if (this.#isTemporary(path)) blanks.set(path, text);
    else if (this.#isLocal(path)) await local.create(path, text);
    else if (!(await this.#createAt(path, text))) throw systemError("EEXIST", path);
  }

  async createUnsynced(path: string, text: string): Promise<void> {
    if (!this.#isLocal(path)) return this.create(path, text);
    await this.#shared.local.makeDir(dirname(path));
    await this.#shared.local.createUnsynced(path, text);
  }

  async appendUnsynced(path: string, text: string): Promise<void> {
    await this.#shared.local.makeDir(dirname(path));
    await this.#shared.local.appendUnsynced(path, text);
  }

  async link(from: string, to: string): Promise<boolean> {
    const { blanks } = this.#shared;
    const blank = blanks.get(from);
    if (blank === undefined) return this.#linkStored(from, to);
    if (!this.#isTemporary(to)) return this.#createAt(to, blank);
    if (blanks.has(to)) return false;
    blanks.set(to, blank);
    return true;
  }

  /** A second name of what is there: as it is read, or not at all. */
  async #linkStored(from: string, to: string): Promise<boolean> {
    const source = this.#key(from);
    for (;;) {
      const found = await this.#shared.commits.all(source);
      const [first] = found;
      const text = textOf(source, found);
      if (first === undefined || text === null) throw systemError("ENOENT", from);
      if (await this.#createAt(to, text, [modIs(source, Number(first.mod_revision))])) return true;
      if (await this.exists(to)) return false;
    }
  }

  async #createAt(path: string, text: string, compare: readonly ICompare[] = []): Promise<boolean> {
    const key = this.#key(path);
    const value = await this.#valueOf(key, text);
    const isNew = await this.#shared.commits.commit(
      {
        key,
        compare: () => [isAbsent(key), ...value.compare, ...compare],
        ops: [put(key, value.bytes)],
        isDone: (now, since) => isOurs(now, value.bytes, since),
      },
      this.#guards,
    );
    if (isNew || value.parts === null) return isNew;
    await this.#drop(value.parts);
    // Whoever removed that name took parts away that had no value yet: it is free.
    const isTaken = compare.length > 0 || (await this.#shared.commits.first(key)) !== null;
    return isTaken ? false : this.#createAt(path, text);
  }

  /** Parts that no value names. */
  #drop([from, end]: readonly [string, string]): Promise<void> {
    const ops = [deleted(from, end)];
    return this.#shared.commits.always(
      { key: from, compare: () => [], ops, isDone: () => false },
      this.#guards,
    );
  }

  async rename(from: string, to: string): Promise<void> {
    const { blanks, local } = this.#shared;
    const blank = blanks.get(from);
    if (blank === undefined) {
      await local.makeDir(dirname(to));
      await local.rename(from, to);
      return;
    }
    while (!(await this.#replace(this.#key(to), blank)));
    blanks.delete(from);
  }

  /** False when the file, or what was brought for it, is not as it was known: then anew. */
  async #replace(key: string, text: string): Promise<boolean> {
    const value = await this.#valueOf(key, text);
    const [first, end] = piecesOf(key);
    const old: readonly IRequestOp[] =
      value.parts === null
        ? [deleted(first, end)]
        : [deleted(first, value.parts[0]), deleted(value.parts[1], end)];
    // As it is now: carried out late it must not bring back what was removed since.
    const seen = await this.#shared.commits.revisionOf(key);
    return this.#shared.commits.commit(
      {
        key,
        compare: () => [modIs(key, seen), ...value.compare],
        ops: [...old, put(key, value.bytes)],
        isDone: (now, since) => isOurs(now, value.bytes, since),
      },
      this.#guards,
    );
  }

  async remove(path: string): Promise<void> {
    const { blanks, local } = this.#shared;
    if (blanks.delete(path)) return;
    if (this.#isLocal(path)) return local.remove(path);
    while (!(await this.#removeSeen(this.#key(path))));
  }

  /**
   * Of what is there now, parts that no value names included: what somebody makes of that name meanwhile is not what was to
   * be removed.
   */
  async #removeSeen(key: string): Promise<boolean> {
    const { commits } = this.#shared;
    const seen = await commits.firstOfAll(key);
    if (seen === null) return true;
    const first = seen.key.toString();
    const change: Change = {
      key: first,
      // Of parts alone: no value came meanwhile that names them.
      compare: () => [
        modIs(first, Number(seen.mod_revision)),
        ...(first === key ? [] : [isAbsent(key)]),
      ],
      ops: [deleted(key, endOf(key))],
      isDone: (now) => now?.mod_revision !== seen.mod_revision,
    };
    return commits.commit(change, this.#guards);
  }

  async removeAll(dir: string): Promise<void> {
    await this.#shared.local.removeAll(dir);
    if (this.#isLocal(dir)) return;
    const key = `${this.#key(dir)}/`;
    const end = belowEnd(this.#key(dir));
    // Carried out late it would take what was made since; where somebody made some meanwhile, it is asked again.
    const compare = (since: number): readonly ICompare[] => [noneNewer(key, end, since)];
    await this.#shared.commits.always(
      { key, compare, ops: [deleted(key, end)], isDone: () => false },
      this.#guards,
    );
  }

  /** Directories are made where something is written into them. */
  async makeDir(dir: string): Promise<void> {
    if (this.#isLocal(dir)) await this.#shared.local.makeDir(dir);
  }

  async syncDir(dir: string): Promise<void> {
    if (this.#isLocal(dir)) await this.#shared.local.syncDir(dir);
  }

  /** A snapshot that was restored is another cluster; and below another prefix it is a copy. */
  async identity(path: string): Promise<{ readonly dev: string; readonly ino: string } | null> {
    const { client, dir, local } = this.#shared;
    if (path !== dir) return local.identity(path);
    await this.revision();
    return { dev: "etcd", ino: `${hex(client.clusterId ?? "0")} ${client.access.prefix}` };
  }

  async revision(): Promise<number> {
    const { client } = this.#shared;
    await client.range({ key: bytes(`${client.access.prefix}/store.json`), keys_only: true });
    return client.revision;
  }

  async openAppend(path: string): Promise<AppendFile> {
    if (this.#isLocal(path)) {
      await this.#shared.local.makeDir(dirname(path));
      return this.#shared.local.openAppend(path);
    }
    const key = this.#key(path);
    const [first, end] = piecesOf(key);
    const { kvs } = await this.#shared.client.range({
      key: bytes(first),
      range_end: bytes(end),
      limit: 1,
      keys_only: true,
      sort_order: "Descend",
      sort_target: "Key",
    });
    let next = nextSegment(key, kvs[0]?.key.toString());
    const append = async (text: string): Promise<void> => {
      const pieces = piecesIn(text);
      for (let at = 0; at < pieces.length; at += PIECES_AT_ONCE) {
        const some = pieces.slice(at, at + PIECES_AT_ONCE);
        await this.#appendPieces(key, next, some);
        next += some.length;
      }
    };
    return { append, add: append, close: () => Promise.resolve() };
  }

  /** In order: whoever reads sees none without all before it. */
  async #appendPieces(file: string, from: number, pieces: readonly Buffer[]): Promise<void> {
    const key = segmentKey(file, from);
    const first = pieces[0] ?? Buffer.of();
    const done = await this.#shared.commits.commit(
      {
        key,
        compare: () => [isAbsent(key)],
        ops: pieces.map((piece, index) => put(segmentKey(file, from + index), piece)),
        isDone: (now, since) => isOurs(now, first, since),
      },
      this.#guards,
    );
    if (!done) throw systemError("EEXIST", key);
  }

  /** The value that stands for a text: itself, or the name of parts that were brought before. */
  async #valueOf(
    key: string,
    text: string,
  ): Promise<{
    readonly bytes: Buffer;
    readonly parts: readonly [string, string] | null;
    readonly compare: readonly ICompare[];
  }> {
    const whole = Buffer.from(text);
    if (whole.length <= PIECE_BYTES) return { bytes: whole, parts: null, compare: [] };
    const id = this.#shared.hex(8);
    const pieces = piecesIn(text);
    for (let at = 0; at < pieces.length; at += PIECES_AT_ONCE) {
      const ops = pieces
        .slice(at, at + PIECES_AT_ONCE)
        .map((piece, index) => put(partKey(key, id, at + index), piece));
      // Under a name that nobody else has: as often as it takes.
      await this.#shared.commits.always(
        { key, compare: () => [], ops, isDone: () => false },
        this.#guards,
      );
    }
    const parts = partsRange(key, id);
    // Whoever replaced the file meanwhile took them away, all or none.
    const areThere: ICompare = {
      key: bytes(parts[0]),
      range_end: bytes(parts[1]),
      target: "Create",
      result: "Greater",
      create_revision: 0,
    };
    return { bytes: Buffer.from(pointer(id)), parts, compare: [areThere] };
  }

  #isTemporary(path: string): boolean {
    return path.startsWith(`${this.#shared.dir}/tmp/`);
  }

  #isLocal(path: string): boolean {
    const { dir, stays } = this.#shared;
    if (path === dir || !path.startsWith(`${dir}/`)) return true;
    if (stays !== null && (path === stays || path.startsWith(`${stays}/`))) return true;
    const rest = path.slice(dir.length + 1);
    return (
      /^(tmp|readings|readings\.json|\.gitignore)(\/|$)/.test(rest) ||
      basename(rest) === "history.jsonl"
    );
  }

  #key(path: string): string {
    const { client, dir } = this.#shared;
    return `${client.access.prefix}/${path.slice(dir.length + 1)}`;
  }
}

/** The store of a state directory in an etcd. */
export function etcdFiles(
  client: EtcdClient,
  of: Pick<Shared, "dir" | "local" | "hex"> & Partial<Pick<Shared, "stays">>,
): EtcdFiles {
  const commits = new EtcdCommits(client, `${client.access.prefix}/fences/${of.hex(16)}`);
  return new EtcdFiles({ stays: null, ...of, client, commits, blanks: new Map() });
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
