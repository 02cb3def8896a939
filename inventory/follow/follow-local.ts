import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fail, failure, ok, type Result } from "../../schemas/failure.ts";
import { findRepository } from "../committed-tree.ts";
import { Bell } from "./bell.ts";
import type { Following, FollowOptions } from "./following.ts";
import { relationOf } from "./relation.ts";
import { tipOf, unreadableFormat } from "./tip.ts";
import { WAKE_FILE, watchGitDirectory } from "./watch-git-directory.ts";

/** Follows the repository at or above `dir`; of a working tree what is committed, and nothing else. */
export async function followLocal({
  dir,
  settings,
  warn = () => undefined,
}: FollowOptions): Promise<Result<Following>> {
  const repository = findRepository(dir);
  if (repository === null)
    return fail(
      failure(
        "stalled",
        "IW-G01",
        `there is no git repository at or above ${dir}; check -C, run git init there, or name one elsewhere by git.url (ironwright.yaml)`,
      ),
    );
  const { gitdir } = repository;
  const ref = settings.git.ref ?? "HEAD";
  const what = `${ref} of ${repository.dir}`;
  const wrong = linked(gitdir) ?? unreadableFormat(gitdir);
  if (wrong !== null) return fail(failure("stalled", "IW-G08", `${what}: ${wrong}`));
  const bell = new Bell();
  const unwatch = await watchGitDirectory(gitdir, "refs", { bell, warn });
  const known = new Set<string>();
  return ok({
    dir: repository.dir,
    what,
    wakeFile: join(gitdir, WAKE_FILE),
    newest: () => tipOf(repository, ref, { what, known }),
    changed: (signal) => bell.heard(signal),
    relation: (a, b) => relationOf(gitdir, a, b),
    async close() {
      bell.close();
      await unwatch();
    },
  });
}

/** Its refs are in another directory, which is not read for it. */
function linked(gitdir: string): string | null {
  if (!existsSync(gitdir) || !statSync(gitdir).isFile()) return null;
  const points = /^gitdir:\s*(.*)$/m.exec(readFileSync(gitdir, "utf8"))?.[1] ?? "elsewhere";
  return `it is a linked worktree or a submodule (its git directory is ${points}); follow the repository itself by -C, and name the branch by git.ref`;
}
