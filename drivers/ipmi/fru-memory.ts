import { ok, type Result } from "../../schemas/failure.ts";
import type { LiveSession } from "./live-session.ts";
import type { Fru } from "./packets/fru.ts";

/** So long a FRU stands for the machine whose UUID is read anew each time. Milliseconds. */
const FRU_MS = 3_600_000;

interface FruRead {
  readonly session: LiveSession | null;
  readonly uuid: string | null;
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly fru: Fru;
}

/** One machine's FRU, some dozens of reads. */
export class FruMemory {
  readonly #session: () => LiveSession | null;
  readonly #now: () => number;
  #known: FruRead | null = null;

  /** `now`: monotonic milliseconds. */
  constructor(session: () => LiveSession | null, now: () => number) {
    this.#session = session;
    this.#now = now;
  }

  /**
   * What was read in the same session, for whoever changes the board ends it, or in the last hour where the same UUID was just
   * read. Null is no UUID.
   */
  async fru(uuid: string | null, read: () => Promise<Result<Fru>>): Promise<Result<Fru>> {
    const now = this.#now();
    const known = this.#known;
    const isSame = uuid !== null && known?.uuid === uuid && now - known.at < FRU_MS;
    if (known !== null && (isSame || known.session === this.#session())) return ok(known.fru);
    const fru = await read();
    if (fru.ok) this.#known = { session: this.#session(), uuid, at: now, fru: fru.value };
    return fru;
  }
}
