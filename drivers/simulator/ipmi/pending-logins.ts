/** A login that goes no further is forgotten after so long. */
const PENDING_MS = 10_000;
/** Logins that may be on their way at once; one more, and the oldest is forgotten, so that nobody keeps others out. */
const PENDING_MAX = 8;

/** Logins on their way, by the id that the BMC gave them. */
export class PendingLogins<T> {
  readonly #now: () => number;
  readonly #all = new Map<number, { readonly login: T; readonly since: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  add(id: number, login: T): void {
    const [oldest] = this.#all.keys();
    if (this.#all.size >= PENDING_MAX && oldest !== undefined) this.#all.delete(oldest);
    this.#all.set(id, { login, since: this.#now() });
  }

  find(id: number): T | undefined {
    const found = this.#all.get(id);
    return found === undefined || this.#now() - found.since > PENDING_MS ? undefined : found.login;
  }

  has(id: number): boolean {
    return this.#all.has(id);
  }

  end(id: number): void {
    this.#all.delete(id);
  }
}
