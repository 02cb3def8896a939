import { constants } from "node:fs";
import fs from "node:fs/promises";
import { dirname } from "node:path";
import type { FilesPort } from "./store-ports.ts";

/** The real file system; every promise that says synced is backed by fsync. */
export const nodeFiles: FilesPort = {
  read: (path) => orNull(fs.readFile(path, "utf8")),
  list: async (dir) => (await orNull(fs.readdir(dir))) ?? [],
  async create(path, text) {
    const file = await fs.open(path, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  createUnsynced: (path, text) => fs.writeFile(path, text, { flag: "wx", mode: 0o600 }),
  async link(from, to) {
    try {
      await fs.link(from, to);
      return true;
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false;
      throw error;
    }
  },
  rename: (from, to) => fs.rename(from, to),
  remove: (path) => fs.rm(path, { force: true }),
  removeAll: (dir) => fs.rm(dir, { force: true, recursive: true }),
  async makeDir(dir) {
    const first = await fs.mkdir(dir, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    // A new directory's name is on disk only once the one above it is.
    for (let made = dir; made.length >= first.length; made = dirname(made))
      await nodeFiles.syncDir(dirname(made));
  },
  async syncDir(dir) {
    const handle = await fs.open(dir, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  async identity(path) {
    const stat = await orNull(fs.stat(path, { bigint: true }));
    return stat === null ? null : { dev: String(stat.dev), ino: String(stat.ino) };
  },
  exists: async (path) => (await orNull(fs.lstat(path))) !== null,
  async openAppend(path) {
    const file = await fs.open(path, "a", 0o600);
    return {
      async append(text) {
        await file.appendFile(text);
        await file.datasync();
      },
      close: () => file.close(),
    };
  },
};

/** The system's word for what went wrong, such as ENOSPC. */
export function codeOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "code" in error) return String(error.code);
  return "";
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return null;
    throw error;
  }
}
