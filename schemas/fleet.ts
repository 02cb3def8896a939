import type { ConductorDocument, NodeSpec } from "./documents.ts";
import type { Diagnostic, Place } from "./diagnostic.ts";

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
  /** Profile name -> how many nodes it reaches. */
  readonly profileReach: Readonly<Record<string, number>>;
  /** File that declares a profile -> the profiles in it, so that a plan line can say how many nodes it reaches. */
  readonly profileFiles: Readonly<Record<string, readonly string[]>>;
  readonly warnings: readonly Diagnostic[];
}

/** Where the value at `path` of a node was declared: the nearest entry at or above it, else the document. */
export function originOf(node: FleetNode, path: string): Place {
  for (let at = path; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
    const place = node.origins[at];
    if (place !== undefined) return place;
  }
  return node.place;
}
