import { isIP } from "node:net";
import type { Failure } from "../../schemas/failure.ts";
import { codeOf, socketFault } from "../net/fault-table.ts";
import type { NetworkGuard } from "../net/network-guard.ts";
import { type Resolve, resolveByDns } from "../net/open-socket.ts";
import type { IpmiAddress } from "./ipmi-address.ts";
import { wireFault } from "./ipmi-faults.ts";
import { type Datagram, decodeDatagram } from "./packets/datagram.ts";
import { type Peer, plainIp, type UdpHub } from "./udp-hub.ts";

/** Datagrams to and from one BMC that are no questions and answers. */
export interface Channel {
  send(bytes: Buffer): void;
  close(): void;
}

/** Why a datagram is not the answer. */
export interface Dropped {
  /**
   * `late`: an answer of ours that comes twice or after its time; the others in the order in which they tell most. `passedOn`: no
   * answer yet, but the BMC has given the question to another controller.
   */
  readonly kind: "late" | "garbage" | "stranger" | "forged" | "passedOn";
  readonly reason: string;
}

/** What a datagram is to who asked. */
export type Heard<T> = { readonly value: T } | { readonly drop: Dropped };

/** One question and how its answer is known. */
export interface Question<T> {
  /** Makes the datagram, for each sending anew: session numbers rise. */
  readonly write: () => Buffer;
  readonly read: (datagram: Datagram) => Heard<T>;
  /** Milliseconds that are waited after each sending; so often it is sent. */
  readonly waits: readonly number[];
}

/** What came of a question. */
export type Asked<T> =
  | { readonly ok: true; readonly value: T; readonly sendings: number }
  | Unanswered;

/** Why a question was not answered. */
export interface Unanswered {
  readonly ok: false;
  /** `silent` also behind a BMC that lives (`passedOn`), `aborted`, or what the operating system said: nothing left this host. */
  readonly why: "silent" | "passedOn" | "aborted" | "unsent";
  readonly failure: Failure;
}

/** How long answers are waited for. */
export interface Timings {
  /** The first wait; ipmitool and FreeIPMI wait about a second. */
  readonly firstMs: number;
  /** Each wait is so many times the one before. */
  readonly growth: number;
}

export const FIELD_TIMINGS: Timings = { firstMs: 1000, growth: 1.5 };

/** Waits that grow and end with the total: the last one is cut. */
export function retryWaits(
  totalMs: number,
  { firstMs, growth }: Timings,
  sendingsMax = Infinity,
): readonly number[] {
  const waits: number[] = [];
  let left = totalMs;
  for (let wait = firstMs; left > 0 && waits.length < sendingsMax; wait *= growth) {
    waits.push(Math.min(wait, left));
    left -= wait;
  }
  return waits;
}

/** What a wire is made of. */
export interface WirePlan {
  readonly hub: UdpHub;
  readonly address: IpmiAddress;
  readonly guard: NetworkGuard;
  readonly connectMs: number;
  readonly resolve?: Resolve | undefined;
  readonly debug: (message: string) => void;
}

/** Which of two reasons tells more of what is wrong there. */
const TELLING = ["late", "garbage", "stranger", "forged", "passedOn"] as const;

/** Asks one BMC, over the hub's socket. */
export class IpmiWire {
  readonly #plan: WirePlan;
  #peer: Peer | null = null;

  constructor(plan: WirePlan) {
    this.#plan = plan;
  }

  get thing(): string {
    return `BMC ${this.#plan.address.origin}`;
  }

  get origin(): string {
    return this.#plan.address.origin;
  }

  /** Resolves and judges the address; to be done before a login, for names move. Nothing is sent. */
  async find(): Promise<Failure | null> {
    const { address, guard } = this.#plan;
    const ips = await this.#ips();
    if (typeof ips === "string") return socketFault(this.thing, ips);
    const ip = ips.find((one) => guard(one));
    if (ip === undefined) {
      const words = ips.length === 0 ? undefined : `it resolves to ${ips.join(", ")}`;
      const code = ips.length === 0 ? "ENODATA" : "IW_OUTSIDE_NETWORKS";
      return socketFault(this.thing, code, words);
    }
    this.#peer = { ip: plainIp(ip), port: address.port };
    return null;
  }

  /**
   * Hears all that comes from the BMC, until it is closed; at another port of it where one is named. What the operating
   * system refuses to send is lost, as on the way. Null before `find`.
   */
  channel(hear: (datagram: Datagram) => void, port?: number): Channel | null {
    if (this.#peer === null) return null;
    const { hub } = this.#plan;
    const peer = { ip: this.#peer.ip, port: port ?? this.#peer.port };
    const close = hub.listen(peer, (bytes) => {
      const datagram = decodeDatagram(bytes);
      if (datagram.ok) hear(datagram.value);
    });
    const lost = (code: string): void => this.#plan.debug(`${this.thing}: not sent: ${code}`);
    return { send: (bytes) => hub.send(peer, bytes, lost), close };
  }

  /** The port of the BMC, as it is declared. */
  get port(): number {
    return this.#plan.address.port;
  }

  /** Sends and waits, as often as the question says. */
  ask<T>(question: Question<T>, signal?: AbortSignal): Promise<Asked<T>> {
    const peer = this.#peer;
    const { hub } = this.#plan;
    return new Promise((resolve) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      let sendings = 0;
      let dropped: Dropped | null = null;
      const done = (answer: Asked<T>): void => {
        clearTimeout(timer);
        silence();
        signal?.removeEventListener("abort", onAbort);
        resolve(answer);
      };
      const failed = (why: Unanswered["why"], failure: Failure): void => {
        done({ ok: false, why, failure });
      };
      const onAbort = (): void => failed("aborted", socketFault(this.thing, "IW_ABORTED"));
      const send = (): void => {
        const wait = question.waits[sendings];
        if (wait === undefined || peer === null) {
          const why = dropped?.kind === "passedOn" ? "passedOn" : "silent";
          failed(why, this.#silence(dropped));
          return;
        }
        sendings += 1;
        timer = setTimeout(send, wait);
        hub.send(peer, question.write(), (code) => {
          // What was sent before may be answered yet.
          if (sendings === 1) failed("unsent", socketFault(this.thing, code));
        });
      };
      const hear = (bytes: Buffer): void => {
        const heard = this.#read(question, bytes);
        if ("value" in heard) return done({ ok: true, value: heard.value, sendings });
        this.#plan.debug(`${this.thing}: a datagram was dropped: ${heard.drop.reason}`);
        dropped = moreTelling(dropped, heard.drop);
      };
      const silence = peer === null ? (): void => undefined : hub.listen(peer, hear);
      if (signal?.aborted === true) return onAbort();
      signal?.addEventListener("abort", onAbort, { once: true });
      send();
    });
  }

  #read<T>({ read }: Question<T>, bytes: Buffer): Heard<T> {
    const datagram = decodeDatagram(bytes);
    return datagram.ok
      ? read(datagram.value)
      : { drop: { kind: "garbage", reason: datagram.reason } };
  }

  #silence(dropped: Dropped | null): Failure {
    if (dropped === null || dropped.kind === "late") return wireFault(this.thing, "silent");
    if (dropped.kind === "passedOn") return wireFault(this.thing, "mute");
    return wireFault(this.thing, dropped.kind, dropped.reason);
  }

  async #ips(): Promise<readonly string[] | string> {
    const { address, connectMs, resolve = resolveByDns } = this.#plan;
    if (isIP(address.host) !== 0) return [address.host];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<string>((done) => {
      timer = setTimeout(() => done("IW_CONNECT_TIMEOUT"), connectMs);
    });
    try {
      return await Promise.race([resolve(address.host), late]);
    } catch (error) {
      return codeOf(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

function moreTelling(one: Dropped | null, other: Dropped): Dropped {
  if (one === null) return other;
  return TELLING.indexOf(other.kind) > TELLING.indexOf(one.kind) ? other : one;
}
