import { type Decoded, decoded, tooShort, undecoded } from "./decoded.ts";
import { PAYLOAD_TYPES } from "./session20.ts";

/** Commands of network function App about payloads (IPMI 2.0, table G-1). */
export const PAYLOAD_COMMANDS = {
  activate: 0x48,
  deactivate: 0x49,
  getActivationStatus: 0x4a,
  getInstanceInfo: 0x4b,
} as const;

/** Completion codes of Activate Payload (24.1). */
export const ACTIVATE_COMPLETIONS = {
  /** Somebody's session has it: it is asked for before it is taken over. */
  alreadyActive: 0x80,
  disabled: 0x81,
  limitReached: 0x82,
  notEncrypted: 0x83,
  notInTheClear: 0x84,
} as const;

/** Of Deactivate Payload (24.2): it is so already. */
export const ALREADY_INACTIVE = 0x80;

const ENCRYPTED = 0x80;
const AUTHENTICATED = 0x40;

/** Activate Payload of Serial over LAN, request (24.1): encrypted and signed as the session is. */
export interface ActivateSol {
  /** 1 to 15; BMCs have one. */
  readonly instance: number;
  readonly isEncrypted: boolean;
  readonly isAuthenticated: boolean;
}

/** Data of the request. */
export function encodeActivateSol(request: ActivateSol): Buffer {
  const { instance, isEncrypted, isAuthenticated } = request;
  const flags = (isEncrypted ? ENCRYPTED : 0) | (isAuthenticated ? AUTHENTICATED : 0);
  return Buffer.from([PAYLOAD_TYPES.sol, instance, flags, 0, 0, 0]);
}

/** Reads the request's data. */
export function decodeActivateSol(data: Buffer): Decoded<ActivateSol> {
  const wrong = notSol(data, 6);
  if (wrong !== null) return undecoded(wrong);
  const flags = data.readUInt8(2);
  return decoded({
    instance: data.readUInt8(1) & 0x0f,
    isEncrypted: (flags & ENCRYPTED) !== 0,
    isAuthenticated: (flags & AUTHENTICATED) !== 0,
  });
}

function notSol(data: Buffer, least: number): string | null {
  const short = tooShort(data, least, "the request");
  if (short !== null) return short;
  return (data.readUInt8(0) & 0x3f) === PAYLOAD_TYPES.sol ? null : "its payload is not SOL";
}

/** Activate Payload, response (24.1). */
export interface SolActivated {
  /** Bytes that one packet to the BMC may have, header included; and one from it. */
  readonly inboundBytes: number;
  readonly outboundBytes: number;
  /** Where SOL packets go; mostly the port of the session. */
  readonly port: number;
}

const NO_VLAN = 0xffff;

/** Data of the response. */
export function encodeSolActivated({ inboundBytes, outboundBytes, port }: SolActivated): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16LE(inboundBytes, 4);
  bytes.writeUInt16LE(outboundBytes, 6);
  bytes.writeUInt16LE(port, 8);
  bytes.writeUInt16LE(NO_VLAN, 10);
  return bytes;
}

/** Reads the response's data; some BMCs leave out the VLAN. */
export function decodeSolActivated(data: Buffer): Decoded<SolActivated> {
  const short = tooShort(data, 10, "the response");
  if (short !== null) return undecoded(short);
  return decoded({
    inboundBytes: data.readUInt16LE(4),
    outboundBytes: data.readUInt16LE(6),
    port: data.readUInt16LE(8),
  });
}

/** Data of Deactivate Payload for SOL (24.2). */
export function encodeDeactivateSol(instance: number): Buffer {
  return Buffer.from([PAYLOAD_TYPES.sol, instance, 0, 0, 0, 0]);
}

/** Reads them; answers the instance. */
export function decodeDeactivateSol(data: Buffer): Decoded<number> {
  const wrong = notSol(data, 2);
  return wrong === null ? decoded(data.readUInt8(1) & 0x0f) : undecoded(wrong);
}

/** Data of Get Payload Instance Info for SOL (24.5). */
export function encodeSolInstanceInfo(instance: number): Buffer {
  return Buffer.from([PAYLOAD_TYPES.sol, instance]);
}

/** Reads its answer: the session that has the console; 0: none. What follows is of the payload, and left out by some BMCs. */
export function decodeSolInstanceInfo(data: Buffer): Decoded<number> {
  const short = tooShort(data, 4, "the response");
  return short === null ? decoded(data.readUInt32LE(0)) : undecoded(short);
}

const NUMBER_MASK = 0x0f;
const HEADER_BYTES = 4;
/** Sequence numbers of SOL packets run from 1 to 15; 0 is of packets that only acknowledge (15.9). */
const NUMBER_LAST = 15;

/** The number after this one. */
export function nextSolNumber(number: number): number {
  return number >= NUMBER_LAST ? 1 : number + 1;
}

/** What both kinds of SOL packet have (table 15-2). */
interface SolPacket {
  /** 0: it only acknowledges, and is acknowledged by nobody. */
  readonly number: number;
  /** The packet that it acknowledges; 0: none. */
  readonly acknowledged: number;
  /** Of that packet so many letters were taken. */
  readonly acceptedCount: number;
  /** It was not taken, or not whole: the rest is to be sent again when that is allowed. */
  readonly isRefused: boolean;
  readonly letters: Buffer;
}

/** From the console to the BMC. */
export interface SolToBmc extends SolPacket {
  readonly isBreak: boolean;
  /** Letters that wait in either direction are thrown away. */
  readonly flushesInbound: boolean;
  readonly flushesOutbound: boolean;
}

/** From the BMC to the console. */
export interface SolToConsole extends SolPacket {
  /** It cannot take letters for now: the machine is off, or asleep. */
  readonly isUnavailable: boolean;
  /** SOL ends, or has ended: somebody else took it, or an administrator. */
  readonly isEnding: boolean;
  /** Letters were lost. */
  readonly isOverrun: boolean;
  readonly isBreak: boolean;
}

const REFUSED = 0x40;
const TO_BMC_BITS = [
  ["isBreak", 0x10],
  ["flushesInbound", 0x02],
  ["flushesOutbound", 0x01],
] as const;
const TO_CONSOLE_BITS = [
  ["isUnavailable", 0x20],
  ["isEnding", 0x10],
  ["isOverrun", 0x08],
  ["isBreak", 0x04],
] as const;

function encodeSol(packet: SolPacket, bits: number): Buffer {
  const { number, acknowledged, acceptedCount, isRefused, letters } = packet;
  const head = [number & NUMBER_MASK, acknowledged & NUMBER_MASK, acceptedCount];
  return Buffer.concat([Buffer.from([...head, bits | (isRefused ? REFUSED : 0)]), letters]);
}

function decodeSol(payload: Buffer): SolPacket {
  return {
    number: payload.readUInt8(0) & NUMBER_MASK,
    acknowledged: payload.readUInt8(1) & NUMBER_MASK,
    acceptedCount: payload.readUInt8(2),
    isRefused: (payload.readUInt8(3) & REFUSED) !== 0,
    letters: payload.subarray(HEADER_BYTES),
  };
}

/** The payload of a packet to the BMC. */
export function encodeSolToBmc(packet: SolToBmc): Buffer {
  const bits = TO_BMC_BITS.reduce((all, [name, bit]) => (packet[name] ? all | bit : all), 0);
  return encodeSol(packet, bits);
}

/** Reads one. */
export function decodeSolToBmc(payload: Buffer): Decoded<SolToBmc> {
  const short = tooShort(payload, HEADER_BYTES, "the SOL packet");
  if (short !== null) return undecoded(short);
  const bits = payload.readUInt8(3);
  return decoded({
    ...decodeSol(payload),
    isBreak: (bits & 0x10) !== 0,
    flushesInbound: (bits & 0x02) !== 0,
    flushesOutbound: (bits & 0x01) !== 0,
  });
}

/** The payload of a packet to the console. */
export function encodeSolToConsole(packet: SolToConsole): Buffer {
  const bits = TO_CONSOLE_BITS.reduce((all, [name, bit]) => (packet[name] ? all | bit : all), 0);
  return encodeSol(packet, bits);
}

/** Reads one. */
export function decodeSolToConsole(payload: Buffer): Decoded<SolToConsole> {
  const short = tooShort(payload, HEADER_BYTES, "the SOL packet");
  if (short !== null) return undecoded(short);
  const bits = payload.readUInt8(3);
  return decoded({
    ...decodeSol(payload),
    isUnavailable: (bits & 0x20) !== 0,
    isEnding: (bits & 0x10) !== 0,
    isOverrun: (bits & 0x08) !== 0,
    isBreak: (bits & 0x04) !== 0,
  });
}
