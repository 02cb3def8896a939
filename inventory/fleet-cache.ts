import { readdirSync, rmSync, statSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Place } from "../schemas/diagnostic.ts";
import type { Fleet, FleetNode } from "../schemas/fleet.ts";
import { readCacheFile, writeCacheFile } from "./cache-file.ts";
import { type Packed, Shapes, unpack } from "./pack-places.ts";

/** Raised when folding or the Fleet's shape changes. */
const FLEET_VERSION = 7;
/** Whole fleets that are kept: the tree in force, the working tree, and a branch or two. */
const KEEP = 4;

type Stored = Omit<Fleet, "commit" | "tree">;

/** Places are most of a Fleet: their pointers are kept once a shape, a file's name once. */
interface Kept {
  readonly version: number;
  readonly key: string;
  readonly files: readonly string[];
  readonly pointers: readonly (readonly string[])[];
  readonly nodes: readonly (Omit<FleetNode, "origins" | "place"> & {
    readonly place: readonly number[];
    readonly origins: Packed;
  })[];
  readonly rest: Omit<Stored, "nodes">;
}

/** A whole Fleet as it was folded for exactly this tree; null when there is none. */
export function readFleetCache(dir: string, key: string): Stored | null {
  const kept: unknown = readCacheFile(pathOf(dir, key));
  if (!isKept(kept) || kept.key !== key) return null;
  const { files, pointers } = kept;
  const placeAt = (numbers: readonly number[], index: number): Place => ({
    file: files[numbers[index] ?? 0] ?? "",
    line: numbers[index + 1] ?? 1,
    column: numbers[index + 2] ?? 1,
  });
  const nodes = kept.nodes.map((node): FleetNode => {
    const { origins: packed, place } = node;
    let origins: FleetNode["origins"] | null = null;
    // Most nodes of most runs are never asked where a value stands.
    return {
      ...node,
      place: placeAt(place, 0),
      get origins() {
        origins ??= unpack(packed, pointers, placeAt);
        return origins;
      },
    };
  });
  return { ...kept.rest, nodes };
}

/** Keeps a Fleet for the next run over the same tree. */
export function writeFleetCache(dir: string, key: string, fleet: Fleet): void {
  const { nodes, commit: _commit, tree: _tree, ...rest } = fleet;
  const files: string[] = [];
  const index = new Map<string, number>();
  const shapes = new Shapes();
  const numbersOf = ({ file, line, column }: Place, into: number[]): void => {
    let at = index.get(file);
    if (at === undefined) {
      at = files.push(file) - 1;
      index.set(file, at);
    }
    into.push(at, line, column);
  };
  const packed = nodes.map((node) => {
    const place: number[] = [];
    numbersOf(node.place, place);
    return { ...node, place, origins: shapes.pack(node.origins, numbersOf) };
  });
  const { pointers } = shapes;
  const kept: Kept = { version: FLEET_VERSION, key, nodes: packed, pointers, files, rest };
  writeCacheFile(pathOf(dir, key), kept);
  prune(dir);
}

function pathOf(dir: string, key: string): string {
  return join(dir, `fleet-${createHash("sha1").update(key).digest("hex").slice(0, 16)}.json`);
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== "object" || value === null) return false;
  if (!("version" in value) || value.version !== FLEET_VERSION) return false;
  return ["nodes", "pointers", "files"].every((name) => Array.isArray(Reflect.get(value, name)));
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
