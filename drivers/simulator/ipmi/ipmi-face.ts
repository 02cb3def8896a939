import { type Failure, failure } from "../../../schemas/failure.ts";
import { USERNAME_BYTES_MAX } from "../../ipmi/ipmi-type.ts";
import { KEY_BYTES } from "../../ipmi/packets/rakp-keys.ts";
import type { BridgedForm } from "./bridge.ts";
import type { IpmiUser } from "./command.ts";

/** The IPMI face of BMCs. */
export interface IpmiFace {
  /** port-per-bmc, the default: each machine's BMC has one. one-port: a chassis's BMC, and all machines behind it. */
  readonly layout?: "one-port" | "port-per-bmc";
  /** Of one machine: behind the chassis's BMC that has its host and port, at this slave address. */
  readonly behind?: number;
  /** How a chassis's BMC brings back answers: in messages of their own (default), or within that of Send Message. */
  readonly bridged?: BridgedForm;
  /** Default: the simulation's own host. */
  readonly host?: string;
  /** The first machine's UDP port; the others' are chosen by the system. 0, the default, lets it choose all. */
  readonly port?: number;
  /** Default: the simulation's own user, as administrator. */
  readonly users?: readonly IpmiUser[];
  /** Kg, at most 20 bytes; default none. */
  readonly kg?: Buffer | null;
  /** Ids of cipher suites; default 17 and 3; none: it speaks IPMI 1.5 alone. */
  readonly suites?: readonly number[];
  readonly sessionLimit?: number;
  readonly sessionTimeoutMs?: number;
  /** How long a BMC that is reset does not answer. */
  readonly resetMs?: number;
}

/** IPMI sessions that common BMCs hold: four or five; they end after 60 seconds without use (IPMI 2.0, 6.12.15). */
export const IPMI_DEFAULTS = {
  bridged: "apart",
  kg: null,
  suites: [17, 3],
  sessionLimit: 5,
  sessionTimeoutMs: 60_000,
  resetMs: 1000,
} as const satisfies IpmiFace;

/** A login that no BMC of IPMI can take, so that nobody could log in to the one that is simulated. */
export function longLogin(username: string, password: string): Failure | null {
  const user = Buffer.byteLength(username) > USERNAME_BYTES_MAX;
  const most = user ? USERNAME_BYTES_MAX : KEY_BYTES;
  if (!user && Buffer.byteLength(password) <= KEY_BYTES) return null;
  const what = user ? "the user name" : "the password";
  return failure("stalled", "IW-I04", `${what} is longer than the ${most} bytes that IPMI takes`);
}
