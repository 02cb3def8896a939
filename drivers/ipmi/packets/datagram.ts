import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";
import { type Asf, decodeAsf, decodeRmcp, encodeRmcp, RMCP_NO_ACK } from "./rmcp.ts";
import { AUTH_TYPE_RMCP_PLUS, decodeSession15, type Received15 } from "./session15.ts";
import { decodeSession20, type Received20 } from "./session20.ts";

/** What one UDP datagram is, as far as that is seen without keys. */
export type Datagram =
  | { readonly kind: "asf"; readonly message: Asf }
  | { readonly kind: "ipmi15"; readonly session: Received15 }
  | { readonly kind: "ipmi20"; readonly session: Received20 };

/** Reads a datagram; acknowledgements of RMCP are none of ours. */
export function decodeDatagram(bytes: Buffer): Decoded<Datagram> {
  const rmcp = decodeRmcp(bytes);
  if (!rmcp.ok) return rmcp;
  const { kind, body } = rmcp.value;
  if (kind === "ack") return undecoded("it is an acknowledgement");
  if (kind === "asf") {
    const message = decodeAsf(body);
    return message.ok ? decoded({ kind, message: message.value }) : message;
  }
  const short = tooShort(body, 1, "the IPMI packet");
  if (short !== null) return undecoded(short);
  if (body.readUInt8(0) !== AUTH_TYPE_RMCP_PLUS) {
    const session = decodeSession15(body);
    return session.ok ? decoded({ kind: "ipmi15", session: session.value }) : session;
  }
  const session = decodeSession20(body);
  return session.ok ? decoded({ kind: "ipmi20", session: session.value }) : session;
}

/** A datagram of IPMI, from the body that a session wrapper made. */
export function ipmiDatagram(body: Buffer): Buffer {
  return encodeRmcp({ kind: "ipmi", sequence: RMCP_NO_ACK, body });
}
