import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../schemas/settings.ts";
import { blobId } from "./blob-id.ts";
import { signerFiles } from "./check-signers.ts";
import { committedFile, type Repository, type SourceFile } from "./source-tree.ts";

/** Where they are: a commit's where there is a `ref`, else the working tree's. */
interface OtherFilesOptions {
  readonly dir: string;
  readonly ref?: string | undefined;
  readonly settings: Settings;
  readonly settingsPath?: string | undefined;
}

/** Files beside the documents that a plan is bound to: the settings, and who may sign. */
export async function otherFiles(
  { dir, ref, settings, settingsPath }: OtherFilesOptions,
  repository: Repository | null,
  id: string | null,
): Promise<readonly SourceFile[]> {
  const paths = [settingsPath ?? [], signerFiles(settings)].flat();
  if (ref !== undefined && repository !== null && id !== null)
    return committedOnes(repository, id, paths);
  return paths.flatMap((path) => {
    const full = join(dir, path);
    if (statSync(full, { throwIfNoEntry: false })?.isFile() !== true) return [];
    const bytes = readFileSync(full);
    return [{ path, oid: blobId(bytes), read: () => Promise.resolve(bytes) }];
  });
}

async function committedOnes(
  repository: Repository,
  commit: string,
  paths: readonly string[],
): Promise<readonly SourceFile[]> {
  const files = await Promise.all(paths.map((path) => committedFile(repository, commit, path)));
  return files.filter((file) => file !== null);
}
