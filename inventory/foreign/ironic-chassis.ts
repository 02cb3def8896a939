import type { Place } from "../../schemas/diagnostic.ts";
import { annotationsOf } from "./annotations.ts";
import type { ForeignNode, LeftBehind, Note } from "./foreign-node.ts";
import type { IronicRow } from "./ironic-lists.ts";
import { shortId } from "./ironic-part.ts";
import { withoutLogins } from "./may-be-secret.ts";
import { ownUuid } from "./own-uuid.ts";
import { mapOf, textOf } from "./values.ts";
import { writeDocument } from "./write-node.ts";

/** A document that is no node. */
export interface OtherDocument {
  readonly name: string;
  /** No name of a node has a dot, so that none has its file. */
  readonly file: string;
  readonly document: string;
  readonly notes: readonly Note[];
  /** Its row. */
  readonly place: Place;
}

/** What each chassis of the export is called here, by its uuid: it has no name there. */
export function chassisNames(rows: readonly IronicRow[]): ReadonlyMap<string, string> {
  const its = rows.filter(({ kind }) => kind === "chassis").map(uuidOf);
  const shorts = its.map((uuid) => shortId({ uuid }));
  return new Map(
    its.map((uuid, at) => {
      const short = shorts[at] ?? "";
      const alone = shorts.indexOf(short) === shorts.lastIndexOf(short);
      return [uuid, `chassis-${alone ? short : uuid}`];
    }),
  );
}

/** Chassis that nodes of this call sit in, as documents; the others are left behind. */
export function chassisDocuments(
  rows: readonly IronicRow[],
  names: ReadonlyMap<string, string>,
  nodes: readonly ForeignNode[],
): { readonly chassis: readonly OtherDocument[]; readonly left: readonly LeftBehind[] } {
  const used = new Set(nodes.flatMap(({ spec }) => spec.chassis ?? []));
  const chassis: OtherDocument[] = [];
  const left: LeftBehind[] = [];
  for (const row of rows.filter(({ kind }) => kind === "chassis")) {
    const name = names.get(uuidOf(row)) ?? "";
    if (used.has(name)) chassis.push(chassisDocument(row, name));
    else
      left.push({
        what: `chassis ${uuidOf(row)}`,
        place: row.place,
        why: "no node of this call sits in it",
        todo: "hand in the node list that has one, too",
      });
  }
  return { chassis, left };
}

function chassisDocument(row: IronicRow, name: string): OtherDocument {
  const { fields, notes: secrets } = withoutLogins(row.fields);
  const { annotations, notes: left } = annotationsOf("chassis extra", mapOf(fields["extra"]), "");
  const called = textOf(fields["uuid"]) ?? "";
  const uuid = ownUuid("chassis", called);
  const notes = [...uuid.notes, ...left, ...secrets];
  const document = writeDocument("Chassis", "ironic", {
    name,
    called,
    notes,
    uuid: uuid.uuid,
    labels: {},
    annotations,
    spec: { description: textOf(fields["description"]) },
  });
  return { name, file: name.replace("-", "."), document, notes, place: row.place };
}

function uuidOf({ fields }: IronicRow): string {
  return textOf(fields["uuid"])?.toLowerCase() ?? "";
}
