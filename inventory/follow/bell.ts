/** Quiet for so long, a burst of changes is over: a push writes a lock, a ref and a log. Milliseconds. */
const QUIET_MS = 100;
/** And one that never ends is heard all the same. Milliseconds. */
const BURST_MAX_MS = 1000;

/** Rings once for a burst of changes; what happened while nobody listened is heard by the next who does. */
export class Bell {
  #pending = false;
  #closed = false;
  #burstBegan: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  readonly #listeners = new Set<() => void>();

  /** Something changed. */
  ring(): void {
    if (this.#closed) return;
    const now = performance.now();
    this.#burstBegan ??= now;
    const left = Math.max(0, this.#burstBegan + BURST_MAX_MS - now);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#sound(), Math.min(QUIET_MS, left));
  }

  /** Resolves at the next burst's end, or at once when there was one since it resolved last. */
  async heard(signal: AbortSignal): Promise<void> {
    if (!this.#pending && !this.#closed && !signal.aborted)
      await new Promise<void>((done) => {
        const end = (): void => {
          signal.removeEventListener("abort", end);
          this.#listeners.delete(end);
          done();
        };
        signal.addEventListener("abort", end);
        this.#listeners.add(end);
      });
    this.#pending = false;
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#wakeAll();
  }

  #sound(): void {
    this.#timer = null;
    this.#burstBegan = null;
    this.#pending = true;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const end of this.#listeners) end();
  }
}
