import { randomBytes } from "node:crypto";
import type { Failure } from "../../schemas/failure.ts";
import type { LoginVerdict } from "../driver.ts";
import { wireFault, type WireFault } from "./ipmi-faults.ts";
import type { Asked, Dropped, Heard, IpmiWire, Timings } from "./ipmi-wire.ts";
import type { LiveSession } from "./live-session.ts";

/** Who logs in, as bytes. It is made for one login and kept nowhere. */
export interface Credentials {
  readonly username: Buffer;
  readonly password: Buffer;
  readonly kg: Buffer | null;
  /** A number of `PRIVILEGES`. */
  readonly privilege: number;
}

/** What a login works with. */
export interface LoginAt {
  readonly wire: IpmiWire;
  readonly credentials: Credentials;
  readonly timings: Timings;
  /** Milliseconds that are left of the whole login. */
  readonly leftMs: () => number;
  readonly signal?: AbortSignal | undefined;
}

/** What came of it. */
export type LoggedIn = { readonly ok: true; readonly session: LiveSession } | LoginFailed;

/** A login that came to nothing. */
export interface LoginFailed {
  readonly ok: false;
  readonly failure: Failure;
  readonly verdict: LoginVerdict;
  /** True where another cipher suite may be taken. */
  readonly isSuite: boolean;
}

/** A login that ends by this fault; `refused` where the BMC said no to the password itself. */
export function loginFault(wire: IpmiWire, name: WireFault, cause?: string): LoginFailed {
  const isRefused = name === "wrongPassword" || name === "wrongUser" || name === "silentLogin15";
  return {
    ok: false,
    failure: wireFault(wire.thing, name, cause),
    verdict: isRefused ? "refused" : "other",
    isSuite: name === "noSuite",
  };
}

/** A login whose question was not answered. */
export function unanswered(asked: Extract<Asked<unknown>, { readonly ok: false }>): LoginFailed {
  return { ok: false, failure: asked.failure, verdict: "other", isSuite: false };
}

/** A datagram that answers something else. */
export function dropped(kind: Dropped["kind"], reason: string): Heard<never> {
  return { drop: { kind, reason } };
}

/** A random number of 32 bits that is not 0: 0 is no session and no sequence number. */
export function randomId(): number {
  return randomBytes(4).readUInt32LE() || 1;
}
