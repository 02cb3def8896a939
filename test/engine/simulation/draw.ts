/** Choices of one seed: the same each time. */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 0x9e3779b1 + 0x6d2b79f5) >>> 0;
  }

  /** In [0, 1): mulberry32, whose neighbouring seeds have nothing in common. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** True so many times of a hundred. */
  percent(share: number): boolean {
    return this.next() * 100 < share;
  }

  one<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    const found = items[Math.floor(this.next() * items.length)];
    if (found === undefined) throw new Error("there is nothing to draw from");
    return found;
  }

  /** One of a table of weights. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const names = Object.keys(weights).filter((name): name is K => name in weights);
    const all = names.reduce((sum, name) => sum + weights[name], 0);
    let left = this.next() * all;
    for (const name of names) {
      left -= weights[name];
      if (left < 0) return name;
    }
    throw new Error("the weights are empty");
  }
}
