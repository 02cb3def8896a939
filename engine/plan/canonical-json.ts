/** Keys of our own shapes come again and again; each is written once. Others are few. */
const KEYS = new Map<string, string>();
const KEYS_MAX = 10_000;

function keyText(key: string): string {
  const known = KEYS.get(key);
  if (known !== undefined) return known;
  const text = `${JSON.stringify(key)}:`;
  if (KEYS.size < KEYS_MAX) KEYS.set(key, text);
  return text;
}

/** JSON with keys sorted and nothing left to chance: equal values give equal bytes. `undefined` is left out. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  let text = "";
  if (Array.isArray(value)) {
    for (const item of value) text += `${text === "" ? "" : ","}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  for (const key of Object.keys(value).sort()) {
    const item: unknown = Reflect.get(value, key);
    if (item !== undefined)
      text += `${text === "" ? "" : ","}${keyText(key)}${canonicalJson(item)}`;
  }
  return `{${text}}`;
}

/** Equal by value, as their canonical JSON would be: `undefined` is null, or no key at all. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null)
    return canonicalJson(a ?? null) === canonicalJson(b ?? null);
  if (Array.isArray(a) || Array.isArray(b))
    return Array.isArray(a) && Array.isArray(b) && sameItems(a, b);
  return sameFields(a, b);
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => sameValue(item, b[index]));
}

function sameFields(a: object, b: object): boolean {
  for (const key of Object.keys(a)) {
    const [one, other]: unknown[] = [
      Reflect.get(a, key),
      Object.hasOwn(b, key) ? Reflect.get(b, key) : undefined,
    ];
    if ((one === undefined) !== (other === undefined) || !sameValue(one, other)) return false;
  }
  for (const key of Object.keys(b))
    if (Reflect.get(b, key) !== undefined && !Object.hasOwn(a, key)) return false;
  return true;
}
