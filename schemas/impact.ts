/** Impact words, mildest first (contract 2). */
export const IMPACTS = ["none", "in-place", "reboot", "destructive"] as const;
export type Impact = (typeof IMPACTS)[number];

/** -1, 0 or 1 as `a` is milder than, like, or graver than `b`. */
export function compareImpact(a: Impact, b: Impact): number {
  return Math.sign(IMPACTS.indexOf(a) - IMPACTS.indexOf(b));
}

/** The gravest of some impacts; `none` of nothing. */
export function gravest(impacts: readonly Impact[]): Impact {
  return impacts.reduce<Impact>((a, b) => (compareImpact(b, a) > 0 ? b : a), "none");
}
