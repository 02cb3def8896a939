/** What a decoder answers: it throws on no bytes. The reason is a short fact about the bytes, and holds none of them. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

/** A packet that was understood. */
export function decoded<T>(value: T): Decoded<T> {
  return { ok: true, value };
}

/** A packet that was not. */
export function undecoded<T>(reason: string): Decoded<T> {
  return { ok: false, reason };
}

/** `reason` where the bytes are too few, else null. */
export function tooShort(bytes: Buffer, least: number, what: string): string | null {
  return bytes.length >= least ? null : `${what} has ${bytes.length} bytes of at least ${least}`;
}
