import { PRIVILEGES, type Privilege } from "../../ipmi/packets/rakp.ts";
import type { Fault, FaultKind } from "../faults.ts";
import type { Machine, Shown } from "../machine.ts";
import type { SessionSlots, SimulatedSession } from "./session-slots.ts";
import type { SolConsole } from "./sol-console.ts";

/** Somebody who may log in. */
export interface IpmiUser {
  /** At most 16 bytes; empty for the anonymous user. */
  readonly name: string;
  readonly password: string;
  /** The highest level that is granted. */
  readonly privilege: Privilege;
}

/** What commands read and change besides the machine: what a BMC keeps for itself. */
export interface BmcMemory {
  /** Parameter 3 of the boot options: what leaves the valid bit alone. */
  keepValid: number;
  /** Parameter 4: who acknowledged the boot options. */
  acknowledged: readonly [number, number];
  /** The boot flags as they were written; read back only while the machine's boot is the one that they made. */
  bootFlags: { readonly bytes: Buffer; readonly boot: Machine["boot"] } | null;
  selReservation: number;
  sdrReservation: number;
  /** While it restarts it neither hears nor answers. */
  silentUntil: number;
  restartCause: number;
}

/** What a command is answered from. */
export interface CommandSite {
  readonly machine: Machine;
  readonly memory: BmcMemory;
  readonly slots: SessionSlots;
  readonly sol: SolConsole;
  /** The UDP port of the BMC. */
  readonly port: () => number;
  readonly users: readonly IpmiUser[];
  /** Ids of the cipher suites that it speaks now; none: IPMI 1.5 alone. */
  readonly suites: readonly number[];
  readonly hasKg: boolean;
  readonly resetMs: number;
  readonly now: number;
  readonly fault: (kind: FaultKind) => Fault | null;
  /** The same for a fault that comes up so many times. */
  readonly take: (kind: FaultKind) => Fault | null;
  readonly shown: () => Shown;
  /** Goes on showing the values of before. */
  readonly freeze: (shown: Shown, until: number) => void;
}

/** What is asked of it. */
export interface CommandAsked {
  readonly data: Buffer;
  /** Null outside a session. */
  readonly session: SimulatedSession | null;
}

/** What it answers; `effect` says for the log what really happened. */
export interface CommandAnswer {
  readonly completion: number;
  readonly data: Buffer;
  readonly effect?: string;
  /** What was asked, in words, for the log. */
  readonly said?: Readonly<Record<string, unknown>>;
}

/** One command that a simulated BMC knows. */
export interface CommandRow {
  readonly netFn: number;
  readonly command: number;
  /** As the specification calls it. */
  readonly name: string;
  /** What it takes (IPMI 2.0, appendix G); null where no session is needed. */
  readonly privilege: Privilege | null;
  /** It changes something, of the machine or only of the BMC's sessions: it is written down. */
  readonly acts?: "machine" | "session";
  readonly answer: (asked: CommandAsked, site: CommandSite) => CommandAnswer;
}

/** Completion codes (IPMI 2.0, table 5-2). */
export const COMPLETION = {
  ok: 0x00,
  busy: 0xc0,
  unknownCommand: 0xc1,
  reservationLost: 0xc5,
  wrongLength: 0xc7,
  outOfRange: 0xc9,
  notPresent: 0xcb,
  wrongField: 0xcc,
  noPrivilege: 0xd4,
  wrongState: 0xd5,
} as const;

const NOTHING = Buffer.alloc(0);

/** It was done. */
export function done(effect: string, said: Readonly<Record<string, unknown>> = {}): CommandAnswer {
  return { completion: COMPLETION.ok, data: NOTHING, effect, said };
}

/** It was read. */
export function answered(data: Buffer | readonly number[]): CommandAnswer {
  return { completion: COMPLETION.ok, data: Buffer.from(data) };
}

/** It was not done, and nothing changed. */
export function refused(
  completion: number,
  said: Readonly<Record<string, unknown>> = {},
): CommandAnswer {
  return { completion, data: NOTHING, effect: "refused", said };
}

/** True where a fault makes the BMC say yes to such an act and do nothing. */
export function isLie(site: CommandSite, what: "Reset" | "Boot" | "Indicator"): boolean {
  const none = site.fault("no-effect");
  return none !== null && [null, "all", what].includes(none.argument);
}

/** What `isLie` is told as. */
export const LIE = "nothing: the BMC lies";

/** True where a level is enough for another. */
export function isEnough(level: number, needed: Privilege): boolean {
  return level >= PRIVILEGES[needed];
}
