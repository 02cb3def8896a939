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
 * The real file system; every promise that says synced is backed by fsync. What is relied on, and why it holds on a local
 * disk (ext4, xfs, btrfs, zfs, tmpfs) and on NFSv4:
 *
 * | call | relied on | local disk | NFSv4 |
 * |---|---|---|---|
 * | `link(2)` | EEXIST for all but one of those who take a name | POSIX; the directory is locked | LINK is one operation of the server, atomic there (RFC 8881, 18.9). Its answer may be lost and the client's repetition be told EEXIST: whoever takes a name reads it back and compares what is in it (`take-claim`) |
 * | `rename(2)` | the name is the old file or the new one, never none | POSIX | RENAME is atomic to the clients (18.26); a repetition of one that was done is told ENOENT: a failed write, which ends the incarnation |
 * | `open(O_EXCL)` | a new file is nobody else's | POSIX | exclusive create (18.16); the names are random besides |
 * | `fsync` of a file, `fdatasync` of a journal | what was written survives a power cut | the disk's own promise | COMMIT: the server's disk (18.3) |
 * | `fsync` of a directory | a new name survives it | ext4, xfs, btrfs | a server makes names durable before it answers (18.9.4); the call does nothing more |
 * | `open(O_APPEND)` | one writer adds at the end | POSIX | the client places the end itself: sound for the one writer that each journal has |
 * | `readdir`, `lstat`, `open` | a name that was made before the look is seen | one kernel | only when the client asks the server each time: mount with `lookupcache=none,actimeo=0` (and `hard`, the default), or a cached "no such file" is taken for a check |
 *
 * `init` probes link() and the sync of a directory, and refuses where they are not as said (`IW-S08`). SMB, 9p, FUSE and
 * virtiofs are not known to hold this.
 *
 * What only reads is answered at once, in the turn in which it was asked for: a disk answers it from memory, a
 * thread of its own would cost ten times the work, and the check before a send needs answers of that turn. What
 * changes the disk may wait for it, and leaves the turn. A file server that hangs stops the engine in its check,
 * and nothing is sent.
 */
export const nodeFiles: FilesPort = {
  backend: "file",
  place: (dir) => dir,
  // Two calls of a file system are never one step: a killed engine is stopped by its checks.
  guardedBy: () => nodeFiles,
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
  revision: () => Promise.resolve(null),
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
