import { randomBytes } from "node:crypto";
import type { Failure } from "../../schemas/failure.ts";
import { isStoreTrouble } from "../run/login-guard.ts";
import type { Drivers, LoginSlots, StoreReader } from "../run/ports.ts";
import { codeOf } from "../run/store/node-files.ts";
import { StoreTrouble } from "../run/store/store-files.ts";

type Logins = () => Promise<LoginSlots | null>;

/** By these the system says that this user may not: it would say so again. */
const MAY_NOT = new Set(["EACCES", "EPERM", "EROFS"]);

/** Those of the store, opened when first asked for; nothing is kept but a store that could be opened. */
export function sharedLogins(
  open: () => Promise<{ readonly store: StoreReader | null; readonly why: Failure | null }>,
): Logins {
  let asked: Promise<LoginSlots | null> | null = null;
  const ask = async (): Promise<LoginSlots | null> => {
    const { store, why } = await open();
    if (store !== null) return store.logins;
    asked = null;
    // Where there is none there is nobody to share with; one that can't be opened has failed, and may be well later.
    if (why === null || why.code === "IW-S02") return null;
    throw new StoreTrouble(why.code, why.message, why.kind);
  };
  return () => {
    asked ??= ask().catch((error: unknown) => {
      asked = null;
      throw error;
    });
    return asked;
  };
}

/**
 * Keys the fingerprints of secrets: the store's key, kept once it was read. Whoever may not read it has one of its own, and
 * compares with nobody. Throws what failed, which may be well the next time.
 */
export function fingerprintKey(logins: Logins): () => Promise<string> {
  const own = randomBytes(32).toString("hex");
  let known: string | null = null;
  return async () => {
    const slots = known === null ? await logins() : null;
    if (slots === null) return known ?? own;
    try {
      known = await slots.key();
    } catch (error) {
      if (!mayNot(error)) throw error;
    }
    return known ?? own;
  };
}

function mayNot(error: unknown): boolean {
  // Of an etcd's refusals that stand none is worth another try either.
  if (error instanceof StoreTrouble) return error.code === "IW-S10" && error.kind === "stalled";
  return MAY_NOT.has(codeOf(error));
}

/** For who only asks whether a secret changed: nobody can tell while the store's key can't be had. */
export function orUnknown(version: Drivers["secretVersion"]): Drivers["secretVersion"] {
  return (node) =>
    version(node).catch((error: unknown) => {
      if (isStoreTrouble(error)) return null;
      throw error;
    });
}
