import fs from "node:fs";
import promises from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { grouped } from "./grouped.ts";
import type { FilesPort } from "./store-ports.ts";

// Of the calls with callbacks, for those of node:fs/promises cost three times as much.
const open = promisify(fs.open);
const write = promisify(fs.write);
const fsync = promisify(fs.fsync);
const fdatasync = promisify(fs.fdatasync);
const close = promisify(fs.close);
const link = promisify(fs.link);
const rename = promisify(fs.rename);
const unlink = promisify(fs.unlink);
const mkdir = promisify(fs.mkdir);

/** With `recursive` Node says ENOENT of a read-only file system; the plain call says what it is. */
async function makeAll(dir: string): Promise<string | undefined> {
  try {
    return await mkdir(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    await mkdir(dir, { mode: 0o700 });
    return dir;
  }
}

/**
 * The real file system; every promise that says synced is backed by fsync.
 *
 * What only reads is answered at once, in the turn in which it was asked for: a disk answers it from memory, a
 * thread of its own would cost ten times the work, and the check before a send needs answers of that turn. What
 * changes the disk may wait for it, and leaves the turn. A file server that hangs stops the engine in its check,
 * and nothing is sent.
 */
export const nodeFiles: FilesPort = {
  read: atOnce((path: string) =>
    isThere(path) ? orNull(() => fs.readFileSync(path, "utf8")) : null,
  ),
  list: atOnce((dir: string) => (isThere(dir) ? (orNull(() => fs.readdirSync(dir)) ?? []) : [])),
  async create(path, text) {
    const file = await open(path, "wx", 0o600);
    try {
      await writeAll(file, text);
      await fsync(file);
    } finally {
      await close(file);
    }
  },
  createUnsynced: (path, text) => promises.writeFile(path, text, { flag: "wx", mode: 0o600 }),
  appendUnsynced: atOnce((path: string, text: string) =>
    fs.appendFileSync(path, text, { mode: 0o600 }),
  ),
  async link(from, to) {
    try {
      await link(from, to);
      return true;
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false;
      throw error;
    }
  },
  rename,
  async remove(path) {
    await unlink(path).catch(unlessGone);
  },
  removeAll: (dir) => promises.rm(dir, { force: true, recursive: true }),
  async makeDir(dir) {
    if (isThere(dir)) return;
    const first = await makeAll(dir);
    if (first === undefined) return;
    // A new directory's name is on disk only once the one above it is.
    for (let made = dir; made.length >= first.length; made = dirname(made))
      await nodeFiles.syncDir(dirname(made));
  },
  syncDir: grouped(async (dir) => {
    const handle = fs.openSync(dir, fs.constants.O_RDONLY);
    try {
      await fsync(handle);
    } finally {
      fs.closeSync(handle);
    }
  }),
  identity: atOnce((path: string) => {
    const stat = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? null : { dev: String(stat.dev), ino: String(stat.ino) };
  }),
  exists: atOnce(isThere),
  async openAppend(path) {
    const file = await open(path, "a", 0o600);
    return {
      async append(text) {
        await writeAll(file, text);
        await fdatasync(file);
      },
      add: atOnce((text: string) => void fs.writeSync(file, text)),
      close: () => close(file),
    };
  },
};

/** Does it now; what it throws is a promise that was broken. */
function atOnce<A extends readonly unknown[], T>(
  work: (...args: A) => T,
): (...args: A) => Promise<T> {
  return async (...args) => work(...args);
}

async function writeAll(file: number, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  let at = 0;
  while (at < bytes.length) at += (await write(file, bytes, at)).bytesWritten;
}

/** The system's word for what went wrong, such as ENOSPC. */
export function codeOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "code" in error) return String(error.code);
  return "";
}

/** An error that is made and thrown costs more than a look, and most of what is asked for is not there. */
function isThere(path: string): boolean {
  return fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function orNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    unlessGone(error);
    return null;
  }
}

function unlessGone(error: unknown): void {
  if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") throw error;
}
