import { nextSolNumber, type SolToBmc, type SolToConsole } from "../../ipmi/packets/sol.ts";
import type { Fault, FaultKind } from "../faults.ts";
import type { Machine, PowerWord } from "../machine.ts";
import type { SessionSlots, SimulatedSession } from "./session-slots.ts";

/** Letters of one packet to the console. */
export const SOL_LETTERS_MAX = 200;
/** Letters that wait for a console; more are lost, and it is told. */
const WAITING_MAX = 4096;
/** What the console does not acknowledge is sent again, and given up after so many times (table 26-5, parameter 4). */
const RETRY_MS = 500;
const RETRIES = 7;

const NOTHING = Buffer.alloc(0);

/** A packet that goes out without having been asked for. */
export interface SolPush {
  readonly session: SimulatedSession;
  readonly packet: SolToConsole;
}

interface Line {
  readonly session: SimulatedSession;
  /** The number of the last packet that came in, and how many letters of it were taken. */
  heard: { readonly number: number; readonly count: number; readonly isRefused: boolean };
  /** The packet that is on its way to the console; null when it has acknowledged the last. */
  sent: { readonly number: number; readonly letters: Buffer; at: number; sendings: number } | null;
  number: number;
  waiting: Buffer;
  hasOverrun: boolean;
}

/** What the console looks at besides its machine. */
export interface SolSite {
  readonly slots: SessionSlots;
  readonly now: () => number;
  /** The fault where it comes up now, counted. */
  readonly take: (kind: FaultKind) => Fault | null;
}

/**
 * The machine's serial console (IPMI 2.0, 15): it greets, says how the machine boots, and echoes what is typed. One session
 * has it at a time.
 */
export class SolConsole {
  readonly #machine: Machine;
  readonly #site: SolSite;
  #line: Line | null = null;
  #pushes: SolPush[] = [];
  /** The power of which was spoken last. */
  #power: PowerWord;

  constructor(machine: Machine, site: SolSite) {
    this.#machine = machine;
    this.#site = site;
    this.#power = machine.power(site.now());
  }

  /** Whose it is now; null where it is nobody's, or its session is gone. */
  get holder(): SimulatedSession | null {
    if (this.#line !== null && this.#site.slots.find(this.#line.session.id) === undefined)
      this.#line = null;
    return this.#line?.session ?? null;
  }

  /** Gives it to a session and greets. */
  activate(session: SimulatedSession): void {
    this.#power = this.#machine.power(this.#site.now());
    const line: Line = {
      session,
      heard: { number: 0, count: 0, isRefused: false },
      sent: null,
      number: 0,
      waiting: Buffer.from(`Console of ${this.#machine.spec.name}\r\n`),
      hasOverrun: false,
    };
    this.#line = line;
    this.#push(session, this.#packet(line));
  }

  /** Takes it from whoever has it; another session than the one that asks is told. */
  deactivate(by: SimulatedSession): void {
    const { holder } = this;
    this.#line = null;
    if (holder === null || holder.id === by.id) return;
    this.#push(holder, { ...EMPTY, isEnding: true });
  }

  /** Time has passed: the machine may have something to say, and what nobody acknowledged is sent again. */
  tick(): void {
    const line = this.#line;
    if (line === null || this.holder === null) return;
    const now = this.#site.now();
    this.#lookAt(line, now);
    if (line.sent === null && line.waiting.length > 0) this.#push(line.session, this.#packet(line));
    const { sent } = line;
    if (sent === null || now - sent.at < RETRY_MS) return;
    if (sent.sendings > RETRIES) line.sent = null;
    else {
      sent.sendings += 1;
      sent.at = now;
      this.#push(line.session, this.#packet(line));
    }
  }

  /** Lets the machine speak of what became of it; answers its power. */
  #lookAt(line: Line, now: number): PowerWord {
    const power = this.#machine.power(now);
    this.#say(line, Buffer.from(this.#newLines(power)));
    return power;
  }

  /** What the machine says of its way up since it was looked at last. */
  #newLines(power: PowerWord): string {
    const before = this.#power;
    this.#power = power;
    const { name } = this.#machine.spec;
    const isUp = power === "PoweringOn" || power === "On";
    const wasUp = before === "PoweringOn" || before === "On";
    const post = isUp && !wasUp ? `\r\n${name}: power-on self test\r\n` : "";
    return power === "On" && before !== "On" ? `${post}${name}: boots\r\n${name} login: ` : post;
  }

  /** Takes a packet of its session; null where nothing is to be answered. */
  receive(session: SimulatedSession, packet: SolToBmc): SolToConsole | null {
    const line = this.#line;
    if (line === null || this.holder?.id !== session.id) return null;
    if (packet.flushesOutbound) line.waiting = NOTHING;
    if (line.sent !== null && packet.acknowledged === line.sent.number && !packet.isRefused)
      line.sent = null;
    if (packet.number === 0)
      return line.sent === null && line.waiting.length > 0 ? this.#packet(line) : null;
    const isUnavailable = this.#lookAt(line, this.#site.now()) === "Off";
    if (isUnavailable)
      return { ...EMPTY, acknowledged: packet.number, isRefused: true, isUnavailable };
    // One that comes again is acknowledged again, and not typed twice.
    if (packet.number !== line.heard.number) this.#type(line, packet);
    const { number, count, isRefused } = line.heard;
    return { ...this.#packet(line), acknowledged: number, acceptedCount: count, isRefused };
  }

  #type(line: Line, { number, letters, isBreak }: SolToBmc): void {
    const count = this.#acceptedOf(letters.length);
    line.heard = { number, count, isRefused: count < letters.length };
    line.hasOverrun = false;
    this.#say(line, isBreak ? Buffer.from("<break>") : letters.subarray(0, count));
  }

  /** All, or as many as a fault lets in. */
  #acceptedOf(count: number): number {
    if (this.#site.take("ipmi-sol-refuse") !== null) return 0;
    return this.#site.take("ipmi-sol-partial") === null ? count : Math.floor(count / 2);
  }

  #say(line: Line, letters: Buffer): void {
    if (letters.length === 0) return;
    const all = Buffer.concat([line.waiting, letters]);
    line.hasOverrun ||= all.length > WAITING_MAX || this.#site.take("ipmi-sol-overrun") !== null;
    line.waiting = all.subarray(0, WAITING_MAX);
  }

  /** The packet on its way, or a new one with what waits; without letters it only acknowledges. */
  #packet(line: Line): SolToConsole {
    if (line.sent === null && line.waiting.length > 0) {
      line.number = nextSolNumber(line.number);
      const letters = line.waiting.subarray(0, SOL_LETTERS_MAX);
      line.sent = { number: line.number, letters, at: this.#site.now(), sendings: 1 };
      line.waiting = line.waiting.subarray(SOL_LETTERS_MAX);
    }
    const { number, letters } = line.sent ?? { number: 0, letters: NOTHING };
    return { ...EMPTY, number, letters, isOverrun: line.hasOverrun };
  }

  #push(session: SimulatedSession, packet: SolToConsole): void {
    this.#pushes.push({ session, packet });
  }

  /** What goes out by itself now, and no second time. */
  takePushes(): readonly SolPush[] {
    const pushes = this.#pushes;
    this.#pushes = [];
    return pushes;
  }
}

const EMPTY: SolToConsole = {
  number: 0,
  acknowledged: 0,
  acceptedCount: 0,
  isRefused: false,
  letters: NOTHING,
  isUnavailable: false,
  isEnding: false,
  isOverrun: false,
  isBreak: false,
};
