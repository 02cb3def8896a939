import { Document, isScalar } from "yaml";
import { API_VERSION } from "../../schemas/documents.ts";
import type { DOCUMENT_KINDS } from "../../schemas/kinds.ts";
import type { Note, Tool } from "./foreign-node.ts";
import type { NamedNode } from "./name-nodes.ts";

const TOOL_NAMES = { ironic: "Ironic", metal3: "Metal3" } as const satisfies Record<Tool, string>;

/** A node's document, headed by what it does not say of the machine as the other tool had it. */
export function writeNode(node: NamedNode, tool: Tool): string {
  return writeDocument("Node", tool, { ...node, name: node.label });
}

/** What stands in a document. */
interface Content extends Pick<NamedNode, "called" | "notes" | "uuid" | "labels" | "annotations"> {
  readonly name: string;
  readonly spec: object;
}

/** A document of any kind, headed in the same way. */
export function writeDocument(
  kind: keyof typeof DOCUMENT_KINDS,
  tool: Tool,
  { name, called, notes, uuid, labels, annotations, spec }: Content,
): string {
  const document = {
    apiVersion: API_VERSION,
    kind,
    metadata: { name, uuid, ...maps({ labels, annotations }) },
    spec,
  };
  const head = [
    `${TOOL_NAMES[tool]} calls it ${called}.`,
    ...(notes.length === 0 ? [] : ["Not carried over as it was:"]),
    ...notes.map(noteLine),
  ];
  const comment = head.map((line) => `# ${line}\n`).join("");
  // Undefined fields are not written.
  const yaml = new Document(document, { aliasDuplicateObjects: false });
  for (const path of HEX_FIELDS) {
    const number = yaml.getIn(path, true);
    if (isScalar(number)) number.format = "HEX";
  }
  return comment + yaml.toString({ lineWidth: 0 });
}

/** Slave addresses, which nobody reads in decimals. */
const HEX_FIELDS = ["target/address", "transit/address", "localAddress"].map((path) =>
  `spec/bmc/bridging/${path}`.split("/"),
);

function noteLine({ field, why, todo, part, value }: Note): string {
  const whose = part === undefined ? "" : `${part.noun} ${part.name}, `;
  const what = value === undefined ? field : `${field} ${value}`;
  return `- ${whose}${what}: ${why}${todo === "nothing" ? "" : `; to do: ${todo}`}`;
}

function maps(
  all: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return Object.fromEntries(Object.entries(all).filter(([, map]) => Object.keys(map).length > 0));
}
