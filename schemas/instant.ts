/** Milliseconds since the epoch of an RFC 3339 text or a date; NaN when it is neither. */
export function parseInstant(text: string): number {
  return Date.parse(text);
}

/** An instant as RFC 3339 in UTC. */
export function instantText(ms: number): string {
  return new Date(ms).toISOString();
}
