import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { fail, failure, ok, type Result } from "../../schemas/failure.ts";
import { findRepository, type Repository } from "../committed-tree.ts";
import { readIfThere } from "./tip.ts";
import { WAKE_FILE } from "./watch-git-directory.ts";

/** The hook of a repository as it is. */
export interface HookStatus {
  /** Absolute path of its post-receive hook. */
  readonly path: string;
  readonly state: "installed" | "not executable" | "none" | "another";
  /** The hook that was there before and is called after ours; null where there was none. */
  readonly calls: string | null;
  /** Files that it touches. */
  readonly wakes: readonly string[];
  /** When it touched the first of them last; milliseconds. */
  readonly wokeAt: number | null;
}

/** By this line a hook is known as ours. */
const MARK = "# ironwright: wakes the daemon after a push";
const BEFORE = ".before-ironwright";
const MORE = /^touch '(.*)' 2>\/dev\/null$/gm;

/** Writes the post-receive hook of the repository at or above `dir`; one that is there is kept and called. */
export function installHook(dir: string, alsoWake: readonly string[]): Result<HookStatus> {
  const found = hookOf(dir);
  if (!found.ok) return found;
  const { path, before, repository } = found.value;
  const mine = isOurs(path);
  if (!mine && isThere(path) && isThere(before))
    return fail(
      failure(
        "stalled",
        "IW-G09",
        `${path} is not ours, and ${before} is there already; decide which of them is wanted, remove the other, and run it again`,
      ),
    );
  const wakes = [...new Set([...(mine ? wakesIn(path) : []), ...alsoWake])];
  return written(path, () => {
    mkdirSync(join(path, ".."), { recursive: true });
    if (!mine && isThere(path)) renameSync(path, before);
    // Whole under its name: a push may come in between.
    writeFileSync(`${path}.new`, scriptOf(wakes));
    chmodSync(`${path}.new`, 0o755);
    renameSync(`${path}.new`, path);
    return statusOf({ path, before, repository });
  });
}

/** Takes our hook out, and puts the one that was there before in its place; another one is left alone. */
export function uninstallHook(dir: string): Result<HookStatus> {
  const found = hookOf(dir);
  if (!found.ok) return found;
  const { path, before } = found.value;
  return written(path, () => {
    if (isOurs(path)) {
      if (isThere(before)) renameSync(before, path);
      else rmSync(path);
    }
    return statusOf(found.value);
  });
}

/** What the hook of a repository is. */
export function hookStatus(dir: string): Result<HookStatus> {
  const found = hookOf(dir);
  return found.ok ? ok(statusOf(found.value)) : found;
}

interface Hook {
  readonly path: string;
  readonly before: string;
  readonly repository: Repository;
}

function hookOf(dir: string): Result<Hook> {
  const repository = findRepository(dir);
  if (repository === null || !statSync(repository.gitdir).isDirectory())
    return fail(
      failure(
        "stalled",
        "IW-G01",
        `there is no git repository at or above ${dir}; name the one that is pushed to: --repository DIR`,
      ),
    );
  const path = join(hooksDir(repository), "post-receive");
  return ok({ path, before: `${path}${BEFORE}`, repository });
}

/** git looks for hooks where core.hooksPath says; one that is set for all of a user's repositories is not seen. */
function hooksDir({ gitdir, dir }: Repository): string {
  const config = readIfThere(join(gitdir, "config")) ?? "";
  const said = /^\s*hookspath\s*=\s*"?([^"\n]+?)"?\s*$/im.exec(config)?.[1];
  return said === undefined ? join(gitdir, "hooks") : resolve(dir, said);
}

function statusOf({ path, before, repository }: Hook): HookStatus {
  const mine = isOurs(path);
  const runs = mine && (statSync(path).mode & 0o111) !== 0;
  const wake = join(repository.gitdir, WAKE_FILE);
  return {
    path,
    state: mine ? (runs ? "installed" : "not executable") : isThere(path) ? "another" : "none",
    calls: mine && isThere(before) ? before : null,
    wakes: mine ? [wake, ...wakesIn(path)] : [],
    wokeAt: mine && existsSync(wake) ? statSync(wake).mtimeMs : null,
  };
}

function isOurs(path: string): boolean {
  return readIfThere(path)?.includes(MARK) === true;
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function wakesIn(path: string): readonly string[] {
  const text = readIfThere(path) ?? "";
  return [...text.matchAll(MORE)].map(([, quoted = ""]) => quoted.replaceAll("'\\''", "'"));
}

/** A daemon that can't be woken never stops a push; the hook before gets what git says, and answers for it. */
function scriptOf(wakes: readonly string[]): string {
  const more = wakes.map((file) => `touch '${file.replaceAll("'", "'\\''")}' 2>/dev/null\n`);
  return `#!/bin/sh
${MARK}.
# Written by: ironwright hook install. To take it out: ironwright hook uninstall
touch "\${GIT_DIR:-.}/${WAKE_FILE}" 2>/dev/null
${more.join("")}before="$0${BEFORE}"
if [ -x "$before" ]; then exec "$before" "$@"; fi
exit 0
`;
}

function written(path: string, work: () => HookStatus): Result<HookStatus> {
  try {
    return ok(work());
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return fail(
      failure(
        "stalled",
        "IW-G09",
        `${path} cannot be written; run it as the user whom the repository belongs to`,
        cause,
      ),
    );
  }
}
