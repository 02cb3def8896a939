import type { z } from "zod";
import { type Failure, failure, type FailureKind } from "../../../schemas/failure.ts";
import { codeOf } from "./node-files.ts";
import type { FilesPort, StorePorts } from "./store-ports.ts";
import type { Layout } from "./layout.ts";

const RESTORE = "restore the state directory, then: ironwright init --restored";

/** What stands against a use of the store, as a sentence with a way out. */
export class StoreTrouble extends Error {
  /** Read by whoever prints what ended a run. */
  readonly code: string;
  readonly kind: FailureKind;

  constructor(code: string, message: string, kind: FailureKind = "stalled") {
    super(message);
    this.code = code;
    this.kind = kind;
  }
}

/** Another engine declared this one dead: it can write no more. */
export class EngineKilled extends StoreTrouble {
  constructor() {
    const message = "another engine declared this one dead and took its leases; start it again";
    super("IW-L02", message, "conflict");
  }
}

/** A write of which nobody can tell whether it was done; whoever sent it must not go on as if it was not. */
export class EndUnknown extends StoreTrouble {
  constructor({ code, message, kind }: StoreTrouble) {
    super(code, message, kind);
  }
}

/** A persisted file of which nothing may be guessed. */
export class UnreadableFile extends StoreTrouble {}

/** One that is not what was written. */
export class CorruptFile extends UnreadableFile {
  constructor(path: string, what: string, way = RESTORE) {
    super("IW-S07", `${path} is damaged (${what}); ${way}`);
  }
}

/** Reads a JSON file of a known shape; null when it is not there. Throws CorruptFile. */
export async function readJson<T>(
  files: FilesPort,
  path: string,
  schema: z.ZodType<T>,
  way?: string,
): Promise<T | null> {
  const text = await files.read(path);
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CorruptFile(path, "no JSON", way);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    throw new CorruptFile(path, issueText(parsed.error), way);
  }
  return parsed.data;
}

/** For a shape to be held against: of a text that is no JSON, such as a torn one, null. */
export function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The first thing that is wrong, and where in the file. */
export function issueText({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`;
}

/** A name that was taken and that the disk may not keep: nothing may rest on it. */
export class NotSynced extends Error {
  /** The system's own, as that of what went wrong. */
  readonly code: string;

  constructor(cause: unknown) {
    super("a directory could not be synced", { cause });
    this.code = codeOf(cause);
  }
}

/** Ways to write that leave either the old or the new whole file, never a part. */
export class Writer {
  readonly #ports: Pick<StorePorts, "files" | "random">;
  readonly #layout: Layout;
  readonly #owner: string;
  #count = 0;

  constructor(ports: Pick<StorePorts, "files" | "random">, layout: Layout, owner: string) {
    this.#ports = ports;
    this.#layout = layout;
    this.#owner = owner;
  }

  /** Replaces a file, synced with its directory. */
  async replace(path: string, value: unknown): Promise<void> {
    const { files } = this.#ports;
    const from = await this.blank(value);
    await files.rename(from, path);
    await files.syncDir(parent(path));
  }

  /** Takes a name that must be free; false when somebody was faster. */
  async take(path: string, value: unknown): Promise<boolean> {
    const from = await this.blank(value);
    try {
      return await this.takeAs(path, from);
    } finally {
      await this.#ports.files.remove(from);
    }
  }

  /** The same where a power cut may take it back, for it ends whoever took it. */
  async takeUnsynced(path: string, value: unknown): Promise<boolean> {
    const { files } = this.#ports;
    const from = this.#name();
    await files.makeDir(this.#layout.temporary);
    await files.createUnsynced(from, JSON.stringify(value));
    try {
      return await files.link(from, path);
    } finally {
      await files.remove(from);
    }
  }

  /**
   * The same with a file that is written and synced, and may stand under many names. Throws NotSynced where the name
   * was taken and may be lost again.
   */
  async takeAs(path: string, from: string): Promise<boolean> {
    const { files } = this.#ports;
    const taken = await files.link(from, path);
    if (!taken) return false;
    try {
      await files.syncDir(parent(path));
    } catch (error) {
      throw new NotSynced(error);
    }
    return true;
  }

  /** Replaces a cache, not synced: losing it harms nobody. */
  replaceUnsynced(path: string, value: unknown): Promise<void> {
    return this.replaceInTurns(path, [JSON.stringify(value)]);
  }

  /** The same piece by piece: each is asked for when the one before is written. */
  async replaceInTurns(path: string, pieces: Iterable<string>): Promise<void> {
    const { files } = this.#ports;
    const from = this.#name();
    await files.makeDir(this.#layout.temporary);
    let isFirst = true;
    for (const piece of pieces) {
      if (isFirst) await files.createUnsynced(from, piece);
      else await files.appendUnsynced(from, piece);
      isFirst = false;
    }
    await files.rename(from, path);
  }

  /** A new file, synced, whose only name is a temporary one; whoever asked gives it one that lasts, or removes it. */
  async blank(value: unknown): Promise<string> {
    const { files } = this.#ports;
    const from = this.#name();
    await files.makeDir(this.#layout.temporary);
    try {
      await files.create(from, `${JSON.stringify(value)}\n`);
    } catch (error) {
      await files.remove(from).catch(() => undefined);
      throw error;
    }
    return from;
  }

  /** A name in the directory of temporary files that nobody else has. */
  temporary(what: string): string {
    return `${this.#name()}.${what}`;
  }

  #name(): string {
    this.#count += 1;
    return `${this.#layout.temporary}/${this.#owner}.${this.#count}.${this.#ports.random.hex(4)}`;
  }
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** What the system says of a state directory, as a sentence with a way out. */
export function storeFailure(dir: string, error: unknown): Failure {
  if (error instanceof StoreTrouble) return failure(error.kind, error.code, error.message);
  const code = codeOf(error);
  const words: Readonly<Record<string, string>> = {
    ENOSPC: "the disk is full; make room",
    EDQUOT: "the quota is used up; make room",
    EROFS: "the file system is read-only; mount it for writing, or use --state DIR",
    EACCES: "this user may not write there; change its owner, or use --state DIR",
    EPERM: "this user may not write there; change its owner, or use --state DIR",
    EIO: "the disk fails; look at the system's log",
    ENOTDIR: "it is no directory; use --state DIR",
  };
  const what = words[code];
  if (what === undefined) throw error;
  return unusable(dir, what, code);
}

/**
 * As `storeFailure`, where any answer of the system must end as data: in the check before a send and
 * after a failed write, when the directory was the only thing that was touched. A bug is thrown on.
 */
export function anyStoreFailure(dir: string, error: unknown): Failure {
  const code = codeOf(error);
  const unknown = /^E[A-Z0-9]+$/.test(code);
  try {
    return storeFailure(dir, error);
  } catch {
    if (!unknown) throw error;
    return unusable(dir, `the system says ${code}; see that it is there and in order`, code);
  }
}

function unusable(dir: string, what: string, code: string): Failure {
  return failure(
    "stalled",
    "IW-S06",
    `the state directory ${dir} cannot be written: ${what}`,
    code,
  );
}
