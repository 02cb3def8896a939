import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";

/** RMCP header (IPMI 2.0, 13.1.3): version 1.0, reserved, sequence number, class. */
export const RMCP_HEADER_BYTES = 4;
const RMCP_VERSION = 0x06;
/** Messages that want no RMCP acknowledgement carry this sequence number; all of IPMI does (13.1.3). */
export const RMCP_NO_ACK = 0xff;
const CLASS_ASF = 0x06;
const CLASS_IPMI = 0x07;
const CLASS_MASK = 0x1f;
const ACK_BIT = 0x80;

/** IANA enterprise number of ASF, in each of its messages (13.2.1). */
const ASF_IANA = 4542;
const ASF_PING = 0x80;
const ASF_PONG = 0x40;
const ASF_HEADER_BYTES = 8;
const PONG_DATA_BYTES = 16;
/** Supported entities of a pong (13.2.4): bit 7 says that IPMI is spoken, the low bits are ASF's version 1.0. */
const SPEAKS_IPMI = 0x80;
const ASF_VERSION = 0x01;

/** RMCP: its class, and what follows the header. */
export type Rmcp =
  | { readonly kind: "asf"; readonly sequence: number; readonly body: Buffer }
  | { readonly kind: "ipmi"; readonly sequence: number; readonly body: Buffer }
  | { readonly kind: "ack"; readonly sequence: number; readonly body: Buffer };

const CLASS_BYTES = {
  asf: CLASS_ASF,
  ipmi: CLASS_IPMI,
  ack: ACK_BIT | CLASS_ASF,
} as const satisfies Record<Rmcp["kind"], number>;

/** Puts the RMCP header before a body. */
export function encodeRmcp({ kind, sequence, body }: Rmcp): Buffer {
  return Buffer.concat([Buffer.from([RMCP_VERSION, 0, sequence, CLASS_BYTES[kind]]), body]);
}

/** Takes the RMCP header off a datagram. */
export function decodeRmcp(bytes: Buffer): Decoded<Rmcp> {
  const short = tooShort(bytes, RMCP_HEADER_BYTES, "the datagram");
  if (short !== null) return undecoded(short);
  if (bytes.readUInt8(0) !== RMCP_VERSION) return undecoded("it is not RMCP version 1.0");
  const sequence = bytes.readUInt8(2);
  const type = bytes.readUInt8(3);
  const body = bytes.subarray(RMCP_HEADER_BYTES);
  if ((type & ACK_BIT) !== 0) return decoded({ kind: "ack", sequence, body });
  if ((type & CLASS_MASK) === CLASS_IPMI) return decoded({ kind: "ipmi", sequence, body });
  if ((type & CLASS_MASK) === CLASS_ASF) return decoded({ kind: "asf", sequence, body });
  return undecoded(`its RMCP class ${type} is neither ASF nor IPMI`);
}

/** ASF presence ping and pong (13.2.3, 13.2.4). */
export type Asf =
  | { readonly type: "ping"; readonly tag: number }
  | {
      readonly type: "pong";
      readonly tag: number;
      readonly oemIana: number;
      readonly oemDefined: number;
      readonly speaksIpmi: boolean;
    };

/** The body of an ASF message, to be put behind an RMCP header of class `asf`. */
export function encodeAsf(message: Asf): Buffer {
  const data = message.type === "ping" ? Buffer.alloc(0) : pongData(message);
  const header = Buffer.alloc(ASF_HEADER_BYTES);
  header.writeUInt32BE(ASF_IANA, 0);
  header.writeUInt8(message.type === "ping" ? ASF_PING : ASF_PONG, 4);
  header.writeUInt8(message.tag, 5);
  header.writeUInt8(data.length, 7);
  return Buffer.concat([header, data]);
}

function pongData(pong: Extract<Asf, { readonly type: "pong" }>): Buffer {
  const data = Buffer.alloc(PONG_DATA_BYTES);
  data.writeUInt32BE(pong.oemIana, 0);
  data.writeUInt32BE(pong.oemDefined, 4);
  data.writeUInt8((pong.speaksIpmi ? SPEAKS_IPMI : 0) | ASF_VERSION, 8);
  return data;
}

/** Reads the body of an ASF message. */
export function decodeAsf(body: Buffer): Decoded<Asf> {
  const short = tooShort(body, ASF_HEADER_BYTES, "the ASF message");
  if (short !== null) return undecoded(short);
  if (body.readUInt32BE(0) !== ASF_IANA) return undecoded("it is no message of ASF");
  const type = body.readUInt8(4);
  const tag = body.readUInt8(5);
  if (type === ASF_PING) return decoded({ type: "ping", tag });
  if (type !== ASF_PONG) return undecoded(`its ASF type ${type} is neither ping nor pong`);
  const data = body.subarray(ASF_HEADER_BYTES);
  if (body.readUInt8(7) < PONG_DATA_BYTES || data.length < PONG_DATA_BYTES)
    return undecoded("the pong is cut off");
  return decoded({
    type: "pong",
    tag,
    oemIana: data.readUInt32BE(0),
    oemDefined: data.readUInt32BE(4),
    speaksIpmi: (data.readUInt8(8) & SPEAKS_IPMI) !== 0,
  });
}
