import {
  CHECK_VALUE_BYTES,
  type CipherSuite,
  CIPHER_SUITES,
  CONFIDENTIALITY_ALGORITHMS,
  EXCHANGE_CODE_BYTES,
  INTEGRITY_ALGORITHMS,
  RAKP_ALGORITHMS,
  type RakpAlgorithm,
} from "./algorithms.ts";
import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";

/** RMCP+ and RAKP message status codes (IPMI 2.0, table 13-15). */
export const RAKP_STATUS = {
  ok: 0x00,
  noResources: 0x01,
  invalidSessionId: 0x02,
  invalidPayloadType: 0x03,
  invalidAuthentication: 0x04,
  invalidIntegrity: 0x05,
  noAuthenticationMatch: 0x06,
  noIntegrityMatch: 0x07,
  inactiveSessionId: 0x08,
  invalidRole: 0x09,
  unauthorizedRole: 0x0a,
  noResourcesAtRole: 0x0b,
  invalidNameLength: 0x0c,
  unauthorizedName: 0x0d,
  unauthorizedGuid: 0x0e,
  invalidCheckValue: 0x0f,
  invalidConfidentiality: 0x10,
  noSuiteMatch: 0x11,
  illegalParameter: 0x12,
} as const;

/** Privilege levels (6.8, 22.18). */
export const PRIVILEGES = {
  callback: 0x01,
  user: 0x02,
  operator: 0x03,
  administrator: 0x04,
} as const;
export type Privilege = keyof typeof PRIVILEGES;

const USERNAME_BYTES_MAX = 16;
const RANDOM_BYTES = 16;
const GUID_BYTES = 16;
/** RAKP 1: look the user up by name alone, and not by name and privilege (13.20). */
const NAME_ONLY = 0x10;
const PRIVILEGE_MASK = 0x0f;

const OPEN_REQUEST_BYTES = 32;
const OPEN_RESPONSE_BYTES = 36;
const ALGORITHMS_AT_REQUEST = 8;
const ALGORITHMS_AT_RESPONSE = 12;
const ALGORITHM_BYTES = 8;
const RAKP1_BYTES = 28;
const RAKP2_BYTES = 40;
/** RAKP 3 and 4 before their code, and every message that only says that something is wrong. */
const SHORT_BYTES = 8;

/** Open Session Request (13.17). */
export interface OpenRequest {
  readonly tag: number;
  /** 0 asks for the highest that the suite allows. */
  readonly privilege: number;
  readonly consoleId: number;
  /** Numbers of the three algorithms; a receiver may not know them. */
  readonly algorithms: AlgorithmNumbers;
}

/** The three algorithm numbers of a suite as they stand in a packet. */
export interface AlgorithmNumbers {
  readonly rakp: number;
  readonly integrity: number;
  readonly confidentiality: number;
}

/** A message that says why the login goes no further; ids are null where it is cut short. */
export interface RakpRefusal {
  readonly tag: number;
  /** Not 0. */
  readonly status: number;
  /** The session id of who receives it. */
  readonly sessionId: number | null;
}

/** Open Session Response (13.18). */
export type OpenResponse =
  | RakpRefusal
  | {
      readonly tag: number;
      readonly status: 0;
      readonly privilege: number;
      readonly consoleId: number;
      readonly bmcId: number;
      readonly algorithms: AlgorithmNumbers;
    };

/** RAKP Message 1 (13.20). */
export interface Rakp1 {
  readonly tag: number;
  readonly bmcId: number;
  readonly consoleRandom: Buffer;
  readonly privilege: number;
  readonly isNameOnly: boolean;
  /** At most 16 bytes. */
  readonly username: Buffer;
}

/** RAKP Message 2 (13.21). */
export type Rakp2 =
  | RakpRefusal
  | {
      readonly tag: number;
      readonly status: 0;
      readonly consoleId: number;
      readonly bmcRandom: Buffer;
      readonly guid: Buffer;
      readonly code: Buffer;
    };

/** RAKP Message 3 (13.22): with a status other than 0 it ends a login that the console gives up. */
export interface Rakp3 {
  readonly tag: number;
  readonly status: number;
  readonly bmcId: number;
  readonly code: Buffer;
}

/** RAKP Message 4 (13.23). */
export type Rakp4 =
  | RakpRefusal
  | { readonly tag: number; readonly status: 0; readonly consoleId: number; readonly code: Buffer };

/** The numbers of a suite. */
export function algorithmNumbers(suite: CipherSuite): AlgorithmNumbers {
  return {
    rakp: RAKP_ALGORITHMS[suite.rakp],
    integrity: INTEGRITY_ALGORITHMS[suite.integrity],
    confidentiality: CONFIDENTIALITY_ALGORITHMS[suite.confidentiality],
  };
}

/** The suite that has these numbers; undefined where none does that is spoken here. */
export function suiteOf(numbers: AlgorithmNumbers): CipherSuite | undefined {
  return CIPHER_SUITES.find((suite) => {
    const own = algorithmNumbers(suite);
    return (
      own.rakp === numbers.rakp &&
      own.integrity === numbers.integrity &&
      own.confidentiality === numbers.confidentiality
    );
  });
}

function writeAlgorithms(bytes: Buffer, at: number, numbers: AlgorithmNumbers): void {
  const three = [numbers.rakp, numbers.integrity, numbers.confidentiality];
  for (const [type, number] of three.entries()) {
    const from = at + type * ALGORITHM_BYTES;
    bytes.writeUInt8(type, from);
    bytes.writeUInt8(ALGORITHM_BYTES, from + 3);
    bytes.writeUInt8(number & 0x3f, from + 4);
  }
}

/** A length of 0 leaves the choice to the BMC (13.17): read as number 0, `none`, which no suite here has. */
function readAlgorithms(bytes: Buffer, at: number): Decoded<AlgorithmNumbers> {
  const three: number[] = [];
  for (const type of [0, 1, 2]) {
    const from = at + type * ALGORITHM_BYTES;
    if (bytes.readUInt8(from) !== type) return undecoded("its algorithms are out of order");
    three.push(bytes.readUInt8(from + 3) === 0 ? 0 : bytes.readUInt8(from + 4) & 0x3f);
  }
  const [rakp = 0, integrity = 0, confidentiality = 0] = three;
  return decoded({ rakp, integrity, confidentiality });
}

/** The payload of an Open Session Request. */
export function encodeOpenRequest(request: OpenRequest): Buffer {
  const bytes = Buffer.alloc(OPEN_REQUEST_BYTES);
  bytes.writeUInt8(request.tag, 0);
  bytes.writeUInt8(request.privilege, 1);
  bytes.writeUInt32LE(request.consoleId, 4);
  writeAlgorithms(bytes, ALGORITHMS_AT_REQUEST, request.algorithms);
  return bytes;
}

/** Reads an Open Session Request. */
export function decodeOpenRequest(bytes: Buffer): Decoded<OpenRequest> {
  const short = tooShort(bytes, OPEN_REQUEST_BYTES, "the Open Session Request");
  if (short !== null) return undecoded(short);
  const algorithms = readAlgorithms(bytes, ALGORITHMS_AT_REQUEST);
  if (!algorithms.ok) return algorithms;
  return decoded({
    tag: bytes.readUInt8(0),
    privilege: bytes.readUInt8(1) & PRIVILEGE_MASK,
    consoleId: bytes.readUInt32LE(4),
    algorithms: algorithms.value,
  });
}

/** The payload of an Open Session Response. */
export function encodeOpenResponse(response: OpenResponse): Buffer {
  if (!("bmcId" in response)) return encodeRefusal(response);
  const bytes = Buffer.alloc(OPEN_RESPONSE_BYTES);
  bytes.writeUInt8(response.tag, 0);
  bytes.writeUInt8(response.privilege, 2);
  bytes.writeUInt32LE(response.consoleId, 4);
  bytes.writeUInt32LE(response.bmcId, 8);
  writeAlgorithms(bytes, ALGORITHMS_AT_RESPONSE, response.algorithms);
  return bytes;
}

/** Reads an Open Session Response. */
export function decodeOpenResponse(bytes: Buffer): Decoded<OpenResponse> {
  const refusal = refusalIn(bytes, "the Open Session Response");
  if (refusal !== null) return refusal;
  const short = tooShort(bytes, OPEN_RESPONSE_BYTES, "the Open Session Response");
  if (short !== null) return undecoded(short);
  const algorithms = readAlgorithms(bytes, ALGORITHMS_AT_RESPONSE);
  if (!algorithms.ok) return algorithms;
  return decoded({
    tag: bytes.readUInt8(0),
    status: 0,
    privilege: bytes.readUInt8(2) & PRIVILEGE_MASK,
    consoleId: bytes.readUInt32LE(4),
    bmcId: bytes.readUInt32LE(8),
    algorithms: algorithms.value,
  });
}

function encodeRefusal({ tag, status, sessionId }: RakpRefusal): Buffer {
  const bytes = Buffer.alloc(SHORT_BYTES);
  bytes.writeUInt8(tag, 0);
  bytes.writeUInt8(status, 1);
  bytes.writeUInt32LE(sessionId ?? 0, 4);
  return bytes;
}

/** A message with a status other than 0; null where it has none. Some BMCs leave out what follows the status. */
function refusalIn(bytes: Buffer, what: string): Decoded<RakpRefusal> | null {
  const short = tooShort(bytes, 2, what);
  if (short !== null) return undecoded(short);
  const status = bytes.readUInt8(1);
  if (status === RAKP_STATUS.ok) return null;
  const sessionId = bytes.length < SHORT_BYTES ? null : bytes.readUInt32LE(4);
  return decoded({ tag: bytes.readUInt8(0), status, sessionId });
}

/** The payload of RAKP Message 1. */
export function encodeRakp1(message: Rakp1): Buffer {
  const bytes = Buffer.alloc(RAKP1_BYTES);
  bytes.writeUInt8(message.tag, 0);
  bytes.writeUInt32LE(message.bmcId, 4);
  message.consoleRandom.copy(bytes, 8, 0, RANDOM_BYTES);
  bytes.writeUInt8(roleOf(message), 24);
  bytes.writeUInt8(message.username.length, 27);
  return Buffer.concat([bytes, message.username]);
}

/** Reads RAKP Message 1. */
export function decodeRakp1(bytes: Buffer): Decoded<Rakp1> {
  const short = tooShort(bytes, RAKP1_BYTES, "RAKP message 1");
  if (short !== null) return undecoded(short);
  const nameBytes = bytes.readUInt8(27);
  if (nameBytes > USERNAME_BYTES_MAX) return undecoded("its user name is longer than 16 bytes");
  if (bytes.length < RAKP1_BYTES + nameBytes) return undecoded("its user name is cut off");
  const role = bytes.readUInt8(24);
  return decoded({
    tag: bytes.readUInt8(0),
    bmcId: bytes.readUInt32LE(4),
    consoleRandom: bytes.subarray(8, 8 + RANDOM_BYTES),
    privilege: role & PRIVILEGE_MASK,
    isNameOnly: (role & NAME_ONLY) !== 0,
    username: bytes.subarray(RAKP1_BYTES, RAKP1_BYTES + nameBytes),
  });
}

/** The payload of RAKP Message 2. */
export function encodeRakp2(message: Rakp2): Buffer {
  if (!("guid" in message)) return encodeRefusal(message);
  const bytes = Buffer.alloc(RAKP2_BYTES);
  bytes.writeUInt8(message.tag, 0);
  bytes.writeUInt32LE(message.consoleId, 4);
  message.bmcRandom.copy(bytes, 8, 0, RANDOM_BYTES);
  message.guid.copy(bytes, 24, 0, GUID_BYTES);
  return Buffer.concat([bytes, message.code]);
}

/** Reads RAKP Message 2; its code has the length that the algorithm gives it. */
export function decodeRakp2(bytes: Buffer, algorithm: RakpAlgorithm): Decoded<Rakp2> {
  const refusal = refusalIn(bytes, "RAKP message 2");
  if (refusal !== null) return refusal;
  if (bytes.length !== RAKP2_BYTES + EXCHANGE_CODE_BYTES[algorithm])
    return undecoded(`RAKP message 2 has ${bytes.length} bytes, which ${algorithm} does not make`);
  return decoded({
    tag: bytes.readUInt8(0),
    status: 0,
    consoleId: bytes.readUInt32LE(4),
    bmcRandom: bytes.subarray(8, 8 + RANDOM_BYTES),
    guid: bytes.subarray(24, 24 + GUID_BYTES),
    code: bytes.subarray(RAKP2_BYTES),
  });
}

/** The payload of RAKP Message 3. */
export function encodeRakp3({ tag, status, bmcId, code }: Rakp3): Buffer {
  return Buffer.concat([encodeRefusal({ tag, status, sessionId: bmcId }), code]);
}

/** Reads RAKP Message 3. */
export function decodeRakp3(bytes: Buffer): Decoded<Rakp3> {
  const short = tooShort(bytes, SHORT_BYTES, "RAKP message 3");
  if (short !== null) return undecoded(short);
  return decoded({
    tag: bytes.readUInt8(0),
    status: bytes.readUInt8(1),
    bmcId: bytes.readUInt32LE(4),
    code: bytes.subarray(SHORT_BYTES),
  });
}

/** The payload of RAKP Message 4. */
export function encodeRakp4(message: Rakp4): Buffer {
  if (!("code" in message)) return encodeRefusal(message);
  const { tag, consoleId, code } = message;
  return Buffer.concat([encodeRefusal({ tag, status: 0, sessionId: consoleId }), code]);
}

/** Reads RAKP Message 4; its code has the length that the algorithm gives it. */
export function decodeRakp4(bytes: Buffer, algorithm: RakpAlgorithm): Decoded<Rakp4> {
  const refusal = refusalIn(bytes, "RAKP message 4");
  if (refusal !== null) return refusal;
  if (bytes.length !== SHORT_BYTES + CHECK_VALUE_BYTES[algorithm])
    return undecoded(`RAKP message 4 has ${bytes.length} bytes, which ${algorithm} does not make`);
  return decoded({
    tag: bytes.readUInt8(0),
    status: 0,
    consoleId: bytes.readUInt32LE(4),
    code: bytes.subarray(SHORT_BYTES),
  });
}

/** The byte of RAKP 1 that says privilege and look-up; the codes cover it whole (13.20, 13.31). */
export function roleOf({ privilege, isNameOnly }: Pick<Rakp1, "privilege" | "isNameOnly">): number {
  return (privilege & PRIVILEGE_MASK) | (isNameOnly ? NAME_ONLY : 0);
}
