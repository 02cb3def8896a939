import { createHash } from "node:crypto";
import * as git from "isomorphic-git";
import { type Failure, failure } from "../../schemas/failure.ts";
import type { Repository } from "../committed-tree.ts";
import { allowedBy, type NotAllowed } from "./allowed-signers.ts";
import { checkOpenpgpSignature } from "./openpgp-signature.ts";
import { type Committer, signedCommit } from "./signed-commit.ts";
import type { Signers } from "./signers.ts";
import { fingerprintOf, keyTypeOf } from "./ssh-key.ts";
import { checkSshSignature } from "./ssh-signature.ts";
import { gitFiles } from "../git-files.ts";

/** Why the signature of a commit doesn't count; null where it does. `now`: milliseconds since the epoch. */
export async function whyUnverified(
  repository: Repository,
  commit: string,
  { signers, now }: { readonly signers: Signers; readonly now: number },
): Promise<Failure | null> {
  const raw = await rawCommit(repository, commit);
  return raw === null
    ? bad("the commit cannot be read; look at: git fsck")
    : judge(raw, signers, now);
}

/** The same of the commit's own bytes. */
export async function judge(
  raw: Uint8Array,
  signers: Signers,
  now: number,
): Promise<Failure | null> {
  const parts = signedCommit(raw);
  if (typeof parts === "string") return bad(`${parts}; ${ANEW}`);
  const { signature, payload, committer } = parts;
  if (signature === null)
    return failure(
      "stalled",
      "IW-G10",
      `it is not signed (committed by ${nameOf(committer)}), and git.verify demands it; sign it: git commit --amend --no-edit -S`,
    );
  if (signature.startsWith("-----BEGIN SSH SIGNATURE-----"))
    return judgeSsh(signature, { payload, committer, ssh: signers.ssh });
  if (/^-----BEGIN PGP (?:SIGNATURE|MESSAGE)-----/.test(signature))
    return judgeOpenpgp(signature, { payload, committer, openpgp: signers.openpgp }, now);
  return bad(
    `its signature is neither SSH's nor OpenPGP's (committed by ${nameOf(committer)}); ${ANEW}`,
  );
}

/** Read as it is, for isomorphic-git's own payload changes line ends and knows no SSH. A pack's objects are not held against their ids there. */
async function rawCommit({ gitdir, cache }: Repository, oid: string): Promise<Uint8Array | null> {
  try {
    const { object } = await git.readObject({
      fs: gitFiles,
      gitdir,
      oid,
      cache,
      format: "content",
    });
    if (!(object instanceof Uint8Array)) return null;
    const hash = createHash("sha1").update(`commit ${object.length}\0`).update(object);
    return hash.digest("hex") === oid ? object : null;
  } catch {
    return null;
  }
}

const ANEW = "sign it anew: git commit --amend --no-edit -S";

function judgeSsh(
  armor: string,
  { payload, committer, ssh }: Signed & Pick<Signers, "ssh">,
): Failure | null {
  const checked = checkSshSignature(armor, payload);
  if (!checked.ok) return badSignature(committer, checked.why);
  const { key } = checked;
  const name = `the SSH key ${fingerprintOf(key)} (${keyTypeOf(key)})`;
  if (ssh === null)
    return notAllowed(
      `it is signed by ${name}, and git.verify names no allowedSigners`,
      "allowedSigners",
    );
  const found = allowedBy(ssh.allowed, key, committer);
  return "key" in found ? null : whyNot(found, { name, committer, path: ssh.path });
}

interface Signed {
  readonly payload: Uint8Array;
  readonly committer: Committer;
}

function whyNot(
  found: NotAllowed,
  at: { readonly name: string; readonly committer: Committer; readonly path: string },
): Failure {
  const { name, committer, path } = at;
  if (found.why === "unknown")
    return notAllowed(`it is signed by ${name}, which does not stand in ${path}`, path);
  const { by } = found;
  const line = `${path}:${by.line}`;
  switch (found.why) {
    case "namespace":
      return notAllowed(
        `it is signed by ${name}, which is for the namespaces ${by.namespaces ?? ""} and not for git (${line})`,
        path,
      );
    case "principal":
      return notAllowed(
        `it is signed by ${name}, which is for ${by.principals} (${line}), and committed by ${nameOf(committer)}`,
        path,
      );
    case "early":
      return outOfTime(
        `${name} is valid from ${instant(by.validAfter)} on (${line}), and the commit is of ${instant(committer.at)}`,
      );
    case "late":
      return outOfTime(
        `${name} was valid until ${instant(by.validBefore)} (${line}), and the commit is of ${instant(committer.at)}`,
      );
  }
}

async function judgeOpenpgp(
  armor: string,
  { payload, committer, openpgp }: Signed & Pick<Signers, "openpgp">,
  now: number,
): Promise<Failure | null> {
  const keys = openpgp?.keys ?? [];
  const found = await checkOpenpgpSignature(armor, payload, { keys, now });
  switch (found.kind) {
    case "good":
      return null;
    case "bad":
      return badSignature(committer, found.why);
    case "unknown":
      return openpgp === null
        ? notAllowed(
            `it is signed by the OpenPGP key ${found.who}, and git.verify names no openpgpKeys`,
            "openpgpKeys",
          )
        : notAllowed(
            `it is signed by the OpenPGP key ${found.who}, which is not in ${openpgp.paths}`,
            openpgp.paths,
          );
    case "time":
      return outOfTime(`the OpenPGP key ${found.who} ${found.why}`);
  }
}

function bad(why: string): Failure {
  return failure("stalled", "IW-G11", why);
}

function badSignature(committer: Committer, why: string): Failure {
  return bad(`its signature is bad (committed by ${nameOf(committer)}): ${why}; ${ANEW}`);
}

function notAllowed(what: string, where: string): Failure {
  return failure(
    "stalled",
    "IW-G12",
    `${what}; sign it by a key that is allowed, or add this one to ${where} by a commit that such a key signs`,
  );
}

function outOfTime(what: string): Failure {
  return failure(
    "stalled",
    "IW-G13",
    `it is signed by a key out of its time: ${what}; sign it by another key that is allowed`,
  );
}

/** From whoever pushed: nothing of it may move a terminal's cursor. */
function nameOf({ name, email }: Committer): string {
  return `${name} <${email}>`.replaceAll(/\p{C}/gu, "?");
}

function instant(at: number | null): string {
  return at === null ? "ever" : new Date(at).toISOString().replace(".000Z", "Z");
}
