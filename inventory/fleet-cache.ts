import { readdirSync, rmSync, statSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import type { Place } from "../schemas/diagnostic.ts";
import type { Fleet, FleetNode } from "../schemas/fleet.ts";
import { type CacheLines, readCacheLines, writeCacheLines } from "./cache-file.ts";
import { type Packed, Shapes, unpack } from "./pack-places.ts";

/** Raised when folding or the Fleet's shape changes. */
const FLEET_VERSION = 8;
/** Whole fleets that are kept: the tree in force, the working tree, and a branch or two. */
const KEEP = 4;

const NO_LINES: CacheLines = { lines: [], last: null };

type Stored = Omit<Fleet, "commit" | "tree">;

/** A node as it is kept: places are most of a Fleet. */
type KeptNode = Omit<FleetNode, "origins" | "place"> & {
  readonly place: readonly number[];
  readonly origins: Packed;
};

/** What all nodes share: pointers are kept once a shape, a file's name once. */
interface Kept {
  readonly version: number;
  readonly key: string;
  readonly files: readonly string[];
  readonly pointers: readonly (readonly string[])[];
  readonly rest: Omit<Stored, "nodes">;
}

/** Nodes that are read in one turn: a daemon has a lease to renew meanwhile. */
const TURN = 1000;

/** A whole Fleet as it was folded for exactly this tree; null when there is none. */
export async function readFleetCache(dir: string, key: string): Promise<Stored | null> {
  const { lines, last } = (await readCacheLines(pathOf(dir, key))) ?? NO_LINES;
  if (!isKept(last) || last.key !== key) return null;
  const { files, pointers, rest } = last;
  const placeAt = (numbers: readonly number[], index: number): Place => ({
    file: files[numbers[index] ?? 0] ?? "",
    line: numbers[index + 1] ?? 1,
    column: numbers[index + 2] ?? 1,
  });
  const nodes: FleetNode[] = [];
  for (const line of lines) {
    const kept: unknown = JSON.parse(line.toString());
    if (!isNode(kept)) return null;
    const { origins: packed, place, ...node } = kept;
    let origins: FleetNode["origins"] | null = null;
    // Most nodes of most runs are never asked where a value stands.
    nodes.push({
      ...node,
      place: placeAt(place, 0),
      get origins() {
        origins ??= unpack(packed, pointers, placeAt);
        return origins;
      },
    });
    if (nodes.length % TURN === 0) await breathe();
  }
  return { ...rest, nodes };
}

/** Keeps a Fleet for the next run over the same tree. */
export async function writeFleetCache(dir: string, key: string, fleet: Fleet): Promise<void> {
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
  const packed = function* (): Generator<string> {
    for (const node of nodes) {
      const place: number[] = [];
      numbersOf(node.place, place);
      const kept: KeptNode = { ...node, place, origins: shapes.pack(node.origins, numbersOf) };
      yield JSON.stringify(kept);
    }
  };
  const { pointers } = shapes;
  const shared = (): Kept => ({ version: FLEET_VERSION, key, pointers, files, rest });
  await writeCacheLines(pathOf(dir, key), packed(), shared);
  prune(dir);
}

function pathOf(dir: string, key: string): string {
  return join(dir, `fleet-${createHash("sha1").update(key).digest("hex").slice(0, 16)}.json`);
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== "object" || value === null) return false;
  if (!("version" in value) || value.version !== FLEET_VERSION) return false;
  return ["pointers", "files"].every((name) => Array.isArray(Reflect.get(value, name)));
}

function isNode(value: unknown): value is KeptNode {
  return (
    typeof value === "object" &&
    value !== null &&
    "place" in value &&
    Array.isArray(value.place) &&
    "origins" in value
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
