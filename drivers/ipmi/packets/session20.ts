import {
  AES_BYTES,
  type CipherSuite,
  decryptPayload,
  encryptPayload,
  INTEGRITY_BYTES,
  integrityCode,
  isSameCode,
} from "./algorithms.ts";
import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";
import { AUTH_TYPE_RMCP_PLUS } from "./session15.ts";

/** Payload types of RMCP+ (IPMI 2.0, table 13-16). */
export const PAYLOAD_TYPES = {
  ipmi: 0x00,
  sol: 0x01,
  openSessionRequest: 0x10,
  openSessionResponse: 0x11,
  rakp1: 0x12,
  rakp2: 0x13,
  rakp3: 0x14,
  rakp4: 0x15,
} as const;
export type PayloadType = keyof typeof PAYLOAD_TYPES;

const ENCRYPTED = 0x80;
const AUTHENTICATED = 0x40;
const TYPE_MASK = 0x3f;
const HEADER_BYTES = 12;
const NEXT_HEADER = 0x07;
const PAD_BYTE = 0xff;
/** Pad length and next header. */
const TRAILER_BYTES = 2;
const ALIGNED = 4;

/** An RMCP+ packet in the clear (table 13-8). */
export interface Session20 {
  readonly type: PayloadType;
  /** 0 outside a session; else the id that the receiver chose. */
  readonly sessionId: number;
  /** 0 outside a session. */
  readonly sequence: number;
  readonly payload: Buffer;
}

/** What packets of a living session are made and judged with. */
export interface SessionKeys {
  readonly suite: CipherSuite;
  readonly k1: Buffer;
  readonly k2: Buffer;
}

/** A packet outside a session: neither signed nor encrypted. The body of an RMCP message of class `ipmi`. */
export function encodeSession20(packet: Session20): Buffer {
  return Buffer.concat([header(packet, 0, packet.payload.length), packet.payload]);
}

/** A packet of a session, encrypted and signed; `iv` is 16 random bytes, never used twice. */
export function sealSession20(packet: Session20, keys: SessionKeys, iv: Buffer): Buffer {
  const payload = encryptPayload(keys.k2, iv, packet.payload);
  const head = header(packet, ENCRYPTED | AUTHENTICATED, payload.length);
  const unpadded = head.length + payload.length + TRAILER_BYTES;
  const padBytes = (ALIGNED - (unpadded % ALIGNED)) % ALIGNED;
  const trailer = Buffer.alloc(padBytes + TRAILER_BYTES, PAD_BYTE);
  trailer.writeUInt8(padBytes, padBytes);
  trailer.writeUInt8(NEXT_HEADER, padBytes + 1);
  const signed = Buffer.concat([head, payload, trailer]);
  return Buffer.concat([signed, integrityCode(keys.suite.integrity, keys.k1, signed)]);
}

function header({ type, sessionId, sequence }: Session20, flags: number, length: number): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  head.writeUInt8(AUTH_TYPE_RMCP_PLUS, 0);
  head.writeUInt8(flags | PAYLOAD_TYPES[type], 1);
  head.writeUInt32LE(sessionId, 2);
  head.writeUInt32LE(sequence, 6);
  head.writeUInt16LE(length, 10);
  return head;
}

/** A packet whose header was read. In a session nothing of it is to be believed before `openSession20`. */
export interface Received20 extends Session20 {
  readonly isEncrypted: boolean;
  readonly isAuthenticated: boolean;
  /** The whole packet from the authentication type on, for the integrity code. */
  readonly body: Buffer;
}

/** Reads the header, and the payload as it stands there. */
export function decodeSession20(body: Buffer): Decoded<Received20> {
  const short = tooShort(body, HEADER_BYTES, "the RMCP+ header");
  if (short !== null) return undecoded(short);
  if (body.readUInt8(0) !== AUTH_TYPE_RMCP_PLUS) return undecoded("it is not RMCP+");
  const flags = body.readUInt8(1);
  const type = payloadTypeOf(flags & TYPE_MASK);
  if (type === undefined) return undecoded(`its payload type ${flags & TYPE_MASK} is not known`);
  const length = body.readUInt16LE(10);
  if (body.length < HEADER_BYTES + length) return undecoded("the payload is cut off");
  return decoded({
    type,
    isEncrypted: (flags & ENCRYPTED) !== 0,
    isAuthenticated: (flags & AUTHENTICATED) !== 0,
    sessionId: body.readUInt32LE(2),
    sequence: body.readUInt32LE(6),
    payload: body.subarray(HEADER_BYTES, HEADER_BYTES + length),
    body,
  });
}

/**
 * Judges a packet of a session and takes it out of its envelope. One that is not signed or not encrypted is refused: the suites
 * that are spoken do both, and an honest peer sends no other.
 */
export function openSession20(received: Received20, keys: SessionKeys): Decoded<Session20> {
  const { type, sessionId, sequence, body, payload } = received;
  if (!received.isAuthenticated) return undecoded("it is not signed");
  if (!received.isEncrypted) return undecoded("it is not encrypted");
  const wrong = trailerFault(body, HEADER_BYTES + payload.length, keys);
  if (wrong !== null) return undecoded(wrong);
  if (payload.length < AES_BYTES) return undecoded("its encrypted payload is not whole blocks");
  const plain = decryptPayload(keys.k2, payload);
  return plain.ok ? decoded({ type, sessionId, sequence, payload: plain.value }) : plain;
}

/** What is wrong with the session trailer (table 13-8, 13.28.4); null where nothing is. */
function trailerFault(body: Buffer, trailerAt: number, { suite, k1 }: SessionKeys): string | null {
  const codeBytes = INTEGRITY_BYTES[suite.integrity];
  const codeAt = body.length - codeBytes;
  const padBytes = codeAt - TRAILER_BYTES - trailerAt;
  if (padBytes < 0) return "its session trailer is cut off";
  if (
    !isSameCode(body.subarray(codeAt), integrityCode(suite.integrity, k1, body.subarray(0, codeAt)))
  )
    return "its integrity code is wrong";
  // What follows was signed by who knows the key, and is wrong all the same.
  if (padBytes !== body.readUInt8(codeAt - TRAILER_BYTES) || padBytes >= ALIGNED)
    return "its integrity pad is wrong";
  return null;
}

function payloadTypeOf(byte: number): PayloadType | undefined {
  return PAYLOAD_NAMES.get(byte);
}

const PAYLOAD_NAMES: ReadonlyMap<number, PayloadType> = new Map([
  [PAYLOAD_TYPES.ipmi, "ipmi"],
  [PAYLOAD_TYPES.sol, "sol"],
  [PAYLOAD_TYPES.openSessionRequest, "openSessionRequest"],
  [PAYLOAD_TYPES.openSessionResponse, "openSessionResponse"],
  [PAYLOAD_TYPES.rakp1, "rakp1"],
  [PAYLOAD_TYPES.rakp2, "rakp2"],
  [PAYLOAD_TYPES.rakp3, "rakp3"],
  [PAYLOAD_TYPES.rakp4, "rakp4"],
]);
