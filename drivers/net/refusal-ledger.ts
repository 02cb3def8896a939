import { type Failure, failure } from "../../schemas/failure.ts";

interface Entry {
  fingerprint: string;
  refused: number;
  trying: number;
  proven: boolean;
  waiting: (() => void)[];
}

/**
 * Counts refusals of one secret over all BMCs, so that a wrong password does not lock an account that
 * a whole fleet shares. While a secret is unproven, no more logins run at once than refusals are left.
 */
export class RefusalLedger {
  readonly #refusalsMax: number;
  readonly #entries = new Map<string, Entry>();

  constructor(refusalsMax: number) {
    this.#refusalsMax = refusalsMax;
  }

  /** Asks to try a secret; a Failure when it was refused too often. Every null is answered by `leave`. */
  async enter(key: string, fingerprint: string): Promise<Failure | null> {
    const entry = this.#entry(key, fingerprint);
    while (!entry.proven && entry.refused < this.#refusalsMax && this.#full(entry)) {
      await new Promise<void>((resolve) => entry.waiting.push(resolve));
    }
    if (entry.refused >= this.#refusalsMax) {
      const fact = `the secret ${key} was refused by ${entry.refused} BMCs and is tried nowhere else`;
      return failure("stalled", "IW-B04", `${fact}; correct it, then run the command again`);
    }
    entry.trying += 1;
    return null;
  }

  /** Tells what came of a try. */
  leave(key: string, fingerprint: string, outcome: "accepted" | "refused" | "other"): void {
    const entry = this.#entry(key, fingerprint);
    entry.trying = Math.max(0, entry.trying - 1);
    if (outcome === "refused") entry.refused += 1;
    if (outcome === "accepted") entry.proven = true;
    for (const wake of entry.waiting.splice(0)) wake();
  }

  #full(entry: Entry): boolean {
    return entry.trying + entry.refused >= this.#refusalsMax;
  }

  /** A changed secret begins anew. */
  #entry(key: string, fingerprint: string): Entry {
    const found = this.#entries.get(key);
    if (found?.fingerprint === fingerprint) return found;
    const entry: Entry = { fingerprint, refused: 0, trying: 0, proven: false, waiting: [] };
    this.#entries.set(key, entry);
    for (const wake of found?.waiting.splice(0) ?? []) wake();
    return entry;
  }
}
