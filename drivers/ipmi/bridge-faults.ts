import type { Failure } from "../../schemas/failure.ts";
import { type Fault, faultOf, row } from "../net/fault-table.ts";
import type { Command, CommandAnswer } from "./ask-command.ts";
import { thingBehind } from "./bridge.ts";
import { actFault, completionFault, hexByte, PASSING } from "./ipmi-faults.ts";
import { UNDELIVERED } from "./packets/send-message.ts";

const SETTING = "correct bmc.bridging";
const SLOT = "check that the machine is in its place and has power, and what bmc.bridging says";
const AGAIN = "it is tried again later";

/** Completion codes of Send Message (IPMI 2.0, 22.7), said of the hop that the message was for. */
const FAULTS: Readonly<Record<number, Fault>> = {
  [UNDELIVERED.invalidSession]: row(
    "stalled",
    "IW-B10",
    "is on a channel that takes nothing without a session of its own",
    SETTING,
  ),
  [UNDELIVERED.lostArbitration]: row("transient", "IW-B08", "is on a bus that is busy", AGAIN),
  [UNDELIVERED.busError]: row("transient", "IW-B08", "is on a bus that has an error", AGAIN),
  [UNDELIVERED.nakOnWrite]: row(
    "transient",
    "IW-B13",
    "is not there: nobody took the request",
    SLOT,
  ),
  0xc1: row(
    "stalled",
    "IW-B18",
    "is not reached: the controller before it knows no bridging",
    "leave bmc.bridging out, or correct it",
  ),
  0xc9: row("stalled", "IW-B10", "is on no channel of the controller before it", SETTING),
  0xcc: row("stalled", "IW-B10", "is on no channel of the controller before it", SETTING),
  0xd3: row("transient", "IW-B13", "is not reached by the controller before it", SLOT),
  0xd4: row(
    "stalled",
    "IW-B20",
    "is not reached: the session's privilege is too low for bridging",
    "give bmc.username a higher one on the BMC, or raise bmc.privilege",
  ),
};

/** Codes of Send Message that pass by themselves. D3h is not waited for: that would hold up all others behind the BMC. */
const PASSING_ON_THE_WAY: ReadonlySet<number> = new Set([
  UNDELIVERED.lostArbitration,
  UNDELIVERED.busError,
  ...[...PASSING].filter((code) => code !== 0xd3),
]);

const UNANSWERED = 0xd3;

/** What a command came to: `bmc` is the thing that the session is with. */
export interface Completed {
  readonly bmc: string;
  readonly command: Command;
  readonly answer: CommandAnswer;
}

/** Who was asked, for messages. */
export function thingAsked(bmc: string, { route }: Command): string {
  return route === undefined ? bmc : thingBehind(bmc, route);
}

/** Whether a read is asked again after such an answer. */
export function isPassing({ completion, undelivered }: CommandAnswer): boolean {
  return (undelivered === null ? PASSING : PASSING_ON_THE_WAY).has(completion);
}

/** The Failure of a read that was answered by another code than 0. */
export function readFailure({ bmc, command, answer }: Completed): Failure {
  const { completion, undelivered } = answer;
  const { route } = command;
  if (undelivered === null || route === undefined)
    return completionFault(thingAsked(bmc, command), completion);
  const fault = FAULTS[completion];
  const hop = thingBehind(bmc, route, undelivered);
  if (fault === undefined) return completionFault(`${hop} is not reached: its bridge`, completion);
  return faultOf(hop, fault, `completion code ${hexByte(completion)} of Send Message`);
}

/**
 * The same of an act: ambiguous where it may have been done. What nobody took on the bus was not done, nor what lost arbitration;
 * a bus error can come after the last byte, and D3h also where the target took it and did not answer.
 */
export function actFailure(completed: Completed): Failure {
  const { bmc, command, answer } = completed;
  const { completion, undelivered } = answer;
  if (undelivered === null) return actFault(thingAsked(bmc, command), completion);
  const isCutOff = completion === UNDELIVERED.busError || completion === UNANSWERED;
  const why = readFailure(completed);
  if (!isCutOff && actFault(bmc, completion).kind !== "ambiguous") return why;
  return { ...why, kind: "ambiguous", code: "IW-B12" };
}
