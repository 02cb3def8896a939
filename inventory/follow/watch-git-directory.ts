import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { watch } from "chokidar";
import { findRepository } from "../committed-tree.ts";
import type { Bell } from "./bell.ts";

/** In a git directory; touched, it wakes whoever follows that repository. */
export const WAKE_FILE = "ironwright-wake";

/** What moves when a ref does, and the file that is touched by hand; of a mirror only that: its refs are ours. */
const WATCHED = { refs: ["HEAD", "packed-refs", "refs", WAKE_FILE], wake: [WAKE_FILE] } as const;

/** Rings for what is `watched` in a git directory. Resolves when it watches; the answer ends it. */
export async function watchGitDirectory(
  gitdir: string,
  watched: keyof typeof WATCHED,
  { bell, warn }: { readonly bell: Bell; readonly warn: (message: string) => void },
): Promise<() => Promise<void>> {
  const watcher = watch(gitdir, {
    ignoreInitial: true,
    followSymlinks: false,
    ignored: (path) => !isWatched(relative(gitdir, path), WATCHED[watched]),
  });
  watcher.on("all", () => bell.ring());
  watcher.on("error", (error) => {
    const why = error instanceof Error ? error.message : String(error);
    warn(`${gitdir} cannot be watched, so a push is seen at the next poll: ${why}`);
  });
  await new Promise<void>((done) => watcher.once("ready", done));
  return () => watcher.close();
}

/** A lock is the beginning of a change, not one. */
function isWatched(path: string, names: readonly string[]): boolean {
  const [first = ""] = path.split(sep);
  return first === "" || (names.includes(first) && !path.endsWith(".lock"));
}

/** Wakes whoever follows the repository at or above `dir`, or the mirror there. */
export function wake(dir: string): void {
  touch(join(findRepository(dir)?.gitdir ?? dir, WAKE_FILE));
}

/** Its text is of no meaning: that it was written is. */
export function touch(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${new Date().toISOString()} ${basename(path)}\n`);
}
