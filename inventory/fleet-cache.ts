import { readdirSync, rmSync, statSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Place } from "../schemas/diagnostic.ts";
import type { Fleet, FleetNode } from "../schemas/fleet.ts";
import { readCacheFile, writeCacheFile } from "./cache-file.ts";

/** Raised when folding or the Fleet's shape changes. */
const FLEET_VERSION = 1;
/** Whole fleets that are kept: the tree in force, the working tree, and a branch or two. */
const KEEP = 4;

type Stored = Omit<Fleet, "commit" | "tree">;

/** Places are most of a Fleet; a file's name is kept once. */
interface Packed {
  readonly version: number;
  readonly key: string;
  readonly files: readonly string[];
  readonly nodes: readonly (Omit<FleetNode, "origins" | "place"> & {
    readonly place: PackedPlace;
    readonly origins: Readonly<Record<string, PackedPlace>>;
  })[];
  readonly rest: Omit<Stored, "nodes">;
}
type PackedPlace = readonly [file: number, line: number, column: number];

/** A whole Fleet as it was folded for exactly this tree; null when there is none. */
export function readFleetCache(dir: string, key: string): Stored | null {
  const packed: unknown = readCacheFile(pathOf(dir, key));
  if (!isPacked(packed) || packed.key !== key) return null;
  const { files } = packed;
  const unpack = ([file, line, column]: PackedPlace): Place => ({
    file: files[file] ?? "",
    line,
    column,
  });
  const nodes = packed.nodes.map((node): FleetNode => {
    const origins: Record<string, Place> = {};
    for (const pointer in node.origins) {
      const place = node.origins[pointer];
      if (place !== undefined) origins[pointer] = unpack(place);
    }
    return { ...node, place: unpack(node.place), origins };
  });
  return { ...packed.rest, nodes };
}

/** Keeps a Fleet for the next run over the same tree. */
export function writeFleetCache(dir: string, key: string, fleet: Fleet): void {
  const { nodes, commit: _commit, tree: _tree, ...rest } = fleet;
  const files: string[] = [];
  const index = new Map<string, number>();
  const pack = ({ file, line, column }: Place): PackedPlace => {
    let at = index.get(file);
    if (at === undefined) {
      at = files.push(file) - 1;
      index.set(file, at);
    }
    return [at, line, column];
  };
  const packed: Packed = {
    version: FLEET_VERSION,
    key,
    nodes: nodes.map((node) => ({
      ...node,
      place: pack(node.place),
      origins: Object.fromEntries(
        Object.entries(node.origins).map(([pointer, place]) => [pointer, pack(place)]),
      ),
    })),
    files,
    rest,
  };
  writeCacheFile(pathOf(dir, key), packed);
  prune(dir);
}

function pathOf(dir: string, key: string): string {
  return join(dir, `fleet-${createHash("sha1").update(key).digest("hex").slice(0, 16)}.json`);
}

function isPacked(value: unknown): value is Packed {
  if (typeof value !== "object" || value === null) return false;
  return (
    "version" in value && value.version === FLEET_VERSION && "nodes" in value && "files" in value
  );
}

function prune(dir: string): void {
  try {
    const kept = readdirSync(dir)
      .filter((name) => /^fleet-[0-9a-f]{16}\.json$/.test(name))
      .map((name) => ({ name, at: statSync(join(dir, name)).mtimeMs }))
      .sort((a, b) => b.at - a.at);
    for (const { name } of kept.slice(KEEP)) rmSync(join(dir, name), { force: true });
  } catch {
    // Somebody else prunes it at the same moment.
  }
}
