/** Line and column behind each other for every pointer of a shape; documents of one shape share its pointers. */
export interface Packed {
  readonly shape: number;
  readonly numbers: readonly number[];
}

/** Maps of pointers as lists of numbers: most documents of an inventory have the same few lists of pointers. */
export class Shapes {
  /** Pointers of each shape; kept once beside all that is packed. */
  readonly pointers: string[][] = [];
  readonly #index = new Map<string, number>();

  /** Packs a map; `numbersOf` appends the same count of numbers for each of its values. */
  pack<T>(map: Readonly<Record<string, T>>, numbersOf: (value: T, into: number[]) => void): Packed {
    const keys = Object.keys(map);
    const name = keys.join("\n");
    let shape = this.#index.get(name);
    if (shape === undefined) {
      shape = this.pointers.push(keys) - 1;
      this.#index.set(name, shape);
    }
    const numbers: number[] = [];
    for (const key of keys) {
      const value = map[key];
      if (value !== undefined) numbersOf(value, numbers);
    }
    return { shape, numbers };
  }
}

/** The map that was packed; `valueAt` makes a value of the numbers that begin at an index. */
export function unpack<T>(
  { shape, numbers }: Packed,
  pointers: readonly (readonly string[])[],
  valueAt: (numbers: readonly number[], index: number) => T,
): Readonly<Record<string, T>> {
  const keys = pointers[shape] ?? [];
  const step = keys.length === 0 ? 0 : numbers.length / keys.length;
  const map: Record<string, T> = {};
  keys.forEach((key, i) => {
    map[key] = valueAt(numbers, i * step);
  });
  return map;
}
