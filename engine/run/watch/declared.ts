import type { Failure, Result } from "../../../schemas/failure.ts";
import {
  type Fleet,
  type FleetNode,
  findNode,
  nodesUnlike,
  sharesDocuments,
} from "../../../schemas/fleet.ts";
import type { Settings } from "../../../schemas/settings.ts";
import type { RegisterEntry } from "../../../schemas/store.ts";
import { canonicalJson, sameValue } from "../../plan/canonical-json.ts";

/** A commit that was read whole and holds no error. */
export interface Declared {
  readonly commit: string;
  readonly fleet: Fleet;
  readonly settings: Settings;
  readonly settingsHash: string;
}

/** How often each node is read. */
export function intervalMsOf({ settings }: Pick<Declared, "settings">): number {
  return settings.powerSync.intervalSeconds * 1000;
}

/** The repository that is followed. */
export interface Repository {
  readonly what: string;
  /** The newest commit of the ref that is followed, brought here first where it is remote. */
  newest(signal?: AbortSignal): Promise<Result<string>>;
  /** Resolves when a ref may have moved, or when `signal` is aborted. */
  changed(signal: AbortSignal): Promise<void>;
  /** How commit `a` stands to `b`; unknown where one of them is not here. */
  relation(a: string, b: string): Promise<"same" | "ahead" | "behind" | "apart" | "unknown">;
}

/** Reads a commit; its errors are one Failure, told once. */
export type LoadCommit = (commit: string) => Promise<Result<Declared>>;

/** Why the settings in force refuse a commit: `git.verify`; null where they don't. */
export type VouchFor = (commit: string, inForce: RegisterEntry | null) => Promise<Failure | null>;

/** Nodes of a commit whose plan may be another than under the one before: all, where what they share has changed. */
export function changedNodes(before: Declared | null, after: Declared): ReadonlySet<string> {
  const { fleet } = after;
  const names = (nodes: readonly FleetNode[]): ReadonlySet<string> =>
    new Set(nodes.map(({ name }) => name));
  if (before === null || !sharesAll(before, after)) return names(fleet.nodes);
  // Of a file with many nodes all are read anew, and few of them are others.
  return names(
    nodesUnlike(before.fleet.nodes, fleet.nodes).filter((node) => {
      const was = findNode(before.fleet.nodes, node.name);
      return was === undefined || wordsOf(was) !== wordsOf(node);
    }),
  );
}

/** True where a node, and all that it shares with others, is the very same under another commit. */
export function isAsBefore(before: Declared, after: Declared, name: string): boolean {
  const [was, is] = [findNode(before.fleet.nodes, name), findNode(after.fleet.nodes, name)];
  if (was === undefined || is === undefined || !sharesAll(before, after)) return false;
  return was === is || wordsOf(was) === wordsOf(is);
}

/**
 * True where a list of steps that is open may go on to its end under another commit: a merely different wish waits for that.
 * Not where it is another machine, other requests, a word that guards it, or settings, of which some say how far one may go.
 */
export function mayEnd(before: Declared, after: Declared, name: string): boolean {
  if (before.settingsHash !== after.settingsHash) return false;
  const [was, is] = [findNode(before.fleet.nodes, name), findNode(after.fleet.nodes, name)];
  // Its file is gone: it comes to rest, and is an orphan then.
  if (is === undefined) return true;
  return was !== undefined && sameValue(guarded(was), guarded(is));
}

function guarded({ uuid, spec }: FleetNode): unknown {
  const { driver, bmc, identity, requests, maintenance, protected: isProtected } = spec;
  return { uuid, driver, bmc, identity, requests, maintenance, isProtected };
}

/** True where a node comes, goes, or is another one: whose record is whose may be otherwise then. */
export function namesMove(before: Declared | null, after: Declared): boolean {
  const [was, is] = [before?.fleet.nodes ?? [], after.fleet.nodes];
  const isOther = (from: readonly FleetNode[]) => (node: FleetNode) =>
    findNode(from, node.name)?.uuid !== node.uuid;
  return nodesUnlike(was, is).some(isOther(was)) || nodesUnlike(is, was).some(isOther(is));
}

/** Those of them of which git asks for an act. */
export function askedIn({ fleet }: Declared, names: ReadonlySet<string>): readonly string[] {
  return [...names].filter((name) => (findNode(fleet.nodes, name)?.spec.requests ?? []).length > 0);
}

function wordsOf({ specHash, uuid, labels, annotations }: FleetNode): string {
  return canonicalJson({ specHash, uuid, labels, annotations });
}

function sharesAll(before: Declared, after: Declared): boolean {
  if (before.settingsHash !== after.settingsHash) return false;
  return sharesDocuments(before.fleet, after.fleet) || sharedBy(before) === sharedBy(after);
}

function sharedBy({ fleet }: Declared): string {
  const { templates, runbooks, images, policies, allocations } = fleet;
  return canonicalJson({
    templates,
    runbooks,
    images,
    policies,
    allocations: allocations.map(({ name, specHash }) => [name, specHash]),
  });
}

/** Why a commit does not come after the one in force; null where it does. */
export async function whyNotNext(
  repository: Pick<Repository, "relation">,
  commit: string,
  inForce: string | null,
): Promise<string | null> {
  if (inForce === null) return null;
  const [ours, theirs] = [commit.slice(0, 7), inForce.slice(0, 7)];
  switch (await repository.relation(commit, inForce)) {
    case "same":
    case "ahead":
      return null;
    case "behind":
      return `commit ${ours} is older than ${theirs}, which is in force: it waits for the repository to catch up`;
    case "unknown":
      return `commit ${theirs}, which is in force, is not in this repository, so nobody can tell whether ${ours} comes after it; when the history was rewritten on purpose, stop the daemons, then: ironwright apply --ref ${ours}`;
    case "apart":
      return `commit ${ours} does not come after ${theirs}, which is in force: the history was rewritten; when that is meant, stop the daemons, then: ironwright apply --ref ${ours}`;
  }
}

/** A whole commit that is refused: said once, until another one is there. */
export interface RefusedCommit {
  readonly commit: string;
  readonly why: Failure;
}
