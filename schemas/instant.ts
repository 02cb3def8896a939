/** Milliseconds since the epoch of an RFC 3339 text or a date; NaN when it is neither. */
export function parseInstant(text: string): number {
  return Date.parse(text);
}

/** The day of an instant in UTC: `2026-11-24`. */
export function dayText(ms: number): string {
  return instantText(ms).slice(0, 10);
}

/** An instant as RFC 3339 in UTC. */
export function instantText(ms: number): string {
  return new Date(ms).toISOString();
}
