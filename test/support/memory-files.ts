import type { AppendFile, FilesPort } from "../../engine/run/store/store-ports.ts";

/** Called before each operation; may wait (a scheduler) or throw (a full disk). */
export type Before = (operation: string, path: string) => Promise<void>;

/** What keeps a store in a test: one suite runs over every backend. */
export interface Disk extends FilesPort {
  /** The same disk, seen by another process; before each of its operations `before` may wait or throw. */
  sharedWith(before: Before): Disk;
  /** Every file that is there now, by its path. */
  dump(): Promise<Map<string, string>>;
  /** Behind every engine's back. */
  put(path: string, text: string): Promise<void>;
  drop(path: string): Promise<void>;
}

/** An error as node:fs makes it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Files in memory that behave as POSIX ones: link fails on a taken name, rename replaces, all is atomic. */
export class MemoryFiles implements Disk {
  readonly backend: FilesPort["backend"];
  readonly files: Map<string, string>;
  readonly #before: Before;

  constructor(
    files = new Map<string, string>(),
    before: Before = () => Promise.resolve(),
    backend: FilesPort["backend"] = "file",
  ) {
    this.files = files;
    this.#before = before;
    this.backend = backend;
  }

  /** The same disk, seen by another process. */
  sharedWith(before: Before): MemoryFiles {
    return new MemoryFiles(this.files, before, this.backend);
  }

  dump(): Promise<Map<string, string>> {
    return Promise.resolve(new Map(this.files));
  }

  put(path: string, text: string): Promise<void> {
    this.files.set(path, text);
    return Promise.resolve();
  }

  drop(path: string): Promise<void> {
    this.files.delete(path);
    return Promise.resolve();
  }

  async read(path: string): Promise<string | null> {
    await this.#before("read", path);
    return this.files.get(path) ?? null;
  }

  async list(dir: string): Promise<readonly string[]> {
    await this.#before("list", dir);
    const names = [...this.files.keys()]
      .filter((path) => path.startsWith(`${dir}/`))
      .map((path) => path.slice(dir.length + 1).split("/")[0] ?? "");
    return [...new Set(names)];
  }

  async create(path: string, text: string): Promise<void> {
    await this.#before("create", path);
    if (this.files.has(path)) throw systemError("EEXIST");
    this.files.set(path, text);
  }

  createUnsynced(path: string, text: string): Promise<void> {
    return this.create(path, text);
  }

  async appendUnsynced(path: string, text: string): Promise<void> {
    await this.#before("append", path);
    this.files.set(path, (this.files.get(path) ?? "") + text);
  }

  async link(from: string, to: string): Promise<boolean> {
    await this.#before("link", to);
    if (this.files.has(to)) return false;
    const text = this.files.get(from);
    if (text === undefined) throw systemError("ENOENT");
    this.files.set(to, text);
    return true;
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#before("rename", to);
    const text = this.files.get(from);
    if (text === undefined) throw systemError("ENOENT");
    this.files.delete(from);
    this.files.set(to, text);
  }

  async remove(path: string): Promise<void> {
    await this.#before("remove", path);
    this.files.delete(path);
  }

  async removeAll(dir: string): Promise<void> {
    await this.#before("removeAll", dir);
    for (const path of this.files.keys()) if (path.startsWith(`${dir}/`)) this.files.delete(path);
  }

  async makeDir(dir: string): Promise<void> {
    await this.#before("makeDir", dir);
  }

  async syncDir(dir: string): Promise<void> {
    await this.#before("syncDir", dir);
  }

  place(dir: string): string {
    return dir;
  }

  guardedBy(): FilesPort {
    return this;
  }

  revision(): Promise<null> {
    return Promise.resolve(null);
  }

  identity(): Promise<{ readonly dev: string; readonly ino: string }> {
    return Promise.resolve({ dev: "1", ino: "1" });
  }

  async exists(path: string): Promise<boolean> {
    await this.#before("exists", path);
    return this.files.has(path);
  }

  openAppend(path: string): Promise<AppendFile> {
    const append = async (text: string): Promise<void> => {
      await this.#before("append", path);
      this.files.set(path, (this.files.get(path) ?? "") + text);
    };
    return Promise.resolve({
      append,
      add: append,
      close: () => Promise.resolve(),
    });
  }
}
