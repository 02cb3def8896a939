/** Times that are told apart, milliseconds: finer than a round. */
const SLOT_MS = 100;

/**
 * Names by the time at which they are due, so that those that are come without a look at all the others. Within a slot who
 * came first is first.
 */
export class Wheel {
  readonly #slots = new Map<number, Set<string>>();

  /** Undefined where it is not in it; who keeps its time keeps its place. */
  move(name: string, from: number | undefined, to: number | undefined): void {
    if (from === to) return;
    if (from !== undefined) this.#remove(name, slotOf(from));
    if (to !== undefined) this.#add(name, slotOf(to));
  }

  #add(name: string, slot: number): void {
    const its = this.#slots.get(slot);
    if (its === undefined) this.#slots.set(slot, new Set([name]));
    else its.add(name);
  }

  #remove(name: string, slot: number): void {
    const its = this.#slots.get(slot);
    its?.delete(name);
    if (its?.size === 0) this.#slots.delete(slot);
  }

  // In order of their times; those of the last slot may be due a little later than `now`.
  *until(now: number): Generator<string, undefined, undefined> {
    const last = slotOf(now);
    for (const slot of [...this.#slots.keys()].sort((a, b) => a - b)) {
      if (slot > last) return;
      yield* this.#slots.get(slot) ?? [];
    }
  }

  /** How many: those of the last slot are all counted. */
  countUntil(now: number): number {
    const last = slotOf(now);
    let count = 0;
    for (const [slot, names] of this.#slots) if (slot <= last) count += names.size;
    return count;
  }
}

function slotOf(at: number): number {
  return at === Infinity ? Infinity : Math.floor(at / SLOT_MS);
}
