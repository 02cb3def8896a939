import type { Incarnation, StoreFile } from "../../../schemas/store.ts";
import type { Checkpoint, Clock, Random } from "../ports.ts";

/**
 * The few calls of a POSIX file system that the protocol rests on; a fake one can fail on demand. `node-files.ts` and
 * `etcd-files.ts` say what they rest on in their turn.
 */
export interface FilesPort {
  readonly backend: StoreFile["backend"];
  /** The store of that directory, as a person would name its place. */
  place(dir: string): string;
  /** The same, with every write refused from the moment at which that file exists, where that can be done in one step. */
  guardedBy(path: string): FilesPort;
  /** Null when there is no such file. */
  read(path: string): Promise<string | null>;
  /** Names in a directory; empty when there is no such directory. */
  list(dir: string): Promise<readonly string[]>;
  /** Creates a file that must not exist, with its content synced to disk. */
  create(path: string, text: string): Promise<void>;
  /** Creates a file without a sync: for caches. */
  createUnsynced(path: string, text: string): Promise<void>;
  /** Appends without a sync: for what is lost without harm. */
  appendUnsynced(path: string, text: string): Promise<void>;
  /** False when `to` exists already; the one atomic way to take a name. */
  link(from: string, to: string): Promise<boolean>;
  rename(from: string, to: string): Promise<void>;
  /** Done also when it is gone already. */
  remove(path: string): Promise<void>;
  removeAll(dir: string): Promise<void>;
  makeDir(dir: string): Promise<void>;
  syncDir(dir: string): Promise<void>;
  /** Device and inode as text, or which etcd it is; null when there is no such file. */
  identity(path: string): Promise<{ readonly dev: string; readonly ino: string } | null>;
  /** A number that only grows while the place was not set back; null where there is none. */
  revision(): Promise<number | null>;
  exists(path: string): Promise<boolean>;
  openAppend(path: string): Promise<AppendFile>;
}

/** A file that is only ever appended to. */
export interface AppendFile {
  /** Resolves when the text is on disk. */
  append(text: string): Promise<void>;
  /** Without a sync: for what is lost without harm. */
  add(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Which process of which boot of which host. */
export type ProcessId = Pick<Incarnation, "pid" | "startTicks" | "bootId" | "pidNamespace">;

/** What one process can say of others on its own host. */
export interface ProcessPort {
  self(): ProcessId;
  /** gone: certainly ended, or a zombie. unknown: another host, or no way to tell. */
  fate(process: ProcessId): Promise<"alive" | "gone" | "unknown">;
}

/** All that a store needs from outside. */
export interface StorePorts {
  readonly files: FilesPort;
  readonly processes: ProcessPort;
  readonly clock: Clock;
  readonly random: Random;
  readonly checkpoint: Checkpoint;
}
