import type { Fleet } from "../schemas/fleet.ts";
import type { FoldingBase } from "./assemble.ts";
import {
  blobAt,
  type CommittedFolder,
  committedFolder,
  findRepository,
  type MovedFile,
  movedFiles,
  readCommit,
  type Repository,
} from "./committed-tree.ts";
import { type LoadedFleet, loadWhole } from "./load-fleet.ts";
import {
  areAlone,
  areRight,
  follow,
  type FleetIndex,
  indexOf,
  movedNodes,
  movedReach,
  movesOf,
} from "./node-moves.ts";
import { type LoadFleetOptions, readSource, withoutSettings } from "./read-source.ts";
import { inventoryOf, otherPaths } from "./tree-hash.ts";
import { lineOf, TreeLines } from "./tree-lines.ts";

/** Of a commit that changes more files than this, everything is read: looking for what it left alone costs as much. */
const MOVED_MAX = 2000;

/** Every so many commits what was read of packs is given back: they may be gone by now. */
const RENEW_STEPS = 50;

/** `ref`: the whole id of a commit. */
type CommitOptions = LoadFleetOptions & { readonly ref: string };

/** A commit that was loaded whole, and what the next one is compared with. */
interface Loaded {
  /** What of the settings decides how files are read. */
  readonly key: string;
  readonly folder: CommittedFolder;
  readonly fleet: Fleet;
  readonly lines: TreeLines;
  /** The settings, and who may sign. */
  readonly others: readonly NamedBlob[];
  readonly base: FoldingBase;
}

/**
 * The Fleet of a repository, commit after commit. Only files that a commit changes are read, and only their nodes are folded
 * and compared with their kin; the rest is the very same as before. Where a commit changes what many nodes share, or where
 * anything is wrong, everything is read again: what is answered is at all times what `loadFleet` says.
 */
export class MovingFleet {
  #repository: Repository | null = null;
  #steps = 0;
  #last: (Loaded & { readonly index: FleetIndex }) | null = null;

  async load(options: CommitOptions): Promise<LoadedFleet> {
    const { dir, ref, settings } = options;
    this.#repository ??= findRepository(dir);
    const repository = this.#repository;
    if (repository === null) return this.#whole(options, null);
    const before = this.#last;
    const folder = await committedFolder(repository, ref, {
      folder: inventoryOf(settings),
      before: before?.folder ?? null,
    }).catch(() => null);
    if (before === null || folder === null || before.key !== keyOf(options))
      return this.#whole(options, folder);
    const next = await step(before, folder, { repository, options });
    if (next === null) return this.#whole(options, folder);
    this.#steps += 1;
    if (this.#steps % RENEW_STEPS === 0) this.#repository = { ...repository, cache: {} };
    this.#last = { ...next, index: before.index };
    return { fleet: next.fleet, diagnostics: next.fleet.warnings };
  }

  /** A commit that is refused changes nothing: the next one is compared with the last good one. */
  async #whole(options: CommitOptions, folder: CommittedFolder | null): Promise<LoadedFleet> {
    const source = await readSource(options);
    if ("code" in source) return { fleet: null, diagnostics: [source] };
    const documents = withoutSettings(source, options.settingsPath);
    const made = await loadWhole(documents, options);
    const { fleet } = made.loaded;
    const { repository } = source;
    if (made.assembly === null || fleet === null || repository === null || folder === null)
      return made.loaded;
    // What it has read of a large pack is given back.
    this.#repository = { ...repository, cache: {} };
    const others = await othersIn(this.#repository, options);
    const lines = TreeLines.of([...documents.files, ...others]);
    const { base } = made.assembly;
    const key = keyOf(options);
    this.#last = {
      key,
      folder,
      fleet,
      lines,
      others,
      base,
      index: indexOf(documents.files, made, fleet),
    };
    return made.loaded;
  }
}

function keyOf({ settings, settingsPath, fleetId }: CommitOptions): string {
  return JSON.stringify([
    inventoryOf(settings),
    settings.secrets,
    fleetId ?? settings.fleet,
    settingsPath,
  ]);
}

interface NamedBlob {
  readonly path: string;
  readonly oid: string;
}

async function othersIn(
  repository: Repository,
  options: CommitOptions,
): Promise<readonly NamedBlob[]> {
  const others: NamedBlob[] = [];
  for (const path of otherPaths(options)) {
    const oid = await blobAt(repository, options.ref, path);
    if (oid !== null) others.push({ path, oid });
  }
  return others;
}

/** What a commit makes of the one before it; null where everything must be read again. */
async function step(
  before: Loaded & { readonly index: FleetIndex },
  folder: CommittedFolder,
  { repository, options }: { readonly repository: Repository; readonly options: CommitOptions },
): Promise<Loaded | null> {
  const { index, fleet, base } = before;
  const moved = movedFiles(before.folder, folder).filter(
    ({ path }) => path !== options.settingsPath,
  );
  if (moved.length > MOVED_MAX || holdsUnread(folder, before.folder)) return null;
  const moves = await movesOf(moved, { repository, fleet, index, base });
  if (moves === null || !areAlone(moves, { fleet, base })) return null;
  const nodes = movedNodes(fleet.nodes, moves);
  if (nodes.length === 0 || !areRight(nodes, moves, { index, base, settings: options.settings }))
    return null;
  const commit = await readCommit(repository, options.ref);
  if (commit === null) return null;
  const others = await othersIn(repository, options);
  // Whoever may sign is judged with all that is read.
  if (options.settings.git.verify !== undefined && !areSame(before.others, others)) return null;
  const lines = before.lines.moved(
    [...filesOf(moved, "before"), ...before.others].map(lineOf),
    [...filesOf(moved, "after"), ...others].map(lineOf),
  );
  const profileReach = movedReach(fleet.profileReach, moves, index);
  follow(index, moves);
  const next = { ...fleet, commit, tree: lines.hash, nodes, profileReach };
  return { ...before, folder, lines, others, fleet: next };
}

/** True where something new stands in it that is not read: that is said by whoever reads it all. */
function holdsUnread(after: CommittedFolder, before: CommittedFolder | undefined): boolean {
  if (after === before) return false;
  if (after.diagnostics.length > 0) return true;
  return [...after.folders].some(([path, below]) => holdsUnread(below, before?.folders.get(path)));
}

function areSame(a: readonly NamedBlob[], b: readonly NamedBlob[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function filesOf(
  moved: readonly MovedFile[],
  when: "before" | "after",
): readonly { readonly path: string; readonly oid: string }[] {
  return moved.flatMap(({ path, [when]: oid }) => (oid === null ? [] : [{ path, oid }]));
}
