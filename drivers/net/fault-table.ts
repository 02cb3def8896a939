import type { Code } from "../../schemas/codes.ts";
import type { Failure, FailureKind } from "../../schemas/failure.ts";

/** One row: what is known of a fault, and what a person can do. The sentence is `THING FACT; WAY OUT`. */
export interface Fault {
  readonly code: Code;
  readonly kind: FailureKind;
  readonly fact: string;
  readonly wayOut: string;
}

const POWERED = "check its address, its cable and whether it has power";
const TRUST =
  "declare bmc.tls.ca with its issuer or bmc.tls.pin (discover prints it), or bmc.tls.verify: false";
/** Way out of what passes by itself. */
export const AGAIN = "it is tried again later";
/** Way out of what may have taken effect. */
export const LOOK = "look at the machine before anything is repeated";

/** Makes a row. */
export function row(kind: FailureKind, code: Code, fact: string, wayOut: string): Fault {
  return { kind, code, fact, wayOut };
}

/** Error codes of node:net, node:dns, node:tls, undici and this wire -> what they mean for a person. */
export const SOCKET_FAULTS: Readonly<Record<string, Fault>> = {
  ECONNREFUSED: row("transient", "IW-B01", "refuses the connection", POWERED),
  ECONNRESET: row("transient", "IW-B01", "closed the connection without an answer", AGAIN),
  EPIPE: row("transient", "IW-B01", "closed the connection without an answer", AGAIN),
  UND_ERR_SOCKET: row("transient", "IW-B01", "closed the connection without an answer", AGAIN),
  ETIMEDOUT: row("transient", "IW-B01", "does not answer", POWERED),
  EHOSTUNREACH: row("transient", "IW-B01", "cannot be reached: no route to the host", POWERED),
  ENETUNREACH: row("transient", "IW-B01", "cannot be reached: no route to its network", POWERED),
  EADDRNOTAVAIL: row(
    "transient",
    "IW-B01",
    "cannot be reached from this host's addresses",
    POWERED,
  ),
  EHOSTDOWN: row("transient", "IW-B01", "is down", POWERED),
  EMFILE: row(
    "transient",
    "IW-B01",
    "was not asked: this process has too many open files",
    "raise `ulimit -n` or lower the setting limits.global",
  ),
  IW_CONNECT_TIMEOUT: row(
    "transient",
    "IW-B01",
    "did not accept a connection in limits.connectSeconds",
    POWERED,
  ),
  IW_REQUEST_TIMEOUT: row(
    "transient",
    "IW-B01",
    "accepted the connection and did not answer in limits.requestSeconds",
    "if it is only slow, raise limits.requestSeconds; else reset the BMC",
  ),
  IW_ABORTED: row(
    "transient",
    "IW-B01",
    "was not waited for: the command is ending",
    "run it again",
  ),
  ENOTFOUND: row(
    "transient",
    "IW-B02",
    "has a name that DNS does not know",
    "correct bmc.address, or write the IP address",
  ),
  EAI_AGAIN: row(
    "transient",
    "IW-B02",
    "has a name that DNS could not resolve for now",
    "check this host's resolver, or write the IP address",
  ),
  ENODATA: row(
    "transient",
    "IW-B02",
    "has a name without an address",
    "correct bmc.address, or write the IP address",
  ),
  CERT_HAS_EXPIRED: row(
    "stalled",
    "IW-B03",
    "shows a certificate that has expired",
    `renew it on the BMC, or ${TRUST}`,
  ),
  CERT_NOT_YET_VALID: row(
    "stalled",
    "IW-B03",
    "shows a certificate that is not valid yet",
    "set the clock of this host or renew the certificate",
  ),
  DEPTH_ZERO_SELF_SIGNED_CERT: row(
    "stalled",
    "IW-B03",
    "shows a certificate that it signed itself",
    TRUST,
  ),
  SELF_SIGNED_CERT_IN_CHAIN: row(
    "stalled",
    "IW-B03",
    "shows a certificate of an issuer that is not trusted here",
    TRUST,
  ),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: row(
    "stalled",
    "IW-B03",
    "shows a certificate of an issuer that is not trusted here",
    TRUST,
  ),
  UNABLE_TO_GET_ISSUER_CERT: row(
    "stalled",
    "IW-B03",
    "shows a certificate of an issuer that is not trusted here",
    TRUST,
  ),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: row(
    "stalled",
    "IW-B03",
    "shows a certificate of an issuer that is not trusted here",
    TRUST,
  ),
  CERT_SIGNATURE_FAILURE: row(
    "stalled",
    "IW-B03",
    "shows a certificate with a wrong signature",
    TRUST,
  ),
  CERT_UNTRUSTED: row("stalled", "IW-B03", "shows a certificate that is not trusted here", TRUST),
  HOSTNAME_MISMATCH: row(
    "stalled",
    "IW-B03",
    "shows a certificate for another name",
    `write bmc.address as the certificate names it, or ${TRUST}`,
  ),
  ERR_TLS_CERT_ALTNAME_INVALID: row(
    "stalled",
    "IW-B03",
    "shows a certificate for another name",
    `write bmc.address as the certificate names it, or ${TRUST}`,
  ),
  IW_PIN_MISMATCH: row(
    "stalled",
    "IW-B03",
    "shows another certificate than the one pinned in bmc.tls.pin",
    "if the BMC was given a new one, pin that (discover prints it); else find out who answers there",
  ),
  IW_NO_CERTIFICATE: row(
    "stalled",
    "IW-B03",
    "shows no certificate, and bmc.tls.pin names one",
    "correct bmc.address or remove the pin",
  ),
  EPROTO: row(
    "stalled",
    "IW-B03",
    "does not speak TLS that this host accepts (1.2 or later)",
    "correct the scheme or port in bmc.address, or update the BMC's firmware",
  ),
  ERR_SSL_WRONG_VERSION_NUMBER: row(
    "stalled",
    "IW-B03",
    "does not speak TLS on that port",
    "correct the scheme or port in bmc.address",
  ),
  ERR_SSL_PACKET_LENGTH_TOO_LONG: row(
    "stalled",
    "IW-B03",
    "does not speak TLS on that port",
    "correct the scheme or port in bmc.address",
  ),
  ERR_SSL_UNSUPPORTED_PROTOCOL: row(
    "stalled",
    "IW-B03",
    "speaks only TLS that this host refuses",
    "update the BMC's firmware",
  ),
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: row(
    "stalled",
    "IW-B03",
    "speaks only TLS that this host refuses",
    "update the BMC's firmware",
  ),
  HPE_INVALID_CONSTANT: row(
    "stalled",
    "IW-B05",
    "does not answer in HTTP",
    "correct the scheme or port in bmc.address",
  ),
  UND_ERR_HEADERS_OVERFLOW: row(
    "transient",
    "IW-B07",
    "sent more header bytes than allowed",
    "find out what answers there",
  ),
  IW_CUT_OFF: row("transient", "IW-B06", "broke off in the middle of its answer", AGAIN),
  IW_NOT_JSON: row(
    "transient",
    "IW-B06",
    "answered with something that is not JSON",
    "if it stays so, update or reset the BMC",
  ),
  IW_NOT_AN_OBJECT: row(
    "transient",
    "IW-B06",
    "answered with JSON that is not an object",
    "if it stays so, update or reset the BMC",
  ),
  IW_TOO_DEEP: row(
    "stalled",
    "IW-B06",
    "answered with JSON nested deeper than allowed",
    "find out what answers there",
  ),
  IW_TOO_LARGE: row(
    "stalled",
    "IW-B07",
    "sent an answer larger than limits.answerBytes",
    "find out what answers there, or raise limits.answerBytes",
  ),
  IW_TOO_MANY_PAGES: row(
    "stalled",
    "IW-B07",
    "lists a collection in more pages than are read",
    "find out what answers there",
  ),
  IW_NOT_REDFISH: row(
    "stalled",
    "IW-B05",
    "answers, but no Redfish service is at /redfish/v1",
    "correct bmc.address, or enable Redfish on the BMC",
  ),
  IW_REDIRECT: row(
    "stalled",
    "IW-B05",
    "sends to another host, which is not followed",
    "write the address that answers into bmc.address",
  ),
  IW_OUTSIDE_NETWORKS: row(
    "stalled",
    "IW-B15",
    "has an address outside the setting bmc.networks, so nothing was sent",
    "correct bmc.address, or add its network to bmc.networks",
  ),
  IW_READ_ONLY: row(
    "stalled",
    "IW-B16",
    "was not written to: this command only reads",
    "leave out --read-only, or use apply",
  ),
  IW_QUEUE_FULL: row(
    "transient",
    "IW-B08",
    "has too many requests waiting here",
    "lower the setting concurrency",
  ),
};

/** Makes the Failure of a row; `cause` is the lower layer's own words in one line, already free of secrets: a person reads them. */
export function faultOf(
  thing: string,
  fault: Fault,
  cause?: string,
  retryAfterMs?: number,
): Failure {
  const words = cause === undefined || cause === "" ? "" : ` (${cause})`;
  return {
    kind: fault.kind,
    code: fault.code,
    message: `${thing} ${fault.fact}${words}; ${fault.wayOut}`,
    ...(cause === undefined || cause === "" ? {} : { cause }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

const UNKNOWN_SOCKET_FAULT = row("transient", "IW-B01", "could not be reached", POWERED);

/** The Failure of an error by its code, which a row's fact says in better words; an unknown code is IW-B01 and is said. */
export function socketFault(thing: string, code: string, words?: string): Failure {
  const fault =
    SOCKET_FAULTS[code] ?? (code.startsWith("ERR_SSL") ? SOCKET_FAULTS["EPROTO"] : undefined);
  if (code.startsWith("IW_")) return faultOf(thing, fault ?? UNKNOWN_SOCKET_FAULT, words);
  const cause = words === undefined ? code : `${code}: ${words}`;
  if (fault === undefined) return faultOf(thing, UNKNOWN_SOCKET_FAULT, cause);
  return { ...faultOf(thing, fault), cause };
}

/** The error codes that an Error carries, outermost first; `AggregateError` answers its first. */
export function codeOf(error: unknown): string {
  const seen = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  if (seen instanceof Error && "code" in seen && typeof seen.code === "string") return seen.code;
  return seen instanceof Error ? seen.name : "unknown error";
}
