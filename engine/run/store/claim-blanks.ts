import type { Claim } from "../../../schemas/store.ts";
import type { LivingIncarnation } from "./incarnation.ts";
import type { Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";

/** A claim says to the second since when it is held. Milliseconds. */
const FRESH_MS = 1000;
/** File systems allow 32,000 names of one file and more; a claim that was given back has two. */
const CLAIMS_MAX = 10_000;

/** A claim that is written and synced, under a temporary name. */
interface Blank {
  readonly since: number;
  readonly file: Promise<{ readonly path: string; readonly claim: Claim }>;
  claims: number;
  /** Claims that are being taken with it: its temporary name stays until they are. */
  taking: number;
}

/**
 * Claims that say nothing of their node are one file under many names: making a file costs many times a link.
 * Nobody writes into it; a claim that comes to say more is replaced by a file of its own.
 */
export class ClaimBlanks {
  readonly #ports: StorePorts;
  readonly #writer: Writer;
  readonly #me: LivingIncarnation;
  #current: Blank | null = null;

  constructor(ports: StorePorts, writer: Writer, me: LivingIncarnation) {
    this.#ports = ports;
    this.#writer = writer;
    this.#me = me;
  }

  /** A claim of this incarnation that follows nobody's. */
  claim(): Claim {
    const { clock, random } = this.#ports;
    const { inc, name: holder } = this.#me.info;
    return {
      inc,
      nonce: random.hex(16),
      holder,
      takenAt: clock.now(),
      released: false,
      sessions: [],
      brokenFor: null,
    };
  }

  /** Takes the name with a claim of this very second; answers that claim, and whether the name was free. */
  async take(path: string): Promise<{ readonly claim: Claim; readonly taken: Promise<boolean> }> {
    const blank = this.#fresh();
    blank.claims += 1;
    blank.taking += 1;
    try {
      const { path: from, claim } = await blank.file;
      const taken = this.#writer.takeAs(path, from);
      await taken.catch(() => undefined);
      return { claim, taken };
    } finally {
      blank.taking -= 1;
      await this.#dropOld(blank);
    }
  }

  #fresh(): Blank {
    const now = this.#ports.clock.monotonic();
    const last = this.#current;
    if (last !== null && now - last.since < FRESH_MS && last.claims < CLAIMS_MAX) return last;
    const claim = this.claim();
    const file = this.#writer.blank(claim).then((path) => ({ path, claim }));
    const blank: Blank = { since: now, file, claims: 0, taking: 0 };
    // A disk that refused it is asked again by the next claim.
    file.catch(() => {
      if (this.#current === blank) this.#current = null;
    });
    this.#current = blank;
    if (last !== null) void this.#dropOld(last);
    return blank;
  }

  /** Its claims stand; the temporary name goes with the last that was taken by it. */
  async #dropOld(blank: Blank): Promise<void> {
    if (blank === this.#current || blank.taking > 0) return;
    await blank.file.then(({ path }) => this.#ports.files.remove(path)).catch(() => undefined);
  }

  /** Removes the temporary name of the last one. */
  async close(): Promise<void> {
    const last = this.#current;
    this.#current = null;
    if (last !== null) await this.#dropOld(last);
  }
}
