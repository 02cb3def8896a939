import type { z } from "zod";
import { API_VERSION } from "../schemas/documents.ts";
import { DOCUMENT_KINDS } from "../schemas/kinds.ts";
import { readableVersions, VERSIONS } from "./conversions.ts";
import { isMap } from "../schemas/is-map.ts";
import { escapeKey } from "./merge.ts";
import { nearest } from "../schemas/nearest.ts";
import type { Finding, PlainDocument, Spot } from "./read-yaml.ts";

/** A document whose shape is right, with text where text is expected. */
export interface CheckedDocument {
  readonly kind: keyof typeof DOCUMENT_KINDS;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Rounds in which scalars are turned into text: unions show their needs one after the other. */
const TEXT_ROUNDS = 4;

/** Checks one document against the schema of its kind; findings name the key, its spot and the way out. */
export function checkDocument(document: PlainDocument): {
  readonly checked: CheckedDocument | null;
  readonly findings: readonly Finding[];
} {
  const { value } = document;
  const root = error("IW-I15", document.spot);
  if (!isMap(value))
    return refuse(root("a document must be a map with apiVersion, kind, metadata and spec"));
  const { kind, apiVersion } = value;
  const at = (pointer: string): Spot => spotAt(document, pointer);
  if (typeof kind !== "string") return refuse(root("the document has no kind; write kind: Node"));
  if (apiVersion !== API_VERSION)
    return refuse(error("IW-I15", at("/apiVersion"))(strangeVersion(apiVersion, kind)));
  if (!isKind(kind)) return refuse(error("IW-I15", at("/kind"))(unknownKind(kind)));
  const { plain, result } = asText(
    document.nulls.length === 0 ? value : stripNulls(value),
    DOCUMENT_KINDS[kind],
    document,
  );
  const findings = result.success
    ? []
    : result.error.issues.flatMap((issue) => findingsOf(issue, document, plain));
  if (!isMap(plain) || !result.success) return { checked: null, findings };
  const { metadata, spec } = plain;
  if (!isMap(metadata) || !isMap(spec)) return { checked: null, findings };
  return { checked: { kind, metadata, spec }, findings };
}

function refuse(finding: Finding): {
  readonly checked: null;
  readonly findings: readonly Finding[];
} {
  return { checked: null, findings: [finding] };
}

function isKind(kind: string): kind is keyof typeof DOCUMENT_KINDS {
  return Object.hasOwn(DOCUMENT_KINDS, kind);
}

/** Documents of ours of another version, documents of others, and what says no version at all. */
function strangeVersion(version: unknown, kind: string): string {
  const known = readableVersions(VERSIONS).join(", ");
  const is = `apiVersion is ${show(version)}`;
  if (typeof version === "string" && version.startsWith("metal3.io/"))
    return `${is}, and read here is ${known}; to make documents of it: ironwright migrate FILE (kind ${show(kind)})`;
  if (typeof version === "string" && version.startsWith("ironwright/"))
    return `${is}; this version reads ${known}; a newer one reads more, and rewrites files by: ironwright migrate`;
  return `${is}; write apiVersion: ${API_VERSION}`;
}

function unknownKind(kind: string): string {
  const near = nearest(kind, Object.keys(DOCUMENT_KINDS));
  return `kind ${kind} is unknown${near === null ? "" : `; did you mean ${near}?`}`;
}

function error(code: string, spot: Spot): (message: string) => Finding {
  return (message) => ({ code, severity: "error", message, spot });
}

/** Nulls remove what is inherited; to a schema they are not there. */
function stripNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripNulls);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) =>
      item === null ? [] : [[key, stripNulls(item)]],
    ),
  );
}

/**
 * Text is text: where a schema wants a string, a plain scalar's own source is taken (`2.10`, `0123`). Answers what
 * that makes of the value, and what the schema says of it.
 */
function asText(
  value: unknown,
  schema: z.ZodType,
  { sources }: PlainDocument,
): { readonly plain: unknown; readonly result: z.ZodSafeParseResult<unknown> } {
  let current = value;
  let result = schema.safeParse(current);
  if (Object.keys(sources).length === 0) return { plain: current, result };
  for (let round = 0; round < TEXT_ROUNDS && !result.success; round += 1) {
    const wanted = result.error.issues.flatMap((issue) => textWanted(issue, []));
    const found = wanted.filter(
      (path) =>
        sources[pointerOf(path)] !== undefined && typeof valueAt(current, path) !== "string",
    );
    if (found.length === 0) break;
    current = structuredClone(current);
    for (const path of found) setAt(current, path, sources[pointerOf(path)]);
    result = schema.safeParse(current);
  }
  return { plain: current, result };
}

type Path = readonly PropertyKey[];

function textWanted(issue: z.core.$ZodIssue, above: Path): readonly Path[] {
  const path = [...above, ...issue.path];
  if (issue.code === "invalid_type" && issue.expected === "string") return [path];
  if (issue.code !== "invalid_union") return [];
  return issue.errors.flatMap((branch) => branch.flatMap((inner) => textWanted(inner, path)));
}

function pointerOf(path: Path): string {
  return path.map((key) => `/${escapeKey(String(key))}`).join("");
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => {
    if (Array.isArray(at)) return at[Number(key)] as unknown;
    return isMap(at) ? at[String(key)] : undefined;
  }, value);
}

function setAt(value: unknown, path: Path, text: unknown): void {
  const parent = valueAt(value, path.slice(0, -1));
  const key = path.at(-1);
  if (Array.isArray(parent)) parent[Number(key)] = text;
  else if (isMap(parent)) parent[String(key)] = text;
}

/** The nearest spot at or above a pointer. */
export function spotAt(
  { spots, spot }: Pick<PlainDocument, "spots" | "spot">,
  pointer: string,
): Spot {
  for (let at = pointer; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
    const found = spots[at];
    if (found !== undefined) return found;
  }
  return spot;
}

function findingsOf(
  issue: z.core.$ZodIssue,
  document: PlainDocument,
  plain: unknown,
): readonly Finding[] {
  const { path } = issue;
  const pointer = pointerOf(path);
  const spot = spotAt(document, pointer);
  const name = path.map(String).join(".");
  const value = valueAt(plain, path);
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the rest are rules with words of their own
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        code: "IW-I03",
        severity: "error",
        message: unknownKey(key, name),
        spot: spotAt(document, `${pointer}/${key}`),
      }));
    case "invalid_type":
      if (value === undefined) return [error("IW-I10", spot)(`${name} is missing`)];
      return [
        error("IW-I04", spot)(`${name} is ${show(value)}; it must be ${article(issue.expected)}`),
      ];
    case "invalid_value":
      return [error("IW-I04", spot)(wrongWord(name, value, issue.values))];
    case "invalid_union":
      return unionFinding(name, value, spot);
    default:
      return [error("IW-I04", spot)(`${name} is ${show(value)}; it ${mustBe(issue)}`)];
  }
}

function mustBe(issue: z.core.$ZodIssue): string {
  const { code, message } = issue;
  const items = code === "too_big" || code === "too_small" ? unitOf(issue.origin) : "";
  if (code === "too_big") return `must have at most ${issue.maximum}${items}`;
  if (code === "too_small") return `must have at least ${issue.minimum}${items}`;
  if (code === "invalid_format" && issue.format === "uuid") return "must be a UUID";
  return message.startsWith("must") ? message : `is wrong: ${message}`;
}

function unitOf(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " items" : "";
}

/** What is written in a secret's place is said by `findSecrets`, which sees it everywhere. */
function unionFinding(name: string, value: unknown, spot: Spot): readonly Finding[] {
  if (!/(?:password|kg)$/.test(name))
    return [error("IW-I04", spot)(`${name} is ${show(value)}, which none of its forms allows`)];
  if (!isMap(value) && !Array.isArray(value)) return [];
  return [
    error(
      "IW-I04",
      spot,
    )(
      `${name}: a secret is not referred to rightly; write { env: NAME }, { file: PATH } or { provider: NAME, key: KEY }`,
    ),
  ];
}

/** Keys that people bring along from YAML 1.1 and from other tools. */
const FOREIGN: Readonly<Record<string, string>> = {
  "<<": "merge keys are YAML 1.1; share by a Profile",
  ipmi_address: "write bmc.address",
};

function unknownKey(key: string, parent: string): string {
  const where = parent === "" ? "the document" : parent;
  const foreign = Object.hasOwn(FOREIGN, key) ? FOREIGN[key] : undefined;
  return `unknown key "${key}" in ${where}${foreign === undefined ? "; check the spelling, or see: ironwright schema" : `; ${foreign}`}`;
}

function wrongWord(name: string, value: unknown, allowed: readonly unknown[]): string {
  const words = allowed.map(String);
  if (typeof value === "boolean" && words.includes("on") && words.includes("off"))
    return `${name} is ${String(value)}: write ${value ? "on" : "off"}; a YAML 1.1 tool changed this file`;
  const near = typeof value === "string" ? nearest(value, words) : null;
  return `${name} is ${show(value)}; it must be ${words.join(", ")}${near === null ? "" : ` (did you mean ${near}?)`}`;
}

function article(type: string): string {
  const words: Readonly<Record<string, string>> = {
    string: "text",
    record: "a map",
    object: "a map",
    array: "a list",
    int: "a whole number",
    number: "a number",
    boolean: "true or false",
  };
  return words[type] ?? type;
}

/** A value as an error shows it: short, and never one that may be a secret in full. */
function show(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "a list";
  if (isMap(value)) return "a map";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return `"${text.length > 60 ? `${text.slice(0, 59)}…` : text}"`;
}
