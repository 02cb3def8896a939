import { instantText } from "../../../schemas/instant.ts";
import type { Observation } from "../../../schemas/observation.ts";
import type { Layout } from "./layout.ts";
import { Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

/** Raised when the shape of an Observation changes. */
const VERSION = 1;
/** A daemon reads all the time, and what it read is a cache: it is written this often. Milliseconds. */
const WRITE_EVERY_MS = 10_000;
/** And no more often than so many times as long as that takes: of a large fleet it is a hundred megabytes. */
const REST_TIMES = 30;
/** Readings that are written in one turn: others have their turns in between. */
const TURN = 500;

type ByNode = ReadonlyMap<string, Observation>;

/**
 * What was last read of each node. Commands share one file; each daemon has one of its own beside it, so that none writes
 * over what another has just read. Lost without harm, and never synced.
 */
export class Readings {
  readonly #ports: StorePorts;
  readonly #layout: Layout;
  /** The daemon's name; null for a command. */
  readonly #daemon: string | null;
  /** As they were last read from disk, with what was saved since; a daemon's is newer than its file. */
  #known: Map<string, Observation> | null = null;
  #isDeclared: (name: string) => boolean = () => true;
  /** By the monotonic clock. */
  #writeAgainAt = -Infinity;
  /** A daemon goes on while they are written. */
  #writing: Promise<void> = Promise.resolve();

  constructor(ports: StorePorts, layout: Layout, daemon: string | null) {
    this.#ports = ports;
    this.#layout = layout;
    this.#daemon = daemon;
  }

  /** By node name; of several files the newest reading of each. */
  async load(): Promise<ByNode> {
    if (this.#daemon !== null && this.#known !== null) return this.#known;
    this.#known = await this.#fromDisk();
    return this.#known;
  }

  /** Of two readings of one node the newer stays: applies that run beside each other save what each has seen. */
  async save(readings: ByNode, isDeclared: (name: string) => boolean = () => true): Promise<void> {
    this.#known ??= await this.#fromDisk();
    lay(this.#known, readings);
    this.#isDeclared = isDeclared;
    if (this.#daemon === null) return this.#writeAll();
    const { clock } = this.#ports;
    const from = clock.monotonic();
    if (from < this.#writeAgainAt) return;
    this.#writeAgainAt = Infinity;
    this.#writing = this.#writeTimed(from);
  }

  async #writeTimed(from: number): Promise<void> {
    await this.#writeAll();
    const took = this.#ports.clock.monotonic() - from;
    this.#writeAgainAt = from + Math.max(WRITE_EVERY_MS, REST_TIMES * took);
  }

  /** Also what other engines have read since: a daemon that gets nodes of theirs must know what these agreed on. */
  async refresh(): Promise<void> {
    if (this.#known !== null) lay(this.#known, await this.#fromDisk());
  }

  /** Brings to disk what a daemon holds in memory; a command has written all that it saved. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#daemon !== null) await this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    if (this.#known === null) return;
    for (const name of this.#known.keys()) if (!this.#isDeclared(name)) this.#known.delete(name);
    const { readings } = this.#layout;
    const path = this.#daemon === null ? readings : this.#layout.readingsOf(this.#daemon);
    await this.#write(path, this.#known);
  }

  async #fromDisk(): Promise<Map<string, Observation>> {
    const { files } = this.#ports;
    const { readings, daemonReadings } = this.#layout;
    const newest = new Map<string, Observation>();
    const names = await files.list(daemonReadings).catch(() => []);
    for (const path of [readings, ...names.map((name) => `${daemonReadings}/${name}`)])
      for (const one of await this.#read(path))
        if (one.at >= (newest.get(one.node)?.at ?? -Infinity)) newest.set(one.node, one);
    return newest;
  }

  async #read(path: string): Promise<readonly Observation[]> {
    try {
      const text = await this.#ports.files.read(path);
      const value: unknown = text === null ? null : JSON.parse(text);
      return isReadings(value) ? value.readings : [];
    } catch {
      // A cache: torn or old, it is as if it were not there.
      return [];
    }
  }

  async #write(path: string, readings: ByNode): Promise<void> {
    const now = instantText(this.#ports.clock.now()).replaceAll(":", "");
    const writer = new Writer(this.#ports, this.#layout, `readings.${now}`);
    try {
      if (this.#daemon !== null) await this.#ports.files.makeDir(this.#layout.daemonReadings);
      await writer.replaceInTurns(path, pieces(readings));
    } catch {
      // A full or read-only disk keeps no cache; nothing is lost by it.
    }
  }
}

// The file in pieces, each of a turn.
function* pieces(readings: ByNode): Generator<string> {
  let piece = `{"version":${VERSION},"readings":[`;
  let count = 0;
  for (const reading of readings.values()) {
    piece += `${count === 0 ? "" : ","}${JSON.stringify(reading)}`;
    count += 1;
    if (count % TURN !== 0) continue;
    yield piece;
    piece = "";
  }
  yield `${piece}]}`;
}

/** Of two readings of one node the newer; of one time the second. */
function lay(under: Map<string, Observation>, over: ByNode): void {
  for (const [name, one] of over)
    if (one.at >= (under.get(name)?.at ?? -Infinity)) under.set(name, one);
}

function isReadings(value: unknown): value is { readonly readings: readonly Observation[] } {
  if (typeof value !== "object" || value === null) return false;
  return (
    "version" in value &&
    value.version === VERSION &&
    "readings" in value &&
    Array.isArray(value.readings)
  );
}
