import type { ForeignNode, Note } from "./foreign-node.ts";

/** A foreign node under the name that its document gets. */
export interface NamedNode extends ForeignNode {
  /** An RFC 1123 label, unique within one import. */
  readonly label: string;
}

/** The longest label (RFC 1123). */
const LABEL_MAX = 63;

/** Gives every node a name that we allow: its own where that is one, else the nearest to it, and says so. */
export function nameNodes(nodes: readonly ForeignNode[]): readonly NamedNode[] {
  const wanted = nodes.map(labelOf);
  const counts = new Map<string, number>();
  for (const label of wanted) counts.set(label, (counts.get(label) ?? 0) + 1);
  // Who is called exactly so keeps the name, wherever it stands.
  const taken = new Set(nodes.flatMap(({ name }, i) => (name === wanted[i] ? [name] : [])));
  const held = new Set<string>();
  return nodes.map((node, index) => {
    const label = wanted[index] ?? "";
    const isOwn = node.name === label && !held.has(label);
    const alone = counts.get(label) === 1;
    const free = isOwn || alone ? label : freeName(label, node.suffix, taken);
    taken.add(free);
    held.add(free);
    return { ...node, label: free, ...renamed(node, free) };
  });
}

function labelOf({ name, suffix, uuid }: ForeignNode): string {
  const label = asLabel(name ?? "", LABEL_MAX);
  return label === "" ? `node-${asLabel(uuid ?? suffix, LABEL_MAX - 5)}` : label;
}

function asLabel(text: string, most: number): string {
  const plain = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  return plain.replace(/^-+/, "").slice(0, most).replace(/-+$/, "");
}

function freeName(label: string, suffix: string, taken: ReadonlySet<string>): string {
  const behind = asLabel(suffix, 24);
  for (let count = 1; ; count += 1) {
    const end = `-${behind}${count === 1 ? "" : `-${count}`}`;
    const name = `${label.slice(0, LABEL_MAX - end.length).replace(/-+$/, "")}${end}`;
    if (!taken.has(name)) return name;
  }
}

/** A name that is not the other tool's is remembered, and said. */
function renamed(node: ForeignNode, label: string): Pick<ForeignNode, "annotations" | "notes"> {
  const { name, annotations, notes } = node;
  if (name === label) return { annotations, notes };
  const note: Note =
    name === null
      ? {
          field: "name",
          why: "it has none, and is called by its uuid",
          todo: "metadata.name, before the first plan; later it is a renaming",
        }
      : {
          field: "name",
          why: "it is no RFC 1123 label, or another node's; the annotation import/name keeps it",
          todo: "metadata.name, where the new one does not please",
        };
  return {
    annotations: name === null ? annotations : { ...annotations, "import/name": name },
    notes: [note, ...notes],
  };
}
