import { randomBytes } from "node:crypto";
import type { Asked, Heard } from "./ipmi-wire.ts";
import { retryWaits } from "./ipmi-wire.ts";
import { hexByte, type WireFault } from "./ipmi-faults.ts";
import { Session20 } from "./live-session.ts";
import { dropped, type LoggedIn, type LoginAt, loginFault, randomId, unanswered } from "./login.ts";
import { type CipherSuite, isSameCode } from "./packets/algorithms.ts";
import { type Datagram, ipmiDatagram } from "./packets/datagram.ts";
import type { Decoded } from "./packets/decoded.ts";
import {
  algorithmNumbers,
  decodeOpenResponse,
  decodeRakp2,
  decodeRakp4,
  encodeOpenRequest,
  encodeRakp1,
  encodeRakp3,
  type OpenResponse,
  RAKP_STATUS,
  type Rakp2,
  type Rakp4,
  suiteOf,
} from "./packets/rakp.ts";
import {
  type Exchange,
  rakp2Code,
  rakp3Code,
  rakp4Code,
  sessionIntegrityKey,
  sessionKeys,
} from "./packets/rakp-keys.ts";
import { encodeSession20, type PayloadType } from "./packets/session20.ts";

/** Sendings of one message before the login begins anew: a BMC that made new numbers for a double can't go on. */
const STAGE_SENDINGS_MAX = 3;
/** Beginnings of one login. */
const BEGINNINGS_MAX = 3;
const RANDOM_BYTES = 16;
const NO_CODE = Buffer.alloc(0);

/** Statuses of table 13-15 -> what is wrong; of an Open Session Response. */
const OPEN_STATUS: Readonly<Record<number, WireFault>> = {
  [RAKP_STATUS.noResources]: "noSlot",
  [RAKP_STATUS.noResourcesAtRole]: "noSlot",
  [RAKP_STATUS.invalidAuthentication]: "noSuite",
  [RAKP_STATUS.invalidIntegrity]: "noSuite",
  [RAKP_STATUS.noAuthenticationMatch]: "noSuite",
  [RAKP_STATUS.noIntegrityMatch]: "noSuite",
  [RAKP_STATUS.invalidConfidentiality]: "noSuite",
  [RAKP_STATUS.noSuiteMatch]: "noSuite",
  [RAKP_STATUS.illegalParameter]: "noSuite",
  // Some BMCs say this of a suite that they do not have; Ironic takes it so, too.
  [RAKP_STATUS.invalidRole]: "noSuite",
  [RAKP_STATUS.unauthorizedRole]: "noPrivilege",
};

/** The same of RAKP 2 and 4. */
const RAKP_STATUS_FAULTS: Readonly<Record<number, WireFault>> = {
  [RAKP_STATUS.noResources]: "noSlot",
  [RAKP_STATUS.noResourcesAtRole]: "noSlot",
  [RAKP_STATUS.invalidRole]: "noPrivilege",
  [RAKP_STATUS.unauthorizedRole]: "noPrivilege",
  [RAKP_STATUS.invalidNameLength]: "wrongUser",
  [RAKP_STATUS.unauthorizedName]: "wrongUser",
  [RAKP_STATUS.invalidCheckValue]: "wrongPassword",
};

/** The login has to begin anew: a double of ours was answered too, or a message was lost for good. */
type Again = "again";

/** Opens a session of RMCP+ with one cipher suite (IPMI 2.0, 13.15 to 13.24). */
export async function login20(at: LoginAt, suite: CipherSuite): Promise<LoggedIn> {
  let last: LoggedIn = loginFault(at.wire, "refusedLogin");
  for (let beginning = 0; beginning < BEGINNINGS_MAX && at.leftMs() > 0; beginning += 1) {
    const one = await begin(at, suite);
    if (one.done !== "again") return one.done;
    last = one.last;
  }
  return last;
}

type Begun = { readonly done: LoggedIn } | { readonly done: Again; readonly last: LoggedIn };

async function begin(at: LoginAt, suite: CipherSuite): Promise<Begun> {
  const consoleId = randomId();
  const opened = await openStage(at, suite, consoleId);
  // Some BMCs leave a suite that they do not have unanswered.
  if (!opened.ok) return { done: { ...unanswered(opened), isSuite: opened.why === "silent" } };
  const open = opened.value;
  if (!("bmcId" in open)) return { done: refused(at, OPEN_STATUS, open.status) };
  if (suiteOf(open.algorithms) !== suite)
    return { done: loginFault(at.wire, "noSuite", "it answers with other algorithms") };
  const { username, password, kg, privilege } = at.credentials;
  const consoleRandom = randomBytes(RANDOM_BYTES);
  const named = { privilege, isNameOnly: true, username, consoleRandom, bmcId: open.bmcId };
  const two = await rakp2Stage(at, suite, { ...named, consoleId });
  if (!two.ok) return again(two);
  if (!("guid" in two.value)) return { done: refused(at, RAKP_STATUS_FAULTS, two.value.status) };
  const { bmcRandom, guid, code } = two.value;
  const keys = { suite, consoleId, userKey: password, bmcKey: kg };
  const exchange: Exchange = { ...named, ...keys, bmcRandom, guid };
  if (!isSameCode(code, rakp2Code(exchange))) {
    giveUp(at, open.bmcId);
    return { done: loginFault(at.wire, "wrongPassword") };
  }
  return activate(at, exchange);
}

async function activate(at: LoginAt, exchange: Exchange): Promise<Begun> {
  const { suite, bmcId, consoleId } = exchange;
  const four = await rakp4Stage(at, exchange);
  if (!four.ok) return again(four);
  const { value } = four;
  if (!("code" in value)) {
    // The password is right, as RAKP 2 showed: a double of RAKP 1 or 3 is what the BMC stumbles over.
    const fault = RAKP_STATUS_FAULTS[value.status] ?? "refusedLogin";
    const cause = `status ${hexByte(value.status)}`;
    if (fault !== "wrongPassword" && fault !== "refusedLogin")
      return { done: loginFault(at.wire, fault, cause) };
    return { done: "again", last: loginFault(at.wire, "refusedLogin", cause) };
  }
  const sik = sessionIntegrityKey(exchange);
  if (!isSameCode(value.code, rakp4Code(exchange, sik)))
    return { done: loginFault(at.wire, "wrongKg") };
  const session = new Session20({ bmcId, consoleId }, sessionKeys(suite, sik));
  return { done: { ok: true, session } };
}

function again(asked: Extract<Asked<unknown>, { readonly ok: false }>): Begun {
  const last = unanswered(asked);
  return asked.why === "silent" ? { done: "again", last } : { done: last };
}

function refused(
  { wire }: LoginAt,
  faults: Readonly<Record<number, WireFault>>,
  status: number,
): LoggedIn {
  return loginFault(wire, faults[status] ?? "refusedLogin", `status ${hexByte(status)}`);
}

/** Ends a login that is given up, so that its slot is free again (13.22); nobody waits for it. */
function giveUp({ wire }: LoginAt, bmcId: number): void {
  const status = RAKP_STATUS.invalidCheckValue;
  const payload = encodeRakp3({ tag: 0, status, bmcId, code: NO_CODE });
  const waits = [0];
  void wire.ask({ write: () => outside("rakp3", payload), read: nothing, waits });
}

function nothing(): Heard<never> {
  return dropped("late", "the login was given up");
}

function outside(type: PayloadType, payload: Buffer): Buffer {
  return ipmiDatagram(encodeSession20({ type, sessionId: 0, sequence: 0, payload }));
}

/** One message of the login and its answer. */
interface Stage<T> {
  readonly request: PayloadType;
  readonly payload: Buffer;
  readonly answer: PayloadType;
  readonly decode: (payload: Buffer) => Decoded<T>;
  /** True for the session id that the answer must have; null where it is cut short. */
  readonly isOurs: (answer: T) => boolean;
}

function askStage<T>(at: LoginAt, stage: Stage<T>): Promise<Asked<T>> {
  const read = (datagram: Datagram): Heard<T> => {
    if (datagram.kind !== "ipmi20") return dropped("stranger", "it is none of RMCP+");
    const { type, payload } = datagram.session;
    if (type !== stage.answer) return dropped("late", `its payload is ${type}`);
    const answer = stage.decode(payload);
    if (!answer.ok) return dropped("garbage", answer.reason);
    if (!stage.isOurs(answer.value)) return dropped("stranger", "it is of another session");
    return { value: answer.value };
  };
  const waits = retryWaits(at.leftMs(), at.timings, STAGE_SENDINGS_MAX);
  return at.wire.ask(
    { write: () => outside(stage.request, stage.payload), read, waits },
    at.signal,
  );
}

/** Tags tell nothing here: the console's id is new with each beginning. */
const TAG = 0;

function openStage(
  at: LoginAt,
  suite: CipherSuite,
  consoleId: number,
): Promise<Asked<OpenResponse>> {
  const { privilege } = at.credentials;
  const algorithms = algorithmNumbers(suite);
  return askStage(at, {
    request: "openSessionRequest",
    payload: encodeOpenRequest({ tag: TAG, privilege, consoleId, algorithms }),
    answer: "openSessionResponse",
    decode: decodeOpenResponse,
    isOurs: (answer) =>
      isFor(consoleId, "consoleId" in answer ? answer.consoleId : answer.sessionId),
  });
}

interface Named {
  readonly privilege: number;
  readonly isNameOnly: boolean;
  readonly username: Buffer;
  readonly consoleRandom: Buffer;
  readonly bmcId: number;
  readonly consoleId: number;
}

function rakp2Stage(at: LoginAt, suite: CipherSuite, named: Named): Promise<Asked<Rakp2>> {
  return askStage(at, {
    request: "rakp1",
    payload: encodeRakp1({ tag: TAG, ...named }),
    answer: "rakp2",
    decode: (payload) => decodeRakp2(payload, suite.rakp),
    isOurs: (answer) =>
      isFor(named.consoleId, "consoleId" in answer ? answer.consoleId : answer.sessionId),
  });
}

function rakp4Stage(at: LoginAt, exchange: Exchange): Promise<Asked<Rakp4>> {
  const { bmcId, consoleId, suite } = exchange;
  return askStage(at, {
    request: "rakp3",
    payload: encodeRakp3({ tag: TAG, status: 0, bmcId, code: rakp3Code(exchange) }),
    answer: "rakp4",
    decode: (payload) => decodeRakp4(payload, suite.rakp),
    isOurs: (answer) =>
      isFor(consoleId, "consoleId" in answer ? answer.consoleId : answer.sessionId),
  });
}

/** Refusals may leave the id out, or say 0. */
function isFor(consoleId: number, id: number | null): boolean {
  return id === consoleId || id === null || id === 0;
}
