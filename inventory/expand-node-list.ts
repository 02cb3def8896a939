import { API_VERSION } from "../schemas/documents.ts";
import { checkDocument, type CheckedDocument, spotAt } from "./check-document.ts";
import { checkRules, forbidMachine } from "./check-rules.ts";
import { isMap } from "../schemas/is-map.ts";
import { escapeKey, type Folding, lay, remove } from "./merge.ts";
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
    const spot = spotAt(plain, `/spec/template/spec${pointer}`);
    findings.push({ code, severity: "error", message, spot });
  };
  const wrong = wrongColumns(names, plain);
  if (wrong.length > 0) return { documents: [], findings: wrong };
  const { metadata } = template;
  for (const key of ["name", "uuid"])
    if (isMap(metadata) && metadata[key] !== undefined)
      findings.push({
        code: "IW-I11",
        severity: "error",
        message: `metadata.${key} means one machine; it is not allowed in a NodeList's template; make it a column`,
        spot: spotAt(plain, `/spec/template/metadata/${key}`),
      });
  if (isMap(template["spec"])) forbidMachine(template["spec"], "a NodeList's template", say);
  const documents: ParsedDocument[] = [];
  const root = "/spec/template";
  const templateNulls = plain.nulls.flatMap((at) =>
    at.startsWith(`${root}/`) ? [at.slice(root.length)] : [],
  );
  const shared = { template, names, plain, templateNulls };
  rows.forEach((row: unknown, index) => {
    const spot = spotAt(plain, `/spec/rows/${index}`);
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
    const expanded = expandRow({ ...shared, row, index, spot });
    const { document } = expanded;
    findings.push(...expanded.findings);
    if (document !== null) documents.push(document);
  });
  return { documents, findings };
}

/** A column is a path below metadata or spec; its name is checked once, not in every row. */
function wrongColumns(names: readonly string[], plain: PlainDocument): readonly Finding[] {
  return names.flatMap((name, index) => {
    const [root, ...rest] = name.split(".");
    const path = rest.length > 0 && rest.every((key) => key !== "" && key !== "__proto__");
    const rooted = (root === "metadata" || root === "spec") && path;
    const twice = names.indexOf(name) !== index;
    const outer = names.find((other) => name.startsWith(`${other}.`));
    if (rooted && !twice && outer === undefined) return [];
    const message = twice
      ? `the column ${name} is there twice; remove one of them`
      : rooted
        ? `the column ${name} is a part of the column ${outer ?? ""}, so that both say it; remove one of them`
        : `the column "${name}" is no path below metadata or spec; write metadata.name, spec.bmc.address and so on`;
    return [
      { code: "IW-I04", severity: "error", message, spot: spotAt(plain, `/spec/columns/${index}`) },
    ];
  });
}

interface Row {
  readonly template: Readonly<Record<string, unknown>>;
  readonly names: readonly string[];
  readonly row: readonly unknown[];
  readonly index: number;
  readonly plain: PlainDocument;
  readonly spot: Spot;
  /** Pointers that the template sets to null: they remove what a profile says. */
  readonly templateNulls: readonly string[];
}

function expandRow({ template, names, row, index, plain, spot, templateNulls }: Row): {
  readonly document: ParsedDocument | null;
  readonly findings: readonly Finding[];
} {
  const folding: Folding<Spot> = { value: {}, origins: {} };
  lay(folding, {
    value: template,
    nulls: [],
    originOf: (pointer) => spotAt(plain, `/spec/template${pointer}`),
  });
  const sources: Record<string, string> = {};
  const nulls = [...templateNulls];
  const columnAt = new Map<string, Spot>();
  names.forEach((name, column) => {
    const pointer = `/${name.replaceAll(".", "/")}`;
    const cell = `/spec/rows/${index}/${column}`;
    columnAt.set(pointer, spotAt(plain, `/spec/columns/${column}`));
    if (row[column] === null) {
      remove(folding, pointer);
      nulls.push(pointer);
      return;
    }
    lay(folding, {
      value: nested(name, row[column]),
      nulls: [],
      originOf: (at) => spotAt(plain, `${cell}${at.slice(pointer.length)}`),
    });
    for (const [at, part] of partsOf(row[column], "")) {
      const source = plain.sources[`${cell}${at}`];
      if (source !== undefined) sources[`${pointer}${at}`] = source;
      if (part === null) nulls.push(`${pointer}${at}`);
    }
  });
  const spots = folding.origins;
  const value = { apiVersion: API_VERSION, kind: "Node", metadata: {}, spec: {}, ...folding.value };
  const result = checkDocument({ value, spot, spots, sources, nulls });
  // A column that is called wrongly is wrong once, not in every row.
  const findings = result.findings.map((finding) =>
    finding.code === "IW-I03"
      ? { ...finding, spot: columnSpot(finding, spots, columnAt) }
      : finding,
  );
  if (result.checked === null) return { document: null, findings };
  const specNulls = nulls
    .filter((at) => at.startsWith("/spec/"))
    .map((at) => at.slice("/spec".length));
  const document = { ...result.checked, kind: "Node" as const, spot, spots, nulls: specNulls };
  return { document, findings: [...findings, ...checkRules(document)] };
}

function columnSpot(
  { spot }: Finding,
  spots: Readonly<Record<string, Spot>>,
  columnAt: ReadonlyMap<string, Spot>,
): Spot {
  for (const [pointer, column] of columnAt) if (spots[pointer] === spot) return column;
  return spot;
}

/** A value and all that is in it, with their pointers. */
function partsOf(value: unknown, at: string): readonly (readonly [string, unknown])[] {
  const own = [[at, value] as const];
  if (typeof value !== "object" || value === null) return own;
  return own.concat(
    Object.entries(value).flatMap(([key, item]) => partsOf(item, `${at}/${escapeKey(key)}`)),
  );
}

/** `spec.bmc.address` and a value as the map that they mean. */
function nested(path: string, value: unknown): Record<string, unknown> {
  const [first = "", ...rest] = path.split(".");
  return { [first]: rest.length === 0 ? value : nested(rest.join("."), value) };
}
