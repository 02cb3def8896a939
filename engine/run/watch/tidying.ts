import type { ActingStore, Clock } from "../ports.ts";

/** Between two tidyings of the store: what is left behind is small and harms nobody for a while. Milliseconds. */
const TIDY_MS = 60 * 60_000;

/** Tidies the store once an hour, beside a daemon's rounds, until `ends` or until the engine is dead. */
export async function tidying(store: ActingStore, clock: Clock, ends: AbortSignal): Promise<void> {
  while (!ends.aborted && store.dead() === null) {
    // A disk that refuses it refuses the next act by itself, and what is damaged is said by whoever needs it.
    await store.tidy().catch(() => undefined);
    await clock.sleep(TIDY_MS, ends).catch(() => undefined);
  }
}
