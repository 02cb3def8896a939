import { isSecretKey } from "../find-secrets.ts";
import { type Fields, textOf } from "./values.ts";

/** Words in the keys that people of other tools give to secrets; one too many is named, one too few is published. */
const SECRET_WORD = /pass|pwd|secret|token|credential|private|community|key(?:s|ring)?$|[_-]pw$/i;
/** `https://user:password@host`, also with "/" in the password, and the same without a scheme. */
const USER_INFO = /:\/\/[^\s@]*@|(?:^|\s)(?!mailto:)[^\s/@:]+:[^\s@]+@/i;

/** True for what may be a secret by its key, or by a login within its text. */
export function mayBeSecret(key: string, text: string | undefined): boolean {
  return isSecretKey(key) || SECRET_WORD.test(key) || (text !== undefined && hasLogin(text));
}

function hasLogin(text: string): boolean {
  return USER_INFO.test(text);
}

/** What is said of a field that may hold a secret. */
export const SECRET = {
  why: "it may hold a secret, and no document does",
  todo: "keep it where secrets are kept",
} as const;

/** The fields of a row without the texts that have a login in them, each of which is named; structures are looked at where they are read. */
export function withoutLogins(fields: Fields): {
  readonly fields: Fields;
  readonly notes: readonly ({ readonly field: string } & typeof SECRET)[];
} {
  const isText = (value: unknown): boolean => typeof value === "string" && !/^\s*[[{]/.test(value);
  const found = Object.entries(fields).flatMap(([key, value]) =>
    isText(value) && hasLogin(textOf(value) ?? "") ? [key] : [],
  );
  if (found.length === 0) return { fields, notes: [] };
  const kept = Object.entries(fields).filter(([key]) => !found.includes(key));
  return {
    fields: Object.fromEntries(kept),
    notes: found.sort().map((key) => ({ field: textOf(key) ?? "", ...SECRET })),
  };
}
