import { faultOf, type Fault, LOOK, row } from "../net/fault-table.ts";
import type { Failure } from "../../schemas/failure.ts";

const REACH =
  "check its address, its cable, whether it has power, and that IPMI over LAN is switched on there";
const AGAIN = "it is tried again later";
const LEVEL =
  "give bmc.username that privilege for the LAN channel on the BMC, or lower bmc.privilege";
const USER = "correct bmc.username or the secret; it is not tried again until one of them changes";
const SUITE = "write another bmc.cipherSuite or leave it out, or update the BMC's firmware";

/** What can go wrong before a command is answered. */
export const WIRE_FAULTS = {
  silent: row("transient", "IW-B01", "does not answer (IPMI over UDP)", REACH),
  garbage: row(
    "stalled",
    "IW-B23",
    "answers, but not in IPMI",
    "correct bmc.address or its port, or find out what answers there",
  ),
  stranger: row(
    "transient",
    "IW-B24",
    "answers, but only with packets of another session or for another question",
    "if it stays so, reset the BMC, or find out what answers there",
  ),
  forged: row(
    "transient",
    "IW-B24",
    "answers with packets that are damaged or not signed with this session's keys",
    "if it stays so, find out who else answers at its address",
  ),
  unreadable: row(
    "transient",
    "IW-B06",
    "gives an answer that cannot be read",
    "if it stays so, update or reset the BMC",
  ),
  mute: row(
    "transient",
    "IW-B01",
    "does not answer; the BMC before it took the request and passed it on",
    "check that the machine is in its place and its controller is up, and what bmc.bridging says",
  ),
  lost: row("ambiguous", "IW-B12", "did not answer the act", LOOK),
  notIpmi20: row(
    "stalled",
    "IW-B22",
    "says that it speaks IPMI 1.5 alone",
    "write bmc.ipmiVersion: 1.5, which has no encryption, or update its firmware",
  ),
  notIpmi15: row(
    "stalled",
    "IW-B22",
    "does not take sessions of IPMI 1.5 with MD5",
    "leave bmc.ipmiVersion out, or allow MD5 for that privilege on the BMC",
  ),
  wrongPassword: row("stalled", "IW-B04", "has another password for this user", USER),
  silentLogin15: row(
    "stalled",
    "IW-B04",
    "leaves the login unanswered, as BMCs of IPMI 1.5 do where the password is wrong",
    USER,
  ),
  wrongUser: row("stalled", "IW-B04", "does not know this user, or does not let it in", USER),
  wrongKg: row(
    "stalled",
    "IW-B21",
    "has another key (Kg) than bmc.kg says",
    "correct the secret of bmc.kg, or leave it out where the BMC has none",
  ),
  noPrivilege: row("stalled", "IW-B20", "does not give this user the privilege", LEVEL),
  noSuite: row("stalled", "IW-B22", "takes none of the cipher suites that are asked for", SUITE),
  noSlot: row(
    "transient",
    "IW-B09",
    "has no free session",
    "end one on the BMC (ipmitool session info all), or wait until one ends by itself",
  ),
  refusedLogin: row("transient", "IW-B08", "broke off the login", AGAIN),
} as const satisfies Readonly<Record<string, Fault>>;
export type WireFault = keyof typeof WIRE_FAULTS;

/** The Failure of such a fault; `cause` holds no secret. */
export function wireFault(thing: string, name: WireFault, cause?: string): Failure {
  return faultOf(thing, WIRE_FAULTS[name], cause);
}

/** Completion codes that pass by themselves: a read is asked again after a pause (IPMI 2.0, table 5-2). */
export const PASSING: ReadonlySet<number> = new Set([0xc0, 0xc3, 0xc4, 0xce, 0xcf, 0xd2, 0xd3]);

const LOCKED = "it is tried again when the BMC is ready";
const FIRMWARE = "it may need newer firmware";
const QUIRK = "a quirk may be needed (drivers/README.md)";

/** Completion codes of every command (table 5-2). An act that was answered so has not been done, but where it is ambiguous. */
const COMPLETIONS: Readonly<Record<number, Fault>> = {
  0xc0: row("transient", "IW-B08", "is busy", AGAIN),
  0xc1: row("stalled", "IW-B18", "does not know the command", FIRMWARE),
  0xc2: row("stalled", "IW-B18", "does not know the command at that unit", FIRMWARE),
  0xc3: row("transient", "IW-B08", "ran out of time with the command", AGAIN),
  0xc4: row("transient", "IW-B08", "is out of space", AGAIN),
  0xc5: row("transient", "IW-B08", "has cancelled the reservation", AGAIN),
  0xc6: row("stalled", "IW-B10", "says that the request is cut short", QUIRK),
  0xc7: row("stalled", "IW-B10", "says that the request has a wrong length", QUIRK),
  0xc8: row("stalled", "IW-B10", "says that the request is too long", QUIRK),
  0xc9: row("stalled", "IW-B10", "says that a value is out of its range", QUIRK),
  0xcb: row("stalled", "IW-B18", "does not have what was asked for", FIRMWARE),
  0xcc: row("stalled", "IW-B10", "says that a field of the request is wrong", QUIRK),
  0xce: row("transient", "IW-B08", "could give no answer", AGAIN),
  0xcf: row("transient", "IW-B08", "took the request for a double", AGAIN),
  0xd0: row("transient", "IW-B08", "is updating its sensor records", LOCKED),
  0xd1: row("waiting", "IW-B17", "is updating its firmware", LOCKED),
  0xd2: row("transient", "IW-B08", "is starting", LOCKED),
  0xd3: row("transient", "IW-B08", "cannot reach the part that was asked", AGAIN),
  0xd4: row("stalled", "IW-B20", "says that the session's privilege is too low for it", LEVEL),
  0xd5: row("transient", "IW-B10", "refuses the command in its present state", AGAIN),
  0xd6: row("stalled", "IW-B18", "has it switched off", "switch it on there, or do without it"),
  0xff: row("transient", "IW-B08", "failed without saying why", "if it stays so, reset the BMC"),
};

/** An act that was answered so may have been done all the same: CFh says that a double was, and that its answer is gone. */
const MAY_BE_DONE: ReadonlySet<number> = new Set([0xc3, 0xce, 0xcf, 0xff]);

/** The Failure of a completion code other than 0, for a read. */
export function completionFault(thing: string, completion: number): Failure {
  const fault = COMPLETIONS[completion] ?? row("stalled", "IW-B10", "refused the command", QUIRK);
  return faultOf(thing, fault, `completion code ${hexByte(completion)}`);
}

/** The same for an act: ambiguous where it may have been done. */
export function actFault(thing: string, completion: number): Failure {
  const why = completionFault(thing, completion);
  if (!MAY_BE_DONE.has(completion)) return why;
  return { ...why, kind: "ambiguous", code: "IW-B12" };
}

/** `C0h`, as the specification writes it. */
export function hexByte(byte: number): string {
  return `${byte.toString(16).toUpperCase().padStart(2, "0")}h`;
}
