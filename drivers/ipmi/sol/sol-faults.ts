import { type Fault, faultOf, row } from "../../net/fault-table.ts";
import { completionFault, hexByte } from "../ipmi-faults.ts";
import type { Failure } from "../../../schemas/failure.ts";
import { ACTIVATE_COMPLETIONS } from "../packets/sol.ts";

const SWITCH_ON = "switch Serial over LAN on there, for that channel and that user";
const TAKE = "type again with --take-over, or wait until it is left";

/** What can go wrong with a console besides what can with every session. */
const SOL_FAULTS = {
  notIpmi20: row(
    "stalled",
    "IW-B22",
    "is spoken to by IPMI 1.5, which has no Serial over LAN",
    "leave bmc.ipmiVersion out where it speaks 2.0, or use another way to its console",
  ),
  bridged: row(
    "stalled",
    "IW-B18",
    "passes on no console to the machines behind it",
    "use the chassis's own way to the machine's console",
  ),
  disabled: row("stalled", "IW-B25", "has Serial over LAN switched off", SWITCH_ON),
  notEncrypted: row(
    "stalled",
    "IW-B25",
    "gives out its console in the clear alone, and passwords would be typed into it",
    "set SOL to forced encryption there (parameter 2), or update its firmware",
  ),
  notInTheClear: row(
    "stalled",
    "IW-B25",
    "takes an encrypted console for one in the clear",
    "it may need newer firmware",
  ),
  unknown: row(
    "stalled",
    "IW-B18",
    "knows no Serial over LAN",
    "it may need newer firmware; use another way to its console",
  ),
  taken: row("conflict", "IW-B26", "gives its console to somebody else again and again", TAKE),
  unreadable: row(
    "stalled",
    "IW-B06",
    "gives out its console in an answer that cannot be read",
    "update or reset the BMC",
  ),
  ended: row(
    "conflict",
    "IW-B27",
    "ended the console: somebody else took it, or ended it there",
    "ask who, then open it again; --take-over takes it back",
  ),
  silent: row(
    "transient",
    "IW-B01",
    "answers no longer in the console's session",
    "open the console again when it answers",
  ),
  unacknowledged: row(
    "transient",
    "IW-B01",
    "lives, and takes nothing of what is typed at its console",
    "open the console again; if it stays so, reset the BMC",
  ),
} as const satisfies Readonly<Record<string, Fault>>;

/** The Failure of such a fault. */
export function solFault(thing: string, name: keyof typeof SOL_FAULTS, cause?: string): Failure {
  return faultOf(thing, SOL_FAULTS[name], cause);
}

/** Completion codes of Activate Payload that say more than those of every command (24.1). */
const ACTIVATE_FAULTS: Readonly<Record<number, keyof typeof SOL_FAULTS>> = {
  [ACTIVATE_COMPLETIONS.disabled]: "disabled",
  [ACTIVATE_COMPLETIONS.notEncrypted]: "notEncrypted",
  [ACTIVATE_COMPLETIONS.notInTheClear]: "notInTheClear",
  0xc1: "unknown",
};

/** Why a console was not given out. */
export function activateFault(thing: string, completion: number): Failure {
  const name = ACTIVATE_FAULTS[completion];
  if (name === undefined) return completionFault(thing, completion);
  return solFault(thing, name, `completion code ${hexByte(completion)}`);
}
