import type { Failure } from "../../schemas/failure.ts";
import type { Heard, IpmiWire, Timings } from "./ipmi-wire.ts";
import { dropped } from "./login.ts";
import { askCapabilities } from "./before-login.ts";
import type { Datagram } from "./packets/datagram.ts";
import { PRIVILEGES } from "./packets/rakp.ts";
import { encodeAsf, encodeRmcp, RMCP_NO_ACK } from "./packets/rmcp.ts";
import type { AuthCapabilities } from "./packets/session-commands.ts";

/** Waits for a pong, milliseconds: a BMC that is there answers within a few; the second is for a packet that was lost. */
const PING_WAITS = [400, 800] as const;
/** The same for its capabilities, in all. */
const CAPABILITIES_MS = 1200;
const PROBE_TIMINGS: Timings = { firstMs: 400, growth: 2 };
/** Any but FFh, which asks for no answer (13.2.3). */
const TAG = 0x49;

/** What an address was found to be. */
export type Probed =
  | { readonly kind: "silent"; readonly failure: Failure }
  /** It is outside of `bmc.networks`, has no such name, or answers something else. */
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "bmc"; readonly said: AuthCapabilities | null };

/**
 * Asks whether IPMI is spoken there: the presence ping, which needs nobody's login, then what sessions it takes. Some BMCs
 * leave the ping unanswered, so that is asked all the same. Nothing secret is sent.
 */
export async function probeBmc(wire: IpmiWire, signal?: AbortSignal): Promise<Probed> {
  const outside = await wire.find();
  if (outside !== null) return { kind: "failed", failure: outside };
  const pong = await wire.ask({ write: ping, read: pongIn, waits: PING_WAITS }, signal);
  if (!pong.ok && pong.why !== "silent") return { kind: "failed", failure: pong.failure };
  const at = { wire, timings: PROBE_TIMINGS, signal };
  const said = await askCapabilities(at, PRIVILEGES.user, CAPABILITIES_MS);
  if (said.ok) return { kind: "bmc", said: said.value };
  return { kind: said.failure.code === "IW-B01" ? "silent" : "failed", failure: said.failure };
}

function ping(): Buffer {
  const body = encodeAsf({ type: "ping", tag: TAG });
  return encodeRmcp({ kind: "asf", sequence: RMCP_NO_ACK, body });
}

function pongIn(datagram: Datagram): Heard<true> {
  const isPong = datagram.kind === "asf" && datagram.message.type === "pong";
  return isPong && datagram.message.tag === TAG
    ? { value: true }
    : dropped("late", "it is no pong");
}
