import { randomBytes } from "node:crypto";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { type CipherSuite, CIPHER_SUITES } from "../../../../drivers/ipmi/packets/algorithms.ts";
import { decodeDatagram, ipmiDatagram } from "../../../../drivers/ipmi/packets/datagram.ts";
import {
  decodeLanRequest,
  encodeLanResponse,
  type LanRequest,
  lanResponse,
} from "../../../../drivers/ipmi/packets/lan-message.ts";
import * as rakp from "../../../../drivers/ipmi/packets/rakp.ts";
import * as keysOf from "../../../../drivers/ipmi/packets/rakp-keys.ts";
import { encodeAsf, encodeRmcp } from "../../../../drivers/ipmi/packets/rmcp.ts";
import * as commands from "../../../../drivers/ipmi/packets/session-commands.ts";
import {
  encodeSession15,
  isAuthentic15,
  type Received15,
} from "../../../../drivers/ipmi/packets/session15.ts";
import {
  encodeSession20,
  openSession20,
  type PayloadType,
  type Received20,
  sealSession20,
  type SessionKeys,
} from "../../../../drivers/ipmi/packets/session20.ts";
import { type Answer, SmallIpmiMachine, type SmallOptions } from "./small-ipmi-machine.ts";

const NOTHING = Buffer.alloc(0);

interface Session {
  readonly bmcId: number;
  readonly consoleId: number;
  readonly suite: CipherSuite;
  exchange?: keysOf.Exchange;
  keys?: SessionKeys;
  sequence: number;
  /** Of IPMI 1.5. */
  is15?: boolean;
  privilege: number;
}

/** A BMC on the loopback that speaks IPMI well, until a test tells it not to. */
export class SmallIpmiBmc extends SmallIpmiMachine<Session> {
  /** Payloads of logins, and how often each came. */
  readonly logins: PayloadType[] = [];
  datagramCount = 0;
  /** Sees every datagram first; true: it is dropped. */
  drop: (bytes: Buffer) => boolean = () => false;
  /** What is sent in place of an answer; as often as there are buffers. */
  reply: (bytes: Buffer, request: Buffer) => readonly Buffer[] = (bytes) => [bytes];
  readonly #socket: Socket;
  #nextId = 1;

  constructor(options: SmallOptions, socket: Socket) {
    super(options);
    this.#socket = socket;
    socket.on("message", (bytes, from) => {
      this.datagramCount += 1;
      if (!this.drop(bytes)) this.#heard(bytes, from);
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get address(): string {
    return `ipmi://127.0.0.1:${this.port}`;
  }

  /** Sessions whose login came to its end: those of RMCP+. */
  active(): number {
    return [...this.sessions.values()].filter(({ keys }) => keys !== undefined).length;
  }

  /** Forgets every session without a word, as a BMC that restarts. */
  forget(): void {
    this.sessions.clear();
  }

  async close(): Promise<void> {
    this.#socket.close();
    await once(this.#socket, "close");
  }

  #heard(bytes: Buffer, { address, port }: RemoteInfo): void {
    const answer = this.#answerTo(bytes);
    if (answer === null) return;
    for (const one of this.reply(answer, bytes)) this.#socket.send(one, port, address);
  }

  #answerTo(bytes: Buffer): Buffer | null {
    const datagram = decodeDatagram(bytes);
    if (!datagram.ok) return null;
    if (datagram.value.kind === "asf") {
      const { tag } = datagram.value.message;
      const pong = { type: "pong", tag, oemIana: 4542, oemDefined: 0, speaksIpmi: true } as const;
      return encodeRmcp({ kind: "asf", sequence: 0, body: encodeAsf(pong) });
    }
    if (datagram.value.kind === "ipmi15") return this.#answer15(datagram.value.session);
    const { session } = datagram.value;
    return session.sessionId === 0 ? this.#loginStep(session) : this.#inSession(session);
  }

  #answer15(received: Received15): Buffer | null {
    const password = Buffer.from(this.options.password);
    const request = decodeLanRequest(received.payload);
    if (!request.ok) return null;
    const session = this.sessions.get(received.sessionId);
    if (received.sessionId !== 0 && session === undefined) return null;
    if (session !== undefined && !isAuthentic15(received, password)) return null;
    const isOutside = session === undefined;
    const answer = isOutside
      ? this.#outside15(request.value)
      : request.value.command === commands.SESSION_COMMANDS.activateSession
        ? this.#activate(request.value, session)
        : this.command(request.value, session);
    if (answer === null) return null;
    const payload = encodeLanResponse(
      lanResponse(request.value, answer.completion, answer.data ?? NOTHING),
    );
    const sequence = isOutside ? 0 : session.sequence++;
    const { authType, sessionId } = received;
    return ipmiDatagram(encodeSession15({ authType, sequence, sessionId, payload }, password));
  }

  #outside15({ command, data }: LanRequest): Answer {
    const { md5, speaks20, kg, username } = this.options;
    if (command === commands.SESSION_COMMANDS.getChannelAuthCapabilities) {
      const asked = commands.decodeAuthCapabilitiesRequest(data);
      if (!asked.ok) return { completion: 0xc7 };
      if (asked.value.isExtended && !speaks20) return { completion: 0xcc };
      const said = {
        channel: 1,
        authTypes: md5 ? (["md5"] as const) : [],
        hasKg: kg !== null,
        isPerMessageAuthOff: false,
        isUserAuthOff: false,
        hasNamedUsers: true,
        hasNullUsers: false,
        hasAnonymous: false,
        speaks15: true,
        speaks20,
      };
      return {
        completion: 0,
        data: commands.encodeAuthCapabilities(said, asked.value.isExtended),
      };
    }
    if (command === commands.SESSION_COMMANDS.getChannelCipherSuites) return this.#listed(data);
    const asked = commands.decodeChallengeRequest(data);
    if (command !== commands.SESSION_COMMANDS.getSessionChallenge || !asked.ok) return null;
    if (asked.value.username.toString() !== username) return { completion: 0x81 };
    const temporaryId = this.#newId();
    this.sessions.set(temporaryId, {
      bmcId: temporaryId,
      consoleId: 0,
      suite: CIPHER_SUITES[1]!,
      sequence: 0,
      is15: true,
      privilege: 2,
    });
    const challenge = Buffer.alloc(16, 7);
    return { completion: 0, data: commands.encodeChallenge({ temporaryId, challenge }) };
  }

  #listed(data: Buffer): Answer {
    const asked = commands.decodeSuitesRequest(data);
    const { listed } = this.options;
    if (!asked.ok || listed === null) return null;
    // What the algorithms of a suite that nobody speaks are is of no interest here.
    const algorithms = { rakp: 1, integrity: 1, confidentiality: 1 };
    const list = commands.encodeSuiteRecords(listed.map((id) => ({ id, ...algorithms })));
    const from = asked.value.index * commands.SUITE_LIST_BYTES;
    const part = list.subarray(from, from + commands.SUITE_LIST_BYTES);
    return { completion: 0, data: Buffer.concat([Buffer.from([1]), part]) };
  }

  #activate({ data }: LanRequest, session: Session): Answer {
    const asked = commands.decodeActivateRequest(data);
    if (!asked.ok) return { completion: 0xc7 };
    if (asked.value.privilege > this.options.privilege) return { completion: 0x86 };
    if (this.sessions.size > this.options.slots) return { completion: 0x81 };
    session.sequence = asked.value.outboundSequence;
    const activated = {
      authType: "md5",
      sessionId: session.bmcId,
      inboundSequence: 1000,
      privilege: 2,
    } as const;
    // The answer to the activation is of the session's numbers, and does not use one up.
    session.sequence -= 1;
    return { completion: 0, data: commands.encodeActivated(activated) };
  }

  #loginStep({ type, payload }: Received20): Buffer | null {
    this.logins.push(type);
    if (type === "openSessionRequest") return this.#open(payload);
    if (type === "rakp1") return this.#rakp1(payload);
    return type === "rakp3" ? this.#rakp3(payload) : null;
  }

  #open(payload: Buffer): Buffer | null {
    const asked = rakp.decodeOpenRequest(payload);
    if (!asked.ok) return null;
    const { tag, consoleId, algorithms, privilege } = asked.value;
    const no = (status: number): Buffer =>
      outside(
        "openSessionResponse",
        rakp.encodeOpenResponse({ tag, status, sessionId: consoleId }),
      );
    const suite = rakp.suiteOf(algorithms);
    if (suite === undefined || !this.options.suites.includes(suite.id))
      return no(rakp.RAKP_STATUS.noSuiteMatch);
    if (this.sessions.size >= this.options.slots) return no(rakp.RAKP_STATUS.noResources);
    const bmcId = this.#newId();
    this.sessions.set(bmcId, { bmcId, consoleId, suite, sequence: 0, privilege: 2 });
    // Asked for the highest it says which that is; FreeIPMI goes no further without.
    const highest = privilege === 0 ? this.options.privilege : privilege;
    const opened = { tag, status: 0, privilege: highest, consoleId, bmcId, algorithms } as const;
    return outside("openSessionResponse", rakp.encodeOpenResponse(opened));
  }

  #rakp1(payload: Buffer): Buffer | null {
    const asked = rakp.decodeRakp1(payload);
    const session = asked.ok ? this.sessions.get(asked.value.bmcId) : undefined;
    if (!asked.ok || session === undefined) return null;
    const { tag, username, privilege } = asked.value;
    const { consoleId, suite } = session;
    const no = (status: number): Buffer => {
      this.sessions.delete(session.bmcId);
      return outside("rakp2", rakp.encodeRakp2({ tag, status, sessionId: consoleId }));
    };
    if (username.toString() !== this.options.username) return no(rakp.RAKP_STATUS.unauthorizedName);
    if (privilege > this.options.privilege) return no(rakp.RAKP_STATUS.unauthorizedRole);
    const { bmcId } = session;
    const exchange = {
      ...asked.value,
      suite,
      bmcId,
      consoleId,
      bmcRandom: randomBytes(16),
      guid: Buffer.alloc(16, 9),
      userKey: Buffer.from(this.options.password),
      bmcKey: this.options.kg,
    };
    session.exchange = exchange;
    const { bmcRandom, guid } = exchange;
    const code = keysOf.rakp2Code(exchange);
    return outside("rakp2", rakp.encodeRakp2({ tag, status: 0, consoleId, bmcRandom, guid, code }));
  }

  #rakp3(payload: Buffer): Buffer | null {
    const asked = rakp.decodeRakp3(payload);
    const session = asked.ok ? this.sessions.get(asked.value.bmcId) : undefined;
    if (!asked.ok || session?.exchange === undefined) return null;
    const { tag, status, code } = asked.value;
    const { exchange, consoleId, suite } = session;
    const isRight = status === 0 && code.equals(keysOf.rakp3Code(exchange));
    if (!isRight) {
      this.sessions.delete(session.bmcId);
      const refusal = { tag, status: rakp.RAKP_STATUS.invalidCheckValue, sessionId: consoleId };
      return status === 0 ? outside("rakp4", rakp.encodeRakp4(refusal)) : null;
    }
    const sik = keysOf.sessionIntegrityKey(exchange);
    session.keys = keysOf.sessionKeys(suite, sik);
    const answer = { tag, status: 0, consoleId, code: keysOf.rakp4Code(exchange, sik) } as const;
    return outside("rakp4", rakp.encodeRakp4(answer));
  }

  #inSession(received: Received20): Buffer | null {
    const session = this.sessions.get(received.sessionId);
    if (session?.keys === undefined) return null;
    const opened = openSession20(received, session.keys);
    const request = opened.ok ? decodeLanRequest(opened.value.payload) : opened;
    if (!request.ok) return null;
    const answer = this.command(request.value, session);
    if (answer === null) return null;
    const payload = encodeLanResponse(
      lanResponse(request.value, answer.completion, answer.data ?? NOTHING),
    );
    return this.sealed(session, payload);
  }

  /** A packet of a session to its console. */
  sealed(session: Session, payload: Buffer): Buffer {
    session.sequence += 1;
    const { consoleId: sessionId, sequence, keys } = session;
    const packet = { type: "ipmi", sessionId, sequence, payload } as const;
    return ipmiDatagram(sealSession20(packet, keys!, randomBytes(16)));
  }

  #newId(): number {
    this.#nextId += 1;
    return this.#nextId;
  }
}

function outside(type: PayloadType, payload: Buffer): Buffer {
  return ipmiDatagram(encodeSession20({ type, sessionId: 0, sequence: 0, payload }));
}

/** Starts one on a port that the system chooses. */
export async function startSmallIpmiBmc(options: SmallOptions = {}): Promise<SmallIpmiBmc> {
  const { family = "udp4" } = options;
  const socket = createSocket(family);
  socket.bind(0, family === "udp4" ? "127.0.0.1" : "::1");
  await once(socket, "listening");
  return new SmallIpmiBmc(options, socket);
}
