import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";

/** Commands of network function App about who is logged in (IPMI 2.0, table G-1). */
export const WHO_COMMANDS = {
  getSessionInfo: 0x3d,
  getUserName: 0x46,
} as const;

/** Session index: the session whose id follows (22.20). */
const BY_ID = 0xff;
const IP_AT = 6;
const IP_BYTES = 4;
const NAME_BYTES = 16;

/** Data of Get Session Info for the session of an id. */
export function encodeSessionInfoById(sessionId: number): Buffer {
  const data = Buffer.alloc(5);
  data.writeUInt8(BY_ID, 0);
  data.writeUInt32LE(sessionId, 1);
  return data;
}

/** Reads it; null where another session is asked for. */
export function decodeSessionInfoById(data: Buffer): number | null {
  return data.length >= 5 && data[0] === BY_ID ? data.readUInt32LE(1) : null;
}

/** Whose a session is. */
export interface SessionInfo {
  /** Number of the user, from 1 on; 0: the BMC does not say. */
  readonly userId: number;
  readonly privilege: number;
  /** IPv4 of the remote console; null where it is no session of a LAN, or it is 0.0.0.0. */
  readonly address: string | null;
}

/** Reads the answer; null where there is no such session (it is cut short then). */
export function decodeSessionInfo(data: Buffer): Decoded<SessionInfo | null> {
  const short = tooShort(data, 3, "the response");
  if (short !== null) return undecoded(short);
  if (data.length < IP_AT) return decoded(null);
  const ip = [...data.subarray(IP_AT, IP_AT + IP_BYTES)];
  const isKnown = ip.length === IP_BYTES && ip.some((byte) => byte !== 0);
  return decoded({
    userId: data.readUInt8(3) & 0x3f,
    privilege: data.readUInt8(4) & 0x0f,
    address: isKnown ? ip.join(".") : null,
  });
}

/** Data of Get User Name (22.29). */
export function encodeGetUserName(userId: number): Buffer {
  return Buffer.from([userId & 0x3f]);
}

/** The name in 16 bytes, zeros behind it. */
export function encodeUserName(name: string): Buffer {
  const bytes = Buffer.alloc(NAME_BYTES);
  bytes.write(name, "utf8");
  return bytes;
}

/** Reads the answer, up to the first zero. The name is the BMC's word: it may hold anything. */
export function decodeUserName(data: Buffer): string {
  const end = data.indexOf(0);
  return data.subarray(0, end === -1 ? NAME_BYTES : Math.min(end, NAME_BYTES)).toString("utf8");
}
