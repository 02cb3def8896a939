/** What to do next after something did not work; the kind is the answer (design: failures are data). */
export type FailureKind =
  /** Again after a backoff. */
  | "transient"
  /** Nothing is wrong; look again later. */
  | "waiting"
  /** The world moved: plan again. */
  | "conflict"
  /** Sent, and the answer was lost: observe before any repeat. */
  | "ambiguous"
  /** No retry until the commit or the credentials change. */
  | "stalled";

/** A failure as data. It never holds a secret: whoever makes one strips it first. */
export interface Failure {
  readonly kind: FailureKind;
  /** A code from `codes.ts`, such as `IW-B01`. */
  readonly code: string;
  /** One sentence: the thing, the fact, and the way out. */
  readonly message: string;
  /** The lower layer's own words, kept apart from the message. */
  readonly cause?: string | undefined;
  /** The earliest next attempt, milliseconds from now, where the other side named one. */
  readonly retryAfterMs?: number | undefined;
}

/** Makes a Failure; the short form used everywhere. */
export function failure(kind: FailureKind, code: string, message: string, cause?: string): Failure {
  return cause === undefined ? { kind, code, message } : { kind, code, message, cause };
}

/** Either a value or a Failure; nothing is thrown for what the world did. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: Failure };

/** A successful Result. */
export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** A failed Result. */
export function fail<T>(why: Failure): Result<T> {
  return { ok: false, failure: why };
}
