/** What records have in common: key -> uuid of each that has it -> what it says of it. */
export class Owners<T> {
  readonly #byKey = new Map<string, Map<string, T>>();
  readonly #keysOf = new Map<string, readonly string[]>();

  /** All that one record has; what it had before and has no more is let go. */
  set(uuid: string, its: ReadonlyMap<string, T>): void {
    for (const key of this.#keysOf.get(uuid) ?? []) {
      const there = this.#byKey.get(key);
      there?.delete(uuid);
      if (there?.size === 0) this.#byKey.delete(key);
    }
    if (its.size === 0) {
      this.#keysOf.delete(uuid);
      return;
    }
    this.#keysOf.set(uuid, [...its.keys()]);
    for (const [key, value] of its) {
      const there = this.#byKey.get(key);
      if (there === undefined) this.#byKey.set(key, new Map([[uuid, value]]));
      else there.set(uuid, value);
    }
  }

  /** By the uuid of who has it. */
  of(key: string): ReadonlyMap<string, T> {
    return this.#byKey.get(key) ?? new Map();
  }
}
