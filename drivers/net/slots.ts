/** Requests that may wait for one BMC in this process; more than that is a runaway loop, not a fleet. */
export const WAITING_MAX = 10_000;

/** What one BMC takes at once, by whatever name, user or certificate it is spoken to. */
export interface Lanes {
  readonly all: Slots;
  /** One mutating call at a time per BMC (design 4). */
  readonly acts: Slots;
}

/** The lanes of one BMC that takes so many requests at once. */
export function newLanes(perBmc: number): Lanes {
  return { all: new Slots(perBmc, WAITING_MAX), acts: new Slots(1, WAITING_MAX) };
}

/** A fixed number of places; who finds none waits in order. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  readonly #waitingMax: number;

  constructor(count: number, waitingMax: number) {
    this.#free = count;
    this.#waitingMax = waitingMax;
  }

  /** Takes a place at once, or null when one must be waited for, or false when the queue is full. */
  take(): Promise<boolean> | true {
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    if (this.#waiting.length >= this.#waitingMax) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#waiting.push(() => {
        resolve(true);
      });
    });
  }

  /** Gives a place back; the longest waiting one has it at once. */
  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
