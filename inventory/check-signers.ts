import { isAbsolute, posix } from "node:path";
import type { Diagnostic } from "../schemas/diagnostic.ts";
import type { Settings } from "../schemas/settings.ts";
import type { SourceFile } from "./source-tree.ts";
import { whyUnusable } from "./verify/signers.ts";

/** Files of the repository that `git.verify` names: a commit that changes who may sign is another tree. */
export function signerFiles({ git: { verify } }: Settings): readonly string[] {
  const named = [verify?.allowedSigners ?? [], verify?.openpgpKeys ?? []].flat();
  return named.filter((path) => !isAbsolute(path)).map((path) => posix.normalize(path));
}

/** Signers that nobody could sign by: once they are in force, no commit would ever pass. Those of the host are its own. */
export async function checkSigners(
  { git: { verify } }: Settings,
  files: readonly SourceFile[],
  settingsPath: string | undefined,
): Promise<readonly Diagnostic[]> {
  if (verify === undefined) return [];
  const { allowedSigners = "/", openpgpKeys = [] } = verify;
  const keys = openpgpKeys.filter((path) => !isAbsolute(path));
  const own = {
    ...(isAbsolute(allowedSigners) ? {} : { allowedSigners }),
    ...(keys.length === 0 ? {} : { openpgpKeys: keys }),
  };
  if (Object.keys(own).length === 0) return [];
  const named = new Map(files.map((file) => [file.path, file]));
  const why = await whyUnusable(own, async (path) => {
    const file = named.get(posix.normalize(path));
    return file === undefined ? null : file.read();
  });
  if (why === null) return [];
  const message = `git.verify: ${why}; commit the public keys of those who may sign there`;
  const file = settingsPath ?? "environment";
  return [{ code: "IW-G14", severity: "error", message, file, line: 1, column: 1 }];
}
