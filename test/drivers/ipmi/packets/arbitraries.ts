import { type Arbitrary, assert, constantFrom, integer, property, uint8Array } from "fast-check";
import { expect } from "vitest";
import { type CipherSuite, CIPHER_SUITES } from "../../../../drivers/ipmi/packets/algorithms.ts";
import { type Decoded } from "../../../../drivers/ipmi/packets/decoded.ts";

/** Bytes, so many or so many to so many. */
export function bytes(minLength: number, maxLength = minLength): Arbitrary<Buffer> {
  return uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));
}

export const byte: Arbitrary<number> = integer({ min: 0, max: 0xff });
export const word32: Arbitrary<number> = integer({ min: 0, max: 0xffff_ffff });
export const status: Arbitrary<number> = integer({ min: 1, max: 0xff });
export const nibble: Arbitrary<number> = integer({ min: 0, max: 15 });
export const suite: Arbitrary<CipherSuite> = constantFrom(...CIPHER_SUITES);

/** The value that a decoder answered; its reason, thrown, where it answered none. */
export function valueOf<T>(answer: Decoded<T>): T {
  if (!answer.ok) throw new Error(answer.reason);
  return answer.value;
}

/** The reason why a decoder took nothing. */
export function reasonOf(answer: Decoded<unknown>): string {
  return answer.ok ? "it was taken" : answer.reason;
}

export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

/** What is encoded is decoded as the same. */
export function expectInverse<T>(
  values: Arbitrary<T>,
  encode: (value: T) => Buffer,
  decode: (bytes: Buffer) => Decoded<unknown>,
): void {
  assert(
    property(values, (one) => {
      expect(valueOf(decode(encode(one)))).toEqual(one);
    }),
  );
}
