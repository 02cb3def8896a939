import type { z } from "zod";
import { type Diagnostic, type Place, placeText } from "../../schemas/diagnostic.ts";
import {
  portGroupSchema,
  portSchema,
  volumeConnectorSchema,
  volumeTargetSchema,
} from "../../schemas/parts.ts";
import { escapeKey } from "../merge.ts";
import type { ForeignNode, LeftBehind, Note } from "./foreign-node.ts";
import { IRONIC_LISTS, type IronicKind, type IronicRow } from "./ironic-lists.ts";
import { PART_NAME_MAX, type PartRow } from "./ironic-part.ts";
import { type GroupOf, ironicPort, ironicPortGroup } from "./ironic-ports.ts";
import { ironicConnector, ironicTarget } from "./ironic-volumes.ts";
import { withoutLogins } from "./may-be-secret.ts";
import { type Fields, textOf } from "./values.ts";

/** Kinds whose rows are parts of nodes, and where they stand below the node's spec. */
const PARTS = {
  port: { below: "/ports", schema: portSchema, read: ironicPort },
  portGroup: { below: "/portGroups", schema: portGroupSchema, read: ironicPortGroup },
  connector: { below: "/volumes/connectors", schema: volumeConnectorSchema, read: ironicConnector },
  target: { below: "/volumes/targets", schema: volumeTargetSchema, read: ironicTarget },
} as const satisfies Partial<Record<IronicKind, PartOf>>;
type PartKind = keyof typeof PARTS;

interface PartOf {
  readonly below: string;
  readonly schema: z.ZodType;
  readonly read: (fields: Fields, node: string, groupOf: GroupOf) => PartRow;
}

/** Groups first: ports say which they are in. */
const ORDER = ["portGroup", "port", "connector", "target"] as const satisfies readonly PartKind[];

/** A row under the name that it has in its node. */
interface Part {
  readonly kind: PartKind;
  readonly node: string;
  readonly uuid: string;
  readonly name: string;
  readonly value: Fields;
  readonly notes: readonly Omit<Note, "part">[];
  readonly place: Place;
}

/** Rows that are parts of nodes, in the nodes that they name; the others are left behind, each with its reason. */
export function withParts(
  nodes: readonly ForeignNode[],
  rows: readonly IronicRow[],
): { readonly nodes: readonly ForeignNode[]; readonly left: readonly LeftBehind[] } {
  const known = new Set(nodes.flatMap(({ uuid }) => uuid?.toLowerCase() ?? []));
  const left: LeftBehind[] = [];
  const groups = new Map<string, Part>();
  const byNode = new Map<string, Part[]>();
  for (const kind of ORDER) {
    const read = rows
      .filter((row) => row.kind === kind)
      .flatMap((row) => partOf(row, kind, { known, groupOf: (uuid) => groups.get(uuid), left }));
    const taken = kind === "port" ? [...groups.values()] : [];
    for (const part of named(read, taken)) {
      if (kind === "portGroup") groups.set(part.uuid, part);
      byNode.set(part.node, [...(byNode.get(part.node) ?? []), part]);
    }
  }
  return {
    nodes: nodes.map((node) => attached(node, byNode.get(node.uuid?.toLowerCase() ?? "") ?? [])),
    left,
  };
}

interface Surroundings {
  readonly known: ReadonlySet<string>;
  readonly groupOf: GroupOf;
  readonly left: LeftBehind[];
}

function partOf(
  row: IronicRow,
  kind: PartKind,
  { known, groupOf, left }: Surroundings,
): readonly Part[] {
  const { place } = row;
  const { fields, notes: secrets } = withoutLogins(row.fields);
  const uuid = textOf(fields["uuid"])?.toLowerCase() ?? "";
  const node = textOf(fields["node_uuid"])?.toLowerCase();
  const leave = (why: string, todo: string): readonly Part[] => {
    const what = `${IRONIC_LISTS[kind].noun} ${textOf(fields["address"]) ?? uuid}`;
    left.push({ what, place, why, todo });
    return [];
  };
  if (node === undefined) return leave("it names no node", "nothing");
  if (!known.has(node))
    return leave(`its node ${node} is not in this call`, "hand in the node list that has it, too");
  const { schema, read } = PARTS[kind];
  const part = read(fields, node, groupOf);
  const [wrong] = schema.safeParse(part.value).error?.issues ?? [];
  if (wrong === undefined)
    return [{ ...part, notes: [...part.notes, ...secrets], kind, node, uuid, place }];
  const why = `it can be none here: ${wrong.path.join(".")} ${wrong.message}`;
  return leave(why, "correct it in Ironic, and export again");
}

/**
 * A name that several parts of a node would have gets their uuids, whatever the order of the rows. A VIF is put on a
 * port or a bond by its name, so those two have no name in common either; the bond keeps it, for its ports name it.
 */
function named(parts: readonly Part[], taken: readonly Part[]): readonly Part[] {
  const counts = new Map<string, number>();
  const key = ({ node, name }: Part): string => `${node} ${name}`;
  for (const part of [...parts, ...taken]) counts.set(key(part), (counts.get(key(part)) ?? 0) + 1);
  return parts.map((part) => {
    if (counts.get(key(part)) === 1) return part;
    const name = `${part.name.slice(0, PART_NAME_MAX - 37)}-${part.uuid}`;
    return { ...part, name, notes: [...part.notes, takenNote(part)] };
  });
}

function takenNote({ kind, name }: Part): Omit<Note, "part"> {
  const isPort = kind === "port" || kind === "portGroup";
  return {
    field: "name",
    value: name,
    why: `another ${isPort ? "port or port group" : IRONIC_LISTS[kind].noun} of the node is called so`,
    todo: "another one, where the new one does not please",
  };
}

function attached(node: ForeignNode, parts: readonly Part[]): ForeignNode {
  const of = (kind: PartKind): readonly Part[] => parts.filter((part) => part.kind === kind);
  const connectors = valuesOf(of("connector"), volumeConnectorSchema);
  const targets = valuesOf(of("target"), volumeTargetSchema);
  const volumes = connectors || targets ? { connectors, targets } : undefined;
  const origins = parts.map(
    ({ kind, name, place }) => [`${PARTS[kind].below}/${escapeKey(name)}`, place] as const,
  );
  return {
    ...node,
    spec: {
      ...node.spec,
      ports: valuesOf(of("port"), portSchema),
      portGroups: valuesOf(of("portGroup"), portGroupSchema),
      volumes,
    },
    origins: { ...node.origins, ...Object.fromEntries(origins) },
    notes: [...node.notes, ...parts.flatMap(partNotes)],
  };
}

/** Parts of one kind by name, in an order of their own; undefined where there is none. */
function valuesOf<T>(parts: readonly Part[], schema: z.ZodType<T>): Record<string, T> | undefined {
  if (parts.length === 0) return undefined;
  const inOrder = parts.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries(inOrder.map(({ name, value }) => [name, schema.parse(value)]));
}

function partNotes({ kind, name, notes, place }: Part): readonly Note[] {
  const part = { noun: IRONIC_LISTS[kind].noun, name, place };
  return notes.map((note) => ({ ...note, part }));
}

/** One row that is there twice: a join of exports, or one handed in twice. */
export function rowsTwice(rows: readonly IronicRow[]): readonly Diagnostic[] {
  const first = new Map<string, Place>();
  return rows.flatMap(({ kind, fields, place }) => {
    if (kind === "node") return [];
    const uuid = textOf(fields["uuid"])?.toLowerCase() ?? "";
    const key = `${IRONIC_LISTS[kind].noun} with the uuid ${uuid}`;
    const there = first.get(key);
    if (there === undefined) first.set(key, place);
    if (there === undefined) return [];
    const message = `there are two: ${key}; the other one is at ${placeText(there)}. Take one out`;
    return [{ ...place, code: "IW-I05", severity: "error" as const, message }];
  });
}
