import { join } from "node:path";
import { z } from "zod";
import type { StoreFile } from "../../../schemas/store.ts";
import type { Layout } from "./layout.ts";
import type { Register } from "./register.ts";
import { readJson } from "./store-files.ts";
import type { FilesPort } from "./store-ports.ts";

/** `machines/<what>.json`: keys of machines. */
export const keysSchema = z.array(z.string());

/**
 * Nodes and machines that are somebody's. What was there when the store was made, or restored, never changes and may be large;
 * what was forgotten since comes to it, and nothing ever goes.
 */
export class Existing {
  readonly #names: Set<string>;
  /** Files that are in it. */
  readonly #read = new Set<string>();

  constructor({ existing }: Pick<StoreFile, "existing">) {
    this.#names = new Set(existing);
  }

  async load(
    { nodes }: Pick<StoreFile, "nodes">,
    from: { readonly files: FilesPort; readonly layout: Layout; readonly register: Register },
  ): Promise<ReadonlySet<string>> {
    const { files, layout, register } = from;
    if (nodes !== "new" && !this.#read.has(FIRST)) {
      const first = await register.first();
      for (const name of first?.names ?? []) this.#names.add(name);
      if (first !== null) this.#read.add(FIRST);
    }
    for (const name of await files.list(layout.machines)) {
      if (ONCE.has(name) && this.#read.has(name)) continue;
      const keys = await readJson(files, join(layout.machines, name), keysSchema);
      for (const key of keys ?? []) this.#names.add(key);
      this.#read.add(name);
    }
    return this.#names;
  }
}

const FIRST = "the first entry";
/** Written when the store is made or restored, and never by a living engine. */
const ONCE = new Set(["init.json", "restored.json"]);
