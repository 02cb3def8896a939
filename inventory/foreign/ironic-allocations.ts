import type { LeftBehind } from "./foreign-node.ts";
import type { IronicRow } from "./ironic-lists.ts";
import { textOf } from "./values.ts";

/** By the uuid of the node that each was given: what it is called (ALLOCATION_DETAILED_RESOURCE). */
export function allocationNames(rows: readonly IronicRow[]): ReadonlyMap<string, string> {
  const given = rows.flatMap((row): readonly (readonly [string, string])[] => {
    const node = row.kind === "allocation" ? textOf(row.fields["node_uuid"]) : undefined;
    return node === undefined ? [] : [[node.toLowerCase(), nameOf(row)]];
  });
  return new Map(given);
}

/** No allocation becomes one of ours: it would take another node out of the pool, and the import puts none into it. */
export function leftAllocations(rows: readonly IronicRow[]): readonly LeftBehind[] {
  return rows
    .filter(({ kind }) => kind === "allocation")
    .map((row) => {
      const node = textOf(row.fields["node_uuid"]);
      const what = `allocation ${nameOf(row)}`;
      return node === undefined
        ? { what, place: row.place, ...WITHOUT_NODE }
        : { what, place: row.place, why: givenTo(node), todo: "nothing" };
    });
}

const WITHOUT_NODE = {
  why: "it has no node, and here it would take one out of the pool",
  todo: "write an Allocation, when there are nodes in the pool",
};

function givenTo(node: string): string {
  return `its node ${node} keeps what runs there, and its name as the annotation ironic/allocation; here it would take another node out of the pool`;
}

function nameOf({ fields }: IronicRow): string {
  return textOf(fields["name"]) ?? textOf(fields["uuid"]) ?? "";
}
