import type { Diagnostic } from "../schemas/diagnostic.ts";
import { checkDocument, type CheckedDocument } from "./check-document.ts";
import { checkRules } from "./check-rules.ts";
import { codeFrame } from "./code-frame.ts";
import { expandNodeList } from "./expand-node-list.ts";
import type { ParsedDocument } from "./parsed-document.ts";
import { type Finding, type PlainDocument, readYaml } from "./read-yaml.ts";

/** The shape of what is cached by blob; raised when it or any rule of one file changes. */
export const PARSED_VERSION = 1;

/** Larger files are no inventory: a NodeList row takes about 150 bytes, so this is 50,000 nodes. */
const BYTES_MAX = 8 * 1024 * 1024;

/** All that can be said of one blob without looking at any other. */
export interface ParsedFile {
  readonly documents: readonly ParsedDocument[];
  readonly diagnostics: readonly Omit<Diagnostic, "file">[];
}

/** Parses and checks one file; everything that is wrong with it is a diagnostic. */
export function parseFile(bytes: Uint8Array): ParsedFile {
  const text = decode(bytes);
  if (typeof text !== "string") return { documents: [], diagnostics: [text] };
  const { documents, findings } = readYaml(text);
  const parsed: ParsedDocument[] = [];
  const all: Finding[] = [...findings];
  for (const plain of documents) {
    const { checked, findings: wrong } = checkDocument(plain);
    all.push(...wrong);
    if (checked !== null) parsed.push(...documentsOf(checked, plain, all));
  }
  const diagnostics = all.map(({ code, severity, message, spot: [line, column] }) => ({
    code,
    severity,
    message,
    line,
    column,
    frame: codeFrame(text, line, column),
  }));
  return { documents: parsed, diagnostics };
}

function documentsOf(
  checked: CheckedDocument,
  plain: PlainDocument,
  findings: Finding[],
): readonly ParsedDocument[] {
  if (checked.kind === "NodeList") {
    const expanded = expandNodeList(checked, plain);
    findings.push(...expanded.findings);
    return expanded.documents;
  }
  const { kind, metadata, spec } = checked;
  const nulls = plain.nulls
    .filter((at) => at.startsWith("/spec/"))
    .map((at) => at.slice("/spec".length));
  const document = { kind, metadata, spec, spot: plain.spot, spots: plain.spots, nulls };
  findings.push(...checkRules(document));
  return [document];
}

function decode(bytes: Uint8Array): string | Omit<Diagnostic, "file"> {
  const wrong = (message: string): Omit<Diagnostic, "file"> => ({
    code: "IW-I02",
    severity: "error",
    message,
    line: 1,
    column: 1,
  });
  if (bytes.length > BYTES_MAX)
    return wrong(
      `the file has ${Math.ceil(bytes.length / 1024 / 1024)} MB; ${BYTES_MAX / 1024 / 1024} MB is the most that is read. Split it`,
    );
  if (bytes.subarray(0, 8000).includes(0))
    return wrong("the file is binary, not YAML; move it out of the inventory");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return wrong("the file is not UTF-8; save it as UTF-8");
  }
}
