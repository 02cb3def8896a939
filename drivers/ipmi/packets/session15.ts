import { createHash, timingSafeEqual } from "node:crypto";
import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";

/** Authentication types of IPMI 1.5 that are spoken here (IPMI 2.0, table 13-8); MD2 is no longer known to Node. */
export const AUTH_TYPES = { none: 0x00, md5: 0x02, password: 0x04 } as const;
export type AuthType = keyof typeof AUTH_TYPES;

/** The byte in which RMCP+ says that it is not IPMI 1.5 (13.6). */
export const AUTH_TYPE_RMCP_PLUS = 0x06;

const AUTH_CODE_BYTES = 16;
/** Bytes before the authentication code. */
const HEADER_BYTES = 9;
/** Password of IPMI 1.5: 16 bytes, zeros behind it (22.17.1). */
export const PASSWORD15_BYTES = 16;
/** With these lengths some adapters sent frames wrongly; a pad byte avoids them (13.6, Legacy PAD). Of the datagram. */
const LEGACY_PAD_AT = new Set([56, 84, 112, 128, 156]);
const RMCP_HEADER_BYTES = 4;

/** The IPMI 1.5 session wrapper (table 13-8) around one IPMI message. */
export interface Session15 {
  readonly authType: AuthType;
  /** 0 outside a session. */
  readonly sequence: number;
  /** 0 outside a session. */
  readonly sessionId: number;
  readonly payload: Buffer;
}

/** One that was read; its code was not looked at yet. */
export interface Received15 extends Session15 {
  /** Null where the type is `none`. */
  readonly authCode: Buffer | null;
}

/** The body of an RMCP message of class `ipmi`; `password` goes into the code and nowhere else, but with type `password`. */
export function encodeSession15(session: Session15, password: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(AUTH_TYPES[session.authType], 0);
  header.writeUInt32LE(session.sequence, 1);
  header.writeUInt32LE(session.sessionId, 5);
  const parts = [
    header,
    authCode15(session, password),
    Buffer.from([session.payload.length]),
    session.payload,
  ];
  const body = Buffer.concat(parts);
  const padded = LEGACY_PAD_AT.has(RMCP_HEADER_BYTES + body.length);
  return padded ? Buffer.concat([body, Buffer.alloc(1)]) : body;
}

/** Reads the wrapper; the code is judged by `isAuthentic15`. */
export function decodeSession15(body: Buffer): Decoded<Received15> {
  const short = tooShort(body, HEADER_BYTES + 1, "the session header");
  if (short !== null) return undecoded(short);
  const authType = authTypeOf(body.readUInt8(0));
  if (authType === undefined)
    return undecoded(`its authentication type ${body.readUInt8(0)} is not known`);
  const codeBytes = authType === "none" ? 0 : AUTH_CODE_BYTES;
  const lengthAt = HEADER_BYTES + codeBytes;
  if (body.length <= lengthAt) return undecoded("the session header is cut off");
  const payload = body.subarray(lengthAt + 1);
  const length = body.readUInt8(lengthAt);
  const surplus = payload.length - length;
  if (surplus < 0) return undecoded("the payload is cut off");
  if (surplus > 1) return undecoded("bytes follow the payload");
  return decoded({
    authType,
    sequence: body.readUInt32LE(1),
    sessionId: body.readUInt32LE(5),
    authCode: codeBytes === 0 ? null : body.subarray(HEADER_BYTES, lengthAt),
    payload: payload.subarray(0, length),
  });
}

/** True where the code fits password, session, number and payload. Without a code there is nothing to judge: true. */
export function isAuthentic15(received: Received15, password: Buffer): boolean {
  if (received.authCode === null) return true;
  return timingSafeEqual(received.authCode, authCode15(received, password));
}

function authTypeOf(byte: number): AuthType | undefined {
  const types: readonly AuthType[] = ["none", "md5", "password"];
  return types.find((type) => AUTH_TYPES[type] === byte);
}

/** Authentication code of a packet in a session (22.17.1); for `password` that is the password itself. */
function authCode15(
  { authType, sessionId, sequence, payload }: Session15,
  password: Buffer,
): Buffer {
  if (authType === "none") return Buffer.alloc(0);
  const key = zeroPadded(password, PASSWORD15_BYTES);
  if (authType === "password") return key;
  const id = Buffer.alloc(4);
  const number = Buffer.alloc(4);
  id.writeUInt32LE(sessionId);
  number.writeUInt32LE(sequence);
  const text = Buffer.concat([key, id, payload, number, key]);
  return createHash("md5").update(text).digest();
}

/** Exactly so many bytes: zeros behind what is shorter, nothing of what is longer. */
export function zeroPadded(bytes: Buffer, length: number): Buffer {
  const padded = Buffer.alloc(length);
  bytes.copy(padded);
  return padded;
}
