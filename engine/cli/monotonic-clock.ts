/** The clocks of a machine. */
export interface MachineClocks {
  /** Milliseconds that only rise and stand still in a suspend. */
  readonly run: () => number;
  /** Wall clock, milliseconds: jumps by a suspend's length, and whenever somebody sets it. */
  readonly wall: () => number;
  /** Seconds since the machine started, suspends counted, to 10 ms. Slow: a file is read for it. */
  readonly uptime: () => number;
}

/** While both clocks have moved less than this since uptime was read, it is not read again. Milliseconds. */
const FRESH_MS = 1;
/** The wall clock counts whole milliseconds. */
const WALL_FRESH_MS = 2;
/** Uptime has a resolution of 10 ms: what it says too much must not age a lease. Milliseconds. */
const UPTIME_EXCESS_MS = 20;

/**
 * Milliseconds that only rise and count a suspend: whichever of hrtime and uptime moved further. Uptime is
 * read again once a millisecond has passed by hrtime, or by the wall clock, which shows a suspend that
 * hrtime does not; so it is read once for many who ask at the same time.
 */
export function monotonicClock({ run, wall, uptime }: MachineClocks): () => number {
  const start = { run: run(), uptime: uptime() };
  let read = { run: start.run, wall: wall(), suspendedMs: 0 };
  return () => {
    const [runNow, wallNow] = [run(), wall()];
    const ranFor = runNow - read.run;
    const passed = wallNow - read.wall;
    if (ranFor >= FRESH_MS || passed < 0 || passed >= WALL_FRESH_MS) {
      const up = (uptime() - start.uptime) * 1000 - UPTIME_EXCESS_MS;
      // Never less than before: it would go back by what uptime's resolution hides.
      const suspendedMs = Math.max(read.suspendedMs, up - (runNow - start.run));
      read = { run: runNow, wall: wallNow, suspendedMs };
    }
    return runNow - start.run + read.suspendedMs;
  };
}
