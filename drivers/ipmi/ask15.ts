import { type Asked, type Heard, retryWaits } from "./ipmi-wire.ts";
import { dropped, type LoginAt } from "./login.ts";
import { type Datagram, ipmiDatagram } from "./packets/datagram.ts";
import {
  decodeLanResponse,
  encodeLanRequest,
  type LanResponse,
  lanRequest,
  NET_FN,
} from "./packets/lan-message.ts";
import { encodeSession15, isAuthentic15, type Session15 as Packet } from "./packets/session15.ts";

/** What is asked outside a session has no code, so no password goes into it. */
export const NO_PASSWORD = Buffer.alloc(0);
export const OUTSIDE = { authType: "none", sequence: 0, sessionId: 0 } as const;

/** One question in the wrapper of IPMI 1.5, within a login. */
export interface Ask15 {
  readonly command: number;
  readonly data: Buffer;
  readonly packet: Omit<Packet, "payload">;
  /** The answer must have this code, unless it says no. */
  readonly password: Buffer;
  readonly totalMs: number;
  /** Default: as often as the time allows. */
  readonly sendingsMax?: number;
  /** A success must be signed: it makes a session. A refusal need not be. */
  readonly isSigned?: boolean;
}

/** Asks it, outside a session or while one is made. */
export function ask15(
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
    const isUnsigned = ask.isSigned === true && session.authCode === null;
    if ((isUnsigned && answer.value.completion === 0) || !isAuthentic15(session, password))
      return dropped("forged", "its code is wrong");
    return { value: answer.value };
  };
  const waits = retryWaits(ask.totalMs, at.timings, ask.sendingsMax);
  return at.wire.ask({ write, read, waits }, at.signal);
}
