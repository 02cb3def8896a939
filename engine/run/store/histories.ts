import type { HistoryEntry } from "../../../schemas/store.ts";
import type { Layout } from "./layout.ts";
import { HISTORY_MAX } from "./reader.ts";
import type { AppendFile, FilesPort } from "./store-ports.ts";

/** The history of a node whose lease is held: its file stays open, for a line comes with every act. */
interface Open {
  readonly file: AppendFile;
  readonly length: number;
}

/** What histories need of their store. */
export interface HistorySite {
  readonly files: FilesPort;
  readonly layout: Layout;
  /** A name in the directory of temporary files that nobody else has. */
  readonly temporary: (what: string) => string;
  readonly read: (uuid: string) => Promise<readonly HistoryEntry[]>;
}

/** Histories of the nodes whose lease is ours. Only who holds the lease shortens one, so an open file stays the one. */
export class Histories {
  readonly #site: HistorySite;
  readonly #open = new Map<string, Promise<Open>>();

  constructor(site: HistorySite) {
    this.#site = site;
  }

  /** Adds a line; it is rewritten only when it is twice too long. */
  async append(uuid: string, entry: HistoryEntry): Promise<void> {
    const opening = this.#open.get(uuid) ?? this.#begin(uuid);
    this.#open.set(uuid, opening);
    const { file, length } = await opening;
    await file.add(lineOf(entry));
    this.#open.set(uuid, Promise.resolve({ file, length: length + 1 }));
    if (length + 1 >= 2 * HISTORY_MAX) await this.#shorten(uuid);
  }

  /** Adds a line to the history of a node whose lease is not ours. */
  async appendOnce(uuid: string, entry: HistoryEntry): Promise<void> {
    const { files, layout } = this.#site;
    await files.makeDir(layout.node(uuid));
    await files.appendUnsynced(layout.history(uuid), lineOf(entry));
  }

  /** Gives the file back. */
  async close(uuid: string): Promise<void> {
    const opening = this.#open.get(uuid);
    this.#open.delete(uuid);
    const { file } = (await opening) ?? {};
    await file?.close();
  }

  async #begin(uuid: string): Promise<Open> {
    const { files, layout } = this.#site;
    await files.makeDir(layout.node(uuid));
    // All of it: also what people wrote of a node that nobody held for years.
    const length = ((await files.read(layout.history(uuid))) ?? "").split("\n").length - 1;
    return { file: await files.openAppend(layout.history(uuid)), length };
  }

  async #shorten(uuid: string): Promise<void> {
    const { files, layout, read, temporary } = this.#site;
    const kept = await read(uuid);
    const from = temporary("history");
    await files.createUnsynced(from, kept.map(lineOf).join(""));
    await this.close(uuid);
    await files.rename(from, layout.history(uuid));
  }
}

function lineOf(entry: HistoryEntry): string {
  return `${JSON.stringify(entry)}\n`;
}
