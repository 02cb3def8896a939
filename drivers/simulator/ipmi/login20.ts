import { type CipherSuite, isSameCode } from "../../ipmi/packets/algorithms.ts";
import {
  algorithmNumbers,
  decodeOpenRequest,
  decodeRakp1,
  decodeRakp3,
  encodeOpenResponse,
  encodeRakp2,
  encodeRakp4,
  type OpenRequest,
  PRIVILEGES,
  RAKP_STATUS,
  type Rakp1,
  suiteOf,
} from "../../ipmi/packets/rakp.ts";
import {
  type Exchange,
  rakp2Code,
  rakp3Code,
  rakp4Code,
  sessionIntegrityKey,
  sessionKeys,
} from "../../ipmi/packets/rakp-keys.ts";
import { newWindow, WINDOW_20 } from "../../ipmi/packets/sequence-window.ts";
import type { PayloadType } from "../../ipmi/packets/session20.ts";
import type { IpmiUser } from "./command.ts";
import type { LoginSite } from "./login-site.ts";
import { PendingLogins } from "./pending-logins.ts";

/** A login that has begun. */
interface Pending {
  readonly suite: CipherSuite;
  readonly consoleId: number;
  /** The level that was asked for; 0 for the highest. */
  readonly privilege: number;
  /** Known after RAKP 1. */
  begun: { readonly exchange: Exchange; readonly user: IpmiUser } | null;
  /** RAKP 4 once it was sent: a console that did not get it asks again. */
  accepted: Buffer | null;
}

/** What is answered to a payload of a login; null: nothing. */
export interface LoginAnswer {
  readonly type: PayloadType;
  readonly payload: Buffer;
}

/** Numbers of algorithms that the specification knows (tables 13-17 to 13-19), whether they are spoken here or not. */
const KNOWN_ALGORITHMS = { rakp: 3, integrity: 4, confidentiality: 3 } as const;
const RANDOM_BYTES = 16;
/** Outbound numbers begin with 1 (6.12.12). */
const FIRST = 1;

/** The BMC's side of Open Session and RAKP (IPMI 2.0, 13.17 to 13.23). */
export class Login20 {
  readonly #site: LoginSite;
  readonly #pending: PendingLogins<Pending>;

  constructor(site: LoginSite) {
    this.#site = site;
    this.#pending = new PendingLogins(site.now);
  }

  /** Answers one payload of a login. */
  answer(type: PayloadType, payload: Buffer): LoginAnswer | null {
    if (type === "openSessionRequest") return this.#open(payload);
    if (type === "rakp1") return this.#rakp1(payload);
    return type === "rakp3" ? this.#rakp3(payload) : null;
  }

  #open(payload: Buffer): LoginAnswer | null {
    const asked = decodeOpenRequest(payload);
    if (!asked.ok) return null;
    const { tag, privilege, consoleId, algorithms } = asked.value;
    const suite = suiteOf(algorithms);
    const status = this.#statusOfOpen(asked.value, suite);
    const say = (response: Parameters<typeof encodeOpenResponse>[0]): LoginAnswer => ({
      type: "openSessionResponse",
      payload: encodeOpenResponse(response),
    });
    if (status !== RAKP_STATUS.ok || suite === undefined) {
      this.#note(null, status);
      return say({ tag, status, sessionId: consoleId });
    }
    const bmcId = this.#site.newId((id) => this.#pending.has(id));
    this.#pending.add(bmcId, { suite, consoleId, privilege, begun: null, accepted: null });
    const level = privilege === 0 ? PRIVILEGES.administrator : privilege;
    return say({
      tag,
      status: RAKP_STATUS.ok,
      privilege: level,
      consoleId,
      bmcId,
      algorithms: algorithmNumbers(suite),
    });
  }

  #statusOfOpen({ privilege, algorithms }: OpenRequest, suite: CipherSuite | undefined): number {
    const { suites, slots } = this.#site;
    if (algorithms.rakp > KNOWN_ALGORITHMS.rakp) return RAKP_STATUS.invalidAuthentication;
    if (algorithms.integrity > KNOWN_ALGORITHMS.integrity) return RAKP_STATUS.invalidIntegrity;
    if (algorithms.confidentiality > KNOWN_ALGORITHMS.confidentiality)
      return RAKP_STATUS.invalidConfidentiality;
    if (suite === undefined || !suites().includes(suite.id)) return RAKP_STATUS.noSuiteMatch;
    if (privilege > PRIVILEGES.administrator) return RAKP_STATUS.invalidRole;
    return slots.isFull ? RAKP_STATUS.noResources : RAKP_STATUS.ok;
  }

  #rakp1(payload: Buffer): LoginAnswer | null {
    const asked = decodeRakp1(payload);
    if (!asked.ok) return null;
    const message = asked.value;
    const pending = this.#pending.find(message.bmcId);
    const refuse = (status: number, sessionId: number): LoginAnswer => {
      this.#note(message.username.toString("latin1"), status);
      this.#pending.end(message.bmcId);
      return { type: "rakp2", payload: encodeRakp2({ tag: message.tag, status, sessionId }) };
    };
    // 13.21: the console's id is not known then.
    if (pending === undefined) return refuse(RAKP_STATUS.invalidSessionId, 0);
    const user = this.#userFor(message);
    if (typeof user === "number") return refuse(user, pending.consoleId);
    const { suite, consoleId } = pending;
    const { bmcId, consoleRandom, privilege, isNameOnly, username } = message;
    const before = pending.begun?.exchange;
    const isRepeated = before !== undefined && before.consoleRandom.equals(consoleRandom);
    const exchange: Exchange = {
      suite,
      consoleId,
      bmcId,
      consoleRandom,
      bmcRandom: isRepeated ? before.bmcRandom : this.#site.random(RANDOM_BYTES),
      guid: this.#site.guid(),
      privilege,
      isNameOnly,
      username,
      userKey: this.#site.passwordOf(user),
      bmcKey: this.#site.kg,
    };
    pending.begun = { exchange, user };
    const { bmcRandom, guid } = exchange;
    const code = rakp2Code(exchange);
    const said = { tag: message.tag, status: RAKP_STATUS.ok, consoleId, bmcRandom, guid, code };
    return { type: "rakp2", payload: encodeRakp2(said) };
  }

  /** 13.20: by name alone, or the first of the name to whom the level is granted; a status where there is none. */
  #userFor({ username, privilege }: Rakp1): IpmiUser | number {
    if (privilege > PRIVILEGES.administrator) return RAKP_STATUS.invalidRole;
    const name = username.toString("latin1");
    const named = this.#site.users.filter((user) => user.name === name);
    if (named.length === 0) return RAKP_STATUS.unauthorizedName;
    const allowed = named.find((user) => PRIVILEGES[user.privilege] >= privilege);
    return allowed ?? RAKP_STATUS.unauthorizedRole;
  }

  #rakp3(payload: Buffer): LoginAnswer | null {
    const asked = decodeRakp3(payload);
    if (!asked.ok) return null;
    const { tag, status, bmcId, code } = asked.value;
    const pending = this.#pending.find(bmcId);
    const begun = pending?.begun ?? null;
    const refuse = (why: number, sessionId: number): LoginAnswer => {
      this.#note(begun?.user.name ?? null, why);
      this.#pending.end(bmcId);
      return { type: "rakp4", payload: encodeRakp4({ tag, status: why, sessionId }) };
    };
    if (pending === undefined || begun === null)
      return refuse(RAKP_STATUS.invalidSessionId, pending?.consoleId ?? 0);
    if (status !== RAKP_STATUS.ok) {
      this.#note(begun.user.name, status);
      // 13.22: the console gives up, and nobody answers.
      this.#pending.end(bmcId);
      return null;
    }
    const { exchange, user } = begun;
    if (!isSameCode(code, rakp3Code(exchange)))
      return refuse(RAKP_STATUS.invalidCheckValue, pending.consoleId);
    if (pending.accepted !== null) return { type: "rakp4", payload: pending.accepted };
    if (this.#site.slots.isFull) return refuse(RAKP_STATUS.noResources, pending.consoleId);
    this.#begin(pending, exchange, user);
    const said = { tag, status: RAKP_STATUS.ok, consoleId: pending.consoleId };
    const own = rakp4Code(exchange, sessionIntegrityKey(exchange));
    pending.accepted = encodeRakp4({ ...said, code: own });
    return { type: "rakp4", payload: pending.accepted };
  }

  #begin(pending: Pending, exchange: Exchange, user: IpmiUser): void {
    const granted = PRIVILEGES[user.privilege];
    const wanted = [pending.privilege, exchange.privilege].filter((level) => level !== 0);
    const limit = Math.min(granted, ...wanted);
    const session = this.#site.slots.open({
      version: "2.0",
      id: exchange.bmcId,
      consoleId: exchange.consoleId,
      username: user.name,
      limit,
      // 22.18: a session begins as user, however high it may go.
      privilege: Math.min(limit, PRIVILEGES.user),
      window: newWindow(WINDOW_20, FIRST),
      outbound: FIRST,
      keys: sessionKeys(exchange.suite, sessionIntegrityKey(exchange)),
    });
    this.#site.note({ username: user.name, status: 0, session: session.handle });
  }

  #note(username: string | null, status: number): void {
    this.#site.note({ username, status, session: null });
  }
}
