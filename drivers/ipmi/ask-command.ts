import {
  bridgedAnswer,
  bridgedRequest,
  type PlainCommand,
  type Route,
  thingBehind,
} from "./bridge.ts";
import { wireFault } from "./ipmi-faults.ts";
import type { Asked, Heard, IpmiWire } from "./ipmi-wire.ts";
import type { LiveSession } from "./live-session.ts";
import { dropped } from "./login.ts";
import type { Datagram } from "./packets/datagram.ts";
import {
  decodeLanResponse,
  encodeLanRequest,
  type LanResponse,
  lanRequest,
} from "./packets/lan-message.ts";

/** A command of IPMI, and to whom it goes. */
export interface Command extends PlainCommand {
  /** To whom it is passed on; left out where it is for the BMC itself. */
  readonly route?: Route;
}

/** How one command is asked in a session. */
export interface CommandAsk {
  readonly command: Command;
  /** The same for all sendings, so that an answer to any of them is the answer (IPMI 2.0, 13.8). */
  readonly rqSeq: number;
  readonly waits: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** What came of a command. */
export interface CommandAnswer {
  readonly completion: number;
  readonly data: Buffer;
  /** The hop of its route that it could not be given to: the code is that of Send Message. Null where it was answered. */
  readonly undelivered: number | null;
}

/** Sends a command in a session until it is answered; each sending has a session number of its own. */
export async function askCommand(
  wire: IpmiWire,
  session: LiveSession,
  { command, rqSeq, waits, signal }: CommandAsk,
): Promise<Asked<CommandAnswer>> {
  const message = messageOf(command, rqSeq);
  const read = (datagram: Datagram): Heard<CommandAnswer> => {
    const unsealed = session.unseal(datagram);
    if ("drop" in unsealed) return unsealed;
    const answer = decodeLanResponse(unsealed.payload);
    if (!answer.ok) return dropped("garbage", answer.reason);
    return heardAs(command, rqSeq, answer.value);
  };
  const asked = await wire.ask({ write: () => session.seal(message), read, waits }, signal);
  if (asked.ok || asked.why !== "passedOn" || command.route === undefined) return asked;
  return { ...asked, failure: wireFault(thingBehind(wire.thing, command.route), "mute") };
}

function messageOf(command: Command, rqSeq: number): Buffer {
  if (command.route !== undefined) return bridgedRequest(command.route, command, rqSeq);
  return encodeLanRequest(lanRequest(command.netFn, command.command, command.data, rqSeq));
}

function heardAs(command: Command, rqSeq: number, response: LanResponse): Heard<CommandAnswer> {
  const { route } = command;
  if (route !== undefined) return bridged({ route, command, rqSeq }, response);
  const isAnswer = response.netFn === command.netFn && response.command === command.command;
  if (!isAnswer || response.rqSeq !== rqSeq) return dropped("late", "it answers another request");
  return { value: answered(response) };
}

function bridged(
  asked: Parameters<typeof bridgedAnswer>[0],
  response: LanResponse,
): Heard<CommandAnswer> {
  const answer = bridgedAnswer(asked, response);
  switch (answer.kind) {
    case "answer":
      return { value: answered(answer.response) };
    case "undelivered":
      return {
        value: { completion: answer.completion, data: Buffer.alloc(0), undelivered: answer.hop },
      };
    case "passedOn":
      return dropped("passedOn", "it was passed on, and is not answered yet");
    case "other":
      return dropped("late", answer.reason);
  }
}

function answered({ completion, data }: LanResponse): CommandAnswer {
  return { completion, data, undelivered: null };
}
