import fs from "node:fs";
import { join } from "node:path";
import * as git from "isomorphic-git";
import type { Relation } from "./following.ts";

/** How commit `a` stands to `b` in a repository. */
export async function relationOf(gitdir: string, a: string, b: string): Promise<Relation> {
  if (a === b) return "same";
  const cache = {};
  try {
    for (const oid of [a, b]) await git.readCommit({ fs, gitdir, oid, cache });
    if (await git.isDescendent({ fs, gitdir, oid: a, ancestor: b, cache })) return "ahead";
    if (await git.isDescendent({ fs, gitdir, oid: b, ancestor: a, cache })) return "behind";
  } catch {
    // One of them, or a commit between them, is not here.
    return "unknown";
  }
  // What was cut off might have led from one to the other.
  return fs.existsSync(join(gitdir, "shallow")) ? "unknown" : "apart";
}
