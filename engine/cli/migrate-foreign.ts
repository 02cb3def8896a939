import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Note, Offering, Tool } from "../../inventory/foreign/foreign-node.ts";
import {
  type Imported,
  type ImportedNode,
  importNodes,
} from "../../inventory/foreign/import-nodes.ts";
import type { ReadFile } from "../../inventory/foreign/read-export.ts";
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
      `there is no node in ${files.map(({ file }) => file).join(", ")}; nothing was written`,
      "IW-I12",
    );
  const out = textOption(input, "out");
  if (out === undefined) io.out(nodes.map(({ document }) => document).join("---\n"));
  else write(input, nodes, out);
  tell(input, imported, tool);
  return EXIT.done;
}

/** All of them or none: what is there is overwritten only when that was said. */
function write(input: CommandInput, nodes: readonly ImportedNode[], out: string): void {
  const { io } = input;
  const dir = resolve(io.cwd, out);
  const paths = nodes.map(({ name }) => join(dir, `${name}.yaml`));
  const there = paths.filter((path) => existsSync(path));
  if (there.length > 0 && !flag(input, "force"))
    throw new CommandError(
      EXIT.usage,
      `${there[0] ?? ""}${there.length > 1 ? ` and ${there.length - 1} more` : ""} would be overwritten, so nothing was written; --force overwrites`,
    );
  mkdirSync(dir, { recursive: true });
  nodes.forEach(({ document }, index) => replaceFile(paths[index] ?? "", document));
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

function tell({ io }: CommandInput, { nodes, ignored }: Imported, tool: Tool): void {
  const others = Object.entries(ignored).map(([kind, number]) => `${number} ${kind}`);
  const rows = rowsOf(nodes);
  if (rows.length > 0)
    io.err(`\n${table(["field", "nodes", "why, and what to do"], rows, io.columns, ["field"])}`);
  io.err(
    `\n${nodes.length} ${nodes.length === 1 ? "node" : "nodes"} of ${tool}${others.length === 0 ? "" : `; not read: ${others.join(", ")}`}\n`,
  );
  io.err(NEXT);
}

/** In this order nothing of an import is taken for a wish that is new. */
const NEXT = `next: fill in the secrets; keep the other tool off these nodes (maintenance, paused);
      ironwright validate && ironwright init --nodes existing && ironwright plan
`;

/** One row for each thing that is to be known, with the nodes that it is true of. */
function rowsOf(nodes: readonly ImportedNode[]): readonly (readonly string[])[] {
  const groups = new Map<string, { readonly note: Note; readonly names: string[] }>();
  for (const { name, notes } of nodes)
    for (const note of notes) {
      const key = JSON.stringify(note);
      const group = groups.get(key) ?? { note, names: [] };
      groups.set(key, group);
      group.names.push(name);
    }
  return [...groups.values()].map(({ note: { field, why, todo }, names }) => [
    field,
    namesText(names),
    todo === "nothing" ? why : `${why}; to do: ${todo}`,
  ]);
}

function namesText([first = "", ...others]: readonly string[]): string {
  return `${cut(first, NAME_WIDTH)}${others.length > 0 ? ` and ${others.length} more` : ""}`;
}
