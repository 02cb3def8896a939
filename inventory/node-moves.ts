import { type Diagnostic, placeText } from "../schemas/diagnostic.ts";
import { type Fleet, type FleetNode, findNode, placeOfName } from "../schemas/fleet.ts";
import type { Settings } from "../schemas/settings.ts";
import { foldOne, type FoldingBase } from "./assemble.ts";
import { checkFleet } from "./check-fleet.ts";
import { checkSecretRefs } from "./check-secret-refs.ts";
import { checkTraits } from "./check-traits.ts";
import { committed, type MovedFile, type Repository } from "./committed-tree.ts";
import type { Sourced } from "./fold-nodes.ts";
import { Kin } from "./kin.ts";
import type { Made } from "./load-fleet.ts";
import { parseFile } from "./parse-file.ts";
import type { SourceFile } from "./source-tree.ts";

/** What is known of a Fleet by name, so that a commit need not look at all of it; it moves with it. */
export interface FleetIndex {
  /** The nodes of each file; null for one that declares anything else. */
  readonly files: Map<string, readonly string[] | null>;
  readonly chains: Map<string, readonly string[]>;
  readonly kin: Kin;
}

/** A node that a commit brings, with its profiles. */
interface Come {
  readonly node: FleetNode;
  readonly chain: readonly string[];
}

/** What a commit makes of the nodes in the files that it changes; one of the same name comes for one that goes. */
export interface NodeMoves {
  /** The nodes of each file that it leaves there. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** Files that it took away. */
  readonly removed: readonly string[];
  readonly gone: ReadonlyMap<string, FleetNode>;
  readonly come: ReadonlyMap<string, Come>;
}

export function indexOf(
  sources: readonly SourceFile[],
  { documents, assembly }: Pick<Made, "documents" | "assembly">,
  { nodes }: Pick<Fleet, "nodes">,
): FleetIndex {
  const files = new Map<string, string[] | null>(sources.map(({ path }) => [path, []]));
  for (const { file, kind, metadata } of documents) {
    if (kind === "Node") files.get(file)?.push(String(metadata["name"]));
    else files.set(file, null);
  }
  return { files, chains: new Map(assembly.chains), kin: new Kin(nodes) };
}

/** Reads the changed files; null where they hold anything but nodes, or anything that is wrong. */
export async function movesOf(
  moved: readonly MovedFile[],
  {
    repository,
    fleet,
    index,
    base,
  }: {
    readonly repository: Repository;
    readonly fleet: Fleet;
    readonly index: FleetIndex;
    readonly base: FoldingBase;
  },
): Promise<NodeMoves | null> {
  const files = new Map<string, readonly string[]>();
  const gone = new Map<string, FleetNode>();
  const come = new Map<string, Come>();
  const removed = moved.filter(({ after }) => after === null).map(({ path }) => path);
  for (const { path } of moved) {
    const names = index.files.get(path) ?? [];
    if (index.files.get(path) === null) return null;
    for (const name of names) {
      const node = findNode(fleet.nodes, name);
      if (node !== undefined) gone.set(name, node);
    }
  }
  let isWrong = false;
  const report = (): void => {
    isWrong = true;
  };
  for (const { path, after } of moved) {
    if (after === null) continue;
    const documents = await nodesIn(committed(repository, path, after));
    if (documents === null) return null;
    for (const document of documents) {
      const { node, chain } = foldOne(document, base, report);
      if (come.has(node.name)) return null;
      come.set(node.name, { node, chain });
    }
    files.set(
      path,
      documents.map(({ metadata }) => String(metadata["name"])),
    );
  }
  return isWrong ? null : { files, removed, gone, come };
}

async function nodesIn(file: SourceFile): Promise<readonly Sourced[] | null> {
  const { documents, diagnostics } = parseFile(await file.read());
  if (diagnostics.length > 0 || documents.some(({ kind }) => kind !== "Node")) return null;
  return documents.map((document) => ({ ...document, file: file.path }));
}

/** True where the moves change nothing that other documents, or the fleet as a whole, say something of. */
export function areAlone(
  { gone, come, files, removed }: NodeMoves,
  { fleet, base }: { readonly fleet: Fleet; readonly base: FoldingBase },
): boolean {
  const names = new Set([...gone.keys(), ...come.keys()]);
  for (const name of names) {
    // Declared twice.
    if (!gone.has(name) && findNode(fleet.nodes, name) !== undefined) return false;
    if (isSpokenOf(name, gone.get(name), come.get(name)?.node, { fleet, base })) return false;
  }
  if (fleet.warnings.length === 0) return true;
  // What was said of them, or beside them, may be said otherwise now.
  const touched = new Set([...files.keys(), ...removed]);
  const places = new Set<string>();
  for (const node of [...gone.values(), ...[...come.values()].map((one) => one.node)])
    for (const place of Object.values(node.origins)) places.add(placeText(place));
  return !fleet.warnings.some((found) => touched.has(found.file) || places.has(placeText(found)));
}

/** True where a part, an Allocation or a resource class has to do with what became of the node. */
function isSpokenOf(
  name: string,
  was: FleetNode | undefined,
  is: FleetNode | undefined,
  { fleet, base }: { readonly fleet: Fleet; readonly base: FoldingBase },
): boolean {
  const { allocations } = fleet;
  const cameOrWent = was === undefined || is === undefined;
  if (cameOrWent && (base.attachments.hasParts(name) || allocations.length > 0)) return true;
  if (allocations.some(({ spec }) => spec.node === name)) return true;
  return was?.spec.resourceClass !== is?.spec.resourceClass;
}

/** Nodes of the commit, sorted by name; those that it leaves alone are the very same. */
export function movedNodes(
  nodes: readonly FleetNode[],
  { gone, come }: NodeMoves,
): readonly FleetNode[] {
  const next = [...nodes];
  const added: FleetNode[] = [];
  for (const [name, { node }] of come) {
    if (gone.has(name)) next[placeOfName(nodes, name)] = node;
    else added.push(node);
  }
  const isGone = ({ name }: FleetNode): boolean => gone.has(name) && !come.has(name);
  const hasGone = [...gone.keys()].some((name) => !come.has(name));
  const kept = hasGone ? next.filter((node) => !isGone(node)) : next;
  if (added.length === 0) return kept;
  return [...kept, ...added].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** True where no rule has anything to say of what came, or of whom it must be compared with. */
export function areRight(
  nodes: readonly FleetNode[],
  { gone, come }: NodeMoves,
  {
    index,
    base,
    settings,
  }: { readonly index: FleetIndex; readonly base: FoldingBase; readonly settings: Settings },
): boolean {
  const brought = [...come.values()].map(({ node }) => node);
  const kin = new Set<string>();
  const find = (name: string): FleetNode | undefined => findNode(nodes, name);
  for (const name of index.kin.of([...gone.values(), ...brought], find)) kin.add(name);
  // Kin among those that came are not in the index yet.
  for (const name of new Kin(brought).of(brought, find)) kin.add(name);
  const group = [...kin].sort().flatMap((name) => find(name) ?? []);
  const none = { allocations: [], templates: [], runbooks: [], places: {} };
  const found: readonly Diagnostic[] = [
    ...checkFleet(group, { ...base.declared, allocations: [] }),
    ...checkTraits({ ...none, nodes: brought }),
    ...checkSecretRefs(brought, settings),
  ];
  return found.length === 0;
}

/** How many nodes each profile reaches. */
export function movedReach(
  before: Fleet["profileReach"],
  { gone, come }: NodeMoves,
  { chains }: FleetIndex,
): Fleet["profileReach"] {
  const reach = new Map(Object.entries(before));
  const count = (chain: readonly string[], by: number): void => {
    for (const name of chain) reach.set(name, (reach.get(name) ?? 0) + by);
  };
  for (const name of gone.keys()) count(chains.get(name) ?? [], -1);
  for (const { chain } of come.values()) count(chain, 1);
  return Object.fromEntries([...reach].filter(([, nodes]) => nodes > 0));
}

/** From now on the index is that of the fleet after the moves. */
export function follow(index: FleetIndex, { files, removed, gone, come }: NodeMoves): void {
  for (const path of removed) index.files.delete(path);
  for (const [path, names] of files) index.files.set(path, names);
  for (const [name, node] of gone) {
    index.kin.remove(node);
    index.chains.delete(name);
  }
  for (const [name, { node, chain }] of come) {
    index.kin.add(node);
    index.chains.set(name, chain);
  }
}
