import { isMap } from "../schemas/is-map.ts";

/** Lists that join as sets; every other list replaces. */
const SETS = new Set(["/traits", "/profiles", "/holds"]);

/** A value with the origin of each of its parts. */
export interface Folding<O> {
  value: Record<string, unknown>;
  /** Pointer -> origin; a plain map, for it is handed on as it is. */
  readonly origins: Record<string, O>;
}

/** What is laid over a folding. */
export interface Layer<O> {
  readonly value: Readonly<Record<string, unknown>>;
  /** Where the value at a pointer stands; pointers count from this layer's own root. */
  readonly originOf: (pointer: string) => O;
  /** Pointers that the layer sets to null: what was inherited there is removed. */
  readonly nulls: readonly string[];
}

/**
 * Lays a layer over a folding: maps merge deep, scalars and lists replace, sets join, null removes.
 * Maps are made anew and lists are never changed, so layers are shared without a copy.
 */
export function lay<O>(under: Folding<O>, over: Layer<O>): void {
  for (const pointer of over.nulls) remove(under, pointer);
  mergeMap(under.value, over.value, "", { under, over });
}

interface Both<O> {
  readonly under: Folding<O>;
  readonly over: Layer<O>;
}

function mergeMap<O>(
  into: Record<string, unknown>,
  from: Readonly<Record<string, unknown>>,
  pointer: string,
  both: Both<O>,
): void {
  for (const [key, value] of Object.entries(from)) {
    if (value === null || key === "__proto__") continue;
    const at = `${pointer}/${escapeKey(key)}`;
    const there = into[key];
    if (isMap(value)) {
      const map = isMap(there) ? there : {};
      if (!isMap(there)) forget(both.under, at);
      into[key] = map;
      mergeMap(map, value, at, both);
      // Of any other map its first part says where it is.
      if (isEmpty(map)) both.under.origins[at] = both.over.originOf(at);
    } else if (Array.isArray(value) && SETS.has(at) && Array.isArray(there)) {
      into[key] = joined(there, value, at, both);
    } else {
      forget(both.under, at);
      into[key] = value;
      note(value, at, both);
    }
  }
}

function isEmpty(map: Readonly<Record<string, unknown>>): boolean {
  for (const _key in map) return false;
  return true;
}

/** Lists come as a whole, but an error in the fifth item of one is shown where it stands. */
function note<O>(value: unknown, at: string, both: Both<O>): void {
  both.under.origins[at] = both.over.originOf(at);
  if (Array.isArray(value)) value.forEach((item, index) => note(item, `${at}/${index}`, both));
  else if (isMap(value))
    for (const [key, item] of Object.entries(value)) note(item, `${at}/${escapeKey(key)}`, both);
}

function joined<O>(
  there: readonly unknown[],
  more: readonly unknown[],
  at: string,
  both: Both<O>,
): unknown[] {
  const list = [...there];
  const seen = new Set(list.map((item) => JSON.stringify(item)));
  more.forEach((item, index) => {
    const text = JSON.stringify(item);
    if (seen.has(text)) return;
    seen.add(text);
    both.under.origins[`${at}/${list.length}`] = both.over.originOf(`${at}/${index}`);
    list.push(item);
  });
  return list;
}

/** Takes away a value and the origins of all its parts. */
export function remove<O>(under: Folding<O>, pointer: string): void {
  const keys = pointer
    .slice(1)
    .split("/")
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = keys.pop() ?? "";
  let map: unknown = under.value;
  for (const key of keys) map = isMap(map) ? map[key] : undefined;
  if (!isMap(map)) return;
  delete map[last];
  forget(under, pointer);
}

/** A value that is replaced takes the origins of all its parts with it. */
function forget<O>({ origins }: Folding<O>, pointer: string): void {
  if (origins[pointer] !== undefined) delete origins[pointer];
  const below = `${pointer}/`;
  for (const key in origins) if (key.startsWith(below)) delete origins[key];
}

/** A key as a JSON pointer writes it (RFC 6901). */
export function escapeKey(key: string): string {
  return key.includes("/") || key.includes("~")
    ? key.replaceAll("~", "~0").replaceAll("/", "~1")
    : key;
}
