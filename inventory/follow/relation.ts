import * as git from "isomorphic-git";
import type { Relation } from "./following.ts";
import { gitFiles } from "../git-files.ts";

/** From which of the two a commit was reached. */
const FROM_A = 1;
const FROM_B = 2;
const FROM_BOTH = 3;

interface Reached {
  readonly oid: string;
  readonly time: number;
  readonly parents: readonly string[];
}

/** How commit `a` stands to `b` in a repository. */
export async function relationOf(gitdir: string, a: string, b: string): Promise<Relation> {
  if (a === b) return "same";
  try {
    return await walkBack(gitdir, a, b);
  } catch {
    // One of them is not here, or their history is cut off before it is decided.
    return "unknown";
  }
}

/**
 * Walks back from both at once, the newest commit first. What is reached from both has neither of them
 * behind it, or it would be its own ancestor; so nothing is left to find once only such commits are left,
 * and two branches of a long history are told apart where they meet. Dates only order the walk.
 */
async function walkBack(gitdir: string, a: string, b: string): Promise<Relation> {
  const cache = {};
  const from = new Map<string, number>();
  const read = new Map<string, Reached>();
  const ahead: Reached[] = [];
  const reach = async (oid: string, mark: number): Promise<void> => {
    const before = from.get(oid) ?? 0;
    if ((before | mark) === before) return;
    from.set(oid, before | mark);
    const found = read.get(oid) ?? (await readParents(gitdir, oid, cache));
    read.set(oid, found);
    if (!ahead.includes(found)) ahead.push(found);
  };
  await reach(a, FROM_A);
  await reach(b, FROM_B);
  while (ahead.some(({ oid }) => from.get(oid) !== FROM_BOTH)) {
    const { oid, parents } = takeNewest(ahead);
    for (const parent of parents) await reach(parent, from.get(oid) ?? 0);
    if (from.get(b) === FROM_BOTH) return "ahead";
    if (from.get(a) === FROM_BOTH) return "behind";
  }
  return "apart";
}

function takeNewest(ahead: Reached[]): Reached {
  const newest = ahead.reduce((best, one) => (one.time > best.time ? one : best));
  ahead.splice(ahead.indexOf(newest), 1);
  return newest;
}

async function readParents(gitdir: string, oid: string, cache: object): Promise<Reached> {
  const { commit } = await git.readCommit({ fs: gitFiles, gitdir, oid, cache });
  return { oid, time: commit.committer.timestamp, parents: commit.parent };
}
