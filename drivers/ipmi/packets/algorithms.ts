import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { type Decoded, decoded, undecoded } from "./decoded.ts";

/** Authentication algorithms of RMCP+ (IPMI 2.0, table 13-17) that are spoken here. */
export const RAKP_ALGORITHMS = { "hmac-sha1": 0x01, "hmac-sha256": 0x03 } as const;
export type RakpAlgorithm = keyof typeof RAKP_ALGORITHMS;
/** Integrity algorithms (table 13-18). */
export const INTEGRITY_ALGORITHMS = { "hmac-sha1-96": 0x01, "hmac-sha256-128": 0x04 } as const;
export type IntegrityAlgorithm = keyof typeof INTEGRITY_ALGORITHMS;
/** Confidentiality algorithms (table 13-19). */
export const CONFIDENTIALITY_ALGORITHMS = { "aes-cbc-128": 0x01 } as const;
export type ConfidentialityAlgorithm = keyof typeof CONFIDENTIALITY_ALGORITHMS;

/** A cipher suite (table 22-20): which three algorithms go together. */
export interface CipherSuite {
  readonly id: number;
  readonly rakp: RakpAlgorithm;
  readonly integrity: IntegrityAlgorithm;
  readonly confidentiality: ConfidentialityAlgorithm;
}

/** The suites that are spoken, best first; others leave out integrity or secrecy, or use MD5 and RC4. */
export const CIPHER_SUITES: readonly CipherSuite[] = [
  { id: 17, rakp: "hmac-sha256", integrity: "hmac-sha256-128", confidentiality: "aes-cbc-128" },
  { id: 3, rakp: "hmac-sha1", integrity: "hmac-sha1-96", confidentiality: "aes-cbc-128" },
];

const HASHES = { "hmac-sha1": "sha1", "hmac-sha256": "sha256" } as const;
/** Bytes of the key exchange codes of RAKP 2 and 3 (13.28.1, 13.28.1b). */
export const EXCHANGE_CODE_BYTES = { "hmac-sha1": 20, "hmac-sha256": 32 } as const;
/** Bytes of the integrity check value of RAKP 4 (13.28.1, 13.28.1b). */
export const CHECK_VALUE_BYTES = { "hmac-sha1": 12, "hmac-sha256": 16 } as const;

const INTEGRITY_HASHES = { "hmac-sha1-96": "sha1", "hmac-sha256-128": "sha256" } as const;
/** Bytes of the code in the session trailer (13.28.4). */
export const INTEGRITY_BYTES = { "hmac-sha1-96": 12, "hmac-sha256-128": 16 } as const;

/** Both AES-128 and its blocks (13.29). */
export const AES_BYTES = 16;

/** The HMAC of an authentication algorithm over parts. */
export function rakpHmac(algorithm: RakpAlgorithm, key: Buffer, parts: readonly Buffer[]): Buffer {
  return createHmac(HASHES[algorithm], key).update(Buffer.concat(parts)).digest();
}

/** The integrity code of a packet, from authentication type to next header (13.28.4). */
export function integrityCode(algorithm: IntegrityAlgorithm, k1: Buffer, bytes: Buffer): Buffer {
  const whole = createHmac(INTEGRITY_HASHES[algorithm], k1).update(bytes).digest();
  return whole.subarray(0, INTEGRITY_BYTES[algorithm]);
}

/** Compares two codes in a time that does not tell where they differ. */
export function isSameCode(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** AES-CBC-128 of a payload (13.29): initialisation vector, then payload, pad 1, 2, 3 ... and the pad's length, all encrypted. */
export function encryptPayload(k2: Buffer, iv: Buffer, payload: Buffer): Buffer {
  const padBytes = (AES_BYTES - ((payload.length + 1) % AES_BYTES)) % AES_BYTES;
  const pad = Buffer.from([...Array.from({ length: padBytes }, (_, at) => at + 1), padBytes]);
  const cipher = createCipheriv("aes-128-cbc", k2.subarray(0, AES_BYTES), iv);
  cipher.setAutoPadding(false);
  return Buffer.concat([iv, cipher.update(Buffer.concat([payload, pad])), cipher.final()]);
}

/** Takes a payload out of AES-CBC-128 again. */
export function decryptPayload(k2: Buffer, bytes: Buffer): Decoded<Buffer> {
  const secret = bytes.subarray(AES_BYTES);
  if (secret.length === 0 || secret.length % AES_BYTES !== 0)
    return undecoded("its encrypted payload is not whole blocks");
  const cipher = createDecipheriv(
    "aes-128-cbc",
    k2.subarray(0, AES_BYTES),
    bytes.subarray(0, AES_BYTES),
  );
  cipher.setAutoPadding(false);
  const plain = Buffer.concat([cipher.update(secret), cipher.final()]);
  const padBytes = plain.readUInt8(plain.length - 1);
  const padAt = plain.length - 1 - padBytes;
  if (padBytes >= AES_BYTES) return undecoded("its confidentiality pad is too long");
  const pad = plain.subarray(padAt, -1);
  if (!pad.every((byte, at) => byte === at + 1))
    return undecoded("its confidentiality pad is wrong");
  return decoded(plain.subarray(0, padAt));
}
