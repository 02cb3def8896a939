import { readFile } from "node:fs/promises";
import { isAbsolute, posix, resolve } from "node:path";
import * as git from "isomorphic-git";
import { type Failure, failure } from "../../schemas/failure.ts";
import type { Settings, Verify } from "../../schemas/settings.ts";
import { type LoadSettingsOptions, loadSettings } from "../load-settings.ts";
import { committedFile, findRepository, readCommit, type Repository } from "../committed-tree.ts";
import { committedTree } from "../tree-hash.ts";
import { readSigners, type ReadSignerFile } from "./signers.ts";
import { whyUnverified } from "./verify-commit.ts";
import { gitFiles } from "../git-files.ts";

/** What the register says of the commit in force. */
export interface InForce {
  /** Null where it was no commit when it was put there, as `init` does. */
  readonly commit: string | null;
  readonly tree: string;
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
  const policy = await policyOf(commit, options);
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
async function policyOf(
  candidate: string | null,
  options: PolicyOptions,
): Promise<Policy | Failure> {
  const { dir, atHand, inForce } = options;
  if (inForce !== null && (inForce.commit !== null || inForce.verify === true))
    return policyInForce(inForce, candidate ?? "HEAD", options);
  const { root, settings, ref } = atHand;
  const read: ReadSignerFile =
    ref === undefined
      ? (path) => readHosts(resolve(root, path))
      : (path) => readAt(findRepository(dir), ref, path);
  return { verify: settings.git.verify, read };
}

async function policyInForce(
  inForce: InForce,
  candidate: string,
  options: PolicyOptions,
): Promise<Policy | Failure> {
  const { dir, configFile, env, versions } = options;
  const repository = findRepository(dir);
  const found =
    inForce.commit === null
      ? await commitOfTree(candidate, inForce.tree, options)
      : await idOf(repository, inForce.commit);
  // Of a commit that is not here, what the environment says is all there is.
  const ref = found ?? NOWHERE;
  const { settings } = await loadSettings({ dir, ref, configFile, env, versions });
  const verify = settings?.git.verify;
  const isRead = found !== null && settings !== null;
  if (verify === undefined && inForce.verify === true && !isRead)
    return unjudged(whyNotRead(inForce, found !== null));
  return { verify, read: (path) => readAt(repository, ref, path) };
}

function whyNotRead({ commit }: InForce, isHere: boolean): string {
  const which = commit === null ? "what init found" : `commit ${commit.slice(0, 7)}`;
  const what = `${which} is in force and demands signatures`;
  return isHere
    ? `${what}, and its settings cannot be read by this engine`
    : `${what}, and it is not in this repository; bring it here: git fetch --unshallow`;
}

/** No commit has this id. */
const NOWHERE = "0".repeat(40);

async function idOf(repository: Repository | null, id: string): Promise<string | null> {
  return repository === null ? null : ((await readCommit(repository, id))?.id ?? null);
}

/** Commits that are looked through for the tree that `init` found: it is committed right after. */
const HISTORY_MAX = 100;

/** The newest commit up to `from` that holds a tree. */
async function commitOfTree(
  from: string,
  tree: string,
  { dir, configFile, env, versions }: PolicyOptions,
): Promise<string | null> {
  const repository = findRepository(dir);
  const start = repository === null ? null : await idOf(repository, from);
  if (repository === null || start === null) return null;
  for (const oid of await idsUpTo(repository, start)) {
    const { settings, settingsPath } = await loadSettings({
      dir,
      ref: oid,
      configFile,
      env,
      versions,
    });
    if (settings === null) continue;
    const options = { dir, settings, settingsPath: settingsPath ?? undefined };
    if ((await committedTree(options, repository, oid)) === tree) return oid;
  }
  return null;
}

/** None where the history is cut off. */
async function idsUpTo({ gitdir, cache }: Repository, ref: string): Promise<readonly string[]> {
  try {
    return (await git.log({ fs: gitFiles, gitdir, cache, ref, depth: HISTORY_MAX })).map(
      ({ oid }) => oid,
    );
  } catch {
    return [];
  }
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
