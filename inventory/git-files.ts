import type { Stats } from "node:fs";
import * as files from "node:fs/promises";

/** Directories that isomorphic-git asks for before each object, though they stand as long as they are read. */
const IS_GIT_DIRECTORY = /\.git\/?$/;
const directories = new Map<string, Stats>();

/**
 * The file system as isomorphic-git takes it, for reads of many objects. It tries `readFile` without a path at each call, to
 * see whether promises come back, and node:fs answers that by an error with a stack, which costs more than the object itself;
 * and it looks each time whether the git directory is one.
 */
export const gitFiles = {
  promises: {
    ...files,
    readFile: (path?: string, options?: Parameters<typeof files.readFile>[1]): Promise<unknown> =>
      path === undefined ? Promise.resolve() : files.readFile(path, options),
    async stat(path: string): Promise<Stats> {
      const known = directories.get(path);
      if (known !== undefined) return known;
      const stats = await files.stat(path);
      if (stats.isDirectory() && IS_GIT_DIRECTORY.test(path)) directories.set(path, stats);
      return stats;
    },
  },
};
