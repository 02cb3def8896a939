import { nextSolNumber, type SolToBmc, type SolToConsole } from "../packets/sol.ts";
import { SolReceived } from "./sol-received.ts";

/** Times of a console, in milliseconds. */
export interface SolTimings {
  /** What nobody acknowledged is sent again after so long. */
  readonly retryMs: number;
  /** So often again; then the other side is taken for gone. */
  readonly retries: number;
  /** What a machine that is off refused is offered again after so long. */
  readonly unavailableMs: number;
  /** A BMC that was silent for so long is asked whether it lives: it ends a session after a minute (6.12.15). */
  readonly quietMs: number;
  /** So long an answer to that is waited for. */
  readonly aliveMs: number;
}

/** 500 ms and 7 times is what BMCs do themselves unless told otherwise (table 26-5, parameter 4); ipmitool is near it. */
export const SOL_TIMINGS: SolTimings = {
  retryMs: 500,
  retries: 7,
  unavailableMs: 2000,
  quietMs: 10_000,
  aliveMs: 8000,
};

/** What comes of packets and of time. */
export type SolEvent =
  | { readonly kind: "output"; readonly letters: Buffer }
  | { readonly kind: "unavailable" | "available" | "overrun" | "taken" }
  /** The BMC ends it. */
  | { readonly kind: "ending" }
  /** A packet was acknowledged by nobody. */
  | { readonly kind: "unanswered" };

/** What waits to be sent: letters, or a signal that has a place among them. */
type Item =
  | { readonly kind: "letters"; readonly letters: Buffer }
  | { readonly kind: "break" | "flush" };

interface InFlight {
  readonly item: Item;
  readonly number: number;
  sendings: number;
  dueAt: number;
  /** The person has thrown it away: what of it is not taken is not typed again. */
  isFlushed?: boolean;
}

/** Typed letters that are kept while they are not taken: some lines of a person, and no novel. */
export const TYPED_MAX = 1024;

const NOTHING = Buffer.alloc(0);

/** One console's state: pure, with time as an argument (IPMI 2.0, 15.9 to 15.11). One packet is on its way at a time. */
export class SolFlow {
  readonly #lettersMax: number;
  readonly #timings: SolTimings;
  readonly #received = new SolReceived();
  #number = 0;
  #items: Item[] = [];
  #sent: InFlight | null = null;
  /** Nothing new is sent before that time. */
  #restUntil = 0;
  #isUnavailable = false;
  /** How often in a row nothing was taken: one that refuses on and on is as good as off. */
  #refusals = 0;
  #isOverrun = false;
  /** Something was typed since all was taken. */
  #isTyped = false;
  /** The packet that is to be acknowledged. */
  #owed: Pick<SolToBmc, "acknowledged" | "acceptedCount"> | null = null;

  /** `lettersMax`: of one packet to the BMC, at least one. */
  constructor(lettersMax: number, timings: SolTimings) {
    this.#lettersMax = lettersMax;
    this.#timings = timings;
  }

  /** Letters that wait, or are on their way. */
  get typedCount(): number {
    const all = this.#sent === null ? this.#items : [this.#sent.item, ...this.#items];
    return all.reduce((sum, item) => sum + lettersOf(item).length, 0);
  }

  /** Takes letters as far as there is room; answers how many. */
  type(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, Math.max(0, TYPED_MAX - this.typedCount));
    if (count > 0) this.#queue(Buffer.from(bytes.subarray(0, count)));
    this.#isTyped = true;
    return count;
  }

  /** Keys come one by one, and go together. */
  #queue(letters: Buffer): void {
    const last = this.#items.at(-1);
    if (last?.kind !== "letters") this.#items.push({ kind: "letters", letters });
    else {
      const joined = Buffer.concat([last.letters, letters]);
      this.#items[this.#items.length - 1] = { kind: "letters", letters: joined };
    }
  }

  sendBreak(): void {
    this.#items.push({ kind: "break" });
  }

  /** Throws away what waits here and at the BMC; answers how many letters waited here. */
  flush(): number {
    const count = this.typedCount - (this.#sent === null ? 0 : lettersOf(this.#sent.item).length);
    this.#items = [{ kind: "flush" }];
    if (this.#sent !== null) this.#sent.isFlushed = true;
    return count;
  }

  /** Takes a packet of the BMC. */
  receive(packet: SolToConsole, now: number): readonly SolEvent[] {
    if (packet.acknowledged !== 0 && packet.acknowledged === this.#sent?.number)
      this.#acknowledged(this.#sent, packet, now);
    const events: SolEvent[] = [...this.#noteState(packet, now)];
    if (packet.number !== 0) {
      const letters = this.#received.take(packet.number, packet.letters);
      const acceptedCount = packet.letters.length;
      this.#owed = { acknowledged: packet.number, acceptedCount };
      if (letters.length > 0) events.push({ kind: "output", letters });
    }
    if (packet.isEnding) events.push({ kind: "ending" });
    if (this.#isTyped && this.typedCount === 0) {
      this.#isTyped = false;
      events.push({ kind: "taken" });
    }
    return events;
  }

  /** What is said once, however often it comes. */
  #noteState(packet: SolToConsole, now: number): readonly SolEvent[] {
    const { isOverrun } = packet;
    const isUnavailable = packet.isUnavailable || this.#refusals > this.#timings.retries;
    const events: SolEvent[] = [];
    if (isUnavailable !== this.#isUnavailable) {
      this.#isUnavailable = isUnavailable;
      if (!isUnavailable) this.#restUntil = now;
      events.push({ kind: isUnavailable ? "unavailable" : "available" });
    }
    if (isOverrun && !this.#isOverrun) events.push({ kind: "overrun" });
    this.#isOverrun = isOverrun;
    return events;
  }

  /** What was not taken goes to the front again, under a number of its own: this one is used up (15.11). */
  #acknowledged({ item, isFlushed }: InFlight, packet: SolToConsole, now: number): void {
    const rest = isFlushed === true ? null : restOf(item, packet);
    this.#sent = null;
    if (rest !== null) this.#items.unshift(rest);
    const isRefused = packet.isRefused && packet.acceptedCount === 0;
    this.#refusals = isRefused ? this.#refusals + 1 : 0;
    const { retryMs, unavailableMs } = this.#timings;
    if (isRefused) this.#restUntil = now + (packet.isUnavailable ? unavailableMs : retryMs);
  }

  /** What goes out now, in order. */
  due(now: number): {
    readonly packets: readonly SolToBmc[];
    readonly events: readonly SolEvent[];
  } {
    const { retryMs, retries } = this.#timings;
    if (this.#sent === null && now >= this.#restUntil) this.#sent = this.#next(now);
    const sent = this.#sent;
    const packets: SolToBmc[] = [];
    if (sent !== null && now >= sent.dueAt) {
      if (sent.sendings > retries) {
        sent.dueAt = Infinity;
        return { packets, events: [{ kind: "unanswered" }] };
      }
      sent.sendings += 1;
      sent.dueAt = now + retryMs;
      packets.push(this.#packet(sent));
    } else if (this.#owed !== null) packets.push(this.#packet(null));
    this.#owed = null;
    return { packets, events: [] };
  }

  /** When `due` is to be asked next; null: when something has come in or was typed. */
  get wakeAt(): number | null {
    if (this.isStuck) return null;
    if (this.#sent !== null) return this.#sent.dueAt;
    return this.#items.length === 0 ? null : this.#restUntil;
  }

  /** What was sent is acknowledged by nobody, and is not sent again; an acknowledgement that is late yet goes on. */
  get isStuck(): boolean {
    return this.#sent?.dueAt === Infinity;
  }

  #next(now: number): InFlight | null {
    const [first, ...rest] = this.#items;
    if (first === undefined) return null;
    const letters = lettersOf(first);
    const part = letters.subarray(0, this.#lettersMax);
    const later = letters.subarray(this.#lettersMax);
    this.#items = later.length === 0 ? rest : [{ kind: "letters", letters: later }, ...rest];
    const item: Item = first.kind === "letters" ? { kind: "letters", letters: part } : first;
    this.#number = nextSolNumber(this.#number);
    return { item, number: this.#number, sendings: 0, dueAt: now };
  }

  #packet(sent: InFlight | null): SolToBmc {
    const kind = sent?.item.kind;
    return {
      number: sent?.number ?? 0,
      acknowledged: this.#owed?.acknowledged ?? 0,
      acceptedCount: this.#owed?.acceptedCount ?? 0,
      isRefused: false,
      letters: sent === null ? NOTHING : lettersOf(sent.item),
      isBreak: kind === "break",
      flushesInbound: kind === "flush",
      flushesOutbound: kind === "flush",
    };
  }
}

function lettersOf(item: Item): Buffer {
  return item.kind === "letters" ? item.letters : NOTHING;
}

/** What of it was not taken; null where all was. */
function restOf(item: Item, { isRefused, acceptedCount }: SolToConsole): Item | null {
  if (item.kind !== "letters") return isRefused ? item : null;
  // None counted and none refused is what careless BMCs say: typing twice would be worse than trusting them.
  if (!isRefused && acceptedCount === 0) return null;
  const letters = item.letters.subarray(acceptedCount);
  return letters.length === 0 ? null : { kind: "letters", letters };
}
