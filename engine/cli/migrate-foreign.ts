import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Note, Offering, Tool } from "../../inventory/foreign/foreign-node.ts";
import {
  type Imported,
  type ImportedNode,
  importNodes,
} from "../../inventory/foreign/import-nodes.ts";
import { commandOf } from "../../inventory/foreign/ironic-lists.ts";
import type { ReadFile } from "../../inventory/foreign/read-export.ts";
import { placeText } from "../../schemas/diagnostic.ts";
import type { Catalog } from "../../schemas/steps.ts";
import { CommandError, type CommandInput, flag, textOption } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { replaceFile } from "./replace-file.ts";
import { cut, table } from "./table.ts";
import { stopAtErrors } from "./world.ts";

/** What a row of the table shows of a node's name: the room is the sentence's. */
const NAME_WIDTH = 24;

/** Makes Node documents of exports: on stdout, or a file for each node; stderr tells what they do not say. */
export function migrateForeign(
  input: CommandInput,
  files: readonly ReadFile[],
  tool: Tool,
): ExitCode {
  const { io, house } = input;
  const imported = importNodes(files, tool, offeringOf(house.catalog));
  const { nodes, diagnostics } = imported;
  stopAtErrors(input, diagnostics);
  if (nodes.length === 0)
    throw new CommandError(
      EXIT.invalid,
      `there is no node in ${files.map(({ file }) => file).join(", ")}; nothing was written${imported.left.length === 0 ? "" : `: hand in the node list in the same call (${commandOf("node")})`}`,
      "IW-I12",
    );
  const out = textOption(input, "out");
  const documents = documentsOf(imported);
  if (out === undefined) io.out(documents.map(({ document }) => document).join("---\n"));
  else write(input, documents, out);
  tell(input, imported, tool);
  return EXIT.done;
}

interface Written {
  readonly file: string;
  readonly document: string;
}

function documentsOf({ nodes, chassis }: Imported): readonly Written[] {
  return [...nodes.map(({ name, document }) => ({ file: name, document })), ...chassis];
}

/** All of them or none: what is there is overwritten only when that was said. */
function write(input: CommandInput, documents: readonly Written[], out: string): void {
  const { io } = input;
  const dir = resolve(io.cwd, out);
  const paths = documents.map(({ file }) => join(dir, `${file}.yaml`));
  const there = paths.filter((path) => existsSync(path));
  if (there.length > 0 && !flag(input, "force"))
    throw new CommandError(
      EXIT.usage,
      `${there[0] ?? ""}${there.length > 1 ? ` and ${there.length - 1} more` : ""} would be overwritten, so nothing was written; --force overwrites`,
    );
  mkdirSync(dir, { recursive: true });
  documents.forEach(({ document }, index) => replaceFile(paths[index] ?? "", document));
  io.out(paths.map((path) => `${path}\n`).join(""));
}

/** What hardware types offer, as far as this engine knows them. */
function offeringOf(catalog: Catalog): Offering {
  return {
    knows: (driver) => Object.hasOwn(catalog, driver),
    find(driver, name, implementation) {
      const all = (catalog[driver]?.interfaces ?? []).filter((one) => one.interface === name);
      const at = all.findIndex((one) => one.implementation === implementation);
      if (at === -1) return "none";
      return at === 0 ? "default" : "other";
    },
  };
}

function tell({ io }: CommandInput, imported: Imported, tool: Tool): void {
  const { nodes, chassis, left, ignored } = imported;
  const rows = rowsOf([...nodes, ...chassis]);
  if (rows.length > 0)
    io.err(`\n${table(["field", "where", "why, and what to do"], rows, io.columns, ["field"])}`);
  if (left.length > 0)
    io.err(
      `\n${table(
        ["left behind", "at", "why, and what to do"],
        left.map(({ what, place, ...said }) => [what, placeText(place, false), reason(said)]),
        io.columns,
        ["left behind", "at"],
      )}`,
    );
  const others = Object.entries(ignored).map(([kind, number]) => `${number} ${kind}`);
  io.err(
    `\n${countsOf(imported)} of ${tool}${left.length === 0 ? "" : `; left behind: ${left.length}`}${others.length === 0 ? "" : `; not read: ${others.join(", ")}`}\n`,
  );
  io.err(NEXT);
}

/** `3 nodes, 4 ports`: what stands in the documents. */
function countsOf({ nodes, chassis, parts }: Imported): string {
  const counts = { node: nodes.length, ...parts, chassis: chassis.length };
  return Object.entries(counts)
    .filter(([noun, number]) => number > 0 || noun === "node")
    .map(([noun, number]) => `${number} ${noun}${number === 1 || noun === "chassis" ? "" : "s"}`)
    .join(", ");
}

function reason({ why, todo }: Pick<Note, "why" | "todo">): string {
  return todo === "nothing" ? why : `${why}; to do: ${todo}`;
}

/** In this order nothing of an import is taken for a wish that is new. */
const NEXT = `next: fill in the secrets; keep the other tool off these nodes (maintenance, paused);
      ironwright validate && ironwright init --nodes existing && ironwright plan
`;

/** One row for each thing that is to be known, with the nodes that it is true of, or the rows of their parts. */
function rowsOf(
  documents: readonly Pick<ImportedNode, "name" | "notes">[],
): readonly (readonly string[])[] {
  const groups = new Map<string, { readonly note: Note; readonly where: string[] }>();
  for (const { name, notes } of documents)
    for (const note of notes) {
      const { field, why, todo, part } = note;
      const key = JSON.stringify([part?.noun, field, why, todo]);
      const group = groups.get(key) ?? { note, where: [] };
      groups.set(key, group);
      group.where.push(part === undefined ? cut(name, NAME_WIDTH) : placeText(part.place, false));
    }
  return [...groups.values()].map(({ note, where }) => [
    note.part === undefined ? note.field : `${note.part.noun} ${note.field}`,
    whereText(where),
    reason(note),
  ]);
}

function whereText([first = "", ...others]: readonly string[]): string {
  return `${first}${others.length > 0 ? ` and ${others.length} more` : ""}`;
}
