import { createSocket, type Socket } from "node:dgram";
import { randomBytes } from "node:crypto";
import { onTestFinished } from "vitest";
import {
  CIPHER_SUITES,
  type CipherSuite,
  isSameCode,
} from "../../../drivers/ipmi/packets/algorithms.ts";
import { decodeDatagram, ipmiDatagram } from "../../../drivers/ipmi/packets/datagram.ts";
import {
  decodeLanResponse,
  encodeLanRequest,
  type LanResponse,
  lanRequest,
  NET_FN,
} from "../../../drivers/ipmi/packets/lan-message.ts";
import {
  algorithmNumbers,
  decodeOpenResponse,
  decodeRakp2,
  decodeRakp4,
  encodeOpenRequest,
  encodeRakp1,
  encodeRakp3,
  PRIVILEGES,
  type Privilege,
} from "../../../drivers/ipmi/packets/rakp.ts";
import {
  type Exchange,
  rakp2Code,
  rakp3Code,
  rakp4Code,
  sessionIntegrityKey,
  sessionKeys,
} from "../../../drivers/ipmi/packets/rakp-keys.ts";
import { encodeAsf, encodeRmcp, RMCP_NO_ACK } from "../../../drivers/ipmi/packets/rmcp.ts";
import {
  decodeActivated,
  decodeChallenge,
  encodeActivateRequest,
  encodeChallengeRequest,
  encodePrivilege,
  SESSION_COMMANDS,
} from "../../../drivers/ipmi/packets/session-commands.ts";
import { encodeSession15, isAuthentic15 } from "../../../drivers/ipmi/packets/session15.ts";
import {
  encodeSession20,
  openSession20,
  type PayloadType,
  sealSession20,
  type SessionKeys,
} from "../../../drivers/ipmi/packets/session20.ts";
import {
  decodeSolToConsole,
  encodeSolToBmc,
  type SolToBmc,
  type SolToConsole,
} from "../../../drivers/ipmi/packets/sol.ts";
import { valueOf } from "../ipmi/packets/arbitraries.ts";

export interface Login {
  readonly username?: string;
  readonly password?: string;
  readonly suite?: 3 | 17;
  readonly kg?: Buffer;
  readonly privilege?: Privilege;
  readonly isNameOnly?: boolean;
  /** Goes on after RAKP 2, whatever its code. */
  readonly isBlind?: boolean;
  /** Sends RAKP 1 and 3 twice, as if the answer had been lost; goes by the first RAKP 2 and the second RAKP 4. */
  readonly isRepeating?: boolean;
}

/** A packet of a session that came in, with what its envelope says. */
interface Heard {
  readonly sessionId: number;
  readonly sequence: number;
  readonly response: LanResponse;
}

/** A session as its console holds it. */
export interface Live {
  readonly id: number;
  readonly consoleId: number;
  next: number;
  readonly seal: (sequence: number, payload: Buffer, type?: "ipmi" | "sol") => Buffer;
  readonly open: (bytes: Buffer) => Heard | null;
  /** A packet of the machine's console; null for any other. */
  readonly openSol: (bytes: Buffer) => SolToConsole | null;
}

/** A remote console in pieces, so that each packet can be looked at. What comes of a packet is known when the pong is there. */
export class IpmiConsole {
  readonly #socket: Socket = createSocket("udp4");
  readonly #port: number;
  #heard: Buffer[] = [];
  #tag = 0;
  #onPong: () => void = () => {};
  #rqSeq = 0;

  static async open(address: string): Promise<IpmiConsole> {
    const console = new IpmiConsole(Number(new URL(address).port));
    await new Promise<void>((done) => console.#socket.bind(0, "127.0.0.1", done));
    onTestFinished(() => void console.#socket.close());
    return console;
  }

  private constructor(port: number) {
    this.#port = port;
    this.#socket.on("message", (bytes) => {
      const datagram = decodeDatagram(bytes);
      const isPong =
        datagram.ok && datagram.value.kind === "asf" && datagram.value.message.tag === this.#tag;
      if (isPong) this.#onPong();
      else this.#heard.push(bytes);
    });
  }

  /** Sends bytes and a ping behind them; answers what came in before the pong, since the last time. */
  async exchange(bytes: Buffer): Promise<readonly Buffer[]> {
    this.#tag = (this.#tag + 1) % 0xff;
    const ping = encodeAsf({ type: "ping", tag: this.#tag });
    const pong = new Promise<void>((done) => (this.#onPong = done));
    this.#socket.send(bytes, this.#port, "127.0.0.1");
    this.#socket.send(
      encodeRmcp({ kind: "asf", sequence: RMCP_NO_ACK, body: ping }),
      this.#port,
      "127.0.0.1",
    );
    await pong;
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }

  /** Only sends. */
  send(bytes: Buffer): void {
    this.#socket.send(bytes, this.#port, "127.0.0.1");
  }

  request(netFn: number, command: number, data: Buffer | readonly number[] = []): Buffer {
    this.#rqSeq = (this.#rqSeq + 1) % 64;
    return encodeLanRequest(lanRequest(netFn, command, Buffer.from(data), this.#rqSeq));
  }

  /** One command outside a session. */
  async outside(netFn: number, command: number, data: readonly number[]): Promise<LanResponse> {
    return this.#outside15(netFn, command, Buffer.from(data));
  }

  async #outside15(netFn: number, command: number, data: Buffer): Promise<LanResponse> {
    const payload = this.request(netFn, command, data);
    const none = { authType: "none", sequence: 0, sessionId: 0, payload } as const;
    const [bytes] = await this.exchange(ipmiDatagram(encodeSession15(none, Buffer.alloc(0))));
    const datagram = valueOf(decodeDatagram(bytes ?? Buffer.alloc(0)));
    if (datagram.kind !== "ipmi15") throw new Error("it is none of IPMI 1.5");
    return valueOf(decodeLanResponse(datagram.session.payload));
  }

  /** One payload of a login; null where nothing came. */
  async payload(type: PayloadType, payload: Buffer): Promise<Buffer | null> {
    const packet = { type, sessionId: 0, sequence: 0, payload };
    const [bytes] = await this.exchange(ipmiDatagram(encodeSession20(packet)));
    if (bytes === undefined) return null;
    const datagram = valueOf(decodeDatagram(bytes));
    if (datagram.kind !== "ipmi20") throw new Error("it is none of RMCP+");
    return datagram.session.payload;
  }

  /** Opens a session of RMCP+; else what refused it. */
  async login(login: Login = {}): Promise<Live | string> {
    const { username = "admin", password = "password", privilege = "administrator" } = login;
    const suite = suiteOf(login.suite ?? 17);
    const consoleId = randomBytes(4).readUInt32LE();
    const level = PRIVILEGES[privilege];
    const algorithms = algorithmNumbers(suite);
    const request = encodeOpenRequest({ tag: 1, privilege: level, consoleId, algorithms });
    const opened = valueOf(decodeOpenResponse(await this.#must("openSessionRequest", request)));
    if (!("bmcId" in opened)) return `open ${opened.status}`;
    const { bmcId } = opened;
    const isNameOnly = login.isNameOnly ?? false;
    const known = { privilege: level, isNameOnly, username: Buffer.from(username) };
    const consoleRandom = randomBytes(16);
    const rakp1 = encodeRakp1({ tag: 2, bmcId, consoleRandom, ...known });
    const second = valueOf(decodeRakp2(await this.#must("rakp1", rakp1), suite.rakp));
    if (login.isRepeating === true) await this.#must("rakp1", rakp1);
    if (!("guid" in second)) return `rakp2 ${second.status}`;
    const { bmcRandom, guid } = second;
    const keys = { userKey: Buffer.from(password), bmcKey: login.kg ?? null };
    const ids = { suite, consoleId, bmcId };
    const exchange: Exchange = { ...ids, consoleRandom, bmcRandom, guid, ...known, ...keys };
    const isKnown = isSameCode(second.code, rakp2Code(exchange));
    if (!isKnown && login.isBlind !== true) return "rakp2 code";
    return this.#prove(exchange, login);
  }

  /** RAKP 3 and 4. */
  async #prove(exchange: Exchange, login: Login): Promise<Live | string> {
    const { suite, bmcId, consoleId } = exchange;
    const rakp3 = encodeRakp3({ tag: 3, status: 0, bmcId, code: rakp3Code(exchange) });
    if (login.isRepeating === true) await this.#must("rakp3", rakp3);
    const last = valueOf(decodeRakp4(await this.#must("rakp3", rakp3), suite.rakp));
    if (!("code" in last)) return `rakp4 ${last.status}`;
    const sik = sessionIntegrityKey(exchange);
    if (!isSameCode(last.code, rakp4Code(exchange, sik))) return "rakp4 code";
    return live20(bmcId, consoleId, sessionKeys(suite, sik));
  }

  async #must(type: PayloadType, payload: Buffer): Promise<Buffer> {
    const answer = await this.payload(type, payload);
    if (answer === null) throw new Error(`nothing was answered to ${type}`);
    return answer;
  }

  /** Opens a session, raised to the level that was asked for. */
  async live(login: Login = {}): Promise<Live> {
    const session = await this.login(login);
    if (typeof session === "string") throw new Error(session);
    const { privilege = "administrator" } = login;
    const data = encodePrivilege(PRIVILEGES[privilege]);
    await this.ask(session, NET_FN.app, SESSION_COMMANDS.setSessionPrivilege, data);
    return session;
  }

  /** Opens a session of IPMI 1.5; else what refused it. */
  async login15(
    login: Login & { readonly authType?: "md5" | "password" } = {},
  ): Promise<Live | string> {
    const { username = "admin", authType = "md5", privilege = "administrator" } = login;
    const password = Buffer.from(login.password ?? "password");
    const asked = encodeChallengeRequest({ authType, username: Buffer.from(username) });
    const command = SESSION_COMMANDS.getSessionChallenge;
    const first = await this.#outside15(NET_FN.app, command, asked);
    if (first.completion !== 0) return `challenge ${first.completion}`;
    const { temporaryId, challenge } = valueOf(decodeChallenge(first.data));
    const request = { authType, challenge, privilege: PRIVILEGES[privilege], outboundSequence: 77 };
    const data = encodeActivateRequest(request);
    const payload = this.request(NET_FN.app, SESSION_COMMANDS.activateSession, data);
    const packet = { authType, sequence: 0, sessionId: temporaryId, payload };
    const [bytes] = await this.exchange(ipmiDatagram(encodeSession15(packet, password)));
    if (bytes === undefined) return "silence";
    const datagram = valueOf(decodeDatagram(bytes));
    if (datagram.kind !== "ipmi15") throw new Error("it is none of IPMI 1.5");
    if (!isAuthentic15(datagram.session, password)) return "activate code";
    const response = valueOf(decodeLanResponse(datagram.session.payload));
    if (response.completion !== 0) return `activate ${response.completion}`;
    const { sessionId, inboundSequence } = valueOf(decodeActivated(response.data));
    return live15({ authType, sessionId, inboundSequence, password });
  }

  /** One command in a session: all that was heard before the pong. */
  async heard(
    session: Live,
    payload: Buffer,
    sequence = session.next,
  ): Promise<readonly (Heard | null)[]> {
    if (sequence === session.next) session.next += 1;
    const heard = await this.exchange(session.seal(sequence, payload));
    return heard.map((bytes) => session.open(bytes));
  }

  /** One packet for the machine's console: what its session heard of it. */
  async sol(session: Live, packet: Partial<SolToBmc>): Promise<readonly (SolToConsole | null)[]> {
    const payload = encodeSolToBmc({ ...SOL_NOTHING, ...packet });
    const heard = await this.exchange(session.seal(session.next, payload, "sol"));
    session.next += 1;
    return heard.map((bytes) => session.openSol(bytes));
  }

  /** One command in a session, and its one answer. */
  async ask(
    session: Live,
    netFn: number,
    command: number,
    data: Buffer | readonly number[] = [],
  ): Promise<LanResponse> {
    const heard = await this.heard(session, this.request(netFn, command, data));
    const [first] = heard;
    if (heard.length !== 1 || first === null || first === undefined)
      throw new Error(`${heard.length} answers, of which one was looked for`);
    return first.response;
  }
}

const SOL_NOTHING: SolToBmc = {
  number: 0,
  acknowledged: 0,
  acceptedCount: 0,
  isRefused: false,
  letters: Buffer.alloc(0),
  isBreak: false,
  flushesInbound: false,
  flushesOutbound: false,
};

function suiteOf(id: number): CipherSuite {
  const suite = CIPHER_SUITES.find((one) => one.id === id);
  if (suite === undefined) throw new Error(`there is no suite ${id}`);
  return suite;
}

function live20(id: number, consoleId: number, keys: SessionKeys): Live {
  return {
    id,
    consoleId,
    next: 1,
    openSol: (bytes) => {
      const datagram = decodeDatagram(bytes);
      if (!datagram.ok || datagram.value.kind !== "ipmi20") return null;
      const opened = openSession20(datagram.value.session, keys);
      if (!opened.ok || opened.value.type !== "sol") return null;
      return valueOf(decodeSolToConsole(opened.value.payload));
    },
    seal: (sequence, payload, type = "ipmi") =>
      ipmiDatagram(
        sealSession20({ type, sessionId: id, sequence, payload }, keys, randomBytes(16)),
      ),
    open: (bytes) => {
      const datagram = decodeDatagram(bytes);
      if (!datagram.ok || datagram.value.kind !== "ipmi20") return null;
      const opened = openSession20(datagram.value.session, keys);
      if (!opened.ok) return null;
      const { sessionId, sequence, payload, type } = opened.value;
      if (type !== "ipmi") return null;
      return { sessionId, sequence, response: valueOf(decodeLanResponse(payload)) };
    },
  };
}

function live15(begun: {
  readonly authType: "md5" | "password";
  readonly sessionId: number;
  readonly inboundSequence: number;
  readonly password: Buffer;
}): Live {
  const { authType, sessionId, inboundSequence, password } = begun;
  return {
    id: sessionId,
    consoleId: sessionId,
    openSol: () => null,
    next: inboundSequence,
    seal: (sequence, payload) =>
      ipmiDatagram(encodeSession15({ authType, sequence, sessionId, payload }, password)),
    open: (bytes) => {
      const datagram = decodeDatagram(bytes);
      if (!datagram.ok || datagram.value.kind !== "ipmi15") return null;
      const { session } = datagram.value;
      if (!isAuthentic15(session, password)) return null;
      const response = valueOf(decodeLanResponse(session.payload));
      return { sessionId: session.sessionId, sequence: session.sequence, response };
    },
  };
}
