import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { tempDir } from "../support/temp-dir.ts";

/** Runs the real git, with nobody's own settings. */
export function git(dir: string, ...args: readonly string[]): string {
  const who = ["-c", "user.name=ops", "-c", "user.email=ops@example.org"];
  return execFileSync("git", ["-C", dir, ...who, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] ?? "", HOME: dir, GIT_CONFIG_NOSYSTEM: "1", LC_ALL: "C" },
  }).trim();
}

/** A bare repository, and a clone that pushes to it. */
export interface Origin {
  readonly bare: string;
  readonly clone: string;
  /** Writes, commits and pushes; answers the commit. */
  readonly push: (files: Readonly<Record<string, string>>, ...how: readonly string[]) => string;
}

/** Nothing was pushed to it yet. */
export function anOrigin(): Origin {
  const dir = tempDir();
  const [bare, clone] = [join(dir, "inventory.git"), join(dir, "clone")];
  git(dir, "init", "--quiet", "--bare", "-b", "main", bare);
  git(dir, "clone", "--quiet", bare, clone);
  git(clone, "checkout", "--quiet", "-B", "main");
  return {
    bare,
    clone,
    push(files, ...how) {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(clone, path)), { recursive: true });
        writeFileSync(join(clone, path), text);
      }
      git(clone, "add", "--all");
      git(clone, "commit", "--quiet", "--allow-empty", "-m", "a change");
      git(clone, "push", "--quiet", ...how, "origin", "HEAD:main");
      return git(clone, "rev-parse", "HEAD");
    },
  };
}
