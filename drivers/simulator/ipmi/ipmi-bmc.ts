import type { DriverClock } from "../../driver.ts";
import { decodeDatagram, ipmiDatagram } from "../../ipmi/packets/datagram.ts";
import {
  decodeLanRequest,
  encodeLanResponse,
  type LanRequest,
  lanResponse,
  NET_FN,
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
import { SEND_MESSAGE } from "../../ipmi/packets/send-message.ts";
import type { LoggedCall } from "../exchange.ts";
import type { FaultKind } from "../faults.ts";
import type { Lies } from "../lies.ts";
import type { Machine } from "../machine.ts";
import { Bridge, type BridgedForm } from "./bridge.ts";
import { type CommandAnswer, COMPLETION, type IpmiUser } from "./command.ts";
import { type ActNote, type Around, Controller } from "./controller.ts";
import { BmcLogins } from "./bmc-logins.ts";
import { BMC_ROWS, CHASSIS_BMC_ROWS, type CommandRows, SATELLITE_ROWS } from "./run-command.ts";
import { type Peer, SessionSlots, type SimulatedSession, takeOutbound } from "./session-slots.ts";
import { SolConsole } from "./sol-console.ts";

/** What a BMC that speaks IPMI is made from. */
export interface IpmiBmcOptions {
  readonly machine: Machine;
  /** Machines of a chassis that it passes requests on to, by the slave address of their controllers. */
  readonly satellites: ReadonlyMap<number, Machine>;
  readonly bridged: BridgedForm;
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
  /** Whose controller answers. */
  readonly machine: string;
}

/** A datagram that answers another, and who spoils it. */
interface Reply {
  readonly datagram: Buffer;
  readonly by: Controller;
}

const NO_PASSWORD = Buffer.alloc(0);
const IV_BYTES = 16;
/** Farther off than any window reaches. */
const FAR = 0x1000;
/** ASF's own enterprise number, for a pong without parts of an OEM (13.2.4). */
const ASF_IANA = 4542;

/** One BMC as it is by IPMI: what comes in as a datagram, what goes out as datagrams; its sessions, and whom it passes on to. */
export class IpmiBmc {
  readonly slots: SessionSlots;
  readonly #options: IpmiBmcOptions;
  readonly #own: Controller;
  readonly #bridge: Bridge;
  readonly #logins: BmcLogins;
  readonly #sol: SolConsole;

  constructor(options: IpmiBmcOptions) {
    const { machine, satellites, lies, clock } = options;
    this.#options = options;
    const limit = (): number => {
      const fault = lies.of(machine.spec.name, "session-limit");
      return fault === null ? options.sessionLimit : Number(fault.argument);
    };
    const timeoutMs = options.sessionTimeoutMs;
    this.slots = new SessionSlots({ now: () => clock.now(), limit, timeoutMs });
    this.#sol = this.#console(machine, this.slots);
    const rows = satellites.size === 0 ? BMC_ROWS : CHASSIS_BMC_ROWS;
    this.#own = this.#controller(machine, rows, () => this.#around());
    const behind = [...satellites].map(
      ([address, one]) => [address, this.#satellite(one, timeoutMs)] as const,
    );
    this.#bridge = new Bridge(new Map(behind), options.bridged);
    const { slots } = this;
    const { users, kg } = options;
    this.#logins = new BmcLogins({
      slots,
      own: this.#own,
      users,
      kg,
      clock,
      suites: () => this.#suites(),
      random: (bytes) => this.#random(bytes),
      note: (act) => this.#note(act),
    });
  }

  #controller(machine: Machine, rows: CommandRows, around: () => Around): Controller {
    const { clock, lies, resetMs } = this.#options;
    const random = (bytes: number): Buffer => this.#random(bytes);
    const note = (act: ActNote): void => this.#note(act);
    return new Controller({ machine, clock, lies, resetMs, rows, around, random, note });
  }

  /** One on the bus has no sessions that a reset could end. */
  #satellite(machine: Machine, timeoutMs: number): Controller {
    const { clock } = this.#options;
    const slots = new SessionSlots({ now: () => clock.now(), limit: () => 0, timeoutMs });
    const sol = this.#console(machine, slots);
    return this.#controller(machine, SATELLITE_ROWS, () => ({ ...this.#around(), slots, sol }));
  }

  #console(machine: Machine, slots: SessionSlots): SolConsole {
    const { clock, lies } = this.#options;
    const take = (kind: FaultKind): ReturnType<Lies["take"]> => lies.take(machine.spec.name, kind);
    return new SolConsole(machine, { slots, now: () => clock.now(), take });
  }

  /** True for its own machine and those behind it. */
  serves(machine: string): boolean {
    return [this.#own, ...this.#bridge.satellites].some(({ name }) => name === machine);
  }

  #random(bytes: number): Buffer {
    return Buffer.from(this.#options.hex(bytes), "hex");
  }

  #suites(): readonly number[] {
    const only = this.#own.fault("ipmi-suites")?.argument;
    if (only === undefined || only === null) return this.#options.suites;
    return only === "none" ? [] : only.split(",").map(Number);
  }

  #around(): Around {
    const { users, kg, address } = this.#options;
    return {
      slots: this.slots,
      sol: this.#sol,
      port: () => Number(new URL(address()).port),
      users,
      suites: this.#suites(),
      hasKg: kg !== null,
    };
  }

  /** What goes out for a datagram that came in, in order; what it does not understand it answers nothing to. */
  receive(bytes: Buffer, peer: Peer): readonly Outgoing[] {
    if (this.#own.isSilent || this.#own.takes("ipmi-lose-request") !== null) return [];
    const sent = this.#answer(bytes, peer).flatMap(({ datagram, by }) =>
      by.wire.send(datagram).map((one) => ({ datagram: one, to: peer, machine: by.name })),
    );
    return [...sent, ...this.#pushed()];
  }

  /** Somebody has the console: it may speak at any time. */
  get hasConsole(): boolean {
    return this.#sol.holder !== null;
  }

  /** What goes out by itself as time passes. */
  tick(): readonly Outgoing[] {
    if (this.#own.isSilent) return [];
    this.#sol.tick();
    return this.#pushed();
  }

  /** What the console sends by itself. */
  #pushed(): readonly Outgoing[] {
    return this.#sol.takePushes().flatMap(({ session, packet }) => {
      const datagram = this.#sealedSol(session, packet);
      const sent = datagram === null ? [] : this.#own.wire.send(datagram);
      return sent.map((one) => ({ datagram: one, to: session.peer, machine: this.#own.name }));
    });
  }

  #answer(bytes: Buffer, peer: Peer): readonly Reply[] {
    const datagram = decodeDatagram(bytes);
    if (!datagram.ok) return [];
    switch (datagram.value.kind) {
      case "asf": {
        const { message } = datagram.value;
        return message.type === "ping" ? this.#reply(pong(message.tag)) : [];
      }
      case "ipmi15":
        return this.#answer15(datagram.value.session, peer);
      case "ipmi20":
        return this.#suites().length === 0 ? [] : this.#answer20(datagram.value.session, peer);
    }
  }

  /** One of its own; null is none. */
  #reply(datagram: Buffer | null): readonly Reply[] {
    return datagram === null ? [] : [{ datagram, by: this.#own }];
  }

  /** A request outside a session, one by which a login is made, or one of a session. */
  #answer15(packet: Received15, peer: Peer): readonly Reply[] {
    const request = decodeLanRequest(packet.payload);
    if (!request.ok) return [];
    const { command, data, netFn } = request.value;
    const isActivation = netFn === NET_FN.app && command === SESSION_COMMANDS.activateSession;
    if (isActivation && packet.sequence === 0)
      return this.#reply(this.#activate(packet, request.value));
    if (packet.sessionId !== 0) return this.#inSession15(packet, request.value, peer);
    const isChallenge = netFn === NET_FN.app && command === SESSION_COMMANDS.getSessionChallenge;
    const answer = isChallenge
      ? this.#logins.login15.challenge(data)
      : this.#own.run(request.value, null);
    if (answer === null) return [];
    const payload = responseBytes(request.value, answer);
    const outside = { authType: "none", sequence: 0, sessionId: 0, payload } as const;
    return this.#reply(ipmiDatagram(encodeSession15(outside, NO_PASSWORD)));
  }

  #activate(packet: Received15, request: LanRequest): Buffer | null {
    const activation = this.#logins.login15.activate(packet, request.data);
    if (activation === null) return null;
    const { answer, password, sequence } = activation;
    const { authType, sessionId } = packet;
    const payload = responseBytes(request, answer);
    return ipmiDatagram(encodeSession15({ authType, sessionId, sequence, payload }, password));
  }

  #inSession15(packet: Received15, request: LanRequest, peer: Peer): readonly Reply[] {
    const session = this.slots.find(packet.sessionId);
    if (session?.version !== "1.5") return [];
    const { authType, password } = session;
    if (packet.authType !== authType || !isAuthentic15(packet, password)) return [];
    if (!this.#isInWindow(session, packet.sequence, peer)) return [];
    return this.#run(request, session).map(({ payload, by }) => {
      const { sessionId, sequence } = this.#numbered(session, session.id);
      const sent = encodeSession15({ authType, sessionId, sequence, payload }, password);
      return { datagram: ipmiDatagram(sent), by };
    });
  }

  #answer20(packet: Received20, peer: Peer): readonly Reply[] {
    if (packet.sessionId !== 0) return this.#inSession20(packet, peer);
    if (packet.type !== "ipmi") {
      const answer = this.#logins.login20.answer(packet.type, packet.payload);
      if (answer === null) return [];
      return this.#reply(ipmiDatagram(encodeSession20({ ...answer, sessionId: 0, sequence: 0 })));
    }
    const request = decodeLanRequest(packet.payload);
    const answer = request.ok ? this.#own.run(request.value, null) : null;
    if (!request.ok || answer === null) return [];
    const payload = responseBytes(request.value, answer);
    const outside = { type: "ipmi", sessionId: 0, sequence: 0, payload } as const;
    return this.#reply(ipmiDatagram(encodeSession20(outside)));
  }

  #inSession20(packet: Received20, peer: Peer): readonly Reply[] {
    const session = this.slots.find(packet.sessionId);
    if (session?.version !== "2.0") return [];
    const opened = openSession20(packet, session.keys);
    if (!opened.ok || !this.#isInWindow(session, packet.sequence, peer)) return [];
    const { type, payload } = opened.value;
    if (type === "sol") return this.#reply(this.#answerSol(session, payload));
    const request = decodeLanRequest(payload);
    if (type !== "ipmi" || !request.ok) return [];
    return this.#run(request.value, session).flatMap((answer) => {
      const datagram = this.#sealed(session, "ipmi", answer.payload);
      return datagram === null ? [] : [{ datagram, by: answer.by }];
    });
  }

  /** The messages that answer a request of a session, in order, and whose they are. */
  #run(
    request: LanRequest,
    session: SimulatedSession,
  ): readonly { readonly payload: Buffer; readonly by: Controller }[] {
    const own = this.#own;
    const answer = own.run(request, session);
    if (answer === null) return [];
    const isSendMessage = request.netFn === NET_FN.app && request.command === SEND_MESSAGE;
    if (!isSendMessage || answer.completion !== COMPLETION.ok)
      return [{ payload: responseBytes(own.misnumbered(request), answer), by: own }];
    return this.#bridge
      .answer(request, session)
      .map(({ response, by }) => ({ payload: encodeLanResponse(response), by: by ?? own }));
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
    const isFar = this.#own.takes("ipmi-bad-sequence") !== null;
    const isAstray = this.#own.takes("ipmi-other-session") !== null;
    return {
      sequence: isFar ? (number + FAR) >>> 0 : number,
      sessionId: isAstray ? (own ^ 1) >>> 0 : own,
    };
  }

  #note(what: ActNote): void {
    const { clock, address, log } = this.#options;
    const time = new Date(clock.now()).toISOString();
    log({ time, address: address(), sender: null, method: "IPMI", ...what });
  }
}

function pong(tag: number): Buffer {
  const message = {
    type: "pong",
    tag,
    oemIana: ASF_IANA,
    oemDefined: 0,
    speaksIpmi: true,
  } as const;
  return encodeRmcp({ kind: "asf", sequence: RMCP_NO_ACK, body: encodeAsf(message) });
}

function responseBytes(request: LanRequest, { completion, data }: CommandAnswer): Buffer {
  return encodeLanResponse(lanResponse(request, completion, data));
}
