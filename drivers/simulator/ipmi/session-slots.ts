import type { AuthType } from "../../ipmi/packets/session15.ts";
import type { SessionKeys } from "../../ipmi/packets/session20.ts";
import { nextSequence, type SequenceWindow } from "../../ipmi/packets/sequence-window.ts";

/** A remote console's end of the wire. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

interface AnySession {
  /** The id that the BMC chose. */
  readonly id: number;
  /** A number from 1 on, as people count sessions. */
  readonly handle: number;
  readonly username: string;
  /** The highest level that it may have. */
  readonly limit: number;
  privilege: number;
  /** Numbers that came in. */
  window: SequenceWindow;
  /** The number of the next packet that goes out. */
  outbound: number;
  /** When it was used last. */
  used: number;
  /** Where its last packet came from. */
  peer: Peer;
}

/** A living session of either version. */
export type SimulatedSession =
  | (AnySession & {
      readonly version: "1.5";
      readonly authType: AuthType;
      readonly password: Buffer;
    })
  | (AnySession & {
      readonly version: "2.0";
      /** The id that the console chose. */
      readonly consoleId: number;
      readonly keys: SessionKeys;
    });

/** What a login hands over. */
export type NewSession = SimulatedSession extends infer One
  ? One extends SimulatedSession
    ? Omit<One, "handle" | "used" | "peer">
    : never
  : never;

/** How long sessions live and how many there may be. */
export interface SlotRules {
  readonly now: () => number;
  readonly limit: () => number;
  readonly timeoutMs: number;
}

/** Before the first packet of a session. */
const NOWHERE: Peer = { address: "127.0.0.1", port: 0 };

/** The slots for sessions: a few, as BMCs have, and free again after a time without use. */
export class SessionSlots {
  readonly #rules: SlotRules;
  readonly #sessions = new Map<number, SimulatedSession>();
  #count = 0;

  constructor(rules: SlotRules) {
    this.#rules = rules;
  }

  #expire(): void {
    const oldest = this.#rules.now() - this.#rules.timeoutMs;
    for (const [id, { used }] of this.#sessions) if (used < oldest) this.#sessions.delete(id);
  }

  get isFull(): boolean {
    return this.inUse >= this.limit;
  }

  get inUse(): number {
    this.#expire();
    return this.#sessions.size;
  }

  get limit(): number {
    return this.#rules.limit();
  }

  /** A living session; looking for it does not prolong it. */
  find(id: number): SimulatedSession | undefined {
    this.#expire();
    return this.#sessions.get(id);
  }

  has(id: number): boolean {
    return this.#sessions.has(id);
  }

  open(session: NewSession): SimulatedSession {
    this.#count += 1;
    const opened = { ...session, handle: this.#count, used: this.#rules.now(), peer: NOWHERE };
    this.#sessions.set(opened.id, opened);
    return opened;
  }

  /** A packet of it came in: it lives on. */
  touch(session: SimulatedSession, peer: Peer): void {
    session.used = this.#rules.now();
    session.peer = peer;
  }

  /** False where there is none. */
  close(id: number): boolean {
    return this.#sessions.delete(id);
  }

  /** All are gone; nobody is told. */
  forget(): void {
    this.#sessions.clear();
  }
}

/** The number of the packet that goes out now. */
export function takeOutbound(session: SimulatedSession): number {
  const number = session.outbound;
  session.outbound = nextSequence(number);
  return number;
}
