import type { Clock } from "../../engine/run/ports.ts";

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** Time that passes by itself: whenever all processes sleep, it is the next one's time. */
export class VirtualTime {
  #now: number;
  readonly #clocks = new Set<VirtualClock>();

  constructor(now = Date.UTC(2026, 10, 24)) {
    this.#now = now;
  }

  get now(): number {
    return this.#now;
  }

  /** The clock of one process; what sleeps on it is forgotten with `stop`. */
  clock(): VirtualClock {
    const clock = new VirtualClock(this);
    this.#clocks.add(clock);
    return clock;
  }

  forget(clock: VirtualClock): void {
    this.#clocks.delete(clock);
  }

  /** Runs work to its end. */
  async run<T>(work: Promise<T>): Promise<T> {
    const state = { ended: false };
    const ended = work.finally(() => (state.ended = true));
    ended.catch(() => undefined);
    while (!state.ended) {
      await new Promise((go) => setImmediate(go));
      if (!state.ended) this.#toNext();
    }
    return ended;
  }

  #toNext(): void {
    const sleepers = [...this.#clocks].flatMap((clock) => [...clock.sleepers]);
    const next = Math.min(...sleepers.map(({ at }) => at));
    if (next === Infinity) return;
    this.#now = Math.max(this.#now, next);
    for (const sleeper of sleepers) if (sleeper.at <= this.#now) sleeper.wake();
  }
}

/** One process's view of the time. */
export class VirtualClock implements Clock {
  readonly sleepers = new Set<Sleeper>();
  readonly #time: VirtualTime;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  now(): number {
    return this.#time.now;
  }

  monotonic(): number {
    return this.#time.now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((done, failed) => {
      if (signal?.aborted === true) {
        failed(new Error("aborted"));
        return;
      }
      const abort = (): void => {
        this.sleepers.delete(sleeper);
        failed(new Error("aborted"));
      };
      const sleeper: Sleeper = {
        at: this.#time.now + ms,
        wake: () => {
          this.sleepers.delete(sleeper);
          signal?.removeEventListener("abort", abort);
          done();
        },
      };
      this.sleepers.add(sleeper);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** The process is gone: nothing of it wakes again. */
  stop(): void {
    this.sleepers.clear();
    this.#time.forget(this);
  }
}
