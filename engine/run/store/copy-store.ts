import { failure, fail, ok, type Result } from "../../../schemas/failure.ts";
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
  /** False once whoever copies may do so no more. */
  readonly goesOn: () => boolean;
  /** A name in the directory of temporary files that nobody else has. */
  readonly temporary: string;
}

/** Carries all files but `store.json` over and compares them; what an earlier try left there goes first. */
export async function copyStore(copy: Copy): Promise<Result<number>> {
  const { layout, from, to, isLeft, goesOn, temporary } = copy;
  const paths = (await filesOf(from, layout)).filter((path) => !isLeft(path));
  for (const old of await filesOf(to, layout)) await to.remove(old);
  await to.makeDir(layout.temporary);
  let isCut = false;
  const carried = new Map(paths.map((path, index) => [path, `${temporary}.${index}`]));
  await pooled(paths, AT_ONCE, async (path) => {
    isCut ||= !goesOn();
    const text = await from.read(path);
    if (isCut || text === null) return;
    const blank = carried.get(path) ?? temporary;
    const dir = path.slice(0, path.lastIndexOf("/"));
    await to.makeDir(dir);
    await to.create(blank, text);
    await to.rename(blank, path);
    await to.syncDir(dir);
    if ((await to.read(path)) !== text) throw new CorruptFile(path, "it came over otherwise");
  });
  if (isCut)
    return fail(
      failure(
        "conflict",
        "IW-L02",
        "the lease of this move ran out; nothing is lost, go on: ironwright migrate store",
      ),
    );
  return ok(paths.length);
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
