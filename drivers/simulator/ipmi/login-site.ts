import type { IpmiUser } from "./command.ts";
import type { SessionSlots } from "./session-slots.ts";

/** One attempt to log in, as it is written down. */
export interface LoginNote {
  /** Null where it did not come to a name. */
  readonly username: string | null;
  /** Status or completion code; 0: a session was opened. */
  readonly status: number;
  readonly session: number | null;
}

/** What logins are answered from. */
export interface LoginSite {
  readonly slots: SessionSlots;
  readonly users: readonly IpmiUser[];
  /** Kg; null where there is none. */
  readonly kg: Buffer | null;
  readonly now: () => number;
  readonly suites: () => readonly number[];
  readonly guid: () => Buffer;
  /** The bytes of a user's password, or others where a fault has it so. */
  readonly passwordOf: (user: IpmiUser) => Buffer;
  readonly random: (bytes: number) => Buffer;
  /** An id of 32 bits that no session has, nor what the caller calls taken. */
  readonly newId: (isTaken: (id: number) => boolean) => number;
  readonly note: (login: LoginNote) => void;
}
