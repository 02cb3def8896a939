import { comparePlaces, type Diagnostic, placeText } from "../../schemas/diagnostic.ts";
import { parseFile } from "../parse-file.ts";
import type { ForeignNode, Note, Offering, Tool } from "./foreign-node.ts";
import { ironicNode } from "./ironic-node.ts";
import { metal3Node, type UserNames } from "./metal3-node.ts";
import { type NamedNode, nameNodes } from "./name-nodes.ts";
import { nameParents } from "./name-parents.ts";
import { ironicRowsOf, kubernetesRows, type ReadFile, type Row } from "./read-export.ts";
import { mapOf, textOf } from "./values.ts";
import { writeNode } from "./write-node.ts";

/** One node as a document of ours. */
export interface ImportedNode {
  readonly name: string;
  readonly document: string;
  readonly notes: readonly Note[];
}

/** What became of an export; with an error among the diagnostics nothing of it may be used. */
export interface Imported {
  readonly nodes: readonly ImportedNode[];
  readonly diagnostics: readonly Diagnostic[];
  /** What is neither a node nor its login: how many of each kind. */
  readonly ignored: Readonly<Record<string, number>>;
}

/** Makes Node documents of the exports of one tool, each of which `parseFile` accepts. */
export function importNodes(files: readonly ReadFile[], tool: Tool, offering: Offering): Imported {
  const found = tool === "ironic" ? fromIronic(files, offering) : fromMetal3(files, offering);
  const nodes = nameParents(nameNodes(found.nodes)).map((node) => ({
    node,
    document: writeNode(node, tool),
  }));
  const diagnostics = [
    ...files.flatMap(unread),
    ...found.diagnostics,
    ...twice(found.nodes),
    ...nodes.flatMap(({ node, document }) => refused(node, document)),
  ];
  return {
    nodes: nodes.map(({ node: { label, notes }, document }) => ({ name: label, document, notes })),
    diagnostics: diagnostics.sort(comparePlaces),
    ignored: found.ignored,
  };
}

/** The YAML parser quotes the text that it stumbles over, which may be a password. */
function unread({ isJson, diagnostics }: ReadFile): readonly Diagnostic[] {
  if (isJson) return diagnostics;
  const message = "not YAML: what stands here can't be read; export it again";
  return diagnostics.map((one) => (one.code === "IW-I01" ? { ...one, message } : one));
}

type Found = Pick<Imported, "diagnostics" | "ignored"> & { readonly nodes: readonly ForeignNode[] };

function fromIronic(files: readonly ReadFile[], offering: Offering): Found {
  const read = files.map(ironicRowsOf);
  const nodes = read.flatMap(({ rows }) =>
    rows.map(({ fields, place }) => withUuid(ironicNode(fields, place, offering))),
  );
  return { nodes, diagnostics: read.flatMap(({ diagnostics }) => diagnostics), ignored: {} };
}

function fromMetal3(files: readonly ReadFile[], offering: Offering): Found {
  const rows = files.flatMap(kubernetesRows);
  const users = new Map(rows.flatMap(userName)) satisfies UserNames;
  const ignored: Record<string, number> = {};
  const nodes: ForeignNode[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const { fields, place } of rows) {
    const kind = textOf(fields["kind"]) ?? "(no kind)";
    const message = "the BareMetalHost has no metadata.name; hand in: kubectl get bmh -o yaml";
    if (kind === "Secret") continue;
    if (kind !== "BareMetalHost") ignored[kind] = (ignored[kind] ?? 0) + 1;
    else if (textOf(mapOf(fields["metadata"])["name"]) === undefined)
      diagnostics.push({ ...place, code: "IW-I10", severity: "error", message });
    else nodes.push(withUuid(metal3Node(fields, place, { users, offering })));
  }
  return { nodes, diagnostics, ignored };
}

/** Of a Secret the user name is read, and nothing else. */
function userName({ fields }: Row): readonly (readonly [string, string])[] {
  if (fields["kind"] !== "Secret") return [];
  const metadata = mapOf(fields["metadata"]);
  const encoded = textOf(mapOf(fields["data"])["username"]) ?? "";
  const user =
    textOf(mapOf(fields["stringData"])["username"]) ??
    textOf(Buffer.from(encoded, "base64").toString("utf8"));
  const namespace = textOf(metadata["namespace"]) ?? "default";
  return user === undefined ? [] : [[`${namespace}/${textOf(metadata["name"]) ?? ""}`, user]];
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** A uuid that is none would make the document invalid; the engine mints one instead. */
function withUuid(node: ForeignNode): ForeignNode {
  const { uuid, notes } = node;
  if (uuid === undefined || UUID.test(uuid)) return { ...node, uuid: uuid?.toLowerCase() };
  const why = "it is no UUID; the engine gives the node one of its own";
  return { ...node, uuid: undefined, notes: [{ field: "uuid", why, todo: "nothing" }, ...notes] };
}

/** One name, or one uuid, that two nodes have: a join of exports, or one handed in twice. */
function twice(nodes: readonly ForeignNode[]): readonly Diagnostic[] {
  const seen = new Map<string, ForeignNode>();
  return nodes.flatMap((node) => {
    const keys = [`name ${node.called}`, ...(node.uuid === undefined ? [] : [`uuid ${node.uuid}`])];
    const key = keys.find((one) => seen.has(one));
    for (const one of keys) if (!seen.has(one)) seen.set(one, node);
    if (key === undefined) return [];
    const first = seen.get(key)?.place ?? node.place;
    const message = `two nodes have the ${key}; the other one is at ${placeText(first)}. Take one out`;
    return [{ ...node.place, code: "IW-I05", severity: "error" as const, message }];
  });
}

/** What our own reader would refuse is told at the node that it came from. */
function refused({ label, place }: NamedNode, document: string): readonly Diagnostic[] {
  const { diagnostics } = parseFile(new TextEncoder().encode(document));
  return diagnostics.map(({ code, severity, message }) => ({
    ...place,
    code,
    severity,
    message: `${label} makes no document: ${message}; correct the export`,
  }));
}
