import { comparePlaces, type Diagnostic, type Place, placeText } from "../../schemas/diagnostic.ts";
import type { NodeSpec } from "../../schemas/documents.ts";
import { checkParts } from "../check-parts.ts";
import { parseFile } from "../parse-file.ts";
import type { ForeignNode, LeftBehind, Note, Offering, Tool } from "./foreign-node.ts";
import { allocationNames, leftAllocations } from "./ironic-allocations.ts";
import { chassisDocuments, chassisNames, type OtherDocument } from "./ironic-chassis.ts";
import { ironicNode } from "./ironic-node.ts";
import { rowsTwice, withParts } from "./ironic-parts.ts";
import { metal3Node, type UserNames } from "./metal3-node.ts";
import { type NamedNode, nameNodes } from "./name-nodes.ts";
import { nameParents } from "./name-parents.ts";
import { ownUuid } from "./own-uuid.ts";
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
  readonly chassis: readonly OtherDocument[];
  /** What stands in nodes, by what it is called: `port`. */
  readonly parts: Readonly<Record<string, number>>;
  /** Rows that stand in no document. */
  readonly left: readonly LeftBehind[];
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
    ...contradictions(nodes.map(({ node }) => node)),
    ...nodes.flatMap(({ node, document }) => refused(node.label, node.place, document)),
    ...found.chassis.flatMap(({ name, place, document }) => refused(name, place, document)),
  ];
  return {
    nodes: nodes.map(({ node: { label, notes }, document }) => ({ name: label, document, notes })),
    chassis: found.chassis,
    parts: countParts(found.nodes),
    left: found.left.toSorted((a, b) => comparePlaces(a.place, b.place)),
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

type Found = Omit<Imported, "nodes" | "parts"> & { readonly nodes: readonly ForeignNode[] };

function fromIronic(files: readonly ReadFile[], offering: Offering): Found {
  const read = files.map(ironicRowsOf);
  const rows = read.flatMap((one) => one.rows);
  const chassis = chassisNames(rows);
  const surroundings = { offering, chassis, allocations: allocationNames(rows) };
  const bare = rows.flatMap(({ kind, fields, place }) =>
    kind === "node" ? [ironicNode(fields, place, surroundings)] : [],
  );
  // Parts name their node by what the export calls its uuid, also where that is none.
  const parts = withParts(bare, rows);
  const nodes = parts.nodes.map(withUuid);
  const enclosures = chassisDocuments(rows, chassis, nodes);
  return {
    nodes,
    chassis: enclosures.chassis,
    left: [...parts.left, ...enclosures.left, ...leftAllocations(rows)],
    diagnostics: [...read.flatMap(({ diagnostics }) => diagnostics), ...rowsTwice(rows)],
    ignored: {},
  };
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
  return { nodes, chassis: [], left: [], diagnostics, ignored };
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

function withUuid(node: ForeignNode): ForeignNode {
  const { uuid, notes } = ownUuid("node", node.uuid);
  return { ...node, uuid, notes: [...notes, ...node.notes] };
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

function countParts(nodes: readonly ForeignNode[]): Imported["parts"] {
  const count = (of: (spec: NodeSpec) => object | undefined): number =>
    nodes.reduce((sum, { spec }) => sum + Object.keys(of(spec) ?? {}).length, 0);
  return {
    port: count(({ ports }) => ports),
    "port group": count(({ portGroups }) => portGroups),
    "volume connector": count(({ volumes }) => volumes?.connectors),
    "volume target": count(({ volumes }) => volumes?.targets),
  };
}

/** MACs, connectors and boot indexes that are there twice, and bonds that can't be: each at its row. */
function contradictions(nodes: readonly NamedNode[]): readonly Diagnostic[] {
  return checkParts(nodes.map((node) => ({ ...node, name: node.label }))).map((one) => ({
    ...one,
    message: `${one.message}; correct it where it comes from, and export again`,
  }));
}

/** What our own reader would refuse is told at the row that it came from. */
function refused(label: string, place: Place, document: string): readonly Diagnostic[] {
  const { diagnostics } = parseFile(new TextEncoder().encode(document));
  return diagnostics.map(({ code, severity, message }) => ({
    ...place,
    code,
    severity,
    message: `${label} makes no document: ${message}; correct the export`,
  }));
}
