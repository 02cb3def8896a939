import { type Failure, failure } from "../../schemas/failure.ts";
import type { DriverPorts, Login, LoginVerdict } from "../driver.ts";

/** A login with what it sends, as this process knows it. */
export interface SecretLogin extends Login {
  /** The reference, as it is declared. */
  readonly key: string;
  /** Another one whenever the secret is another one; tells nothing to anybody else. */
  readonly fingerprint: string;
}

interface Entry {
  readonly fingerprint: string;
  /** Under way. */
  trying: number;
  /** Names of nodes; counted here only where there is no store to count in. */
  refusedBy: string[];
  /** What each BMC said; the same. */
  readonly here: Map<string, Failure>;
  provenAt: number;
  waiting: (() => void)[];
}

/** So long after it was accepted a secret is known to be good: BMCs may be given another one at any time. Milliseconds. */
const PROVEN_MS = 60_000;

/** Between two questions while other engines try the same secret. Milliseconds. */
const BUSY_MS = 250;

/** So long is waited for them: a reading must end. Milliseconds. */
const BUSY_MAX_MS = 60_000;

/**
 * Sends no secret to a BMC that refused it, and to none once too many did: a wrong password must not lock an account that a
 * whole fleet shares. While a secret is unproven, no more logins run at once than refusals are left. Where there is a store,
 * it is counted there for all engines; else here.
 */
export class RefusalLedger {
  readonly #refusalsMax: number;
  readonly #ports: Pick<DriverPorts, "clock" | "logins">;
  readonly #entries = new Map<string, Entry>();

  constructor(refusalsMax: number, ports: Pick<DriverPorts, "clock" | "logins">) {
    this.#refusalsMax = refusalsMax;
    this.#ports = ports;
  }

  /** Asks to try a secret; a Failure when it was refused here, or too often. Every null is answered by `leave`. */
  async enter(login: SecretLogin): Promise<Failure | null> {
    const { clock } = this.#ports;
    const begun = clock.monotonic();
    for (;;) {
      const entry = this.#entry(login);
      const isProven = clock.monotonic() - entry.provenAt < PROVEN_MS;
      if (!isProven && entry.trying >= this.#refusalsMax) {
        await woken(entry);
        continue;
      }
      entry.trying += 1;
      const answer = await this.#ask(login, entry, isProven);
      if (answer === "go") return null;
      entry.trying -= 1;
      if (answer !== "wait") {
        wake(entry);
        return answer;
      }
      if (clock.monotonic() - begun > BUSY_MAX_MS) return triedByOthers(login.key);
      // What this process tries itself is told by `leave`; of other engines nobody tells.
      await (entry.trying > 0 ? woken(entry) : clock.sleep(BUSY_MS));
    }
  }

  /** Tells what came of a try; `why` is what the BMC said where it refused. */
  async leave(login: SecretLogin, verdict: LoginVerdict, why: Failure | null): Promise<void> {
    const entry = this.#entry(login);
    entry.trying = Math.max(0, entry.trying - 1);
    if (verdict === "accepted") {
      entry.provenAt = this.#ports.clock.monotonic();
      entry.refusedBy = [];
    }
    if (verdict === "refused") this.#refused(login, entry, why);
    await this.#ports.logins?.end(login, verdict);
    wake(entry);
  }

  /** A secret that was accepted before is refused now, by an answer to something else than a login. */
  async refusedLater(login: SecretLogin, why: Failure): Promise<void> {
    this.#refused(login, this.#entry(login), why);
    await this.#ports.logins?.end(login, "refused");
  }

  #refused({ node, address }: SecretLogin, entry: Entry, why: Failure | null): void {
    entry.provenAt = -Infinity;
    entry.refusedBy.push(node.name);
    if (why !== null) entry.here.set(address, why);
  }

  async #ask(
    login: SecretLogin,
    entry: Entry,
    isProven: boolean,
  ): Promise<"go" | "wait" | Failure> {
    const shared = (await this.#ports.logins?.begin(login, isProven)) ?? "alone";
    if (shared !== "alone") return shared;
    const here = entry.here.get(login.address);
    if (here !== undefined) return here;
    const { refusedBy, trying } = entry;
    if (refusedBy.length >= this.#refusalsMax) return refusedEverywhere(login.key, refusedBy);
    // It counts itself already.
    return isProven || trying + refusedBy.length <= this.#refusalsMax ? "go" : "wait";
  }

  /** A changed secret begins anew. */
  #entry({ key, fingerprint }: SecretLogin): Entry {
    const found = this.#entries.get(key);
    if (found?.fingerprint === fingerprint) return found;
    const entry: Entry = {
      fingerprint,
      trying: 0,
      refusedBy: [],
      here: new Map(),
      provenAt: -Infinity,
      waiting: [],
    };
    this.#entries.set(key, entry);
    if (found !== undefined) wake(found);
    return entry;
  }
}

function woken(entry: Entry): Promise<void> {
  return new Promise((go) => entry.waiting.push(go));
}

function wake(entry: Entry): void {
  for (const go of entry.waiting.splice(0)) go();
}

function triedByOthers(key: string): Failure {
  const fact = `other engines try the secret ${key} at so many BMCs as may refuse it, and none has answered them yet`;
  return failure("transient", "IW-B19", `${fact}; try again`);
}

function refusedEverywhere(key: string, by: readonly string[]): Failure {
  const fact = `the secret ${key} was refused by ${by.length} BMCs (${by.join(", ")}) and is tried nowhere else`;
  return failure("stalled", "IW-B19", `${fact}; correct it, then run the command again`);
}
