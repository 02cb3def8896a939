import { readFile } from "node:fs/promises";
import { isAbsolute, posix, resolve } from "node:path";
import { type Failure, failure } from "../../schemas/failure.ts";
import type { Settings, Verify } from "../../schemas/settings.ts";
import { type LoadSettingsOptions, loadSettings } from "../load-settings.ts";
import { committedFile, findRepository, readCommit, type Repository } from "../source-tree.ts";
import { readSigners, type ReadSignerFile } from "./signers.ts";
import { whyUnverified } from "./verify-commit.ts";

/** What the register says of the commit in force. */
export interface InForce {
  readonly commit: string | null;
  /** True where its settings demand signatures. */
  readonly verify?: boolean | undefined;
}

/** Where an engine was started, and its settings there. */
export interface AtHand {
  /** Absolute path; relative files of `git.verify` are below it. */
  readonly root: string;
  readonly settings: Settings;
  /** Where there is no working tree: the commit that those files are of. */
  readonly ref?: string;
}

export interface PolicyOptions extends Pick<
  LoadSettingsOptions,
  "dir" | "configFile" | "env" | "versions"
> {
  readonly atHand: AtHand;
  readonly inForce: InForce | null;
}

/** Whose signatures count, and where that is said. */
interface Policy {
  readonly verify: Verify | undefined;
  readonly read: ReadSignerFile;
}

/**
 * Why the settings in force refuse to put this in force; null where they do not. `commit`: null for what is not committed.
 * A commit is never judged by its own settings and keys, or it could switch off the check of itself.
 */
export async function whyNotVouchedFor(
  commit: string | null,
  options: PolicyOptions,
  now: number,
): Promise<Failure | null> {
  const policy = await policyOf(options);
  if ("code" in policy) return policy;
  if (policy.verify === undefined) return null;
  const repository = findRepository(options.dir);
  if (commit === null || repository === null)
    return failure(
      "stalled",
      "IW-G10",
      "it is not committed, and git.verify demands a signed commit; commit it: git commit -S",
    );
  const signers = await readSigners(policy.verify, policy.read);
  if (!signers.ok) return unjudged(signers.failure.message);
  return whyUnverified(repository, commit, { signers: signers.value, now });
}

/** By the commit in force; before the first one, by the settings at hand. */
async function policyOf(options: PolicyOptions): Promise<Policy | Failure> {
  const { dir, configFile, env, versions, atHand, inForce } = options;
  const repository = findRepository(dir);
  if (inForce?.commit == null)
    return {
      verify: atHand.settings.git.verify,
      read: (path) =>
        atHand.ref === undefined
          ? readHosts(resolve(atHand.root, path))
          : readAt(repository, atHand.ref, path),
    };
  const { commit } = inForce;
  const isHere = repository !== null && (await readCommit(repository, commit)) !== null;
  // Of a commit that is not here, what the environment says is all there is.
  const { settings } = await loadSettings({ dir, ref: commit, configFile, env, versions });
  const verify = settings?.git.verify;
  if (verify === undefined && inForce.verify === true && !(isHere && settings !== null))
    return unjudged(
      `commit ${commit.slice(0, 7)}, which is in force and demands signatures, ${isHere ? "has settings that this engine cannot read" : "is not in this repository; bring it here: git fetch --unshallow"}`,
    );
  return { verify, read: (path) => readAt(repository, commit, path) };
}

/** Of a commit, unless it is a file of this host. */
async function readAt(
  repository: Repository | null,
  ref: string,
  path: string,
): Promise<Uint8Array | null> {
  if (isAbsolute(path)) return readHosts(path);
  const commit = repository === null ? null : await readCommit(repository, ref);
  if (repository === null || commit?.id == null) return null;
  const file = await committedFile(repository, commit.id, posix.normalize(path));
  return file === null ? null : file.read();
}

async function readHosts(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch {
    return null;
  }
}

function unjudged(why: string): Failure {
  return failure(
    "stalled",
    "IW-G14",
    `nobody can tell whether it may be put in force: ${why}. Where those files are lost, name one of this host: IRONWRIGHT_GIT_VERIFY_ALLOWED_SIGNERS=/PATH`,
  );
}
