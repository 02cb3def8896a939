import type { DriverClock } from "../../driver.ts";
import { decodeDatagram, ipmiDatagram } from "../../ipmi/packets/datagram.ts";
import {
  decodeLanRequest,
  encodeLanResponse,
  type LanRequest,
  lanResponse,
  NET_FN,
  RQ_SEQ_COUNT,
} from "../../ipmi/packets/lan-message.ts";
import { encodeAsf, encodeRmcp, RMCP_NO_ACK } from "../../ipmi/packets/rmcp.ts";
import { received } from "../../ipmi/packets/sequence-window.ts";
import { SESSION_COMMANDS } from "../../ipmi/packets/session-commands.ts";
import { encodeSession15, isAuthentic15, type Received15 } from "../../ipmi/packets/session15.ts";
import { decodeSolToBmc, encodeSolToConsole, type SolToConsole } from "../../ipmi/packets/sol.ts";
import {
  encodeSession20,
  openSession20,
  type Received20,
  sealSession20,
} from "../../ipmi/packets/session20.ts";
import type { LoggedCall } from "../exchange.ts";
import type { FaultKind } from "../faults.ts";
import type { Lies } from "../lies.ts";
import type { Machine } from "../machine.ts";
import type { BmcMemory, CommandAnswer, CommandSite, IpmiUser } from "./command.ts";
import { RESTART_UNKNOWN } from "./chassis-commands.ts";
import { systemGuid } from "./device-commands.ts";
import { Login15 } from "./login15.ts";
import { Login20 } from "./login20.ts";
import type { LoginNote, LoginSite } from "./login-site.ts";
import { runCommand } from "./run-command.ts";
import { type Peer, SessionSlots, type SimulatedSession, takeOutbound } from "./session-slots.ts";
import { SolConsole } from "./sol-console.ts";
import { SpoiledWire } from "./spoil-answer.ts";

/** What a BMC that speaks IPMI is made from. */
export interface IpmiBmcOptions {
  readonly machine: Machine;
  readonly clock: DriverClock;
  readonly lies: Lies;
  readonly users: readonly IpmiUser[];
  readonly kg: Buffer | null;
  readonly suites: readonly number[];
  readonly sessionLimit: number;
  readonly sessionTimeoutMs: number;
  readonly resetMs: number;
  readonly address: () => string;
  /** Random hex. */
  readonly hex: (bytes: number) => string;
  readonly log: (call: LoggedCall) => void;
}

/** A datagram on its way out. */
export interface Outgoing {
  readonly datagram: Buffer;
  readonly to: Peer;
}

const NO_PASSWORD = Buffer.alloc(0);
const IV_BYTES = 16;
/** Farther off than any window reaches. */
const FAR = 0x1000;
/** ASF's own enterprise number, for a pong without parts of an OEM (13.2.4). */
const ASF_IANA = 4542;

/** One machine's BMC as it is by IPMI: what comes in as a datagram, what goes out as datagrams. */
export class IpmiBmc {
  readonly machine: Machine;
  readonly slots: SessionSlots;
  readonly #options: IpmiBmcOptions;
  readonly #memory: BmcMemory;
  readonly #login15: Login15;
  readonly #login20: Login20;
  readonly #wire: SpoiledWire;
  readonly #sol: SolConsole;

  constructor(options: IpmiBmcOptions) {
    const { machine, lies, clock } = options;
    this.#options = options;
    this.machine = machine;
    const limit = (): number => {
      const fault = lies.of(machine.spec.name, "session-limit");
      return fault === null ? options.sessionLimit : Number(fault.argument);
    };
    const timeoutMs = options.sessionTimeoutMs;
    this.slots = new SessionSlots({ now: () => clock.now(), limit, timeoutMs });
    this.#memory = {
      keepValid: 0,
      acknowledged: [0, 0],
      bootFlags: null,
      selReservation: 0,
      sdrReservation: 0,
      silentUntil: 0,
      restartCause: RESTART_UNKNOWN,
    };
    this.#sol = new SolConsole(machine, {
      slots: this.slots,
      now: () => clock.now(),
      take: (kind) => this.#takes(kind),
    });
    const site = this.#loginSite();
    this.#login15 = new Login15(site);
    this.#login20 = new Login20(site);
    this.#wire = new SpoiledWire(
      (kind) => this.#takes(kind),
      (bytes) => this.#random(bytes),
    );
  }

  #loginSite(): LoginSite {
    const { users, kg, clock } = this.#options;
    return {
      slots: this.slots,
      users,
      kg,
      now: () => clock.now(),
      suites: () => this.#suites(),
      guid: () => systemGuid(this.#site()),
      passwordOf: (user) => {
        const isRefused = this.#fault("wrong-password") !== null;
        return isRefused ? this.#random(IV_BYTES) : Buffer.from(user.password, "utf8");
      },
      random: (bytes) => this.#random(bytes),
      newId: (isTaken) => this.#newId(isTaken),
      note: (login) => this.#noteLogin(login),
    };
  }

  #random(bytes: number): Buffer {
    return Buffer.from(this.#options.hex(bytes), "hex");
  }

  #newId(isTaken: (id: number) => boolean): number {
    for (;;) {
      const id = this.#random(4).readUInt32LE();
      if (id !== 0 && !this.slots.has(id) && !isTaken(id)) return id;
    }
  }

  #fault(kind: FaultKind): ReturnType<Lies["of"]> {
    return this.#options.lies.of(this.machine.spec.name, kind);
  }

  #takes(kind: FaultKind): ReturnType<Lies["take"]> {
    return this.#options.lies.take(this.machine.spec.name, kind);
  }

  #suites(): readonly number[] {
    const only = this.#fault("ipmi-suites")?.argument;
    if (only === undefined || only === null) return this.#options.suites;
    return only === "none" ? [] : only.split(",").map(Number);
  }

  #site(): CommandSite {
    const { lies, users, kg, clock, resetMs } = this.#options;
    const { machine, slots } = this;
    const { name } = machine.spec;
    return {
      machine,
      memory: this.#memory,
      slots,
      sol: this.#sol,
      port: () => Number(new URL(this.#options.address()).port),
      users,
      suites: this.#suites(),
      hasKg: kg !== null,
      resetMs,
      now: clock.now(),
      fault: (kind) => lies.of(name, kind),
      take: (kind) => lies.take(name, kind),
      shown: () => lies.shown(machine),
      freeze: (shown, until) => lies.freeze(name, shown, until),
    };
  }

  /** What goes out for a datagram that came in, in order; what it does not understand it answers nothing to. */
  receive(bytes: Buffer, peer: Peer): readonly Outgoing[] {
    if (this.#options.clock.now() < this.#memory.silentUntil) return [];
    if (this.#takes("ipmi-lose-request") !== null) return [];
    const answer = this.#answer(bytes, peer);
    const sent = answer === null ? [] : this.#wire.send(answer);
    return [...sent.map((datagram) => ({ datagram, to: peer })), ...this.#pushed()];
  }

  /** Somebody has the console: it may speak at any time. */
  get hasConsole(): boolean {
    return this.#sol.holder !== null;
  }

  /** What goes out by itself as time passes. */
  tick(): readonly Outgoing[] {
    if (this.#options.clock.now() < this.#memory.silentUntil) return [];
    this.#sol.tick();
    return this.#pushed();
  }

  /** What the console sends by itself. */
  #pushed(): readonly Outgoing[] {
    return this.#sol.takePushes().flatMap(({ session, packet }) => {
      const datagram = this.#sealedSol(session, packet);
      const sent = datagram === null ? [] : this.#wire.send(datagram);
      return sent.map((one) => ({ datagram: one, to: session.peer }));
    });
  }

  #answer(bytes: Buffer, peer: Peer): Buffer | null {
    const datagram = decodeDatagram(bytes);
    if (!datagram.ok) return null;
    switch (datagram.value.kind) {
      case "asf": {
        const { message } = datagram.value;
        if (message.type !== "ping") return null;
        const { tag } = message;
        const pong = {
          type: "pong",
          tag,
          oemIana: ASF_IANA,
          oemDefined: 0,
          speaksIpmi: true,
        } as const;
        return encodeRmcp({ kind: "asf", sequence: RMCP_NO_ACK, body: encodeAsf(pong) });
      }
      case "ipmi15":
        return this.#answer15(datagram.value.session, peer);
      case "ipmi20":
        return this.#suites().length === 0 ? null : this.#answer20(datagram.value.session, peer);
    }
  }

  /** A request outside a session, one by which a login is made, or one of a session. */
  #answer15(packet: Received15, peer: Peer): Buffer | null {
    const request = decodeLanRequest(packet.payload);
    if (!request.ok) return null;
    const { command, data, netFn } = request.value;
    const isActivation = netFn === NET_FN.app && command === SESSION_COMMANDS.activateSession;
    if (isActivation && packet.sequence === 0) return this.#activate(packet, request.value);
    if (packet.sessionId !== 0) return this.#inSession15(packet, request.value, peer);
    const isChallenge = netFn === NET_FN.app && command === SESSION_COMMANDS.getSessionChallenge;
    const answer = isChallenge ? this.#login15.challenge(data) : this.#run(request.value, null);
    if (answer === null) return null;
    const payload = responseBytes(request.value, answer);
    const outside = { authType: "none", sequence: 0, sessionId: 0, payload } as const;
    return ipmiDatagram(encodeSession15(outside, NO_PASSWORD));
  }

  #activate(packet: Received15, request: LanRequest): Buffer | null {
    const activation = this.#login15.activate(packet, request.data);
    if (activation === null) return null;
    const { answer, password, sequence } = activation;
    const { authType, sessionId } = packet;
    const payload = responseBytes(request, answer);
    return ipmiDatagram(encodeSession15({ authType, sessionId, sequence, payload }, password));
  }

  #inSession15(packet: Received15, request: LanRequest, peer: Peer): Buffer | null {
    const session = this.slots.find(packet.sessionId);
    if (session?.version !== "1.5") return null;
    const { authType, password } = session;
    if (packet.authType !== authType || !isAuthentic15(packet, password)) return null;
    if (!this.#isInWindow(session, packet.sequence, peer)) return null;
    const answer = this.#run(request, session);
    if (answer === null) return null;
    const payload = responseBytes(this.#misnumbered(request), answer);
    const { sessionId, sequence } = this.#numbered(session, session.id);
    return ipmiDatagram(encodeSession15({ authType, sessionId, sequence, payload }, password));
  }

  #answer20(packet: Received20, peer: Peer): Buffer | null {
    if (packet.sessionId !== 0) return this.#inSession20(packet, peer);
    if (packet.type !== "ipmi") {
      const answer = this.#login20.answer(packet.type, packet.payload);
      if (answer === null) return null;
      return ipmiDatagram(encodeSession20({ ...answer, sessionId: 0, sequence: 0 }));
    }
    const request = decodeLanRequest(packet.payload);
    if (!request.ok) return null;
    const answer = this.#run(request.value, null);
    if (answer === null) return null;
    const payload = responseBytes(request.value, answer);
    return ipmiDatagram(encodeSession20({ type: "ipmi", sessionId: 0, sequence: 0, payload }));
  }

  #inSession20(packet: Received20, peer: Peer): Buffer | null {
    const session = this.slots.find(packet.sessionId);
    if (session?.version !== "2.0") return null;
    const opened = openSession20(packet, session.keys);
    if (!opened.ok || !this.#isInWindow(session, packet.sequence, peer)) return null;
    const { type, payload } = opened.value;
    if (type === "sol") return this.#answerSol(session, payload);
    const request = decodeLanRequest(payload);
    if (type !== "ipmi" || !request.ok) return null;
    const answer = this.#run(request.value, session);
    if (answer === null) return null;
    return this.#sealed(session, "ipmi", responseBytes(this.#misnumbered(request.value), answer));
  }

  #answerSol(session: SimulatedSession, payload: Buffer): Buffer | null {
    const packet = decodeSolToBmc(payload);
    if (!packet.ok) return null;
    const answer = this.#sol.receive(session, packet.value);
    return answer === null ? null : this.#sealedSol(session, answer);
  }

  #sealedSol(session: SimulatedSession, packet: SolToConsole): Buffer | null {
    return this.#sealed(session, "sol", encodeSolToConsole(packet));
  }

  /** A packet of a session of RMCP+; null where it is of IPMI 1.5, which has no payloads. */
  #sealed(session: SimulatedSession, type: "ipmi" | "sol", payload: Buffer): Buffer | null {
    if (session.version !== "2.0") return null;
    const packet = { type, ...this.#numbered(session, session.consoleId), payload };
    return ipmiDatagram(sealSession20(packet, session.keys, this.#random(IV_BYTES)));
  }

  #isInWindow(session: SimulatedSession, sequence: number, peer: Peer): boolean {
    const window = received(session.window, sequence);
    if (window === null) return false;
    session.window = window;
    this.slots.touch(session, peer);
    return true;
  }

  /** To which session the answer goes, and its number, as faults have them. */
  #numbered(
    session: SimulatedSession,
    own: number,
  ): { readonly sessionId: number; readonly sequence: number } {
    const number = takeOutbound(session);
    const isFar = this.#takes("ipmi-bad-sequence") !== null;
    const isAstray = this.#takes("ipmi-other-session") !== null;
    return {
      sequence: isFar ? (number + FAR) >>> 0 : number,
      sessionId: isAstray ? (own ^ 1) >>> 0 : own,
    };
  }

  /** The request with another one's number, as a fault has it. */
  #misnumbered(request: LanRequest): LanRequest {
    if (this.#takes("ipmi-other-request") === null) return request;
    return { ...request, rqSeq: (request.rqSeq + 1) % RQ_SEQ_COUNT };
  }

  /** Null where an act is done and its answer lost, as a fault has it. */
  #run(request: LanRequest, session: SimulatedSession | null): CommandAnswer | null {
    const { answer, act } = runCommand(request, session, this.#site());
    if (act === null) return answer;
    const isLost = act.acts === "machine" && this.#fault("drop-after") !== null;
    this.#note({
      // As by Redfish: a session is the BMC's, and its end no act upon the machine.
      machine: act.acts === "session" ? null : this.machine.spec.name,
      session: session === null ? null : String(session.handle),
      path: act.name,
      body: answer.said ?? {},
      status: isLost ? null : answer.completion,
      effect: answer.effect ?? "",
    });
    return isLost ? null : answer;
  }

  #noteLogin({ username, status, session }: LoginNote): void {
    this.#note({
      machine: null,
      session: session === null ? null : String(session),
      path: "Login",
      body: { username },
      status,
      effect: status === 0 ? "session opened" : "refused",
    });
  }

  #note(
    what: Pick<LoggedCall, "machine" | "session" | "path" | "body" | "status" | "effect">,
  ): void {
    const { clock, address, log } = this.#options;
    const time = new Date(clock.now()).toISOString();
    log({ time, address: address(), sender: null, method: "IPMI", ...what });
  }
}

function responseBytes(request: LanRequest, { completion, data }: CommandAnswer): Buffer {
  return encodeLanResponse(lanResponse(request, completion, data));
}
