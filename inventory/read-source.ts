import { existsSync, lstatSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { Diagnostic } from "../schemas/diagnostic.ts";
import type { CommitInfo } from "../schemas/fleet.ts";
import type { Settings } from "../schemas/settings.ts";
import {
  committedFiles,
  findRepository,
  isTracked,
  noWorkingTree,
  readCommit,
  type Repository,
} from "./committed-tree.ts";
import { NO_COMMIT, type SourceTree, workingTree } from "./source-tree.ts";
import { StatCache } from "./stat-cache.ts";
import { committedTree, inventoryOf } from "./tree-hash.ts";

/** Where the inventory is. */
export interface LoadFleetOptions {
  /** Absolute path of the repository. */
  readonly dir: string;
  /** A commit instead of the working tree. */
  readonly ref?: string | undefined;
  readonly settings: Settings;
  /** Relative to `dir`; part of the tree that a plan is bound to. */
  readonly settingsPath?: string | undefined;
  /** Where parsed blobs are kept; nothing is kept when left out. */
  readonly cacheDir?: string | undefined;
  /** Instead of the settings' own. */
  readonly fleetId?: string | undefined;
}

/** Where the inventory is the whole repository, the settings file is not one of its documents. */
export function withoutSettings(source: Source, settingsPath: string | undefined): Source {
  const files = source.files.filter(({ path }) => path !== settingsPath);
  return files.length === source.files.length ? source : { ...source, files };
}

/** The inventory's files, with the repository that they lie in. */
export interface Source extends SourceTree {
  readonly repository: Repository | null;
}

/** Lists the files of a working tree or a commit; a Diagnostic where there is no inventory. */
export async function readSource(options: LoadFleetOptions): Promise<Source | Diagnostic> {
  const { dir, ref, settings, cacheDir } = options;
  const inventory = inventoryOf(settings);
  if (isAbsolute(settings.inventory) || inventory.split("/")[0] === "..")
    return diagnostic(
      "IW-I12",
      settings.inventory,
      `the setting inventory is ${settings.inventory}; it must be a folder of the repository, for a commit holds no other`,
    );
  const repository = findRepository(dir);
  if (ref !== undefined) return committedSource(repository, ref, inventory);
  if (repository?.bare === true) return diagnostic("IW-I14", ".", noWorkingTree(repository));
  const folder = join(dir, inventory);
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    return diagnostic(
      "IW-I12",
      inventory,
      `there is no inventory: ${inventory}/ does not exist; run: ironwright init, or set inventory in ironwright.yaml`,
    );
  if (lstatSync(folder).isSymbolicLink())
    return diagnostic(
      "IW-I14",
      inventory,
      `${inventory} is a symbolic link: git keeps only its name; name the folder itself by the setting inventory`,
    );
  const stats = new StatCache(cacheDir === undefined ? null : join(cacheDir, "stat.json"));
  const { files, diagnostics } = workingTree(dir, inventory, stats);
  stats.save();
  const tracked = repository !== null && (await isTracked(repository, settings.state));
  const state = diagnostic(
    "IW-I16",
    settings.state,
    `the state directory ${settings.state}/ is tracked by git; take it out: git rm -r --cached ${settings.state}`,
  );
  return {
    repository,
    files,
    commit: NO_COMMIT,
    diagnostics: tracked ? [...diagnostics, state] : diagnostics,
  };
}

async function committedSource(
  repository: Repository | null,
  ref: string,
  inventory: string,
): Promise<Source | Diagnostic> {
  if (repository === null)
    return diagnostic("IW-I14", ".", "there is no git repository here; --ref needs one");
  const commit = await readCommit(repository, ref);
  if (commit?.id == null)
    return diagnostic(
      "IW-I14",
      ".",
      `git knows no commit "${ref}" here; look at: git log --all --oneline (a shallow clone holds few)`,
    );
  const committed = await committedFiles(repository, commit.id, inventory);
  return { repository, commit, ...committed };
}

/** A working tree that is as the head commit says is that commit. */
export async function commitOf(
  options: LoadFleetOptions,
  source: Source,
  tree: string,
): Promise<CommitInfo> {
  const { dir, ref } = options;
  const { repository } = source;
  if (ref !== undefined || repository === null) return source.commit;
  if (repository.dir !== dir) return NO_COMMIT;
  const head = await readCommit(repository, "HEAD");
  if (head?.id == null) return NO_COMMIT;
  return (await committedTree(options, repository, head.id)) === tree ? head : NO_COMMIT;
}

export function diagnostic(code: string, file: string, message: string): Diagnostic {
  return { code, severity: "error", message, file, line: 1, column: 1 };
}
