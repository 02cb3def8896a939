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
