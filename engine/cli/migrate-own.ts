import { realpathSync } from "node:fs";
import { convertText } from "../../inventory/convert-text.ts";
import { readableVersions, type Versions, wayFrom } from "../../inventory/conversions.ts";
import { spotAt } from "../../inventory/check-document.ts";
import { type ExportFile, readExport } from "../../inventory/foreign/read-export.ts";
import { unifiedDiff } from "../../inventory/line-diff.ts";
import { isMap } from "../../schemas/is-map.ts";
import type { Diagnostic } from "../../schemas/diagnostic.ts";
import { type CommandInput, flag } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { replaceFile } from "./replace-file.ts";
import { stopAtErrors } from "./world.ts";

/** A file of documents of ours; its path is "" where it has none. */
export interface OwnFile extends ExportFile {
  readonly path: string;
  /** Of what it holds, where that is no inventory. */
  readonly versions?: Versions;
}

/** A file with its text in the current version. */
interface Rewritten extends OwnFile {
  readonly before: string;
  readonly after: string;
  readonly from: readonly string[];
}

/**
 * Rewrites documents of ours to the newest apiVersion, each file whole or not at all; nothing is written while one of
 * them can't be read. With `--check` 2 says that something is old.
 */
export function migrateOwn(input: CommandInput, files: readonly OwnFile[]): ExitCode {
  const { io, house } = input;
  const { versions } = house;
  const versionsOf = (file: OwnFile): Versions => file.versions ?? versions;
  stopAtErrors(
    input,
    files.flatMap((file) => troubles(file, versionsOf(file))),
  );
  const old = files
    .map((file) => rewritten(file, versionsOf(file)))
    .filter(({ from }) => from.length > 0);
  if (old.length === 0) {
    io.out(`nothing to migrate: ${count(files.length, "file")} in ${versions.current}\n`);
    return EXIT.done;
  }
  if (flag(input, "dryRun"))
    for (const { file, before, after } of old) io.out(unifiedDiff(file, before, after));
  const writes = !flag(input, "check") && !flag(input, "dryRun");
  if (writes) for (const { path, after } of old) replaceFile(realpathSync(path), after);
  for (const { file, from } of old)
    io[flag(input, "dryRun") ? "err" : "out"](
      `${file}: ${count(from.length, "document")} ${writes ? "rewritten" : "to be rewritten"} from ${[...new Set(from)].join(", ")} to ${versions.current}\n`,
    );
  return flag(input, "check") ? EXIT.pending : EXIT.done;
}

function rewritten(file: OwnFile, versions: Versions): Rewritten {
  const before = new TextDecoder().decode(file.bytes);
  const { text, from } = convertText(before, versions);
  return { ...file, before, after: text, from };
}

/** What keeps a file from being rewritten: no YAML, or a version that leads nowhere. The rest is `validate`'s. */
function troubles(file: OwnFile, versions: Versions): readonly Diagnostic[] {
  const { documents, diagnostics } = readExport(file);
  const strange = documents.flatMap((document): readonly Diagnostic[] => {
    const version = isMap(document.value) ? document.value["apiVersion"] : undefined;
    const said = version === undefined ? versions.unwritten : version;
    if (typeof said === "string" && wayFrom(said, versions) !== null) return [];
    const [line, column] = spotAt(document, "/apiVersion");
    const is = version === undefined ? "missing" : JSON.stringify(version);
    const message = `apiVersion is ${is}; there is a way from ${readableVersions(versions).join(", ")}`;
    return [{ code: "IW-I15", severity: "error", message, file: file.file, line, column }];
  });
  return [...diagnostics, ...strange];
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}
