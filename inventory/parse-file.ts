import type { Diagnostic } from "../schemas/diagnostic.ts";
import { checkDocument, type CheckedDocument } from "./check-document.ts";
import { checkRules } from "./check-rules.ts";
import { convertDocument, VERSIONS } from "./conversions.ts";
import { codeFrames } from "./code-frame.ts";
import { decodeText } from "./decode-text.ts";
import { expandNodeList } from "./expand-node-list.ts";
import { findSecrets, secretTexts } from "./find-secrets.ts";
import type { ParsedDocument } from "./parsed-document.ts";
import { type Finding, type PlainDocument, readYaml } from "./read-yaml.ts";

/** The shape of what is cached by blob; raised when it or any rule of one file changes. */
export const PARSED_VERSION = 10;

/** All that can be said of one blob without looking at any other. */
export interface ParsedFile {
  readonly documents: readonly ParsedDocument[];
  readonly diagnostics: readonly Omit<Diagnostic, "file">[];
}

/**
 * Parses and checks one file; everything that is wrong with it is a diagnostic. Documents of an older version are
 * read as the current one; the file stays as it is.
 */
export function parseFile(bytes: Uint8Array, versions = VERSIONS): ParsedFile {
  const decoded = decodeText(bytes);
  if ("wrong" in decoded) {
    const { wrong: message } = decoded;
    const unread = { code: "IW-I02", severity: "error", message, line: 1, column: 1 } as const;
    return { documents: [], diagnostics: [unread] };
  }
  const { documents, findings } = readYaml(decoded.text, (document) => {
    convertDocument(document, versions);
  });
  const parsed: ParsedDocument[] = [];
  const all: Finding[] = [...findings];
  for (const plain of documents) {
    const secrets = findSecrets(plain);
    const { checked, findings: wrong } = checkDocument(plain);
    all.push(...wrong, ...secrets);
    // A document that holds a password is not handed on: what is handed on is kept in the cache.
    if (checked !== null && secrets.length === 0) parsed.push(...documentsOf(checked, plain, all));
  }
  return { documents: parsed, diagnostics: framed(distinct(all), decoded.text, documents) };
}

/** What a template says wrongly is found again in each row; it is said once. */
function distinct(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Map<string, Finding>();
  for (const finding of findings)
    seen.set(`${finding.spot.join(":")} ${finding.code} ${finding.message}`, finding);
  return [...seen.values()];
}

function framed(
  findings: readonly Finding[],
  text: string,
  documents: readonly PlainDocument[],
): ParsedFile["diagnostics"] {
  if (findings.length === 0) return [];
  const frames = codeFrames(text, documents.flatMap(secretTexts));
  return findings.map(({ code, severity, message, spot: [line, column] }) => ({
    code,
    severity,
    message,
    line,
    column,
    frame: frames(line, column),
  }));
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
