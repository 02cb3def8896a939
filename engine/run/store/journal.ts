import { hash } from "node:crypto";
import { dirname } from "node:path";
import { type JournalLine, journalLineSchema } from "../../../schemas/store.ts";
import { isMap } from "../../../schemas/is-map.ts";
import { lineIn, upgradeLine } from "./formats.ts";
import { journalMark } from "./layout.ts";
import { neededLines, type Upkeep } from "./rewrite-journal.ts";
import type { AppendFile, FilesPort } from "./store-ports.ts";
import { CorruptFile, issueText } from "./store-files.ts";

/**
 * A journal of this size is written anew without the lines that nobody needs: some thousand acts, and 20 ms for whoever
 * reads it. Half as much is rewritten twice as often, ten times as much is what every reader reads. Bytes.
 */
export const REWRITE_BYTES = 1_000_000;
/** It is written anew when it has grown by this factor, so that lines that stay are not copied each time. */
const GROWTH = 2;

/** One line as it is written: a checksum, a blank, JSON. */
function encode(line: JournalLine, format: number): string {
  const json = JSON.stringify(lineIn(format, line));
  return `${sum(json)} ${json}\n`;
}

function sum(json: string): string {
  return hash("sha1", json).slice(0, 8);
}

/**
 * The journal of one incarnation: append-only; one sync serves all lines that came while the last one ran. When it has
 * grown it is replaced by one that holds the lines that are still needed.
 */
export class Journal {
  readonly #path: string;
  readonly #files: FilesPort;
  #file: AppendFile | null = null;
  #waiting: {
    readonly text: string;
    readonly done: () => void;
    readonly failed: (error: unknown) => void;
  }[] = [];
  #writing = false;
  /** What the disk said when it failed first; a line after a torn one would read as damage. */
  #broken: { readonly error: unknown } | null = null;

  readonly #format: number;
  readonly #upkeep: Upkeep;
  #bytes = 0;
  #bytesMax = REWRITE_BYTES;
  /** How often it was written anew. */
  #times = 0;

  /** `format`: the one that the store is written in. */
  constructor(files: FilesPort, path: string, format: number, upkeep: Upkeep) {
    this.#files = files;
    this.#path = path;
    this.#format = format;
    this.#upkeep = upkeep;
  }

  /** Resolves when the line is on disk. A failed sync is never retried: whoever asked must end. */
  append(line: JournalLine): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ text: encode(line, this.#format), done, failed });
      if (!this.#writing) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        if (this.#broken !== null) throw this.#broken.error;
        if (this.#bytes >= this.#bytesMax) await this.#rewrite();
        const text = batch.map((one) => one.text).join("");
        await (await this.#open()).append(text);
        this.#bytes += Buffer.byteLength(text);
        for (const { done } of batch) done();
      } catch (error) {
        this.#broken ??= { error };
        for (const { failed } of batch) failed(error);
      }
    }
    this.#writing = false;
  }

  /**
   * Between two batches, so that no line comes meanwhile. The mark goes before the lines do: a reader that began before
   * sees a name gone, and reads again; one that begins after it finds the records that say what the lines said.
   */
  async #rewrite(): Promise<void> {
    const files = this.#files;
    const { from, bytes } = await neededLines(files, this.#path, this.#upkeep);
    await files.createUnsynced(journalMark(this.#path, this.#times + 1), "");
    await files.remove(journalMark(this.#path, this.#times));
    this.#times += 1;
    await files.rename(from, this.#path);
    // Until then a power cut brings the old file back: no line may be in the new one alone.
    await files.syncDir(dirname(this.#path));
    await this.#file?.close();
    this.#file = await files.openAppend(this.#path);
    this.#bytes = bytes;
    this.#bytesMax = Math.max(REWRITE_BYTES, GROWTH * bytes);
  }

  /** A new file's name is on disk only once its directory is. */
  async #open(): Promise<AppendFile> {
    if (this.#file !== null) return this.#file;
    await this.#files.createUnsynced(journalMark(this.#path, this.#times), "");
    this.#file = await this.#files.openAppend(this.#path);
    await this.#files.syncDir(dirname(this.#path));
    return this.#file;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }

  /** Closes it for good and takes it away: nobody needs a line of it. */
  async remove(): Promise<void> {
    await this.close();
    await this.#files.remove(this.#path);
    await this.#files.remove(journalMark(this.#path, this.#times));
  }
}

/** Journals of other incarnations, by node. The journal of a dead one is whole and is read once. */
export class OthersJournals {
  readonly #files: FilesPort;
  readonly #pathOf: (inc: string) => string;
  readonly #dead = new Map<string, Promise<ReadonlyMap<string, readonly JournalLine[]>>>();

  constructor(files: FilesPort, pathOf: (inc: string) => string) {
    this.#files = files;
    this.#pathOf = pathOf;
  }

  async linesOf(inc: string, node: string, isDead: boolean): Promise<readonly JournalLine[]> {
    const known = isDead ? this.#dead.get(inc) : undefined;
    const lines = known ?? this.#read(inc);
    if (isDead) this.#dead.set(inc, lines);
    return (await lines).get(node) ?? [];
  }

  async #read(inc: string): Promise<ReadonlyMap<string, readonly JournalLine[]>> {
    const byNode = new Map<string, JournalLine[]>();
    for (const line of await readJournal(this.#files, this.#pathOf(inc))) {
      const its = byNode.get(line.node);
      if (its === undefined) byNode.set(line.node, [line]);
      else its.push(line);
    }
    return byNode;
  }
}

/** Reads another's journal. A torn last line is what a crash leaves; a bad line before a good one is damage. */
export async function readJournal(files: FilesPort, path: string): Promise<readonly JournalLine[]> {
  const text = await files.read(path);
  if (text === null || text === "") return [];
  const lines = text.split("\n");
  const whole = lines.map(wholeLine);
  const firstTorn = whole.findIndex((json, index) => json === null && lines[index] !== "");
  if (firstTorn !== -1 && whole.slice(firstTorn + 1).some((json) => json !== null))
    throw new CorruptFile(path, `line ${firstTorn + 1} does not match its checksum`);
  return whole.flatMap((json, index) => (json === null ? [] : decode(json, path, index + 1)));
}

/** The JSON of a line that was written whole; null for a torn one. */
function wholeLine(text: string): string | null {
  const json = text.slice(9);
  return text[8] === " " && text.slice(0, 8) === sum(json) ? json : null;
}

/** What was written whole is never skipped: who does not know it must not act on what is left. */
function decode(json: string, path: string, line: number): JournalLine {
  const value: unknown = JSON.parse(json);
  const parsed = journalLineSchema.safeParse(isMap(value) ? upgradeLine(value, path) : value);
  if (parsed.success) return parsed.data;
  throw new CorruptFile(path, `line ${line}: ${issueText(parsed.error)}`);
}
