import { isMap } from "../../schemas/is-map.ts";
import { readPythonLiteral } from "./python-literal.ts";

/** Values as exports hold them: any of them may be missing, null or "". */
export type Fields = Readonly<Record<string, unknown>>;

/** Text, or a number as text; undefined for what is blank or neither. One line: what comes from elsewhere stays in its line. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  if (typeof value !== "string") return undefined;
  const text = value.replaceAll(/[\p{Cc}\s]+/gu, " ").trim();
  return text === "" || text === "None" ? undefined : text;
}

/** True or false, also as text of either case; undefined for what is neither. */
export function flagOf(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  const word = textOf(value)?.toLowerCase();
  return word === "true" ? true : word === "false" ? false : undefined;
}

/** A map, also as text of JSON or of a Python literal; empty for what is none. */
export function mapOf(value: unknown): Fields {
  const plain = structureOf(value);
  return isMap(plain) ? plain : {};
}

/** A list, also as text of JSON or of a Python literal; empty for what is none. */
export function listOf(value: unknown): readonly unknown[] {
  const plain = structureOf(value);
  return Array.isArray(plain) ? plain : [];
}

/** True for what says something: not null, "", {}, [] or false. */
export function isSaid(value: unknown): boolean {
  const plain = structureOf(value);
  if (Array.isArray(plain)) return plain.length > 0;
  if (isMap(plain)) return Object.keys(plain).length > 0;
  return typeof plain === "number" || plain === true || textOf(plain) !== undefined;
}

/** Tables printed by `-f value` and `-f csv` hold structures as text, as Python prints them. */
function structureOf(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return readPythonLiteral(value) ?? value;
  }
}
