import type { Key } from "openpgp";
import { fail, failure, ok, type Result } from "../../schemas/failure.ts";
import type { Verify } from "../../schemas/settings.ts";
import { type AllowedSigners, parseAllowedSigners } from "./allowed-signers.ts";
import { readOpenpgpKeys } from "./openpgp-signature.ts";

/** Whose signatures count. */
export interface Signers {
  /** The allowed signers file; null where there is none, and no SSH signature counts. */
  readonly ssh: { readonly path: string; readonly allowed: AllowedSigners } | null;
  /** Public keys; null where there are none, and no OpenPGP signature counts. */
  readonly openpgp: { readonly paths: string; readonly keys: readonly Key[] } | null;
}

/** A file that `git.verify` names; null where there is none. */
export type ReadSignerFile = (path: string) => Promise<Uint8Array | null>;

/** Larger is no list of keys. Bytes. */
const FILE_MAX = 1024 * 1024;

/** Reads what `git.verify` names. What can't be read lets nobody sign: IW-G14. */
export async function readSigners(verify: Verify, read: ReadSignerFile): Promise<Result<Signers>> {
  const { allowedSigners, openpgpKeys } = verify;
  const ssh = allowedSigners === undefined ? null : await bounded(allowedSigners, read);
  if (typeof ssh === "string") return unreadable(ssh);
  const files = [];
  for (const path of openpgpKeys ?? []) {
    const bytes = await bounded(path, read);
    if (typeof bytes === "string") return unreadable(bytes);
    files.push({ path, bytes });
  }
  const keys = await readOpenpgpKeys(files);
  if (typeof keys === "string") return unreadable(keys);
  return ok({
    ssh:
      ssh === null || allowedSigners === undefined
        ? null
        : { path: allowedSigners, allowed: parseAllowedSigners(Buffer.from(ssh).toString("utf8")) },
    openpgp: openpgpKeys === undefined ? null : { paths: openpgpKeys.join(", "), keys },
  });
}

/** What is wrong with the signers of a commit before it is put in force: from then on nobody could sign. */
export async function whyUnusable(verify: Verify, read: ReadSignerFile): Promise<string | null> {
  const signers = await readSigners(verify, read);
  if (!signers.ok) return signers.failure.message;
  const { ssh } = signers.value;
  const [wrong] = ssh?.allowed.wrong ?? [];
  if (ssh !== null && wrong !== undefined) return `${ssh.path}:${wrong.line}: ${wrong.why}`;
  const some = ssh?.allowed.signers.some(({ isAuthority }) => !isAuthority) ?? false;
  if (some || (signers.value.openpgp?.keys.length ?? 0) > 0) return null;
  return `${ssh?.path ?? "git.verify"}: it holds no key, so nobody could sign the next commit`;
}

async function bounded(path: string, read: ReadSignerFile): Promise<Uint8Array | string> {
  const bytes = await read(path);
  if (bytes === null) return `${path}: there is no such file`;
  return bytes.length > FILE_MAX ? `${path}: it is larger than ${FILE_MAX / 1024} KiB` : bytes;
}

function unreadable(why: string): Result<never> {
  return fail(failure("stalled", "IW-G14", why));
}
