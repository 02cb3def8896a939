import { isMap } from "../schemas/is-map.ts";
import { escapeKey } from "./merge.ts";
import type { Finding, PlainDocument } from "./read-yaml.ts";
import { spotAt } from "./check-document.ts";

/** Keys whose value is a secret wherever they stand. `PasswordStatus`, as BIOSes have it, is none. */
const SECRET_KEY = /(?:password|passwd|passphrase|secret|token|community)$|^kg$/i;
/** `https://user:password@host`, and the same without a scheme. */
const IN_ADDRESS = /^(?:[a-z][a-z0-9+.-]*:\/\/)?[^/@\s]*:([^/@\s]+)@/i;
/** `${labels.x}` and its like: a name of something, not the thing. */
const REFERENCE_KEYS = new Set(["env", "file", "provider", "key"]);

/** The same few keys come in every document. */
const KNOWN = new Map<string, boolean>();
const KNOWN_MAX = 10_000;

/** True for a key whose value is a secret wherever it stands. */
export function isSecretKey(key: string): boolean {
  const known = KNOWN.get(key);
  if (known !== undefined) return known;
  const secret = SECRET_KEY.test(key);
  if (KNOWN.size < KNOWN_MAX) KNOWN.set(key, secret);
  return secret;
}

interface Found {
  readonly pointer: string;
  readonly text: string;
  readonly message: string;
}

/** Passwords that are written into a document: at a key, in a column of a NodeList, in an address. */
export function findSecrets(document: PlainDocument): readonly Finding[] {
  return secretsOf(document).map(({ pointer, message }) => ({
    code: "IW-I09",
    severity: "error",
    message,
    spot: spotAt(document, pointer),
  }));
}

/** The secret texts themselves, so that no frame shows them. */
export function secretTexts(document: PlainDocument): readonly string[] {
  return secretsOf(document).map(({ text }) => text);
}

function secretsOf({ value, sources }: PlainDocument): readonly Found[] {
  const found: Found[] = [];
  const visit = (here: unknown, at: string, name: string, secret: boolean): void => {
    if (Array.isArray(here)) here.forEach((item, i) => visit(item, `${at}/${i}`, name, secret));
    else if (isMap(here)) visitMap(here, at, name, secret);
    else if (here !== null && here !== undefined && here !== "") {
      const text = sources[at] ?? (typeof here === "string" ? here : JSON.stringify(here));
      const password = secret
        ? text
        : name.endsWith("address")
          ? IN_ADDRESS.exec(text)?.[1]
          : undefined;
      if (password !== undefined)
        found.push({ pointer: at, text: password, message: sentence(name, secret) });
    }
  };
  const visitMap = (
    map: Readonly<Record<string, unknown>>,
    at: string,
    name: string,
    secret: boolean,
  ): void => {
    for (const [key, item] of Object.entries(map)) {
      if (secret && REFERENCE_KEYS.has(key)) continue;
      const below = name === "" ? key : `${name}.${key}`;
      const pointer = `${at}/${escapeKey(key)}`;
      if (pointer === "/spec/rows") visitRows(item, map["columns"]);
      else visit(item, pointer, below, secret || isSecretKey(key));
    }
  };
  const visitRows = (rows: unknown, columns: unknown): void => {
    if (!Array.isArray(rows) || !Array.isArray(columns)) return;
    const names = columns.map(String);
    const secret = names.map((name) => isSecretKey(name.slice(name.lastIndexOf(".") + 1)));
    rows.forEach((row: unknown, r) => {
      if (Array.isArray(row))
        row.forEach((cell, c) =>
          visit(cell, `/spec/rows/${r}/${c}`, names[c] ?? "", secret[c] ?? false),
        );
    });
  };
  visit(value, "", "", false);
  return found;
}

function sentence(name: string, atKey: boolean): string {
  return atKey
    ? `${name}: a password is written into the document; write { env: NAME }, { file: PATH } or { provider: NAME, key: KEY }`
    : `${name}: a password is written into the address; write bmc.username and bmc.password`;
}
