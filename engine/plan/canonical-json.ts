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

/** Equal by value. */
export function sameValue(a: unknown, b: unknown): boolean {
  return a === b || canonicalJson(a ?? null) === canonicalJson(b ?? null);
}
