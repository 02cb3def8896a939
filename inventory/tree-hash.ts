import { readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import type { Settings } from "../schemas/settings.ts";
import { blobId } from "./blob-id.ts";
import { signerFiles } from "./check-signers.ts";
import { committedFile, committedFiles, type Repository } from "./committed-tree.ts";
import type { SourceFile } from "./source-tree.ts";
import { TreeLines } from "./tree-lines.ts";

/** Where they are: a commit's where there is a `ref`, else the working tree's. */
interface TreeOptions {
  readonly dir: string;
  readonly ref?: string | undefined;
  readonly settings: Settings;
  readonly settingsPath?: string | undefined;
}

/** SHA-256 over path and blob id of every file, sorted: equal trees have equal hashes, committed or not. */
export function treeHash(files: readonly SourceFile[]): string {
  return TreeLines.of(files).hash;
}

/** The same of a commit. */
export async function committedTree(
  options: TreeOptions,
  repository: Repository,
  commit: string,
): Promise<string> {
  const { files } = await committedFiles(repository, commit, inventoryOf(options.settings));
  const others = await otherFiles({ ...options, ref: commit }, repository, commit);
  const documents = files.filter(({ path }) => path !== options.settingsPath);
  return treeHash([...documents, ...others]);
}

/** As git writes it: `./inventory/` is `inventory`. */
export function inventoryOf({ inventory }: Settings): string {
  return posix.normalize(inventory).replace(/\/+$/, "");
}

/** Files beside the documents that a plan is bound to: the settings, and who may sign. */
export async function otherFiles(
  options: TreeOptions,
  repository: Repository | null,
  id: string | null,
): Promise<readonly SourceFile[]> {
  const { dir, ref } = options;
  const paths = otherPaths(options);
  if (ref !== undefined && repository !== null && id !== null)
    return committedOnes(repository, id, paths);
  return paths.flatMap((path) => {
    const full = join(dir, path);
    if (statSync(full, { throwIfNoEntry: false })?.isFile() !== true) return [];
    const bytes = readFileSync(full);
    return [{ path, oid: blobId(bytes), read: () => Promise.resolve(bytes) }];
  });
}

/** Their names alone: what is in them is not read. */
export function otherPaths({ settings, settingsPath }: TreeOptions): readonly string[] {
  return [settingsPath ?? [], signerFiles(settings)].flat();
}

async function committedOnes(
  repository: Repository,
  commit: string,
  paths: readonly string[],
): Promise<readonly SourceFile[]> {
  const files = await Promise.all(paths.map((path) => committedFile(repository, commit, path)));
  return files.filter((file) => file !== null);
}
