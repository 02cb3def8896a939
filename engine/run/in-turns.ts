import { setImmediate as breathe } from "node:timers/promises";

/** Leases are renewed, and signals heard, between two turns of what is long for a large fleet. */
export async function inTurns<T>(turns: Generator<undefined, T, undefined>): Promise<T> {
  for (;;) {
    const { done, value } = turns.next();
    if (done === true) return value;
    await breathe();
  }
}
