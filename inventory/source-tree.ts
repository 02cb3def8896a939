import fs, { type Dirent } from "node:fs";
import { join, relative, sep } from "node:path";
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
export function mayLead(name: string): boolean {
  return !name.startsWith(".") && (isInventoryFile(name) || !name.includes("."));
}

/** Left out in silence, its nodes would be orphans. */
export function notRead(path: string, what: string): Diagnostic {
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

/** True for a path at or below a folder; "" and "." are the root. */
export function within(path: string, folder: string): boolean {
  return folder === "" || folder === "." || path === folder || path.startsWith(`${folder}/`);
}

/** By path. */
export function sorted(files: readonly SourceFile[]): readonly SourceFile[] {
  return [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
}
