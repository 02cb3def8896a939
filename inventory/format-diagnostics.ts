import type { Diagnostic } from "../schemas/diagnostic.ts";
import { CODES } from "../schemas/codes.ts";

export type DiagnosticsFormat = "text" | "json" | "github" | "sarif";

/** More errors than this are counted: nobody reads a thousand. JSON and SARIF hold them all. */
const MOST = 50;

/** Prints findings for people, scripts, GitHub annotations or code scanners. */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  format: DiagnosticsFormat,
): string {
  switch (format) {
    case "text":
      return asText(diagnostics);
    case "json":
      return `${JSON.stringify(diagnosticsData(diagnostics), null, 2)}\n`;
    case "github":
      return diagnostics.map(asAnnotation).join("");
    case "sarif":
      return asSarif(diagnostics);
  }
}

function asText(diagnostics: readonly Diagnostic[]): string {
  const shown = diagnostics
    .slice(0, MOST)
    .map(({ file, line, column, severity, code, message, frame }) => {
      const head = `${printable(file)}:${line}:${column}  ${severity}  ${message}   ${code}\n`;
      return frame === undefined ? head : `${head}${indented(frame)}\n`;
    });
  const more = diagnostics.length - shown.length;
  return `${shown.join("\n")}${more > 0 ? `\nand ${more} more; all of them: ironwright validate --format json\n` : ""}`;
}

/** A file may be called anything; a line of ours stays one line. */
function printable(file: string): string {
  return file.replaceAll(/\p{Cc}/gu, "?");
}

function indented(frame: string): string {
  return frame
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}

/** What `validate --format json` answers (contract 5). */
export function diagnosticsData(diagnostics: readonly Diagnostic[]): {
  readonly valid: boolean;
  readonly diagnostics: readonly Omit<Diagnostic, "frame">[];
} {
  const valid = diagnostics.every(({ severity }) => severity !== "error");
  const rows = diagnostics.map(({ code, severity, message, file, line, column }) => ({
    code,
    severity,
    message,
    file,
    line,
    column,
  }));
  return { valid, diagnostics: rows };
}

/** docs.github.com: workflow commands; values are percent-encoded. */
function asAnnotation({ severity, file, line, column, code, message }: Diagnostic): string {
  return `::${severity} file=${escaped(file)},line=${line},col=${column},title=${code}::${escapedMessage(message)}\n`;
}

function escapedMessage(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escaped(text: string): string {
  return escapedMessage(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** SARIF 2.1.0 (OASIS). */
function asSarif(diagnostics: readonly Diagnostic[]): string {
  const codes = [...new Set(diagnostics.map(({ code }) => code))].sort();
  const meanings: Readonly<Record<string, string>> = CODES;
  const sarif = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "ironwright",
            rules: codes.map((id) => ({ id, shortDescription: { text: meanings[id] ?? id } })),
          },
        },
        // Columns as this language counts them (3.14.17).
        columnKind: "utf16CodeUnits",
        results: diagnostics.map(({ code, severity, message, file, line, column }) => ({
          ruleId: code,
          level: severity,
          message: { text: message },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: file.split("/").map(encodeURIComponent).join("/") },
                region: { startLine: line, startColumn: column },
              },
            },
          ],
        })),
      },
    ],
  };
  return `${JSON.stringify(sarif, null, 2)}\n`;
}
