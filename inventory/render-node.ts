import type { Fleet, FleetNode } from "../schemas/fleet.ts";
import { originOf } from "../schemas/fleet.ts";
import { placeText } from "../schemas/diagnostic.ts";
import { Document, stringify, visit } from "yaml";
import { isMap } from "../schemas/is-map.ts";
import { escapeKey } from "./merge.ts";

/** Origins stand in one column where lines are not longer. */
const ORIGIN_AT = 48;

/** The folded node as YAML, with `# file:line` of every value. Secrets are references, so nothing is hidden. */
export function renderNode(fleet: Fleet, node: FleetNode): string {
  const commit =
    fleet.commit.id === null ? "working tree" : `commit ${fleet.commit.id.slice(0, 7)}`;
  const lines = [
    `# ${node.name}, folded from ${commit}`,
    "apiVersion: ironwright/v1",
    "kind: Node",
    "metadata:",
    ...metadata(node),
    "spec:",
    ...mapLines(node.spec, "", 1, node),
  ];
  return `${lines.join("\n")}\n`;
}

function metadata(node: FleetNode): readonly string[] {
  const { name, uuid, uuidDeclared, labels, annotations, place } = node;
  const lines = [noted(`  name: ${scalar(name)}`, placeText(place, false))];
  if (uuid !== null)
    lines.push(
      noted(
        `  uuid: ${uuid}`,
        uuidDeclared ? placeText(place, false) : "derived from fleet and name",
      ),
    );
  for (const [title, map] of [
    ["labels", labels],
    ["annotations", annotations],
  ] as const) {
    const entries = Object.entries(map);
    if (entries.length > 0)
      lines.push(
        `  ${title}:`,
        ...entries.map(([key, value]) => `    ${scalar(key)}: ${scalar(value)}`),
      );
  }
  return lines;
}

function mapLines(
  map: Readonly<Record<string, unknown>>,
  pointer: string,
  depth: number,
  node: FleetNode,
): readonly string[] {
  const pad = "  ".repeat(depth);
  return Object.entries(map).flatMap(([key, value]) => {
    const at = `${pointer}/${escapeKey(key)}`;
    const name = `${pad}${scalar(key)}:`;
    if (isMap(value) && Object.keys(value).length > 0)
      return [name, ...mapLines(value, at, depth + 1, node)];
    if (Array.isArray(value) && value.length > 0)
      return [
        name,
        ...value.map((item, index) =>
          noted(`${pad}  - ${flow(item)}`, origin(node, `${at}/${index}`)),
        ),
      ];
    return [noted(`${name} ${flow(value)}`, origin(node, at))];
  });
}

function origin(node: FleetNode, pointer: string): string {
  return placeText(originOf(node, pointer), false);
}

function noted(line: string, note: string): string {
  return `${line.padEnd(ORIGIN_AT)}  # ${note}`;
}

/** What is printed has its place behind it, so a value of many lines is one line all the same. */
const ONE_LINE = {
  lineWidth: 0,
  blockQuote: false,
  doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
} as const;

function scalar(value: string): string {
  return withoutEnd(stringify(value, ONE_LINE));
}

function flow(value: unknown): string {
  if (typeof value === "string") return scalar(value);
  const document = new Document(value);
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === "string" && node.value.includes("\n")) node.type = "QUOTE_DOUBLE";
    },
  });
  // Long collections are broken between their items; no text holds a line break by now.
  return withoutEnd(document.toString({ ...ONE_LINE, collectionStyle: "flow" })).replaceAll(
    "\n",
    " ",
  );
}

/** Without the line break at its end; other blanks there are the value's. */
function withoutEnd(text: string): string {
  return text.replace(/\n$/, "");
}
