import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import * as git from "isomorphic-git";
import type { CommitInfo } from "../schemas/fleet.ts";
import type { Diagnostic } from "../schemas/diagnostic.ts";
import {
  isInventoryFile,
  mayLead,
  notRead,
  type SourceFile,
  type SourceTree,
  sorted,
  within,
} from "./source-tree.ts";
import { gitFiles } from "./git-files.ts";

/** A git repository at or above a directory, opened once: isomorphic-git's cache makes reads cheap. */
export interface Repository {
  /** Of its working tree; of a bare one, its git directory. */
  readonly dir: string;
  readonly gitdir: string;
  /** People push to it, and nobody works in it. */
  readonly bare: boolean;
  readonly cache: object;
}

/** The repository that holds `root`, or is it; null where there is none. */
export function findRepository(root: string): Repository | null {
  for (let at = root; ; at = dirname(at)) {
    const gitdir = join(at, ".git");
    if (existsSync(gitdir)) return { dir: at, gitdir, bare: false, cache: {} };
    if (isGitDirectory(at)) return { dir: at, gitdir: at, bare: true, cache: {} };
    if (at === dirname(at)) return null;
  }
}

/** As git itself tells one. */
function isGitDirectory(path: string): boolean {
  return ["HEAD", "objects", "refs"].every((name) => existsSync(join(path, name)));
}

/** Why nothing can be read of a bare repository without a commit, and the way out. */
export function noWorkingTree({ dir }: Repository): string {
  return `${dir} is a bare repository: it has commits and no working tree; name one: --ref HEAD, or run this in a clone`;
}

/** Resolves a ref, a short or a full commit id, and reads the commit; null when there is none such. */
export async function readCommit(
  { gitdir, cache }: Repository,
  ref: string,
): Promise<CommitInfo | null> {
  try {
    // Of an annotated tag, the commit that it names.
    const { oid, commit } = await git.readCommit({
      fs: gitFiles,
      gitdir,
      oid: await resolveRef(gitdir, ref),
      cache,
    });
    const { message, author, committer } = commit;
    return {
      id: oid,
      subject: message.split("\n")[0] ?? "",
      author: author.name,
      time: committer.timestamp * 1000,
      message,
    };
  } catch {
    return null;
  }
}

async function resolveRef(gitdir: string, ref: string): Promise<string> {
  const back = /^(.*?)(?:~(\d+)|(\^+))$/.exec(ref);
  if (back !== null) {
    let oid = await resolveRef(gitdir, back[1] ?? "HEAD");
    const steps = back[2] === undefined ? (back[3] ?? "").length : Number(back[2]);
    for (let i = 0; i < steps; i += 1) {
      const { commit } = await git.readCommit({ fs: gitFiles, gitdir, oid });
      const [parent] = commit.parent;
      if (parent === undefined) throw new Error("no such ancestor");
      oid = parent;
    }
    return oid;
  }
  try {
    return await git.resolveRef({ fs: gitFiles, gitdir, ref });
  } catch {
    return await git.expandOid({ fs: gitFiles, gitdir, oid: ref });
  }
}

/** The files below a folder of a commit; an empty list when the folder is not there. */
export async function committedFiles(
  repository: Repository,
  commit: string,
  folder: string,
): Promise<Omit<SourceTree, "commit">> {
  const top = await committedFolder(repository, commit, { folder, before: null });
  const files: SourceFile[] = [];
  const diagnostics: Diagnostic[] = [];
  const visit = (at: CommittedFolder): void => {
    for (const [path, oid] of at.files) files.push(committed(repository, path, oid));
    diagnostics.push(...at.diagnostics);
    for (const below of at.folders.values()) visit(below);
  };
  visit(top);
  return { files: sorted(files), diagnostics };
}

/** A file by its blob. */
export function committed(repository: Repository, path: string, oid: string): SourceFile {
  return { path, oid, read: () => readBlob(repository, oid) };
}

/** A folder of a commit, as far as the inventory lies in it. */
export interface CommittedFolder {
  readonly oid: string;
  /** Path from the root of the repository -> blob id. */
  readonly files: ReadonlyMap<string, string>;
  readonly folders: ReadonlyMap<string, CommittedFolder>;
  /** Of what stands in it and is not read. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the folders of a commit; one that is as it was `before` is taken from there, with all that is below it. */
export async function committedFolder(
  repository: Repository,
  commit: string,
  { folder, before }: { readonly folder: string; readonly before: CommittedFolder | null },
): Promise<CommittedFolder> {
  const { gitdir, cache } = repository;
  const visit = async (
    oid: string,
    at: string,
    was: CommittedFolder | undefined,
  ): Promise<CommittedFolder> => {
    if (was?.oid === oid) return was;
    const files = new Map<string, string>();
    const folders = new Map<string, CommittedFolder>();
    const diagnostics: Diagnostic[] = [];
    const { tree } = await git.readTree({ fs: gitFiles, gitdir, oid, cache });
    for (const { path: name, oid: id, type, mode } of tree) {
      const path = at === "" ? name : `${at}/${name}`;
      if (type === "tree") {
        if (!name.startsWith(".") && leadsTo(path, folder))
          folders.set(path, await visit(id, path, was?.folders.get(path)));
        continue;
      }
      const what = within(path, folder) ? kindOf(name, type, mode) : "other";
      if (what === "document") files.set(path, id);
      else if (what !== "other") diagnostics.push(notRead(path, what));
    }
    return { oid, files, folders, diagnostics };
  };
  const { commit: body } = await git.readCommit({ fs: gitFiles, gitdir, oid: commit, cache });
  return visit(body.tree, "", before ?? undefined);
}

/** A document, something that is no file though it may lead to one, or nothing of ours. */
function kindOf(
  name: string,
  type: string,
  mode: string,
): "document" | "other" | "a submodule" | "a symbolic link" {
  const what = type === "commit" ? "a submodule" : mode === LINK ? "a symbolic link" : null;
  if (what !== null) return mayLead(name) ? what : "other";
  return isInventoryFile(name) ? "document" : "other";
}

/** A file that two folders hold differently; null where one of them has none of that name. */
export interface MovedFile {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Files that differ between two folders; what both share is not looked into. */
export function movedFiles(
  before: CommittedFolder | undefined,
  after: CommittedFolder | undefined,
): readonly MovedFile[] {
  if (before === after) return [];
  const moved: MovedFile[] = [];
  for (const path of union(before?.files, after?.files)) {
    const [was, is] = [before?.files.get(path) ?? null, after?.files.get(path) ?? null];
    if (was !== is) moved.push({ path, before: was, after: is });
  }
  for (const path of union(before?.folders, after?.folders))
    moved.push(...movedFiles(before?.folders.get(path), after?.folders.get(path)));
  return moved;
}

function union(
  a: ReadonlyMap<string, unknown> | undefined,
  b: ReadonlyMap<string, unknown> | undefined,
): ReadonlySet<string> {
  return new Set([...(a?.keys() ?? []), ...(b?.keys() ?? [])]);
}

/** The mode by which git marks a blob that is the target of a symbolic link. */
const LINK = "120000";

/** The blob of one file of a commit, by the folders above it alone; null when it is not there. */
export async function blobAt(
  { gitdir, cache }: Repository,
  commit: string,
  path: string,
): Promise<string | null> {
  const names = path.split("/");
  let { oid } = await git.readTree({ fs: gitFiles, gitdir, oid: commit, cache });
  for (const name of names) {
    const { tree } = await git.readTree({ fs: gitFiles, gitdir, oid, cache });
    const entry = tree.find((one) => one.path === name);
    if (entry === undefined) return null;
    oid = entry.oid;
    if (entry.type !== "tree") return oid;
  }
  return null;
}

/** One file of a commit; null when it is not there. */
export async function committedFile(
  repository: Repository,
  commit: string,
  path: string,
): Promise<SourceFile | null> {
  try {
    const { gitdir, cache } = repository;
    const { oid } = await git.readBlob({
      fs: gitFiles,
      gitdir,
      oid: commit,
      filepath: path,
      cache,
    });
    return { path, oid, read: () => readBlob(repository, oid) };
  } catch {
    return null;
  }
}

async function readBlob({ gitdir, cache }: Repository, oid: string): Promise<Uint8Array> {
  const { blob } = await git.readBlob({ fs: gitFiles, gitdir, oid, cache });
  return blob;
}

/** True when the index or the head commit holds anything below that folder. */
export async function isTracked({ gitdir, cache }: Repository, folder: string): Promise<boolean> {
  try {
    const staged = await git.listFiles({ fs: gitFiles, gitdir, cache });
    return staged.some((path) => within(path, folder));
  } catch {
    return false;
  }
}

function leadsTo(path: string, folder: string): boolean {
  return within(path, folder) || folder.startsWith(`${path}/`);
}
