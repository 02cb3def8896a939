import type { Random } from "../ports.ts";
import { digits, type Layout } from "./layout.ts";
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

/** What was left in the store of an epoch, and has no number by which it could be older or newer. */
const MARK = /^\d{16}\.mark\.([0-9a-f]+)$/;

/** What this host saw of one store, kept outside of it: a store that is behind was restored from a backup. */
export class Witness {
  readonly #files: FilesPort;
  readonly #dir: string | null;
  readonly #layout: Layout;
  readonly #random: Random;

  constructor(
    { files, random }: { readonly files: FilesPort; readonly random: Random },
    layout: Layout,
    dir: string | null,
  ) {
    this.#files = files;
    this.#random = random;
    this.#layout = layout;
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
      if (revision === null) return;
      await this.#raise(this.#dir, `${digits(epoch)}.revision.${digits(revision)}`, REVISION);
      await this.#mark(this.#dir, epoch);
    } catch (error) {
      nothingOf(error);
    }
  }

  /**
   * True when the store lacks what this host left there. A snapshot of before does, also where the revision was raised when
   * it was restored (`etcdutl snapshot restore --bump-revision`).
   */
  async missesMark(epoch: number): Promise<boolean> {
    for (const name of await this.#names(MARK).catch(nothingOf)) {
      if (!name.startsWith(`${digits(epoch)}.`)) continue;
      if (await this.#files.exists(this.#layout.mark(nonceOf(name)))) continue;
      // Another process of this host that left a new one took this name away before the mark.
      if ((await this.#names(MARK)).includes(name)) return true;
    }
    return false;
  }

  /** First in the store: what is remembered is there. Cut off in between, an empty key stays there for good. */
  async #mark(dir: string, epoch: number): Promise<void> {
    // Set back under this engine: what tells of it stays.
    if (await this.missesMark(epoch)) return;
    const old = await this.#names(MARK);
    const nonce = this.#random.hex(8);
    await this.#files.makeDir(this.#layout.marks);
    await this.#files.create(this.#layout.mark(nonce), "");
    await this.#files.create(`${dir}/${digits(epoch)}.mark.${nonce}`, "");
    for (const name of old) {
      await this.#files.remove(`${dir}/${name}`);
      await this.#files.remove(this.#layout.mark(nonceOf(name)));
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

function nonceOf(name: string): string {
  return MARK.exec(name)?.[1] ?? "";
}

/** What the system refuses is not remembered; a bug is thrown on. */
function nothingOf(error: unknown): readonly string[] {
  if (codeOf(error) === "") throw error;
  return [];
}
