import { existsSync } from "node:fs";
import { join } from "node:path";
import * as git from "isomorphic-git";
import { isMap } from "../schemas/is-map.ts";
import { parseFile } from "./parse-file.ts";
import { committedFiles, findRepository, type Repository } from "./committed-tree.ts";
import { gitFiles } from "./git-files.ts";

/** The request ids that were ever in git. */
export interface RequestIds {
  readonly ids: readonly string[];
  /** False where the history was cut off (a shallow clone): then nobody can tell which ids were used. */
  readonly complete: boolean;
}

/**
 * Every id of a request in any commit that is reachable from HEAD: a store that is made anew counts them as used,
 * so that a revert, or a loss, never runs an old one again. Equal blobs are read once.
 */
export async function requestIdsInGit(root: string, inventory: string): Promise<RequestIds> {
  const repository = findRepository(root);
  if (repository === null) return { ids: [], complete: true };
  const complete = !existsSync(join(repository.gitdir, "shallow"));
  const ids = new Set<string>();
  const read = new Set<string>();
  for (const commit of await history(repository))
    for (const file of (await committedFiles(repository, commit, inventory)).files) {
      if (read.has(file.oid)) continue;
      read.add(file.oid);
      for (const id of idsIn(await file.read())) ids.add(id);
    }
  return { ids: [...ids].sort(), complete };
}

async function history({ gitdir, cache }: Repository): Promise<readonly string[]> {
  try {
    const commits = await git.log({ fs: gitFiles, gitdir, ref: "HEAD", cache });
    return commits.map(({ oid }) => oid);
  } catch {
    // A repository without a commit has no history.
    return [];
  }
}

/** Ids of one file; of one that can't be read whole, everything that looks like one. */
function idsIn(bytes: Uint8Array): readonly string[] {
  const text = new TextDecoder().decode(bytes);
  if (!text.includes("requests")) return [];
  const { documents, diagnostics } = parseFile(bytes);
  if (diagnostics.some(({ severity }) => severity === "error"))
    return [...text.matchAll(/\bid:\s*["']?([^\s"',}\]]+)/g)].flatMap(([, id]) => id ?? []);
  return documents.flatMap(({ spec }) => {
    const { requests } = spec;
    if (!Array.isArray(requests)) return [];
    return requests.flatMap((request: unknown) =>
      isMap(request) && typeof request["id"] === "string" ? [request["id"]] : [],
    );
  });
}
