import { digits } from "./layout.ts";
import { codeOf } from "./node-files.ts";
import type { FilesPort } from "./store-ports.ts";

/** How far a store had come when this host last saw it. */
interface Seen {
  readonly epoch: number;
  readonly seq: number;
  /** Of etcd, which numbers every change; null of a directory. */
  readonly revision: number | null;
}

/** A name is all that a witness file is: what was seen is never lowered by a write that came late. */
const NAME = /^\d{16}\.\d{16}$/;
/** The same of an epoch's revisions; a version that knows none of them passes it over. */
const REVISION = /^\d{16}\.revision\.\d{16}$/;

/** What this host saw of one store, kept outside of it: a store that is behind was restored from a backup. */
export class Witness {
  readonly #files: FilesPort;
  readonly #dir: string | null;

  constructor(files: FilesPort, dir: string | null) {
    this.#files = files;
    this.#dir = dir;
  }

  /** Null when this host has not seen the store, or cannot remember. */
  async highest(): Promise<Seen | null> {
    const highest = (await this.#names(NAME).catch(nothingOf)).at(-1);
    if (highest === undefined) return null;
    const [epoch = "", seq = ""] = highest.split(".");
    const revision = (await this.#names(REVISION).catch(nothingOf)).at(-1);
    const isOfIt = revision?.startsWith(`${epoch}.`) === true;
    return {
      epoch: Number(epoch),
      seq: Number(seq),
      revision: isOfIt ? Number(revision.slice(-epoch.length)) : null,
    };
  }

  /** Remembers; a home that cannot be read or written remembers nothing, and no work is refused for it. */
  async saw({ epoch, seq, revision }: Seen): Promise<void> {
    if (this.#dir === null) return;
    try {
      await this.#files.makeDir(this.#dir);
      await this.#raise(this.#dir, `${digits(epoch)}.${digits(seq)}`, NAME);
      if (revision !== null)
        await this.#raise(this.#dir, `${digits(epoch)}.revision.${digits(revision)}`, REVISION);
    } catch (error) {
      nothingOf(error);
    }
  }

  async #raise(dir: string, mine: string, kind: RegExp): Promise<void> {
    const names = await this.#names(kind);
    if (names.every((name) => name < mine)) await this.#files.create(`${dir}/${mine}`, "");
    for (const name of names) if (name < mine) await this.#files.remove(`${dir}/${name}`);
  }

  async #names(kind: RegExp): Promise<readonly string[]> {
    if (this.#dir === null) return [];
    const names = await this.#files.list(this.#dir);
    return names.filter((name) => kind.test(name)).sort((a, b) => (a < b ? -1 : 1));
  }
}

/** What the system refuses is not remembered; a bug is thrown on. */
function nothingOf(error: unknown): readonly string[] {
  if (codeOf(error) === "") throw error;
  return [];
}
