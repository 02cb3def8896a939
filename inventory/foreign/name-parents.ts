import type { Note } from "./foreign-node.ts";
import type { NamedNode } from "./name-nodes.ts";

/** Each node's parent under the name that its document gets; one that is not in the export is remembered, and said. */
export function nameParents(nodes: readonly NamedNode[]): readonly NamedNode[] {
  const labels = new Map<string, string>();
  // A uuid is nobody's name; where one is, the uuid counts, as in Ironic.
  for (const { name, label } of nodes) if (name !== null) labels.set(name, label);
  for (const { uuid, label } of nodes) if (uuid !== undefined) labels.set(uuid, label);
  return nodes.map((node) => (node.parent === undefined ? node : withParent(node, labels)));
}

function withParent(node: NamedNode, labels: ReadonlyMap<string, string>): NamedNode {
  const { parent, spec, annotations, notes } = node;
  const called = parent?.called ?? "";
  const label = labels.get(called) ?? labels.get(called.toLowerCase());
  const own = parent?.dedicatedPower === true;
  if (label !== undefined)
    return { ...node, spec: { ...spec, parent: label, ...(own ? { dedicatedPower: true } : {}) } };
  const note: Note = {
    field: `parent_node ${called}`,
    why: "no node of this export has that name or uuid; the annotation ironic/parent_node keeps it",
    todo: `parent: NAME${own ? " and dedicatedPower: true" : ""}, once that node is declared`,
  };
  return {
    ...node,
    annotations: { ...annotations, "ironic/parent_node": called },
    notes: [...notes, note],
  };
}
