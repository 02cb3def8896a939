import { Slots } from "../limits.ts";
import type { Look } from "../plan-fleet.ts";
import type { Schedule } from "./schedule.ts";

/** Nodes that are planned together, and what was read for it: they, and whoever they power or are powered by. */
export interface Looked {
  readonly names: readonly string[];
  readonly looks: ReadonlyMap<string, Look>;
}

/** So many times what is read at once may be under way, so that a place that is free never waits for the next round. */
const AHEAD = 2;

/** What becomes of looks, in order of their ends. */
interface Ears {
  readonly ended: () => void;
  readonly broke: (names: readonly string[], error: unknown) => void;
}

/**
 * BMCs that are read beside a daemon's rounds: a slow one holds up nobody but itself, and those that were silent when they
 * were last read have places of their own, half as many, so that a room that is dark takes none from the others.
 */
export class Looks {
  readonly #concurrency: number;
  readonly #ears: Ears;
  readonly #answering: Slots;
  readonly #silent: Slots;
  /** Nodes whose look was begun and not yet taken; true for those that were silent before. */
  readonly #under = new Map<string, boolean>();
  readonly #ended: Looked[] = [];
  #running = 0;

  constructor(concurrency: number, ears: Ears) {
    this.#concurrency = concurrency;
    this.#ears = ears;
    this.#answering = new Slots(concurrency);
    this.#silent = new Slots(silentPlaces(concurrency));
  }

  has(name: string): boolean {
    return this.#under.has(name);
  }

  /** Looks that were begun and not taken. */
  get count(): number {
    return this.#running + this.#ended.length;
  }

  /** True where one may be taken; `all`: and none is still read. */
  hasEnded(all: boolean): boolean {
    return this.#ended.length > 0 && (!all || this.#running === 0);
  }

  get areAllEnded(): boolean {
    return this.#running === 0;
  }

  /** Whose turn it is, as far as there is room. */
  turn(
    schedule: Pick<Schedule, "due">,
    isFree: (name: string) => boolean,
    silent: ReadonlySet<string>,
  ): readonly string[] {
    const quiet = [...this.#under.values()].filter(Boolean).length;
    const room = AHEAD * this.#concurrency - (this.#under.size - quiet);
    const quietRoom = AHEAD * silentPlaces(this.#concurrency) - quiet;
    const free = (name: string): boolean => !this.has(name) && isFree(name);
    return [
      ...schedule.due(room, (name) => !silent.has(name) && free(name)),
      ...(silent.size === 0
        ? []
        : schedule.due(quietRoom, (name) => silent.has(name) && free(name))),
    ];
  }

  /** `names` are planned together once `read` has ended. */
  begin(
    names: readonly string[],
    read: () => Promise<ReadonlyMap<string, Look>>,
    wasSilent: boolean,
  ): void {
    for (const name of names) this.#under.set(name, wasSilent);
    this.#running += 1;
    void (wasSilent ? this.#silent : this.#answering)
      .hold(read)
      .then(
        (looks) => void this.#ended.push({ names, looks }),
        (error: unknown) => {
          this.#drop(names);
          this.#ears.broke(names, error);
        },
      )
      .finally(() => {
        this.#running -= 1;
        this.#ears.ended();
      });
  }

  /** What has ended since it was last asked. */
  take(): readonly Looked[] {
    const ended = this.#ended.splice(0);
    for (const { names } of ended) this.#drop(names);
    return ended;
  }

  #drop(names: readonly string[]): void {
    for (const name of names) this.#under.delete(name);
  }
}

function silentPlaces(concurrency: number): number {
  return Math.max(1, Math.floor(concurrency / 2));
}
