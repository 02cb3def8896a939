import type { z } from "zod";
import type { VendorMethod } from "../../drivers/driver.ts";
import { didYouMean } from "../../schemas/nearest.ts";
import type { VendorCall } from "../../schemas/vendor.ts";
import { CommandError } from "./command.ts";
import { EXIT } from "./exit-code.ts";
import type { PropertyRow } from "./property-rows.ts";
import { argumentRows, argumentText } from "./vendor-sheet.ts";

/** More than a few are one mistake, told many times. */
const SENTENCES_MAX = 5;

/** Reads `--args` as a vendor method takes them, defaults filled in; ends with 64 and each place that is wrong. */
export function vendorArgs(method: VendorMethod, text: string | undefined): VendorCall["args"] {
  const given = text === undefined ? {} : jsonOf(text);
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw wrong(method, [`--args is no JSON object; write it as --args '${example(method)}'`]);
  const parsed = method.args.safeParse(given);
  if (parsed.success) return parsed.data;
  const sentences = parsed.error.issues.flatMap((issue) => sentencesOf(method, issue, given));
  throw wrong(method, [...new Set(sentences)]);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wrong({ name }: VendorMethod, sentences: readonly string[]): CommandError {
  const more = sentences.length - SENTENCES_MAX;
  const shown = [...sentences.slice(0, SENTENCES_MAX), ...(more > 0 ? [`and ${more} more`] : [])];
  return new CommandError(EXIT.usage, `${name}: ${shown.join("\n  ")}`);
}

/** What is wrong at one place, and what is expected there; values are not repeated, for one may be a secret. */
function sentencesOf(
  method: VendorMethod,
  issue: z.core.$ZodIssue,
  given: object,
): readonly string[] {
  const rows = argumentRows(method);
  const at = placeOf(issue.path);
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => unknownKey(`${at}.${key}`, key, rows));
  const row = rows.find(({ path }) => path === String(issue.path[0]));
  const expected = row === undefined ? "" : `; it takes ${argumentText(row)}`;
  const isMissing = valueAt(given, issue.path) === undefined;
  return [
    isMissing ? `${at} is missing${expected}` : `${at}: ${ownWords(issue.message)}${expected}`,
  ];
}

/** Zod's "Invalid input: expected string, received number" without what the sentence says anyway. */
function ownWords(message: string): string {
  return message.replace(/^Invalid (input|option|string): /, "");
}

function unknownKey(at: string, key: string, rows: readonly PropertyRow[]): string {
  const names = rows.map(({ path }) => path).filter((path) => !/[.[]/.test(path));
  if (names.length === 0) return `${at} is unknown: it takes no arguments`;
  return `${at} is unknown; ${didYouMean(key, names, `there are ${names.join(", ")}`)}`;
}

/** `args.EventTypes[0]`. */
function placeOf(path: readonly PropertyKey[]): string {
  const parts = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`));
  return `args${parts.join("")}`;
}

function valueAt(from: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined,
    from,
  );
}

/** `{"tag": ...}`: the names that it needs, or may be given. */
function example(method: VendorMethod): string {
  const rows = argumentRows(method);
  const needed = rows.filter(({ required }) => required);
  const names = (needed.length === 0 ? rows.slice(0, 1) : needed).map(({ path }) => path);
  return `{${names.map((name) => `"${name}": ...`).join(", ")}}`;
}
