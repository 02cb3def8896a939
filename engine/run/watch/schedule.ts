import { fraction } from "../../plan/fraction.ts";
import type { Clock } from "../ports.ts";

/**
 * When each node is looked at next: once an interval, spread over it by its name, so that a fleet is never read in one
 * burst; at once where somebody asks. A node is in it once, however often it is asked for.
 */
export class Schedule {
  readonly #clock: Clock;
  readonly #at = new Map<string, number>();
  #intervalMs: number;

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  set intervalMs(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** From now on it is these; those that are new are due at once. */
  follow(names: ReadonlySet<string>): void {
    for (const name of this.#at.keys()) if (!names.has(name)) this.#at.delete(name);
    for (const name of names) if (!this.#at.has(name)) this.#at.set(name, this.#clock.monotonic());
  }

  /** Before its turn; a name that is not followed stays out. */
  soon(names: Iterable<string>): void {
    const now = this.#clock.monotonic();
    for (const name of names) {
      const at = this.#at.get(name);
      if (at !== undefined && at > now) this.#at.set(name, now);
    }
  }

  /** Their next turn is then: milliseconds from now. */
  later(names: Iterable<string>, ms: number): void {
    const at = this.#clock.monotonic() + ms;
    for (const name of names) if (this.#at.has(name)) this.#at.set(name, at);
  }

  /** Those whose turn it is, who waited longest first; at most so many. */
  due(most: number, isFree: (name: string) => boolean): readonly string[] {
    const now = this.#clock.monotonic();
    return [...this.#at]
      .filter(([name, at]) => at <= now && isFree(name))
      .sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
      .slice(0, most)
      .map(([name]) => name);
  }

  /** How many wait for their turn, which has come. */
  get waiting(): number {
    const now = this.#clock.monotonic();
    return [...this.#at.values()].filter((at) => at <= now).length;
  }

  /** It was looked at: its next turn is its own place in the interval, and not before half of one is over. */
  done(name: string): void {
    if (!this.#at.has(name)) return;
    const now = this.#clock.monotonic();
    if (this.#intervalMs === Infinity) {
      this.#at.set(name, Infinity);
      return;
    }
    const place = fraction(name) * this.#intervalMs;
    const earliest = now + this.#intervalMs / 2;
    const rounds = Math.ceil((earliest - place) / this.#intervalMs);
    this.#at.set(name, place + rounds * this.#intervalMs);
  }

  /** Until the next turn, milliseconds; 0 when one has come, the whole interval where nobody is followed. */
  get untilNext(): number {
    const first = Math.min(...this.#at.values(), this.#clock.monotonic() + this.#intervalMs);
    return Math.max(0, first - this.#clock.monotonic());
  }
}
