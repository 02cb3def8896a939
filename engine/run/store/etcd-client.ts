import { noop } from "cockatiel";
import {
  Etcd3,
  GRPCOutOfRangeError,
  type IRangeRequest,
  type IRangeResponse,
  type ITxnRequest,
  type ITxnResponse,
} from "etcd3";
import type { Secret } from "../../../schemas/secret.ts";
import { finalTrouble, silentTrouble } from "./etcd-trouble.ts";
import { StoreTrouble } from "./store-files.ts";

/** How an etcd is reached. */
export interface EtcdAccess {
  readonly endpoints: readonly string[];
  /** Begins with a slash and ends without one. */
  readonly prefix: string;
  /** For one call, other endpoints included. */
  readonly timeoutMs: number;
  /** PEM; the system's own authorities and no certificate of our own when null. */
  readonly tls: {
    readonly rootCertificate: Buffer;
    readonly certChain?: Buffer;
    readonly privateKey?: Buffer;
  } | null;
  readonly login: { readonly username: string; readonly password: Secret } | null;
  /** Milliseconds that only grow. */
  readonly now: () => number;
}

/** A member that hangs costs one third of the time of a call, and the next call begins with another. */
const TRIES_IN_TIME = 3;
/** Below this a busy but healthy member would be left. Milliseconds. */
const TRY_MIN_MS = 500;
/** An answer of one page is a few megabytes; gRPC's own limit is four. Bytes. */
const ANSWER_MAX = 16 * 1024 * 1024;
/** A member that refuses at once is not asked again at once. Milliseconds. */
const PAUSE_MS = 100;

/** The answer to a transaction was lost: it may have been carried out, and may yet be. */
export class AnswerLost extends Error {
  constructor(cause: unknown) {
    super("the answer of etcd was lost", { cause });
  }
}

/** When one call must have ended, and what was said last. */
export class Patience {
  readonly #end: number;
  readonly #now: () => number;
  last: unknown = null;

  constructor(timeoutMs: number, now: () => number) {
    this.#now = now;
    this.#end = now() + timeoutMs;
  }

  get leftMs(): number {
    return this.#end - this.#now();
  }
}

/**
 * One etcd by its endpoints: calls go to the one that answered last, and to the next when it fails. Reads are
 * linearizable, for nothing else proves an absence, and are repeated. A transaction is sent once: what becomes of one
 * whose answer was lost is decided by whoever wrote it. The library's own repetitions are off.
 */
export class EtcdClient {
  readonly access: EtcdAccess;
  readonly #members = new Map<string, Etcd3>();
  #at = 0;
  #clusterId: string | null = null;
  #revision = 0;

  constructor(access: EtcdAccess) {
    this.access = access;
  }

  /** The highest revision that an answer named. */
  get revision(): number {
    return this.#revision;
  }

  /** Null before the first answer. */
  get clusterId(): string | null {
    return this.#clusterId;
  }

  patience(): Patience {
    return new Patience(this.access.timeoutMs, this.access.now);
  }

  /** Asks until somebody answers or the time is up. Throws StoreTrouble. */
  async range(request: IRangeRequest, patience = this.patience()): Promise<IRangeResponse> {
    for (;;) {
      try {
        return await this.#once(patience, (member, options) => member.kv.range(request, options));
      } catch (error) {
        if (!(error instanceof AnswerLost)) throw error;
        await this.#pause(patience);
      }
    }
  }

  /** Sends once. Throws AnswerLost, or StoreTrouble for what was refused. */
  txn(request: ITxnRequest, patience: Patience): Promise<ITxnResponse> {
    return this.#once(patience, (member, options) => member.kv.txn(request, options));
  }

  /** Throws the trouble once the time is up; else waits a moment. */
  async #pause(patience: Patience): Promise<void> {
    if (patience.leftMs <= PAUSE_MS) throw this.#silent(patience);
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }

  #silent({ last }: Patience): StoreTrouble {
    return silentTrouble(last, this.#names(), this.access.timeoutMs);
  }

  async #once<T extends IRangeResponse | ITxnResponse>(
    patience: Patience,
    call: (member: Etcd3, options: { deadline: number }) => Promise<T>,
  ): Promise<T> {
    const { endpoints, timeoutMs } = this.access;
    const left = patience.leftMs;
    if (left <= 0) throw this.#silent(patience);
    const at = this.#at;
    const floor = this.#revision;
    const triesMs = Math.max(TRY_MIN_MS, timeoutMs / TRIES_IN_TIME);
    try {
      const member = this.#member(endpoints[at % endpoints.length] ?? "");
      const answer = await call(member, { deadline: Date.now() + Math.min(left, triesMs) });
      this.#look(answer.header, floor);
      return answer;
    } catch (error) {
      const final = finalTrouble(error, this.#names());
      if (final !== null) throw final;
      // An answer: what was asked for is of a revision that was compacted.
      if (error instanceof GRPCOutOfRangeError) throw error;
      patience.last = error;
      if (this.#at === at) this.#at = at + 1;
      throw new AnswerLost(error);
    }
  }

  /** Another etcd, or one that was set back under us, grants what it granted before. */
  #look({ cluster_id: id, revision }: IRangeResponse["header"], floor: number): void {
    this.#clusterId ??= id;
    if (this.#clusterId !== id)
      throw this.#strange(`answers for two clusters (${hex(this.#clusterId)} and ${hex(id)})`);
    if (Number(revision) < floor)
      throw this.#strange(`went back from revision ${floor} to ${revision}`);
    this.#revision = Math.max(this.#revision, Number(revision));
  }

  #strange(what: string): StoreTrouble {
    const message = `etcd at ${this.access.endpoints.join(", ")} ${what}: it was restored from a snapshot, or etcd.endpoints name two; with the engines stopped: ironwright init --restored`;
    return new StoreTrouble("IW-S04", message);
  }

  #member(endpoint: string): Etcd3 {
    const known = this.#members.get(endpoint);
    if (known !== undefined) return known;
    const member = newMember(endpoint, this.access);
    this.#members.set(endpoint, member);
    return member;
  }

  #names(): Parameters<typeof finalTrouble>[1] {
    const { endpoints, prefix, login } = this.access;
    return { endpoints, prefix, username: login?.username ?? null };
  }

  close(): void {
    for (const member of this.#members.values()) member.close();
    this.#members.clear();
  }
}

/** As etcdctl prints it. */
export function hex(clusterId: string): string {
  return BigInt(clusterId).toString(16);
}

function newMember(endpoint: string, { timeoutMs, tls, login }: EtcdAccess): Etcd3 {
  const triesMs = Math.max(TRY_MIN_MS, timeoutMs / TRIES_IN_TIME);
  return new Etcd3({
    hosts: endpoint,
    faultHandling: { host: () => noop, global: noop },
    // Also for the exchange of the password for a token.
    defaultCallOptions: () => ({ deadline: Date.now() + triesMs }),
    grpcOptions: {
      "grpc.max_receive_message_length": ANSWER_MAX,
      // Another's service config could bring repetitions back.
      "grpc.enable_retries": 0,
      "grpc.service_config_disable_resolution": 1,
    },
    ...(login === null
      ? {}
      : { auth: { username: login.username, password: login.password.reveal() } }),
    ...(tls === null ? {} : { credentials: tls }),
  });
}
