import type {
  ConductorDocument,
  DeployTemplateDocument,
  NodeSpec,
  RunbookDocument,
} from "./documents.ts";
import type { AllocationDocument, ImageDocument, PolicyDocument } from "./kinds.ts";
import type { Diagnostic, Place } from "./diagnostic.ts";

/** The file of a node that stands in none: it is only being discovered. */
export const UNDECLARED = "(discover)";

/** One declared node: profiles folded in, with the origin of every value. Immutable. */
export interface FleetNode {
  readonly name: string;
  /** The engine's name for the node: declared, or UUIDv5(fleet id, name); null while no fleet id is known. */
  readonly uuid: string | null;
  readonly uuidDeclared: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Folded; secret references are unresolved, but their `${...}` are replaced. */
  readonly spec: NodeSpec;
  /** Where the document (or NodeList row) begins. */
  readonly place: Place;
  /**
   * JSON pointer below `spec` (`/boot/mode`) -> where it was declared. Leaves and list items that came
   * as a whole hold one entry; ask with `originOf`, which climbs to the nearest parent.
   */
  readonly origins: Readonly<Record<string, Place>>;
  /** SHA-256 hex of the folded spec, keys sorted. */
  readonly specHash: string;
  /** The Allocation that it was given to, whose `provision` stands in its spec; only in a plan. */
  readonly allocation?: string | undefined;
  /** Its own `provision.state`, where that is obeyed in the place of what the Allocation wants. */
  readonly ownWord?: string | undefined;
}

/** One Allocation with its image filled in, and where it says what. */
export interface FleetAllocation {
  readonly name: string;
  readonly spec: AllocationDocument["spec"];
  readonly place: Place;
  /** As those of a node: `/provision/state` and its like. */
  readonly origins: Readonly<Record<string, Place>>;
  readonly specHash: string;
}

/** What git says of the commit; all null for an uncommitted working tree. */
export interface CommitInfo {
  readonly id: string | null;
  readonly subject: string | null;
  readonly author: string | null;
  /** Committer time, milliseconds since the epoch. */
  readonly time: number | null;
  /** Body and trailers, for `Ironwright-Removes: N`. */
  readonly message: string | null;
}

/** Everything declared at one commit: validated, folded, immutable, sorted by name. */
export interface Fleet {
  readonly commit: CommitInfo;
  /** SHA-256 hex over (path, blob id) of the inventory's files and the settings file, sorted: what a plan is bound to. */
  readonly tree: string;
  readonly nodes: readonly FleetNode[];
  readonly conductors: readonly ConductorDocument[];
  /** Sorted by name. */
  readonly templates: readonly DeployTemplateDocument[];
  /** Sorted by name. */
  readonly runbooks: readonly RunbookDocument[];
  /** Sorted by name; nodes that name one have its fields folded in. */
  readonly images: readonly ImageDocument[];
  /** Sorted by name. */
  readonly policies: readonly PolicyDocument[];
  /** Sorted by name. */
  readonly allocations: readonly FleetAllocation[];
  /** Profile name -> how many nodes it reaches. */
  readonly profileReach: Readonly<Record<string, number>>;
  /** File that declares a profile -> the profiles in it, so that a plan line can say how many nodes it reaches. */
  readonly profileFiles: Readonly<Record<string, readonly string[]>>;
  /** `Runbook burnin` -> JSON pointer below its spec -> where it stands; "" is the document. Asked by `documentPlace`. */
  readonly places: Readonly<Record<string, Readonly<Record<string, Place>>>>;
  readonly warnings: readonly Diagnostic[];
}

/** Where a DeployTemplate, a Runbook or a Policy says something: the nearest place at or above the pointer; null for a stranger. */
export function documentPlace(
  { places }: Pick<Fleet, "places">,
  { kind, name }: { readonly kind: "DeployTemplate" | "Runbook" | "Policy"; readonly name: string },
  pointer: string,
): Place | null {
  const known = places[`${kind} ${name}`] ?? {};
  for (let at = pointer; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
    const place = known[at];
    if (place !== undefined) return place;
  }
  return known[""] ?? null;
}

/**
 * Where the value at `path` of a node was declared: the nearest entry at or above it; a map that was declared part by
 * part is where its first part is; else the document.
 */
export function originOf(node: Pick<FleetNode, "origins" | "place">, path: string): Place {
  for (let at = path; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
    const whole = node.origins[at];
    if (whole !== undefined) return whole;
    const below = Object.keys(node.origins).find((key) => key.startsWith(`${at}/`));
    const part = below === undefined ? undefined : node.origins[below];
    if (part !== undefined) return part;
  }
  return node.place;
}

/** True where two fleets share all but their nodes: one was made from the other. */
export function sharesDocuments(a: Fleet, b: Fleet): boolean {
  return SHARED.every((kind) => a[kind] === b[kind]);
}

const SHARED = [
  "conductors",
  "templates",
  "runbooks",
  "images",
  "policies",
  "allocations",
  "places",
] as const;

/** What was answered last of a list, for many ask the same of one commit; the one before it is kept by nobody here. */
const compared = new WeakMap<
  readonly FleetNode[],
  { readonly before: WeakRef<readonly FleetNode[]>; readonly unlike: readonly FleetNode[] }
>();

/** Nodes of `after` that are not the very same in `before`; both are sorted by name, and never changed. */
export function nodesUnlike(
  before: readonly FleetNode[],
  after: readonly FleetNode[],
): readonly FleetNode[] {
  const known = compared.get(after);
  if (known?.before.deref() === before) return known.unlike;
  const unlike = compareNodes(before, after);
  compared.set(after, { before: new WeakRef(before), unlike });
  return unlike;
}

function compareNodes(
  before: readonly FleetNode[],
  after: readonly FleetNode[],
): readonly FleetNode[] {
  const unlike: FleetNode[] = [];
  let at = 0;
  for (const node of after) {
    // Nearly all are the very same, and comparing names costs a hundred times as much.
    if (before[at] !== node)
      while (at < before.length && (before[at]?.name ?? "") < node.name) at += 1;
    if (before[at] === node) at += 1;
    else unlike.push(node);
  }
  return unlike;
}

/** The node of that name; nodes are sorted by name. */
export function findNode(nodes: readonly FleetNode[], name: string): FleetNode | undefined {
  const node = nodes[placeOfName(nodes, name)];
  return node?.name === name ? node : undefined;
}

/** Where a name stands among nodes that are sorted by name, or would stand. */
export function placeOfName(nodes: readonly FleetNode[], name: string): number {
  let [low, high] = [0, nodes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((nodes[middle]?.name ?? "") < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
