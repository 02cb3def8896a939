import { digits } from "./layout.ts";
import { codeOf } from "./node-files.ts";
import type { FilesPort } from "./store-ports.ts";

/** How far a store had come when this host last saw it. */
interface Seen {
  readonly epoch: number;
  readonly seq: number;
}

/** A name is all that a witness file is: what was seen is never lowered by a write that came late. */
const NAME = /^(\d{16})\.(\d{16})$/;

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
    const names = await this.#names().catch(nothingOf);
    const highest = names.at(-1);
    return highest === undefined ? null : seenOf(highest);
  }

  /** Remembers; a home that cannot be read or written remembers nothing, and no work is refused for it. */
  async saw({ epoch, seq }: Seen): Promise<void> {
    if (this.#dir === null) return;
    const mine = `${digits(epoch)}.${digits(seq)}`;
    try {
      await this.#files.makeDir(this.#dir);
      const names = await this.#names();
      if (names.every((name) => name < mine)) await this.#files.create(`${this.#dir}/${mine}`, "");
      for (const name of names) if (name < mine) await this.#files.remove(`${this.#dir}/${name}`);
    } catch (error) {
      nothingOf(error);
    }
  }

  async #names(): Promise<readonly string[]> {
    if (this.#dir === null) return [];
    const names = await this.#files.list(this.#dir);
    return names.filter((name) => NAME.test(name)).sort((a, b) => (a < b ? -1 : 1));
  }
}

/** What the system refuses is not remembered; a bug is thrown on. */
function nothingOf(error: unknown): readonly string[] {
  if (codeOf(error) === "") throw error;
  return [];
}

function seenOf(name: string): Seen {
  const [epoch = "", seq = ""] = name.split(".");
  return { epoch: Number(epoch), seq: Number(seq) };
}
