import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";
import { AUTH_TYPES, type AuthType, zeroPadded } from "./session15.ts";

/** Commands about sessions, all of network function App (IPMI 2.0, table G-1). */
export const SESSION_COMMANDS = {
  getChannelAuthCapabilities: 0x38,
  getSessionChallenge: 0x39,
  activateSession: 0x3a,
  setSessionPrivilege: 0x3b,
  closeSession: 0x3c,
  getChannelCipherSuites: 0x54,
} as const;

/** The channel by which the request came (6.3). */
export const THIS_CHANNEL = 0x0e;

const EXTENDED = 0x80;
const NIBBLE = 0x0f;
const USERNAME_BYTES = 16;
const CHALLENGE_BYTES = 16;

/** Get Channel Authentication Capabilities, request (22.13). */
export interface AuthCapabilitiesRequest {
  readonly channel: number;
  /** Asks for what RMCP+ adds too; BMCs of IPMI 1.5 may refuse that bit. */
  readonly isExtended: boolean;
  readonly privilege: number;
}

/** Get Channel Authentication Capabilities, response (22.13). */
export interface AuthCapabilities {
  readonly channel: number;
  /** Authentication types of IPMI 1.5 at the privilege that was asked for. */
  readonly authTypes: readonly AuthType[];
  /** Kg is not all zeros, so both keys are needed. */
  readonly hasKg: boolean;
  readonly isPerMessageAuthOff: boolean;
  readonly isUserAuthOff: boolean;
  readonly hasNamedUsers: boolean;
  readonly hasNullUsers: boolean;
  readonly hasAnonymous: boolean;
  readonly speaks15: boolean;
  readonly speaks20: boolean;
}

/** Data of the request. */
export function encodeAuthCapabilitiesRequest(request: AuthCapabilitiesRequest): Buffer {
  const { channel, isExtended, privilege } = request;
  return Buffer.from([channel | (isExtended ? EXTENDED : 0), privilege]);
}

/** Reads the request's data. */
export function decodeAuthCapabilitiesRequest(data: Buffer): Decoded<AuthCapabilitiesRequest> {
  const short = tooShort(data, 2, "the request");
  if (short !== null) return undecoded(short);
  return decoded({
    channel: data.readUInt8(0) & NIBBLE,
    isExtended: (data.readUInt8(0) & EXTENDED) !== 0,
    privilege: data.readUInt8(1) & NIBBLE,
  });
}

/** Bits of the fourth byte, and what they say. */
const STATUS_BITS = [
  ["hasKg", 0x20],
  ["isPerMessageAuthOff", 0x10],
  ["isUserAuthOff", 0x08],
  ["hasNamedUsers", 0x04],
  ["hasNullUsers", 0x02],
  ["hasAnonymous", 0x01],
] as const;

/** Data of the response; what RMCP+ adds is said where the request asked for it. */
export function encodeAuthCapabilities(said: AuthCapabilities, isExtended: boolean): Buffer {
  const types = said.authTypes.reduce((bits, type) => bits | (1 << AUTH_TYPES[type]), 0);
  const status = STATUS_BITS.reduce((bits, [name, bit]) => (said[name] ? bits | bit : bits), 0);
  const versions = (said.speaks15 ? 0x01 : 0) | (said.speaks20 ? 0x02 : 0);
  return Buffer.from([
    said.channel,
    types | (isExtended ? EXTENDED : 0),
    status,
    isExtended ? versions : 0,
    0,
    0,
    0,
    0,
  ]);
}

/** Reads the response's data. */
export function decodeAuthCapabilities(data: Buffer): Decoded<AuthCapabilities> {
  const short = tooShort(data, 8, "the response");
  if (short !== null) return undecoded(short);
  const types = data.readUInt8(1);
  const status = data.readUInt8(2);
  const versions = data.readUInt8(3);
  const isExtended = (types & EXTENDED) !== 0;
  const bit = (one: number): boolean => (status & one) !== 0;
  const all: readonly AuthType[] = ["none", "md5", "password"];
  return decoded({
    channel: data.readUInt8(0) & NIBBLE,
    authTypes: all.filter((type) => (types & (1 << AUTH_TYPES[type])) !== 0),
    hasKg: isExtended && bit(0x20),
    isPerMessageAuthOff: bit(0x10),
    isUserAuthOff: bit(0x08),
    hasNamedUsers: bit(0x04),
    hasNullUsers: bit(0x02),
    hasAnonymous: bit(0x01),
    speaks15: !isExtended || (versions & 0x01) !== 0,
    speaks20: isExtended && (versions & 0x02) !== 0,
  });
}

/** Get Session Challenge, request (22.16). */
export interface ChallengeRequest {
  readonly authType: AuthType;
  /** At most 16 bytes. */
  readonly username: Buffer;
}

/** Get Session Challenge, response (22.16). */
export interface Challenge {
  readonly temporaryId: number;
  readonly challenge: Buffer;
}

/** Data of the request. */
export function encodeChallengeRequest({ authType, username }: ChallengeRequest): Buffer {
  return Buffer.concat([Buffer.from([AUTH_TYPES[authType]]), zeroPadded(username, USERNAME_BYTES)]);
}

/** Reads the request's data. */
export function decodeChallengeRequest(data: Buffer): Decoded<ChallengeRequest> {
  const short = tooShort(data, 1 + USERNAME_BYTES, "the request");
  if (short !== null) return undecoded(short);
  const authType = authTypeIn(data.readUInt8(0));
  if (authType === undefined) return undecoded("its authentication type is not known");
  const name = data.subarray(1, 1 + USERNAME_BYTES);
  const end = name.indexOf(0);
  return decoded({ authType, username: end < 0 ? name : name.subarray(0, end) });
}

/** Data of the response. */
export function encodeChallenge({ temporaryId, challenge }: Challenge): Buffer {
  const bytes = Buffer.alloc(4 + CHALLENGE_BYTES);
  bytes.writeUInt32LE(temporaryId, 0);
  challenge.copy(bytes, 4, 0, CHALLENGE_BYTES);
  return bytes;
}

/** Reads the response's data. */
export function decodeChallenge(data: Buffer): Decoded<Challenge> {
  const short = tooShort(data, 4 + CHALLENGE_BYTES, "the response");
  if (short !== null) return undecoded(short);
  const challenge = data.subarray(4, 4 + CHALLENGE_BYTES);
  return decoded({ temporaryId: data.readUInt32LE(0), challenge });
}

/** Activate Session, request (22.17). */
export interface ActivateRequest {
  readonly authType: AuthType;
  readonly privilege: number;
  readonly challenge: Buffer;
  /** The number with which the BMC begins its packets to the console; not 0. */
  readonly outboundSequence: number;
}

/** Activate Session, response (22.17). */
export interface Activated {
  readonly authType: AuthType;
  readonly sessionId: number;
  /** The number with which the console begins its packets to the BMC. */
  readonly inboundSequence: number;
  readonly privilege: number;
}

/** Data of the request. */
export function encodeActivateRequest(request: ActivateRequest): Buffer {
  const bytes = Buffer.alloc(22);
  bytes.writeUInt8(AUTH_TYPES[request.authType], 0);
  bytes.writeUInt8(request.privilege, 1);
  request.challenge.copy(bytes, 2, 0, CHALLENGE_BYTES);
  bytes.writeUInt32LE(request.outboundSequence, 18);
  return bytes;
}

/** Reads the request's data. */
export function decodeActivateRequest(data: Buffer): Decoded<ActivateRequest> {
  const short = tooShort(data, 22, "the request");
  if (short !== null) return undecoded(short);
  const authType = authTypeIn(data.readUInt8(0));
  if (authType === undefined) return undecoded("its authentication type is not known");
  return decoded({
    authType,
    privilege: data.readUInt8(1) & NIBBLE,
    challenge: data.subarray(2, 2 + CHALLENGE_BYTES),
    outboundSequence: data.readUInt32LE(18),
  });
}

/** Data of the response. */
export function encodeActivated(activated: Activated): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt8(AUTH_TYPES[activated.authType], 0);
  bytes.writeUInt32LE(activated.sessionId, 1);
  bytes.writeUInt32LE(activated.inboundSequence, 5);
  bytes.writeUInt8(activated.privilege, 9);
  return bytes;
}

/** Reads the response's data. */
export function decodeActivated(data: Buffer): Decoded<Activated> {
  const short = tooShort(data, 10, "the response");
  if (short !== null) return undecoded(short);
  const authType = authTypeIn(data.readUInt8(0));
  if (authType === undefined) return undecoded("its authentication type is not known");
  return decoded({
    authType,
    sessionId: data.readUInt32LE(1),
    inboundSequence: data.readUInt32LE(5),
    privilege: data.readUInt8(9) & NIBBLE,
  });
}

/** Set Session Privilege Level (22.18): the one byte of request and response alike; 0 in a request only asks. */
export function encodePrivilege(privilege: number): Buffer {
  return Buffer.from([privilege]);
}

/** Reads it. */
export function decodePrivilege(data: Buffer): Decoded<number> {
  const short = tooShort(data, 1, "the message");
  return short === null ? decoded(data.readUInt8(0) & NIBBLE) : undecoded(short);
}

/** Close Session, request (22.19); its response has no data. */
export function encodeCloseSession(sessionId: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(sessionId);
  return bytes;
}

/** Reads it. */
export function decodeCloseSession(data: Buffer): Decoded<number> {
  const short = tooShort(data, 4, "the request");
  return short === null ? decoded(data.readUInt32LE(0)) : undecoded(short);
}

const LIST_BY_SUITE = 0x80;
const LIST_INDEX_MASK = 0x3f;
/** Bytes of records in one answer; fewer mean that it is the last (22.15). */
export const SUITE_LIST_BYTES = 16;
const STANDARD_RECORD = 0xc0;
const OEM_RECORD = 0xc1;
/** Bytes before the algorithms of a record: start and id; an OEM's has its three bytes of IANA number too. */
const RECORD_HEAD_BYTES: ReadonlyMap<number, number> = new Map([
  [STANDARD_RECORD, 2],
  [OEM_RECORD, 5],
]);
/** Two upper bits of a byte: 00, 01 and 10 are algorithms, 11 begins a record. */
const RECORD_START = 0xc0;

/** Get Channel Cipher Suites, request (22.15). */
export interface SuitesRequest {
  readonly channel: number;
  readonly payloadType: number;
  /** Which 16 bytes of the list, 0 to 63. */
  readonly index: number;
}

/** Data of the request. */
export function encodeSuitesRequest({ channel, payloadType, index }: SuitesRequest): Buffer {
  return Buffer.from([channel, payloadType, LIST_BY_SUITE | (index & LIST_INDEX_MASK)]);
}

/** Reads the request's data. */
export function decodeSuitesRequest(data: Buffer): Decoded<SuitesRequest> {
  const short = tooShort(data, 3, "the request");
  if (short !== null) return undecoded(short);
  return decoded({
    channel: data.readUInt8(0) & NIBBLE,
    payloadType: data.readUInt8(1) & 0x3f,
    index: data.readUInt8(2) & LIST_INDEX_MASK,
  });
}

/** One suite of a channel, whether it is spoken here or not. */
export interface SuiteRecord {
  readonly id: number;
  readonly rakp: number;
  readonly integrity: number;
  readonly confidentiality: number;
}

/** The whole list of records of standard suites (table 22-19), of which answers carry 16 bytes each. */
export function encodeSuiteRecords(records: readonly SuiteRecord[]): Buffer {
  return Buffer.from(
    records.flatMap(({ id, rakp, integrity, confidentiality }) => [
      STANDARD_RECORD,
      id,
      rakp & 0x3f,
      0x40 | (integrity & 0x3f),
      0x80 | (confidentiality & 0x3f),
    ]),
  );
}

/** Reads a whole list; suites of an OEM are left out. */
export function decodeSuiteRecords(list: Buffer): Decoded<readonly SuiteRecord[]> {
  const records: SuiteRecord[] = [];
  let at = 0;
  while (at < list.length) {
    const start = list.readUInt8(at);
    const head = RECORD_HEAD_BYTES.get(start);
    if (head === undefined) return undecoded(`a suite begins with the byte ${start}`);
    if (list.length < at + head) return undecoded("a suite is cut off");
    const id = list.readUInt8(at + 1);
    at += head;
    const algorithms: [number, number, number] = [0, 0, 0];
    for (; at < list.length && list.readUInt8(at) < RECORD_START; at += 1)
      algorithms[(list.readUInt8(at) >> 6) & 3] = list.readUInt8(at) & 0x3f;
    const [rakp, integrity, confidentiality] = algorithms;
    if (start === STANDARD_RECORD) records.push({ id, rakp, integrity, confidentiality });
  }
  return decoded(records);
}

function authTypeIn(byte: number): AuthType | undefined {
  const all: readonly AuthType[] = ["none", "md5", "password"];
  return all.find((type) => AUTH_TYPES[type] === (byte & NIBBLE));
}
