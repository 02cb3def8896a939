import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as git from "isomorphic-git";
import { type Failure, fail, failure, ok, type Result } from "../../schemas/failure.ts";
import { damaged, noSuchRef } from "./follow-failures.ts";
import { readCommit, type Repository } from "../committed-tree.ts";
import { isInventoryFile } from "../source-tree.ts";
import { gitFiles } from "../git-files.ts";

export interface TipOptions {
  /** "main of /srv/inventory.git". */
  readonly what: string;
  /** Objects that were read whole before; it grows. */
  readonly known: Set<string>;
  /** True for an id that was fetched: if it can't be read, then what holds it is damaged. */
  readonly fetched?: boolean;
}

/** The commit of a ref as it is now, once all that it names can be read. */
export async function tipOf(
  repository: Repository,
  ref: string,
  { what, known, fetched = false }: TipOptions,
): Promise<Result<string>> {
  const id = (await readCommit(repository, ref))?.id ?? null;
  if (id !== null && (await isWhole(repository, id, known))) return ok(id);
  // An object that was missing may be here now, in a pack that the cache does not know.
  const fresh = { ...repository, cache: {} };
  return tipAnew(fresh, ref, { what, known, fetched });
}

async function tipAnew(
  fresh: Repository,
  ref: string,
  { what, known, fetched = false }: TipOptions,
): Promise<Result<string>> {
  const id = (await readCommit(fresh, ref))?.id ?? null;
  if (id === null) return fail(fetched ? damaged(what, ref) : await whyNoCommit(fresh, ref, what));
  return (await isWhole(fresh, id, known)) ? ok(id) : fail(damaged(what, id));
}

async function whyNoCommit({ gitdir }: Repository, ref: string, what: string): Promise<Failure> {
  const unreadable = unreadableFormat(gitdir);
  if (unreadable !== null) return failure("stalled", "IW-G08", `${what}: ${unreadable}`);
  try {
    const oid = await git.resolveRef({ fs: gitFiles, gitdir, ref });
    return oid === ref ? noSuchRef(what, ref) : damaged(what, oid);
  } catch {
    return noSuchRef(what, ref);
  }
}

/** What the reader of repositories does not know, in words; null when it knows all of it. */
export function unreadableFormat(gitdir: string): string | null {
  const config = readIfThere(join(gitdir, "config")) ?? "";
  if (/^\s*objectformat\s*=\s*"?sha256/im.test(config))
    return "its objects are named by SHA-256, which is not read; keep the inventory in a repository made by git init --object-format=sha1";
  if (/^\s*refstorage\s*=\s*"?reftable/im.test(config))
    return "its refs are kept in a reftable, which is not read; run there: git refs migrate --ref-format=files";
  return null;
}

export function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** Objects that were read whole, so that of the next commit only what is new is read. */
const KNOWN_MAX = 500_000;

/** True when every folder of the commit and every document in them can be read; `known` is kept between commits. */
async function isWhole(
  { gitdir, cache }: Repository,
  commit: string,
  known: Set<string>,
): Promise<boolean> {
  if (known.size > KNOWN_MAX) known.clear();
  const visit = async (oid: string): Promise<void> => {
    if (known.has(oid)) return;
    const { tree } = await git.readTree({ fs: gitFiles, gitdir, oid, cache });
    for (const entry of tree) {
      if (entry.type === "tree") await visit(entry.oid);
      if (entry.type !== "blob" || !isInventoryFile(entry.path) || known.has(entry.oid)) continue;
      await git.readBlob({ fs: gitFiles, gitdir, oid: entry.oid, cache });
      known.add(entry.oid);
    }
    known.add(oid);
  };
  try {
    await visit(commit);
    return true;
  } catch {
    return false;
  }
}
