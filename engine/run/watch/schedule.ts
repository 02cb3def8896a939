import { fraction } from "../../plan/fraction.ts";
import type { Clock } from "../ports.ts";
import { Wheel } from "./wheel.ts";

/** Why a node is looked at, what comes first first: a person asked for it, a commit changed it, its turn has come. */
const REASONS = ["person", "commit", "turn"] as const;
export type Reason = (typeof REASONS)[number];

/** Every so many places one goes to who waited longest, whatever for: a flood of one kind starves no other. */
const FAIR_EVERY = 4;

/** Share by which waits after failures differ, so that what failed together does not come back together. */
const SPREAD = 0.2;

interface Entry {
  /** When it is looked at next, on this engine's clock. */
  readonly at: number;
  readonly reason: Reason;
  /** How often in a row it was put off. */
  readonly putOff: number;
  /** True where somebody asked since it was given out: what is done now does not answer that. */
  readonly isAsked?: boolean;
}

/**
 * When each node is looked at next: once an interval, spread over it by its name, so that a fleet is never read in one
 * burst; at once where somebody asks. A node is in it once, however often it is asked for.
 */
export class Schedule {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #all = new Wheel();
  readonly #byReason: Readonly<Record<Reason, Wheel>> = {
    person: new Wheel(),
    commit: new Wheel(),
    turn: new Wheel(),
  };
  #intervalMs: number;
  /** Places that were given out. */
  #given = 0;

  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  set intervalMs(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** From now on it is these; those that are new are due at once. */
  follow(names: ReadonlySet<string>): void {
    const entry: Entry = { at: this.#clock.monotonic(), reason: "turn", putOff: 0 };
    for (const name of this.#entries.keys()) if (!names.has(name)) this.#set(name, null);
    for (const name of names) if (!this.#entries.has(name)) this.#set(name, entry);
  }

  /** Null where it is not followed any more. */
  #set(name: string, entry: Entry | null): void {
    const before = this.#entries.get(name);
    this.#all.move(name, before?.at, entry?.at);
    for (const reason of REASONS) {
      const at = (one: Entry | null | undefined): number | undefined =>
        one?.reason === reason ? one.at : undefined;
      this.#byReason[reason].move(name, at(before), at(entry));
    }
    if (entry === null) this.#entries.delete(name);
    else this.#entries.set(name, entry);
  }

  /** Before its turn; a name that is not followed stays out. */
  soon(names: Iterable<string>, reason: Reason = "turn"): void {
    const now = this.#clock.monotonic();
    for (const name of names) {
      const entry = this.#entries.get(name);
      if (entry === undefined) continue;
      const first = REASONS.find((one) => one === reason || one === entry.reason) ?? reason;
      const at = Math.min(entry.at, now);
      this.#set(name, {
        ...entry,
        at,
        reason: first,
        isAsked: entry.isAsked === true || reason !== "turn",
      });
    }
  }

  /**
   * What failed is put off: by the first wait, and by twice as long each time in a row, at most `mostMs`, spread by 20 %. Who is
   * asked for meanwhile does not wait.
   */
  later(names: Iterable<string>, firstMs: number, mostMs = firstMs): void {
    const now = this.#clock.monotonic();
    for (const name of names) {
      const entry = this.#entries.get(name);
      if (entry === undefined || entry.isAsked === true) continue;
      const putOff = entry.putOff + 1;
      const wait = Math.min(firstMs * 2 ** entry.putOff, mostMs);
      const spread = 1 - SPREAD / 2 + SPREAD * fraction(`${putOff} ${name}`);
      this.#set(name, { at: now + wait * spread, reason: "turn", putOff });
    }
  }

  /** Those whose turn it is, what a person asked for first; at most so many. Nobody waits for ever. */
  due(most: number, isFree: (name: string) => boolean): readonly string[] {
    const now = this.#clock.monotonic();
    const due = new Set<string>();
    const isDue = (name: string): boolean =>
      (this.#entries.get(name)?.at ?? Infinity) <= now && !due.has(name) && isFree(name);
    const next = function* (wheels: readonly Wheel[]): Generator<string, undefined, undefined> {
      for (const wheel of wheels) for (const name of wheel.until(now)) if (isDue(name)) yield name;
    };
    const oldest = next([this.#all]);
    const byReason = next(REASONS.map((reason) => this.#byReason[reason]));
    while (due.size < most) {
      const { value: name } = ((this.#given + 1) % FAIR_EVERY === 0 ? oldest : byReason).next();
      if (name === undefined) break;
      this.#given += 1;
      due.add(name);
    }
    for (const name of due) this.#give(name);
    return [...due];
  }

  /** What is asked for from here on is not answered by this look. */
  #give(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) this.#set(name, { ...entry, isAsked: false });
  }

  /** How many wait for their turn, which has come. */
  get waiting(): number {
    return this.#all.countUntil(this.#clock.monotonic());
  }

  /**
   * It was looked at: its next turn is its own place in the interval, and not before half of one is over. Whoever asked for it
   * meanwhile has his look all the same.
   */
  done(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined && entry.isAsked !== true)
      this.#set(name, { at: this.#nextTurn(name), reason: "turn", putOff: 0 });
  }

  #nextTurn(name: string): number {
    if (this.#intervalMs === Infinity) return Infinity;
    const place = fraction(name) * this.#intervalMs;
    const earliest = this.#clock.monotonic() + this.#intervalMs / 2;
    const rounds = Math.ceil((earliest - place) / this.#intervalMs);
    return place + rounds * this.#intervalMs;
  }

  /** Until the next turn of one that is free, milliseconds; 0 when one has come, the whole interval where nobody is. */
  untilNext(isFree: (name: string) => boolean): number {
    const now = this.#clock.monotonic();
    let first = now + this.#intervalMs;
    for (const name of this.#all.until(first))
      if (isFree(name)) {
        first = Math.min(first, this.#entries.get(name)?.at ?? first);
        break;
      }
    return Math.max(0, first - now);
  }
}
