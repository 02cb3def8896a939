import fs, { type Dirent } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import * as git from "isomorphic-git";
import type { CommitInfo } from "../schemas/fleet.ts";
import type { Diagnostic } from "../schemas/diagnostic.ts";
import type { StatCache } from "./stat-cache.ts";

/** One file of the inventory, named by its content. */
export interface SourceFile {
  /** Relative to the repository root, with slashes. */
  readonly path: string;
  /** Git's blob id (SHA-1): equal content has an equal id, committed or not. */
  readonly oid: string;
  read(): Promise<Uint8Array>;
}

/** Files of the inventory, sorted by path, and where they come from. */
export interface SourceTree {
  readonly files: readonly SourceFile[];
  readonly commit: CommitInfo;
  readonly diagnostics: readonly Diagnostic[];
}

/** Not committed. */
export const NO_COMMIT: CommitInfo = {
  id: null,
  subject: null,
  author: null,
  time: null,
  message: null,
};

/** One of the inventory's own. */
export function isInventoryFile(name: string): boolean {
  return /\.ya?ml$/i.test(name) && !name.startsWith(".");
}

/** The inventory as it lies in the working tree, committed or not. */
export function workingTree(
  root: string,
  inventory: string,
  stats: StatCache,
): Omit<SourceTree, "commit"> {
  const diagnostics: Diagnostic[] = [];
  const files: SourceFile[] = [];
  const visit = (dir: string, at: string): void => {
    for (const entry of entries(dir)) {
      const full = `${dir}${sep}${entry.name}`;
      const path = at === "" ? entry.name : `${at}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!entry.name.startsWith(".")) visit(full, path);
      } else if (entry.isSymbolicLink()) {
        if (mayLead(entry.name)) diagnostics.push(notRead(path, "a symbolic link"));
      } else if (isInventoryFile(entry.name)) {
        if (entry.isFile()) files.push(workingFile(full, path, stats, diagnostics));
        else diagnostics.push(notRead(path, "no plain file"));
      }
    }
  };
  const top = join(root, inventory);
  visit(top, relative(root, top).split(sep).join("/"));
  return { files: sorted(files), diagnostics };
}

function entries(dir: string): readonly Dirent[] {
  return fs.readdirSync(dir, { withFileTypes: true });
}

/** A link to a folder or to a document; one to a picture or a script is nobody's business. */
function mayLead(name: string): boolean {
  return !name.startsWith(".") && (isInventoryFile(name) || !name.includes("."));
}

/** Left out in silence, its nodes would be orphans. */
function notRead(path: string, what: string): Diagnostic {
  const message = `${path} is ${what} and is not read: git keeps only its name. Put the files themselves there`;
  return { code: "IW-I14", severity: "error", message, file: path, line: 1, column: 1 };
}

function workingFile(
  full: string,
  path: string,
  stats: StatCache,
  diagnostics: Diagnostic[],
): SourceFile {
  // What was read to be named is handed on to be parsed: a new file is read once.
  let bytes: Uint8Array | null = null;
  const read = (): Uint8Array => {
    bytes = fs.readFileSync(full);
    return bytes;
  };
  const take = (): Promise<Uint8Array> => {
    const taken = bytes ?? fs.readFileSync(full);
    bytes = null;
    return Promise.resolve(taken);
  };
  try {
    return { path, oid: stats.oidOf(full, path, read), read: take };
  } catch (error) {
    const message = `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    diagnostics.push({
      code: "IW-I14",
      severity: "error",
      message,
      file: path,
      line: 1,
      column: 1,
    });
    return { path, oid: "0".repeat(40), read: () => Promise.resolve(new Uint8Array()) };
  }
}

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
    if (fs.existsSync(gitdir)) return { dir: at, gitdir, bare: false, cache: {} };
    if (isGitDirectory(at)) return { dir: at, gitdir: at, bare: true, cache: {} };
    if (at === dirname(at)) return null;
  }
}

/** As git itself tells one. */
function isGitDirectory(path: string): boolean {
  return ["HEAD", "objects", "refs"].every((name) => fs.existsSync(join(path, name)));
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
      fs,
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
      const { commit } = await git.readCommit({ fs, gitdir, oid });
      const [parent] = commit.parent;
      if (parent === undefined) throw new Error("no such ancestor");
      oid = parent;
    }
    return oid;
  }
  try {
    return await git.resolveRef({ fs, gitdir, ref });
  } catch {
    return await git.expandOid({ fs, gitdir, oid: ref });
  }
}

/** The files below a folder of a commit; an empty list when the folder is not there. */
export async function committedFiles(
  repository: Repository,
  commit: string,
  folder: string,
): Promise<Omit<SourceTree, "commit">> {
  const { gitdir, cache } = repository;
  const files: SourceFile[] = [];
  const diagnostics: Diagnostic[] = [];
  const visit = async (oid: string, at: string): Promise<void> => {
    const { tree } = await git.readTree({ fs, gitdir, oid, cache });
    for (const { path: name, oid: id, type, mode } of tree) {
      const path = at === "" ? name : `${at}/${name}`;
      if (type === "tree" && !name.startsWith(".") && leadsTo(path, folder)) await visit(id, path);
      if (type === "tree" || !within(path, folder)) continue;
      const what = type === "commit" ? "a submodule" : mode === LINK ? "a symbolic link" : null;
      if (what !== null && mayLead(name)) diagnostics.push(notRead(path, what));
      else if (what === null && isInventoryFile(name))
        files.push({ path, oid: id, read: () => readBlob(repository, id) });
    }
  };
  const { commit: body } = await git.readCommit({ fs, gitdir, oid: commit, cache });
  await visit(body.tree, "");
  return { files: sorted(files), diagnostics };
}

/** The mode by which git marks a blob that is the target of a symbolic link. */
const LINK = "120000";

/** One file of a commit; null when it is not there. */
export async function committedFile(
  repository: Repository,
  commit: string,
  path: string,
): Promise<SourceFile | null> {
  try {
    const { gitdir, cache } = repository;
    const { oid } = await git.readBlob({ fs, gitdir, oid: commit, filepath: path, cache });
    return { path, oid, read: () => readBlob(repository, oid) };
  } catch {
    return null;
  }
}

async function readBlob({ gitdir, cache }: Repository, oid: string): Promise<Uint8Array> {
  const { blob } = await git.readBlob({ fs, gitdir, oid, cache });
  return blob;
}

/** True when the index or the head commit holds anything below that folder. */
export async function isTracked({ gitdir, cache }: Repository, folder: string): Promise<boolean> {
  try {
    const staged = await git.listFiles({ fs, gitdir, cache });
    return staged.some((path) => within(path, folder));
  } catch {
    return false;
  }
}

function leadsTo(path: string, folder: string): boolean {
  return within(path, folder) || folder.startsWith(`${path}/`);
}

function within(path: string, folder: string): boolean {
  return folder === "" || folder === "." || path === folder || path.startsWith(`${folder}/`);
}

function sorted(files: readonly SourceFile[]): readonly SourceFile[] {
  return [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
}
