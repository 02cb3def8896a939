import { type Asked, type Heard, retryWaits } from "./ipmi-wire.ts";
import { hexByte, type WireFault } from "./ipmi-faults.ts";
import { Session15 } from "./live-session.ts";
import { dropped, type LoggedIn, type LoginAt, loginFault, randomId, unanswered } from "./login.ts";
import { type Datagram, ipmiDatagram } from "./packets/datagram.ts";
import {
  decodeLanResponse,
  encodeLanRequest,
  type LanResponse,
  lanRequest,
  NET_FN,
} from "./packets/lan-message.ts";
import {
  type AuthCapabilities,
  type Challenge,
  decodeActivated,
  decodeAuthCapabilities,
  decodeChallenge,
  encodeActivateRequest,
  encodeAuthCapabilitiesRequest,
  encodeChallengeRequest,
  SESSION_COMMANDS,
  THIS_CHANNEL,
} from "./packets/session-commands.ts";
import { encodeSession15, isAuthentic15, type Session15 as Packet } from "./packets/session15.ts";

const NO_PASSWORD = Buffer.alloc(0);

/** Completion codes of Get Session Challenge (IPMI 2.0, 22.16). */
const CHALLENGE_FAULTS: Readonly<Record<number, WireFault>> = {
  0x81: "wrongUser",
  0x82: "wrongUser",
};
/** And of Activate Session (22.17). */
const ACTIVATE_FAULTS: Readonly<Record<number, WireFault>> = {
  0x81: "noSlot",
  0x82: "noSlot",
  0x83: "noSlot",
  0x86: "noPrivilege",
};

/** One question in the wrapper of IPMI 1.5, within a login. */
interface Ask15 {
  readonly command: number;
  readonly data: Buffer;
  readonly packet: Omit<Packet, "payload">;
  /** The answer must have this code, unless it says no. */
  readonly password: Buffer;
  readonly totalMs: number;
}

function ask15(
  at: Pick<LoginAt, "wire" | "timings" | "signal">,
  ask: Ask15,
): Promise<Asked<LanResponse>> {
  const { command, password } = ask;
  const message = encodeLanRequest(lanRequest(NET_FN.app, command, ask.data, 0));
  const write = (): Buffer =>
    ipmiDatagram(encodeSession15({ ...ask.packet, payload: message }, password));
  const read = (datagram: Datagram): Heard<LanResponse> => {
    if (datagram.kind !== "ipmi15") return dropped("stranger", "it is none of IPMI 1.5");
    const { session } = datagram;
    const answer = decodeLanResponse(session.payload);
    if (!answer.ok) return dropped("garbage", answer.reason);
    if (answer.value.command !== command || answer.value.netFn !== NET_FN.app)
      return dropped("late", "it answers another command");
    if (!isAuthentic15(session, password)) return dropped("forged", "its code is wrong");
    return { value: answer.value };
  };
  return at.wire.ask({ write, read, waits: retryWaits(ask.totalMs, at.timings) }, at.signal);
}

const OUTSIDE = { authType: "none", sequence: 0, sessionId: 0 } as const;

/** Asks what a BMC speaks; nothing secret is sent (IPMI 2.0, 22.13). A BMC that knows no RMCP+ is asked again without it. */
export async function askCapabilities(
  at: Pick<LoginAt, "wire" | "timings" | "signal">,
  privilege: number,
  totalMs: number,
): Promise<Asked<AuthCapabilities | null>> {
  for (const isExtended of [true, false]) {
    const request = { channel: THIS_CHANNEL, isExtended, privilege };
    const data = encodeAuthCapabilitiesRequest(request);
    const command = SESSION_COMMANDS.getChannelAuthCapabilities;
    const ask = { command, data, packet: OUTSIDE, password: NO_PASSWORD, totalMs };
    const asked = await ask15(at, ask);
    if (!asked.ok) return asked;
    if (asked.value.completion !== 0) continue;
    const said = decodeAuthCapabilities(asked.value.data);
    if (said.ok) return { ...asked, value: said.value };
  }
  return { ok: true, value: null, sendings: 2 };
}

/** Opens a session of IPMI 1.5 with MD5 (IPMI 2.0, 22.16, 22.17). */
export async function login15(at: LoginAt, said: AuthCapabilities): Promise<LoggedIn> {
  const { wire, credentials } = at;
  const { username } = credentials;
  const data = encodeChallengeRequest({ authType: "md5", username });
  const command = SESSION_COMMANDS.getSessionChallenge;
  const ask = { command, data, packet: OUTSIDE, password: NO_PASSWORD, totalMs: at.leftMs() };
  const asked = await ask15(at, ask);
  if (!asked.ok) return unanswered(asked);
  const { completion } = asked.value;
  if (completion !== 0) return refused(at, CHALLENGE_FAULTS, completion);
  const challenge = decodeChallenge(asked.value.data);
  if (!challenge.ok) return loginFault(wire, "unreadable", challenge.reason);
  return activate(at, said, challenge.value);
}

async function activate(
  at: LoginAt,
  said: AuthCapabilities,
  { temporaryId, challenge }: Challenge,
): Promise<LoggedIn> {
  const { wire, credentials } = at;
  const { password, privilege } = credentials;
  const outbound = randomId();
  const data = encodeActivateRequest({
    authType: "md5",
    privilege,
    challenge,
    outboundSequence: outbound,
  });
  const command = SESSION_COMMANDS.activateSession;
  const packet = { authType: "md5", sequence: 0, sessionId: temporaryId } as const;
  const asked = await ask15(at, { command, data, packet, password, totalMs: at.leftMs() });
  if (!asked.ok)
    return asked.why === "silent" ? loginFault(wire, "silentLogin15") : unanswered(asked);
  const { completion } = asked.value;
  if (completion !== 0) return refused(at, ACTIVATE_FAULTS, completion);
  const begun = decodeActivated(asked.value.data);
  if (!begun.ok) return loginFault(wire, "unreadable", begun.reason);
  const { sessionId, authType, inboundSequence } = begun.value;
  const session = new Session15(
    {
      id: sessionId,
      authType,
      isPerMessageAuthOff: said.isPerMessageAuthOff,
      inbound: inboundSequence,
      outbound,
    },
    password,
  );
  return { ok: true, session };
}

function refused(
  { wire }: LoginAt,
  faults: Readonly<Record<number, WireFault>>,
  completion: number,
): LoggedIn {
  const cause = `completion code ${hexByte(completion)}`;
  return loginFault(wire, faults[completion] ?? "refusedLogin", cause);
}
