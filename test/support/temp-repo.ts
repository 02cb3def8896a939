import fs, { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as git from "isomorphic-git";
import { tempDir } from "./temp-dir.ts";

/** A git repository of this test's own. */
export interface TempRepo {
  readonly dir: string;
  write(path: string, text: string | Uint8Array): void;
  remove(path: string): void;
  /** Commits all that is there, at a time in seconds since the epoch; answers the commit's id. */
  commit(message: string, at?: number): Promise<string>;
}

export async function tempRepo(files: Readonly<Record<string, string>> = {}): Promise<TempRepo> {
  const dir = tempDir();
  await git.init({ fs, dir, defaultBranch: "main" });
  const repo: TempRepo = {
    dir,
    write: (path, text) => {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    },
    remove: (path) => fs.rmSync(join(dir, path)),
    commit: async (message, at = 1_780_000_000) => {
      for (const [path, head, workdir] of await git.statusMatrix({ fs, dir })) {
        if (workdir === 0 && head !== 0) await git.remove({ fs, dir, filepath: path });
        else await git.add({ fs, dir, filepath: path });
      }
      const author = {
        name: "ops",
        email: "ops@example.org",
        timestamp: at,
        timezoneOffset: 0,
      };
      return git.commit({ fs, dir, message, author });
    },
  };
  for (const [path, text] of Object.entries(files)) repo.write(path, text);
  return repo;
}
