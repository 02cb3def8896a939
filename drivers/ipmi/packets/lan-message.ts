import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";

/** Slave address of a BMC, and the software id that remote consoles use (IPMI 2.0, 5.4 and 5.5). */
export const BMC_ADDRESS = 0x20;
export const CONSOLE_ADDRESS = 0x81;

/** Network functions of requests (5.1); a response has the next odd number. */
export const NET_FN = {
  chassis: 0x00,
  sensor: 0x04,
  app: 0x06,
  storage: 0x0a,
  transport: 0x0c,
} as const;

/** Sequence numbers of requests have six bits (13.8). */
export const RQ_SEQ_COUNT = 64;

const REQUEST_LEAST = 7;
const RESPONSE_LEAST = 8;
/** Bytes under the first checksum, that one included. */
const HEAD_BYTES = 3;

interface Addressed {
  readonly responder: number;
  readonly responderLun: number;
  readonly requester: number;
  readonly requesterLun: number;
  /** 0 to 63: tells which request a response answers. */
  readonly rqSeq: number;
  readonly command: number;
  readonly data: Buffer;
}

/** A request as it is carried over LAN (13.8); `netFn` is even. */
export interface LanRequest extends Addressed {
  readonly netFn: number;
}

/** A response as it is carried over LAN (13.8); `netFn` is that of the request, so even too. */
export interface LanResponse extends Addressed {
  readonly netFn: number;
  /** Table 5-2; 0 is success. */
  readonly completion: number;
}

/** Two's complement of the sum, so that bytes and checksum add up to zero (13.8). */
export function checksum(bytes: Buffer): number {
  let sum = 0;
  for (const byte of bytes) sum = (sum + byte) & 0xff;
  return (0x100 - sum) & 0xff;
}

/** Makes a request that a remote console sends to a BMC. */
export function lanRequest(
  netFn: number,
  command: number,
  data: Buffer,
  rqSeq: number,
): LanRequest {
  return {
    responder: BMC_ADDRESS,
    responderLun: 0,
    requester: CONSOLE_ADDRESS,
    requesterLun: 0,
    rqSeq,
    netFn,
    command,
    data,
  };
}

/** Makes the response to a request. */
export function lanResponse(request: LanRequest, completion: number, data: Buffer): LanResponse {
  return { ...request, completion, data };
}

/** The bytes of a request. */
export function encodeLanRequest(request: LanRequest): Buffer {
  const { responder, responderLun, requester, requesterLun, rqSeq, netFn, command } = request;
  const head = [responder, (netFn << 2) | responderLun];
  const body = [requester, (rqSeq << 2) | requesterLun, command];
  return framed(head, body, request.data);
}

/** The bytes of a response. */
export function encodeLanResponse(response: LanResponse): Buffer {
  const { responder, responderLun, requester, requesterLun, rqSeq, netFn, command } = response;
  const head = [requester, ((netFn | 1) << 2) | requesterLun];
  const body = [responder, (rqSeq << 2) | responderLun, command, response.completion];
  return framed(head, body, response.data);
}

function framed(head: readonly number[], body: readonly number[], data: Buffer): Buffer {
  const first = Buffer.from(head);
  const second = Buffer.concat([Buffer.from(body), data]);
  return Buffer.concat([
    first,
    Buffer.from([checksum(first)]),
    second,
    Buffer.from([checksum(second)]),
  ]);
}

/** Why the checksums or the length are wrong; null where they are not. */
function misframed(bytes: Buffer, least: number): string | null {
  const short = tooShort(bytes, least, "the IPMI message");
  if (short !== null) return short;
  if (checksum(bytes.subarray(0, HEAD_BYTES)) !== 0) return "its first checksum is wrong";
  if (checksum(bytes.subarray(HEAD_BYTES)) !== 0) return "its second checksum is wrong";
  return null;
}

/** Reads a request. */
export function decodeLanRequest(bytes: Buffer): Decoded<LanRequest> {
  const wrong = misframed(bytes, REQUEST_LEAST);
  if (wrong !== null) return undecoded(wrong);
  const netFn = bytes.readUInt8(1) >> 2;
  if (netFn % 2 !== 0) return undecoded("it is a response where a request belongs");
  return decoded({
    responder: bytes.readUInt8(0),
    responderLun: bytes.readUInt8(1) & 3,
    requester: bytes.readUInt8(3),
    requesterLun: bytes.readUInt8(4) & 3,
    rqSeq: bytes.readUInt8(4) >> 2,
    netFn,
    command: bytes.readUInt8(5),
    data: bytes.subarray(6, -1),
  });
}

/** Reads a response. */
export function decodeLanResponse(bytes: Buffer): Decoded<LanResponse> {
  const wrong = misframed(bytes, RESPONSE_LEAST);
  if (wrong !== null) return undecoded(wrong);
  const netFn = bytes.readUInt8(1) >> 2;
  if (netFn % 2 === 0) return undecoded("it is a request where a response belongs");
  return decoded({
    responder: bytes.readUInt8(3),
    responderLun: bytes.readUInt8(4) & 3,
    requester: bytes.readUInt8(0),
    requesterLun: bytes.readUInt8(1) & 3,
    rqSeq: bytes.readUInt8(4) >> 2,
    netFn: netFn - 1,
    command: bytes.readUInt8(5),
    completion: bytes.readUInt8(6),
    data: bytes.subarray(7, -1),
  });
}
