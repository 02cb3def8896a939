import { instantText } from "../../../schemas/instant.ts";
import type { Observation } from "../../../schemas/observation.ts";
import type { Layout } from "./layout.ts";
import { Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

/** Raised when the shape of an Observation changes. */
const VERSION = 1;
/** A daemon reads all the time, and what it read is a cache: it is written this often. Milliseconds. */
const WRITE_EVERY_MS = 10_000;

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
  /** A daemon's own memory, which is newer than its file. */
  #known: ByNode | null = null;
  #writtenAt = -Infinity;

  constructor(ports: StorePorts, layout: Layout, daemon: string | null) {
    this.#ports = ports;
    this.#layout = layout;
    this.#daemon = daemon;
  }

  /** By node name; of several files the newest reading of each. */
  async load(): Promise<ByNode> {
    return this.#known ?? this.#fromDisk();
  }

  async save(readings: ByNode): Promise<void> {
    if (this.#daemon === null) return this.#write(this.#layout.readings, readings);
    // Applies that run beside each other save what each has seen: the newest of each node stays.
    this.#known = newestOf(this.#known ?? new Map(), readings);
    const now = this.#ports.clock.monotonic();
    if (now - this.#writtenAt < WRITE_EVERY_MS) return;
    this.#writtenAt = now;
    await this.flush();
  }

  /** Also what other engines have read since: a daemon that gets nodes of theirs must know what these agreed on. */
  async refresh(): Promise<void> {
    if (this.#known !== null) this.#known = newestOf(await this.#fromDisk(), this.#known);
  }

  /** Brings to disk what a daemon holds in memory. */
  async flush(): Promise<void> {
    if (this.#known === null || this.#daemon === null) return;
    await this.#write(this.#layout.readingsOf(this.#daemon), this.#known);
  }

  async #fromDisk(): Promise<ByNode> {
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
      const kept = { version: VERSION, readings: [...readings.values()] };
      await writer.replaceUnsynced(path, kept);
    } catch {
      // A full or read-only disk keeps no cache; nothing is lost by it.
    }
  }
}

/** Of two readings of one node the newer; of one time the second. */
function newestOf(first: ByNode, second: ByNode): ByNode {
  const newest = new Map(first);
  for (const [name, one] of second)
    if (one.at >= (newest.get(name)?.at ?? -Infinity)) newest.set(name, one);
  return newest;
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
