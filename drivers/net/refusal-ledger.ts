import { type Failure, failure } from "../../schemas/failure.ts";
import type { DriverPorts, Login, LoginVerdict } from "../driver.ts";

type LedgerPorts = Pick<DriverPorts, "clock" | "logins"> & Partial<Pick<DriverPorts, "debug">>;

/** A login with what it sends, as this process knows it. */
export interface SecretLogin extends Login {
  /** The reference, as it is declared. */
  readonly key: string;
  /** Another one whenever the secret is another one; tells nothing to anybody else. */
  readonly fingerprint: string;
}

interface Entry {
  readonly fingerprint: string;
  /** Asked about, or under way. */
  trying: number;
  /** Of these, let through: `leave` comes for each. */
  sent: number;
  /** Names of nodes; counted here only where there is no store to count in. */
  refusedBy: string[];
  /** What each BMC said; the same. */
  readonly here: Map<string, Failure>;
  provenAt: number;
  /** Wait until fewer are tried here. */
  readonly queued: Queue;
  /** Were told to wait: until something comes of a try. */
  readonly waiting: Queue;
  /** One of these asks again and again. */
  isPolled: boolean;
}

type Queue = (() => void)[];

/** So long after it was accepted a secret is known to be good: BMCs may be given another one at any time. Milliseconds. */
const PROVEN_MS = 60_000;

/** Between two questions while other engines try the same secret. Milliseconds. */
const BUSY_MS = 250;

/** Who waits for what this process does itself looks again after so long, whoever forgot to wake it. Milliseconds. */
const LOOK_MS = 60_000;

/**
 * Sends no secret to a BMC that refused it, and to none once too many did: a wrong password must not lock an account that a
 * whole fleet shares. While a secret is unproven, no more logins run at once than refusals are left. Where there is a store,
 * it is counted there for all engines; else here.
 */
export class RefusalLedger {
  readonly #refusalsMax: number;
  readonly #ports: LedgerPorts;
  /** By reference, newest last: what was let through with a secret of before is still to be answered. */
  readonly #entries = new Map<string, readonly Entry[]>();

  constructor(refusalsMax: number, ports: LedgerPorts) {
    this.#refusalsMax = refusalsMax;
    this.#ports = ports;
  }

  /** Asks to try a secret; a Failure when it was refused here, or too often. Every null is answered by `leave`. */
  async enter(login: SecretLogin): Promise<Failure | null> {
    const { clock, logins } = this.#ports;
    const entry = this.#entry(login);
    let until = Infinity;
    for (;;) {
      const isProven = clock.monotonic() - entry.provenAt < PROVEN_MS;
      if (!isProven && entry.trying >= this.#refusalsMax) {
        await this.#rest(entry.queued, LOOK_MS);
        continue;
      }
      const answer = await this.#try(login, entry, isProven);
      if (answer === "go") return null;
      if (typeof answer === "object") return answer;
      // Own tries end by themselves; what others do must not be waited for without end: a reading must end.
      if (answer === "wait" && until === Infinity)
        until = clock.monotonic() + (logins?.waitMaxMs ?? 0);
      if (await this.#wait(entry, until)) continue;
      // Whoever is next asks in its place.
      wake(entry.waiting, 1);
      return triedByOthers(login);
    }
  }

  /** Tells what came of a try; `why` is what the BMC said where it refused. Throws nothing: a login that was made is kept. */
  async leave(login: SecretLogin, verdict: LoginVerdict, why: Failure | null): Promise<void> {
    const entry = this.#known(login);
    if (entry !== undefined) {
      entry.trying -= 1;
      entry.sent -= 1;
      if (verdict === "accepted") {
        entry.provenAt = this.#ports.clock.monotonic();
        entry.refusedBy = [];
      }
      if (verdict === "refused") refusedBy(entry, login, why);
    }
    await this.#end(login, verdict);
    if (entry === undefined) return;
    // All of them where the secret is a good one now; else none more than may be tried.
    const count = verdict === "accepted" ? Infinity : this.#refusalsMax;
    wake(entry.queued, count);
    wake(entry.waiting, count);
  }

  /** A secret that was accepted before is refused now, by an answer to something else than a login. */
  async refusedLater(login: SecretLogin, why: Failure): Promise<void> {
    const entry = this.#known(login);
    if (entry !== undefined) refusedBy(entry, login, why);
    await this.#end(login, "refused");
  }

  /** What a BMC says of a secret of before is told of no secret: the store knows the newest alone. */
  async #end(login: SecretLogin, verdict: LoginVerdict): Promise<void> {
    const newest = this.#entries.get(login.key)?.at(-1);
    const told = newest?.fingerprint === login.fingerprint ? verdict : "other";
    try {
      await this.#ports.logins?.end(login, told);
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      this.#ports.debug?.(
        `${login.node.name}: it was not written down what came of a login: ${said}`,
      );
    }
  }

  async #try(
    login: SecretLogin,
    entry: Entry,
    isProven: boolean,
  ): Promise<"go" | "wait" | "busy" | Failure> {
    entry.trying += 1;
    let isSent = false;
    try {
      const answer = await this.#ask(login, entry, isProven);
      isSent = answer === "go";
      if (typeof answer === "object") wake(entry.waiting, Infinity);
      return answer;
    } finally {
      if (isSent) entry.sent += 1;
      else {
        entry.trying -= 1;
        wake(entry.queued, 1);
      }
    }
  }

  async #ask(
    login: SecretLogin,
    entry: Entry,
    isProven: boolean,
  ): Promise<"go" | "wait" | "busy" | Failure> {
    const shared = (await this.#ports.logins?.begin(login, isProven)) ?? "alone";
    if (shared !== "alone") return shared;
    const here = entry.here.get(login.address);
    if (here !== undefined) return here;
    const { refusedBy: by, trying } = entry;
    if (by.length >= this.#refusalsMax) return refusedEverywhere(login.key, by);
    // It counts itself already.
    return isProven || trying + by.length <= this.#refusalsMax ? "go" : "busy";
  }

  /** Until another answer may be had; false when the time is up. */
  async #wait(entry: Entry, until: number): Promise<boolean> {
    const { clock } = this.#ports;
    const leftMs = until - clock.monotonic();
    if (leftMs <= 0) return false;
    // What this process tries itself is told by `leave`; of other engines nobody tells, and one asks for all.
    if (entry.sent > 0 || entry.isPolled)
      await this.#rest(entry.waiting, Math.min(leftMs, LOOK_MS));
    else {
      entry.isPolled = true;
      await clock.sleep(Math.min(leftMs, BUSY_MS));
      entry.isPolled = false;
    }
    return clock.monotonic() < until;
  }

  /** Until it is woken, but no longer than that. */
  async #rest(queue: Queue, ms: number): Promise<void> {
    const over = new AbortController();
    const go = (): void => over.abort();
    queue.push(go);
    await this.#ports.clock.sleep(ms, over.signal).catch(() => undefined);
    const at = queue.indexOf(go);
    if (at >= 0) queue.splice(at, 1);
  }

  #known({ key, fingerprint }: SecretLogin): Entry | undefined {
    return this.#entries.get(key)?.find((entry) => entry.fingerprint === fingerprint);
  }

  /** A changed secret begins anew. */
  #entry(login: SecretLogin): Entry {
    const found = this.#known(login);
    if (found !== undefined) return found;
    const entry: Entry = {
      fingerprint: login.fingerprint,
      trying: 0,
      sent: 0,
      refusedBy: [],
      here: new Map(),
      provenAt: -Infinity,
      queued: [],
      waiting: [],
      isPolled: false,
    };
    const inUse = (this.#entries.get(login.key) ?? []).filter(isInUse);
    this.#entries.set(login.key, [...inUse, entry]);
    return entry;
  }
}

function isInUse({ trying, queued, waiting, isPolled }: Entry): boolean {
  return trying + queued.length + waiting.length > 0 || isPolled;
}

function refusedBy(entry: Entry, { node, address }: SecretLogin, why: Failure | null): void {
  entry.provenAt = -Infinity;
  entry.refusedBy.push(node.name);
  if (why !== null) entry.here.set(address, why);
}

function wake(queue: Queue, count: number): void {
  for (const go of queue.splice(0, count)) go();
}

function triedByOthers({ key, node }: SecretLogin): Failure {
  const fact = `other engines try the secret ${key} at so many BMCs as may refuse it, and none has answered them yet`;
  const way = `try again, or where none of them is at work any more: ironwright retry ${node.name}`;
  return failure("transient", "IW-B19", `${fact}; ${way}`);
}

function refusedEverywhere(key: string, by: readonly string[]): Failure {
  const fact = `the secret ${key} was refused by ${by.length} BMCs (${by.join(", ")}) and is tried nowhere else`;
  return failure("stalled", "IW-B19", `${fact}; correct it, then run the command again`);
}
