import type { Clock } from "./ports.ts";

/** What is shared by all that one engine does at the same time. */
export interface Limits {
  readonly slots: Slots;
  readonly turns: Turns;
  readonly resets: Spacing;
}

/** Limits of an engine that works on so many nodes at once. */
export function limitsOf(clock: Clock, concurrency: number): Limits {
  return {
    slots: new Slots(concurrency),
    turns: new Turns(),
    resets: new Spacing(clock),
  };
}

/** Runs work over items, so many at once, in order; ends early when `signal` is aborted. */
export async function pooled<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      if (signal?.aborted === true) return;
      const item = items[next];
      next += 1;
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}

/** Work at so many nodes at once; who only waits gives its place to others and gets the next that is free. */
export class Slots {
  #free: number;
  readonly #returning: (() => void)[] = [];
  readonly #new: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Works once there is a place. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    await this.#take(this.#new);
    try {
      return await work();
    } finally {
      this.#give();
    }
  }

  /** Inside `hold`: gives the place back while it rests. */
  async rest<T>(rest: () => Promise<T>): Promise<T> {
    this.#give();
    try {
      return await rest();
    } finally {
      await this.#take(this.#returning);
    }
  }

  #take(queue: (() => void)[]): Promise<void> {
    if (this.#free === 0) return new Promise((go) => queue.push(go));
    this.#free -= 1;
    return Promise.resolve();
  }

  #give(): void {
    const next = this.#returning.shift() ?? this.#new.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}

/** One at a time for each key, in the order in which they came: one mutating call at a time per BMC. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(work);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(key, settled);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }
}

/** A least time between two events of one key: resets of a machine. */
export class Spacing {
  readonly #clock: Clock;
  readonly #free = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits until the key is free and takes its next slot. */
  async wait(key: string, spacingMs: number): Promise<void> {
    const now = this.#clock.monotonic();
    const at = Math.max(now, this.#free.get(key) ?? now);
    this.#free.set(key, at + spacingMs);
    if (at > now) await this.#clock.sleep(at - now);
  }
}
