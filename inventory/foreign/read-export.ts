import type { Diagnostic, Place } from "../../schemas/diagnostic.ts";
import { spotAt } from "../check-document.ts";
import { decodeText } from "../decode-text.ts";
import { isMap } from "../../schemas/is-map.ts";
import { escapeKey } from "../merge.ts";
import { readJson } from "../read-json.ts";
import { type PlainDocument, readYaml } from "../read-yaml.ts";
import type { Tool } from "./foreign-node.ts";
import { ironicFields } from "./ironic-columns.ts";
import {
  commandOf,
  IRONIC_LISTS,
  ironicKindOf,
  type IronicRow,
  listKeyOf,
  noListText,
} from "./ironic-lists.ts";
import { type Fields, listOf, textOf } from "./values.ts";

/** A file as it was handed in. */
export interface ExportFile {
  /** As people know it; `stdin` where it has no name. */
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** What a file holds: documents of ours, an export of another tool, or neither. */
export type Origin = "own" | Tool | "unknown";

/** A file as data. */
export interface ReadFile {
  readonly file: string;
  readonly origin: Origin;
  readonly isJson: boolean;
  readonly documents: readonly PlainDocument[];
  /** Without frames: a line of an export may hold a password. */
  readonly diagnostics: readonly Diagnostic[];
}

/** One thing of an export with its place. */
export interface Row {
  readonly fields: Fields;
  readonly place: Place;
}

/** Bytes of JSON that are read: some 8,000 nodes with all that a ramdisk learnt of them. */
const JSON_MAX = 64 * 1024 * 1024;

/** Reads a file as JSON or YAML, and tells whose it is. */
export function readExport({ file, bytes }: ExportFile): ReadFile {
  const isJson = /^\s*[[{]/.test(new TextDecoder().decode(bytes.subarray(0, 512)));
  const decoded = decodeText(bytes, isJson ? JSON_MAX : undefined);
  if ("wrong" in decoded) {
    const message = decoded.wrong;
    const wrong = { code: "IW-I02", severity: "error", message, file, line: 1, column: 1 } as const;
    return { file, origin: "unknown", isJson, documents: [], diagnostics: [wrong] };
  }
  const read = isJson ? readJson(decoded.text) : readYaml(decoded.text);
  const { findings } = read;
  const documents = read.documents.map(withSources);
  const diagnostics = findings.map(({ code, severity, message, spot: [line, column] }) => ({
    code,
    severity,
    message,
    file,
    line,
    column,
  }));
  const origin = diagnostics.length === 0 ? originOf(documents) : originByWords(decoded.text);
  return { file, origin, isJson, documents, diagnostics };
}

/** Text is text: a number that is not written as we would write it, such as `7E12345`, was meant as what stands there. */
function withSources(document: PlainDocument): PlainDocument {
  const { sources } = document;
  if (Object.keys(sources).length === 0) return document;
  const sourced = (value: unknown, pointer: string): unknown => {
    if (Array.isArray(value)) return value.map((item, at) => sourced(item, `${pointer}/${at}`));
    if (isMap(value))
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [
          key,
          sourced(item, `${pointer}/${escapeKey(key)}`),
        ]),
      );
    const source = sources[pointer];
    return typeof value === "number" && String(value) !== source ? (source ?? value) : value;
  };
  return { ...document, value: sourced(document.value, "") };
}

function originOf(documents: readonly PlainDocument[]): Origin {
  const values = documents.map(({ value }) => value);
  if (values.some((value) => versionOf(value)?.startsWith("ironwright/"))) return "own";
  if (values.some(isKubernetes)) return "metal3";
  const rows = values.flatMap(ironicRows);
  return rows.some((row) => isMap(row) && isIronicRow(row)) ? "ironic" : "unknown";
}

function isIronicRow(row: Fields): boolean {
  const fields = ironicFields(row);
  return "uuid" in fields && ironicKindOf(fields) !== null;
}

/** Words by which a file that can't be read whole still shows whose it is. */
const WORDS: readonly (readonly [Origin, RegExp])[] = [
  ["own", /^ *["']?apiVersion["']?: *["']?ironwright\//m],
  ["metal3", /\bkind["']?: *["']?BareMetalHost/],
  ["ironic", /"(?:Provisioning State|provision_state|Node UUID|node_uuid)"/],
];

function originByWords(text: string): Origin {
  return WORDS.find(([, words]) => words.test(text))?.[0] ?? "unknown";
}

function versionOf(value: unknown): string | undefined {
  return isMap(value) ? textOf(value["apiVersion"]) : undefined;
}

/** A stream of kubectl's that has a host in it, or that was asked for hosts and had none. */
function isKubernetes(value: unknown): boolean {
  return itemsOf(value).some(({ fields }) => fields["kind"] === "BareMetalHost");
}

/** A list, `{"nodes": [...]}` as the API answers, or one row. */
function ironicRows(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (!isMap(value)) return [];
  const key = listKeyOf(value);
  return key === undefined ? [value] : listOf(value[key]);
}

/** Every row of an Ironic export with the list that it is of, and what is wrong with it. */
export function ironicRowsOf({ file, documents }: ReadFile): {
  readonly rows: readonly IronicRow[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const rows: IronicRow[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const document of documents) {
    const { value } = document;
    const key = isMap(value) ? listKeyOf(value) : undefined;
    const root = key === undefined ? "" : `/${key}`;
    const isList = Array.isArray(value) || key !== undefined;
    ironicRows(value).forEach((row, index) => {
      const place = placeAt(file, document, isList ? `${root}/${index}` : "");
      const read = ironicRow(row);
      if ("wrong" in read)
        diagnostics.push({ ...place, code: "IW-I15", severity: "error", message: read.wrong });
      else rows.push({ ...read, place });
    });
  }
  return { rows, diagnostics };
}

function ironicRow(row: unknown): Omit<IronicRow, "place"> | { readonly wrong: string } {
  if (!isMap(row)) return { wrong: `this is no node; hand in: ${commandOf("node")}` };
  const fields = ironicFields(row);
  const kind = ironicKindOf(fields);
  if (kind === null) return { wrong: noListText() };
  const { noun, needs } = IRONIC_LISTS[kind];
  if (textOf(fields["uuid"]) === undefined)
    return { wrong: `the ${noun} has no UUID; hand in: ${commandOf(kind)}` };
  const missing = needs.find((field) => !(field in fields));
  if (missing === undefined) return { kind, fields };
  return {
    wrong: `the ${noun} has no ${missing}: this is a short list; export again with --long: ${commandOf(kind)}`,
  };
}

/** Everything in a stream of kubectl's: documents, and the items of lists. */
export function kubernetesRows({ file, documents }: ReadFile): readonly Row[] {
  return documents.flatMap((document) =>
    itemsOf(document.value).map(({ fields, pointer }) => ({
      fields,
      place: placeAt(file, document, pointer),
    })),
  );
}

function itemsOf(value: unknown): readonly { readonly fields: Fields; readonly pointer: string }[] {
  if (!isMap(value)) return [];
  const { items } = value;
  if (!Array.isArray(items)) return [{ fields: value, pointer: "" }];
  return items.flatMap((item: unknown, index) =>
    isMap(item) ? [{ fields: item, pointer: `/items/${index}` }] : [],
  );
}

function placeAt(file: string, document: PlainDocument, pointer: string): Place {
  const [line, column] = spotAt(document, pointer);
  return { file, line, column };
}
