import { type Asked, type Heard, type IpmiWire } from "./ipmi-wire.ts";
import type { LiveSession } from "./live-session.ts";
import { dropped } from "./login.ts";
import type { Datagram } from "./packets/datagram.ts";
import {
  decodeLanResponse,
  encodeLanRequest,
  type LanResponse,
  lanRequest,
} from "./packets/lan-message.ts";

/** A command of IPMI, wherever it is sent. */
export interface Command {
  readonly netFn: number;
  readonly command: number;
  readonly data: Buffer;
}

/** How one command is asked in a session. */
export interface CommandAsk {
  readonly command: Command;
  /** The same for all sendings, so that an answer to any of them is the answer (IPMI 2.0, 13.8). */
  readonly rqSeq: number;
  readonly waits: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** Sends a command in a session until it is answered; each sending has a session number of its own. */
export function askCommand(
  wire: IpmiWire,
  session: LiveSession,
  { command, rqSeq, waits, signal }: CommandAsk,
): Promise<Asked<LanResponse>> {
  const message = encodeLanRequest(lanRequest(command.netFn, command.command, command.data, rqSeq));
  const read = (datagram: Datagram): Heard<LanResponse> => {
    const unsealed = session.unseal(datagram);
    if ("drop" in unsealed) return unsealed;
    const answer = decodeLanResponse(unsealed.payload);
    if (!answer.ok) return dropped("garbage", answer.reason);
    const { value } = answer;
    const isAnswer = value.netFn === command.netFn && value.command === command.command;
    if (!isAnswer || value.rqSeq !== rqSeq) return dropped("late", "it answers another request");
    return { value };
  };
  return wire.ask({ write: () => session.seal(message), read, waits }, signal);
}
