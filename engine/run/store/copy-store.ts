import { type Failure, fail, ok, type Result } from "../../../schemas/failure.ts";
import { pooled } from "../limits.ts";
import type { Layout } from "./layout.ts";
import { codeOf } from "./node-files.ts";
import { CorruptFile } from "./store-files.ts";
import type { FilesPort } from "./store-ports.ts";

/** Files carried at once. */
const AT_ONCE = 32;

/** Two places of one store. */
export interface Copy {
  readonly layout: Layout;
  readonly from: FilesPort;
  readonly to: FilesPort;
  /** Not the store's own: it stays where it is. */
  readonly isLeft: (path: string) => boolean;
  /** Why whoever copies may write no more; asked before each removal and each name. */
  readonly stands: () => Promise<Failure | null>;
  /** A name in the directory of temporary files that nobody else has. */
  readonly temporary: string;
}

/**
 * Carries the deaths of the store's engines over, before anything else is touched: where a place refuses what a dead engine
 * writes (`guardedBy`), a move of before that was paused writes there no more, whenever it wakes.
 */
export async function carryDeaths(copy: Copy): Promise<Failure | null> {
  const paths = await ownFiles(copy);
  return carry(
    copy,
    paths.filter((path) => isDeath(copy.layout, path)),
  );
}

/** Carries all files but `store.json` over and compares them; what an earlier try left there goes first, but for deaths. */
export async function copyStore(copy: Copy): Promise<Result<number>> {
  const { layout, to, stands } = copy;
  const paths = await ownFiles(copy);
  const stay = new Set(paths.filter((path) => isDeath(layout, path)));
  for (const old of await filesOf(to, layout)) {
    if (stay.has(old)) continue;
    const why = await stands();
    if (why !== null) return fail(why);
    await to.remove(old);
  }
  const why = await carry(copy, paths);
  return why === null ? ok(paths.length) : fail(why);
}

async function carry(copy: Copy, paths: readonly string[]): Promise<Failure | null> {
  const { layout, from, to, stands, temporary } = copy;
  await to.makeDir(layout.temporary);
  let why: Failure | null = null;
  const blanks = new Map(paths.map((path, index) => [path, `${temporary}.${index}`]));
  await pooled(paths, AT_ONCE, async (path) => {
    if (why !== null) return;
    const text = await from.read(path);
    if (text === null) return;
    const blank = blanks.get(path) ?? temporary;
    const dir = path.slice(0, path.lastIndexOf("/"));
    await to.makeDir(dir);
    await to.create(blank, text);
    why ??= await stands();
    if (why !== null) return to.remove(blank);
    await to.rename(blank, path);
    await to.syncDir(dir);
    if ((await to.read(path)) !== text) throw new CorruptFile(path, "it came over otherwise");
  });
  return why;
}

async function ownFiles({ layout, from, isLeft }: Copy): Promise<readonly string[]> {
  return (await filesOf(from, layout)).filter((path) => !isLeft(path));
}

function isDeath({ instances }: Layout, path: string): boolean {
  return path.startsWith(`${instances}/`) && path.endsWith(".dead");
}

/** Every file that the engines of a store share, wherever each of them runs. */
async function filesOf(files: FilesPort, layout: Layout): Promise<readonly string[]> {
  const found: string[] = [];
  const visit = async (path: string): Promise<void> => {
    if (path.endsWith("/history.jsonl")) return;
    const names = await files.list(path).catch(noDirectory);
    for (const name of names) await visit(`${path}/${name}`);
    if (names.length === 0 && (await isFile(files, path))) found.push(path);
  };
  for (const path of layout.shared) await visit(path);
  return found;
}

async function isFile(files: FilesPort, path: string): Promise<boolean> {
  try {
    return (await files.read(path)) !== null;
  } catch (error) {
    if (codeOf(error) === "EISDIR") return false;
    throw error;
  }
}

function noDirectory(error: unknown): readonly string[] {
  if (codeOf(error) === "ENOTDIR") return [];
  throw error;
}
