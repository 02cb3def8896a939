import { ask15, NO_PASSWORD, OUTSIDE } from "./ask15.ts";
import { hexByte, type WireFault } from "./ipmi-faults.ts";
import { Session15 } from "./live-session.ts";
import { type LoggedIn, type LoginAt, loginFault, randomId, unanswered } from "./login.ts";
import {
  type AuthCapabilities,
  type Challenge,
  decodeActivated,
  decodeChallenge,
  encodeActivateRequest,
  encodeChallengeRequest,
  SESSION_COMMANDS,
} from "./packets/session-commands.ts";

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

/**
 * Activations of one login, each with a challenge of its own: a challenge is used up by the first, so that one whose answer was
 * lost can't be repeated. No more than two, for each is a failed login to the BMC where the password is wrong, and some lock the
 * user out after three.
 */
const BEGINNINGS_MAX = 2;

/** Opens a session of IPMI 1.5 with MD5 (IPMI 2.0, 22.16, 22.17). */
export async function login15(at: LoginAt, said: AuthCapabilities): Promise<LoggedIn> {
  for (let beginning = 0; beginning < BEGINNINGS_MAX; beginning += 1) {
    const begun = await begin(at, said);
    if (begun !== SILENT) return begun;
  }
  return loginFault(at.wire, "silentLogin15");
}

/** The activation was sent, and nobody said anything. */
const SILENT = "silent";

async function begin(at: LoginAt, said: AuthCapabilities): Promise<LoggedIn | typeof SILENT> {
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
): Promise<LoggedIn | typeof SILENT> {
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
  const totalMs = at.leftMs();
  // It is sent once, so its answer has the time of two.
  const timings = { ...at.timings, firstMs: at.timings.firstMs * 2 };
  const ask = { command, data, packet, password, totalMs, sendingsMax: 1, isSigned: true };
  const asked = await ask15({ ...at, timings }, ask);
  const isSilent = !asked.ok && asked.failure.code === "IW-B01" && asked.why === "silent";
  if (isSilent && totalMs > 0) return SILENT;
  if (!asked.ok) return unanswered(asked);
  const { completion } = asked.value;
  if (completion !== 0) return refused(at, ACTIVATE_FAULTS, completion);
  const begun = decodeActivated(asked.value.data);
  if (!begun.ok) return loginFault(wire, "unreadable", begun.reason);
  const { sessionId, authType, inboundSequence } = begun.value;
  const isUnsigned = authType === "none" && said.isPerMessageAuthOff;
  if (authType !== "md5" && !isUnsigned)
    return loginFault(wire, "unreadable", "it wants packets that are not signed by MD5");
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
