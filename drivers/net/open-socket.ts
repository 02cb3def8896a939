import { createHash } from "node:crypto";
import { lookup } from "node:dns/promises";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Failure, Result } from "../../schemas/failure.ts";
import { fail, ok } from "../../schemas/failure.ts";
import { type BmcAddress, isIpHost } from "./bmc-address.ts";
import { codeOf, socketFault } from "./fault-table.ts";
import type { NetworkGuard } from "./network-guard.ts";

/** How the other side's certificate is judged. */
export type Trust =
  | { readonly how: "verified" }
  | { readonly how: "ca-file"; readonly ca: string }
  /** Lower-case hex SHA-256 of the leaf's DER bytes; replaces the chain's verification. */
  | { readonly how: "pinned"; readonly sha256: string }
  | { readonly how: "unverified" };

/** Name -> IP addresses; node:dns unless a test says otherwise. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** What a socket is opened with. */
export interface SocketPlan {
  readonly address: BmcAddress;
  readonly trust: Trust;
  readonly guard: NetworkGuard;
  readonly connectMs: number;
  readonly resolve?: Resolve | undefined;
}

/** An open connection that was judged: guard passed, TLS done, certificate accepted. */
export interface OpenSocket {
  readonly socket: Socket | TLSSocket;
  /** Ends it; what was written is still delivered. */
  destroy(): void;
  /**
   * Ends it by RST, so that no byte of a half-sent request is delivered later. Never call it from within a
   * callback of the same TLS socket: Node 20 then dies without a word (seen with 20.20.2).
   */
  reset(): void;
}

/** Addresses of one name that are tried; a BMC has one or two. */
const ADDRESSES_MAX = 4;

/** Resolves, guards, connects and judges; nothing but the TLS handshake has been sent when it answers. */
export async function openSocket(
  plan: SocketPlan,
  signal?: AbortSignal,
): Promise<Result<OpenSocket>> {
  const thing = `BMC ${plan.address.origin}`;
  const deadline = AbortSignal.timeout(plan.connectMs);
  const stop = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
  const ips = await addressesOf(plan, stop);
  if (typeof ips === "string") return fail(socketFault(thing, endCode(ips, deadline, signal)));
  const allowed = ips.filter((ip) => plan.guard(ip)).slice(0, ADDRESSES_MAX);
  if (allowed.length === 0) {
    return fail(socketFault(thing, "IW_OUTSIDE_NETWORKS", `it resolves to ${ips.join(", ")}`));
  }
  let last: Failure = socketFault(thing, "ENODATA");
  for (const ip of allowed) {
    const opened = await openOne(plan, ip, stop);
    if (typeof opened !== "string") return ok(opened);
    last = socketFault(thing, endCode(opened, deadline, signal));
    if (stop.aborted) break;
  }
  return fail(last);
}

/** Which of the two ends it was, where the socket only says that it was aborted. */
function endCode(code: string, deadline: AbortSignal, signal?: AbortSignal): string {
  if (signal?.aborted === true) return "IW_ABORTED";
  return deadline.aborted ? "IW_CONNECT_TIMEOUT" : code;
}

async function addressesOf(
  plan: SocketPlan,
  stop: AbortSignal,
): Promise<readonly string[] | string> {
  if (isIpHost(plan.address)) return [plan.address.host];
  const resolve = plan.resolve ?? resolveByDns;
  try {
    const found = await Promise.race([resolve(plan.address.host), aborted(stop)]);
    return found ?? "IW_CONNECT_TIMEOUT";
  } catch (error) {
    return codeOf(error);
  }
}

/** Asks this host's resolver, as everything else here does. */
export async function resolveByDns(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true, verbatim: true });
  return found.map((entry) => entry.address);
}

function aborted(stop: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve(null);
    stop.addEventListener(
      "abort",
      () => {
        resolve(null);
      },
      { once: true },
    );
  });
}

/** One address; answers an error code where it did not work. */
function openOne(plan: SocketPlan, ip: string, stop: AbortSignal): Promise<OpenSocket | string> {
  return new Promise((resolve) => {
    const tcp = connect({ host: ip, port: plan.address.port, noDelay: true });
    const socket = plan.address.secure ? overTls(plan, tcp) : tcp;
    const open: OpenSocket = {
      socket,
      destroy: () => {
        socket.destroy();
        tcp.destroy();
      },
      reset: () => {
        resetNow(tcp, socket);
      },
    };
    const settle = (answer: OpenSocket | string): void => {
      stop.removeEventListener("abort", onStop);
      socket.removeListener("error", onError);
      tcp.removeListener("error", onError);
      if (typeof answer === "string") {
        open.destroy();
        // A late error of a socket that is given up must not end the process.
        tcp.on("error", ignore);
        socket.on("error", ignore);
      }
      resolve(answer);
    };
    const onError = (error: unknown): void => {
      settle(codeOf(error));
    };
    const onStop = (): void => {
      settle("IW_ABORTED");
    };
    tcp.on("error", onError);
    socket.on("error", onError);
    socket.once(plan.address.secure ? "secureConnect" : "connect", () => {
      const refused = plan.guard(tcp.remoteAddress ?? ip)
        ? pinFault(plan.trust, socket)
        : "IW_OUTSIDE_NETWORKS";
      settle(refused ?? open);
    });
    if (stop.aborted) onStop();
    else stop.addEventListener("abort", onStop, { once: true });
  });
}

function ignore(): void {
  // Nothing is left to tell.
}

function overTls(plan: SocketPlan, tcp: Socket): TLSSocket {
  const { trust, address } = plan;
  return connectTls({
    socket: tcp,
    // RFC 6066: no server name for an IP address; the certificate is then compared with the address.
    ...(isIpHost(address) ? {} : { servername: address.host }),
    host: address.host,
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: trust.how === "verified" || trust.how === "ca-file",
    ...(trust.how === "ca-file" ? { ca: trust.ca } : {}),
  });
}

function pinFault(trust: Trust, socket: Socket | TLSSocket): string | null {
  if (trust.how !== "pinned" || !("getPeerCertificate" in socket)) return null;
  const seen = leafPin(socket);
  if (seen === null) return "IW_NO_CERTIFICATE";
  return seen === trust.sha256 ? null : "IW_PIN_MISMATCH";
}

/** Lower-case hex SHA-256 of the certificate that the other side showed; null when it showed none. */
export function leafPin(socket: Socket | TLSSocket): string | null {
  if (!("getPeerCertificate" in socket)) return null;
  const raw: unknown = socket.getPeerCertificate(false).raw;
  return Buffer.isBuffer(raw) ? createHash("sha256").update(raw).digest("hex") : null;
}

/** RST on the connection below TLS: `destroy()` alone lets the kernel deliver what is still queued. */
function resetNow(tcp: Socket, socket: Socket | TLSSocket): void {
  try {
    if (!tcp.destroyed) tcp.resetAndDestroy();
  } catch {
    tcp.destroy();
  }
  if (!socket.destroyed) socket.destroy();
}
