import { createHash } from "node:crypto";
import type { Login, LoginGuard } from "../../drivers/driver.ts";
import { type Failure, failure } from "../../schemas/failure.ts";
import { UNDECLARED } from "../../schemas/fleet.ts";
import type { Settings } from "../../schemas/settings.ts";
import { codeOf } from "./store/node-files.ts";
import { StoreTrouble, UnreadableFile } from "./store/store-files.ts";
import type { Drivers, LoginAt, LoginLimits, LoginSlots } from "./ports.ts";

/** A login is sent once and may be read once; each may wait as long again for its turn on the wire. */
const REQUESTS = 4;

/** A try of a process that can't be seen is over once it was looked at for as long as one lasts; then there is one more look. */
const LAST_LOOK_MS = 5_000;

const USER_MARK_LETTERS = 8;

/** BMCs that a sentence names. */
const NAMED = 5;

/** What the guard needs from outside. */
export interface GuardPorts {
  /** Those of the store; null where there is none. */
  readonly slots: () => Promise<LoginSlots | null>;
  readonly secretVersion: Drivers["secretVersion"];
  readonly settings: Settings;
}

/** Lets drivers ask the store before they send a secret. */
export function loginGuard({ slots, secretVersion, settings }: GuardPorts): LoginGuard {
  const { refusalsPerSecret, requestSeconds } = settings.limits;
  const limits: LoginLimits = {
    most: refusalsPerSecret,
    tryMaxMs: REQUESTS * requestSeconds * 1000,
  };
  const at = ({ node, address }: Login): LoginAt => ({
    secret: secretOf(node),
    node: node.name,
    address,
    version: async () => {
      const version = await secretVersion(node);
      return version === null ? null : `${version}${userMark(node)}`;
    },
  });
  return {
    waitMaxMs: limits.tryMaxMs + LAST_LOOK_MS,
    async begin(login, isProven) {
      const answer = await slots()
        .then((shared) => shared?.begin(at(login), limits, isProven) ?? null)
        .catch(whyNot);
      if (answer === null) return "alone";
      if ("code" in answer) return answer;
      return answer.kind === "refused" ? refused(login, answer) : answer.kind;
    },
    async end(login, verdict) {
      await slots()
        .then((shared) => shared?.end(at(login), verdict))
        .catch(whyNot);
    },
  };
}

/**
 * Who may not write into the store, or can't, acts on nothing, and counts for itself; a damaged file is told, for it would be
 * the same in every process.
 */
function whyNot(error: unknown): Failure | null {
  if (error instanceof UnreadableFile) return failure(error.kind, error.code, error.message);
  if (isStoreTrouble(error)) return null;
  throw error;
}

/** True for what a disk, a file or an etcd says; false for a bug. */
export function isStoreTrouble(error: unknown): boolean {
  return error instanceof StoreTrouble || /^E[A-Z0-9]+$/.test(codeOf(error));
}

/** A hash of the user: with another one the same secret is another login, and the place that keeps it is named by both. */
function userMark({ spec }: Login["node"]): string {
  const user = spec.bmc?.username ?? "";
  return createHash("sha256").update(user).digest("hex").slice(0, USER_MARK_LETTERS);
}

/** The reference of a node's secret, as it is declared: it names the secret in the store and in words. */
export function secretOf({ spec }: Login["node"]): string {
  return JSON.stringify(spec.bmc?.password ?? null);
}

function refused(
  { node, address }: Login,
  { here, by }: { readonly here: boolean; readonly by: readonly string[] },
): Failure {
  // Whoever is only being discovered has no name to be retried by.
  const isDeclared = node.place.file !== UNDECLARED;
  const retry = `or when it is right${isDeclared ? "" : ", declare it and"}: ironwright retry ${isDeclared ? node.name : "NODE"}`;
  if (here) {
    const fact = `BMC ${address} refused the secret ${secretOf(node)} before, and is not sent it again until it or the user changes`;
    return failure("stalled", "IW-B04", `${fact}; correct it, ${retry}`);
  }
  const names = `${by.slice(0, NAMED).join(", ")}${by.length > NAMED ? ", ..." : ""}`;
  const fact = `the secret ${secretOf(node)} was refused by ${by.length} BMCs (${names}) and is tried nowhere else`;
  return failure("stalled", "IW-B19", `${fact} until it changes; correct it, ${retry}`);
}
