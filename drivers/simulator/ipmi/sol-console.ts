import { nextSolNumber, type SolToBmc, type SolToConsole } from "../../ipmi/packets/sol.ts";
import type { Machine } from "../machine.ts";
import type { SessionSlots, SimulatedSession } from "./session-slots.ts";

/** Letters of one packet to the console. */
export const SOL_LETTERS_MAX = 200;
/** Letters that wait for a console; more are lost, and it is told. */
const WAITING_MAX = 4096;

const NOTHING = Buffer.alloc(0);

/** A packet that goes out without having been asked for. */
export interface SolPush {
  readonly session: SimulatedSession;
  readonly packet: SolToConsole;
}

interface Line {
  readonly session: SimulatedSession;
  /** The number of the last packet that came in, and how many letters of it were taken. */
  heard: { readonly number: number; readonly count: number };
  /** The packet that is on its way to the console; null when it has acknowledged the last. */
  sent: { readonly number: number; readonly letters: Buffer } | null;
  number: number;
  waiting: Buffer;
  hasOverrun: boolean;
}

/** The machine's serial console (IPMI 2.0, 15): it greets, and echoes what is typed. One session has it at a time. */
export class SolConsole {
  readonly #machine: Machine;
  readonly #slots: SessionSlots;
  readonly #now: () => number;
  #line: Line | null = null;
  #pushes: SolPush[] = [];

  constructor(machine: Machine, slots: SessionSlots, now: () => number) {
    this.#machine = machine;
    this.#slots = slots;
    this.#now = now;
  }

  /** Whose it is now; null where it is nobody's, or its session is gone. */
  get holder(): SimulatedSession | null {
    if (this.#line !== null && this.#slots.find(this.#line.session.id) === undefined)
      this.#line = null;
    return this.#line?.session ?? null;
  }

  /** Gives it to a session and greets. */
  activate(session: SimulatedSession): void {
    const greeting = Buffer.from(`Console of ${this.#machine.spec.name}\r\n`);
    const heard = { number: 0, count: 0 };
    const line: Line = {
      session,
      heard,
      sent: null,
      number: 0,
      waiting: greeting,
      hasOverrun: false,
    };
    this.#line = line;
    this.#push(session, this.#packet(line, 0, 0));
  }

  /** Takes it from whoever has it; another session than the one that asks is told. */
  deactivate(by: SimulatedSession): void {
    const { holder } = this;
    this.#line = null;
    if (holder === null || holder.id === by.id) return;
    this.#push(holder, { ...EMPTY, isEnding: true });
  }

  /** Takes a packet of its session; null where nothing is to be answered. */
  receive(session: SimulatedSession, packet: SolToBmc): SolToConsole | null {
    const line = this.#line;
    if (line === null || this.holder?.id !== session.id) return null;
    if (packet.flushesOutbound) line.waiting = NOTHING;
    if (line.sent !== null && packet.acknowledged === line.sent.number && !packet.isRefused)
      line.sent = null;
    if (packet.number === 0)
      return line.sent === null && line.waiting.length > 0 ? this.#packet(line, 0, 0) : null;
    const isUnavailable = this.#machine.power(this.#now()) === "Off";
    if (isUnavailable)
      return { ...EMPTY, acknowledged: packet.number, isRefused: true, isUnavailable };
    // One that comes again is acknowledged again, and not typed twice.
    if (packet.number !== line.heard.number) this.#type(line, packet);
    return this.#packet(line, packet.number, line.heard.count);
  }

  #type(line: Line, { number, letters }: SolToBmc): void {
    line.heard = { number, count: letters.length };
    const typed = Buffer.concat([line.waiting, letters]);
    line.hasOverrun = typed.length > WAITING_MAX;
    line.waiting = typed.subarray(0, WAITING_MAX);
  }

  /** The packet on its way, or a new one with what waits; without letters it only acknowledges. */
  #packet(line: Line, acknowledged: number, acceptedCount: number): SolToConsole {
    if (line.sent === null && line.waiting.length > 0) {
      line.number = nextSolNumber(line.number);
      line.sent = { number: line.number, letters: line.waiting.subarray(0, SOL_LETTERS_MAX) };
      line.waiting = line.waiting.subarray(SOL_LETTERS_MAX);
    }
    const { number, letters } = line.sent ?? { number: 0, letters: NOTHING };
    return { ...EMPTY, number, letters, acknowledged, acceptedCount, isOverrun: line.hasOverrun };
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
