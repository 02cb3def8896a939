import { nodeDocumentSchema } from "../schemas/documents.ts";
import { checkDocument, type CheckedDocument } from "./check-document.ts";
import { checkRules, forbidMachine, spotIn } from "./check-rules.ts";
import { type Folding, isMap, lay } from "./merge.ts";
import type { ParsedDocument } from "./parsed-document.ts";
import type { Finding, PlainDocument, Spot } from "./read-yaml.ts";

/** Makes a Node of each row of a NodeList; each keeps the spot of its own row and cells. */
export function expandNodeList(
  list: CheckedDocument,
  plain: PlainDocument,
): { readonly documents: readonly ParsedDocument[]; readonly findings: readonly Finding[] } {
  const { template, columns, rows } = list.spec;
  const findings: Finding[] = [];
  if (!isMap(template) || !Array.isArray(columns) || !Array.isArray(rows))
    return { documents: [], findings };
  const names = columns.map(String);
  const say = (code: string, pointer: string, message: string): void => {
    const spot = spotIn(plain, `/spec/template/spec${pointer}`);
    findings.push({ code, severity: "error", message, spot });
  };
  if (isMap(template["spec"])) forbidMachine(template["spec"], "a NodeList's template", say);
  const documents: ParsedDocument[] = [];
  rows.forEach((row: unknown, index) => {
    const spot = spotIn(plain, `/spec/rows/${index}`);
    if (!Array.isArray(row) || row.length !== names.length) {
      const length = Array.isArray(row) ? row.length : 0;
      findings.push({
        code: "IW-I04",
        severity: "error",
        message: `the row has ${length} cells; there are ${names.length} columns`,
        spot,
      });
      return;
    }
    const { document, findings: wrong } = expandRow({ template, names, row, index, plain, spot });
    findings.push(...wrong);
    if (document !== null) documents.push(document);
  });
  return { documents, findings };
}

interface Row {
  readonly template: Readonly<Record<string, unknown>>;
  readonly names: readonly string[];
  readonly row: readonly unknown[];
  readonly index: number;
  readonly plain: PlainDocument;
  readonly spot: Spot;
}

function expandRow({ template, names, row, index, plain, spot }: Row): {
  readonly document: ParsedDocument | null;
  readonly findings: readonly Finding[];
} {
  const folding: Folding<Spot> = { value: {}, origins: {} };
  lay(folding, {
    value: template,
    nulls: [],
    originOf: (pointer) => spotIn(plain, `/spec/template${pointer}`),
  });
  const sources: Record<string, string> = {};
  const nulls: string[] = [];
  names.forEach((name, column) => {
    const pointer = `/${name.replaceAll(".", "/")}`;
    const cell = `/spec/rows/${index}/${column}`;
    if (row[column] === null) {
      nulls.push(pointer);
      return;
    }
    lay(folding, {
      value: nested(name, row[column]),
      nulls: [],
      originOf: () => spotIn(plain, cell),
    });
    const source = plain.sources[cell];
    if (source !== undefined) sources[pointer] = source;
  });
  const spots = folding.origins;
  const value = {
    apiVersion: "ironwright/v1",
    kind: "Node",
    metadata: {},
    spec: {},
    ...folding.value,
  };
  const { checked, findings } = checkDocument({ value, spot, spots, sources, nulls: [] });
  if (
    checked === null ||
    !nodeDocumentSchema.safeParse({ ...value, ...checked, apiVersion: "ironwright/v1" }).success
  )
    return { document: null, findings };
  const specNulls = nulls
    .filter((at) => at.startsWith("/spec/"))
    .map((at) => at.slice("/spec".length));
  const document = { ...checked, kind: "Node" as const, spot, spots, nulls: specNulls };
  return { document, findings: [...findings, ...checkRules(document)] };
}

/** `spec.bmc.address` and a value as the map that they mean. */
function nested(path: string, value: unknown): Record<string, unknown> {
  const [first = "", ...rest] = path.split(".");
  return { [first]: rest.length === 0 ? value : nested(rest.join("."), value) };
}
