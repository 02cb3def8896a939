import { fraction } from "./fraction.ts";

/** The first wait after a failure: long enough for a BMC to restart a service. */
const FIRST_MS = 30_000;
/** No node waits longer between attempts: somebody may have repaired it in the meantime. */
const LONGEST_MS = 60 * 60_000;
/** Share by which waits differ, so that a rack that failed together does not come back together. */
const SPREAD = 0.2;

/**
 * How long a node waits after a failure, in milliseconds: doubling from 30 s to 1 h, spread by 20 %.
 * `previousMs` is the last wait, 0 after a success; `seed` and `name` decide the spread.
 */
export function nextWait(previousMs: number, seed: number, name: string): number {
  const base = previousMs <= 0 ? FIRST_MS : Math.min(previousMs * 2, LONGEST_MS);
  return Math.round(base * (1 - SPREAD / 2 + SPREAD * fraction(`${seed} ${name}`)));
}
