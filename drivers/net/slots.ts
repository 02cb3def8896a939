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
