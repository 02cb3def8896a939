import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { comparePlaces, type Diagnostic } from "../schemas/diagnostic.ts";
import type { Fleet } from "../schemas/fleet.ts";
import type { Settings } from "../schemas/settings.ts";
import { assemble, type Assembly, distinct } from "./assemble.ts";
import { checkSecretRefs } from "./check-secret-refs.ts";
import { codeFrames } from "./code-frame.ts";
import { readFleetCache, writeFleetCache } from "./fleet-cache.ts";
import type { Sourced } from "./fold-nodes.ts";
import { ParseCache } from "./parse-cache.ts";
import {
  commitOf,
  diagnostic,
  type LoadFleetOptions,
  readSource,
  type Source,
  withoutSettings,
} from "./read-source.ts";
import { checkSigners } from "./check-signers.ts";
import { otherFiles, treeHash } from "./tree-hash.ts";

/** The Fleet, or null; everything that is wrong with the inventory in one list. */
export interface LoadedFleet {
  readonly fleet: Fleet | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads a working tree or a commit into a Fleet; every error is reported in one run. */
export async function loadFleet(options: LoadFleetOptions): Promise<LoadedFleet> {
  const source = await readSource(options);
  if ("code" in source) return { fleet: null, diagnostics: [source] };
  return loadFrom(withoutSettings(source, options.settingsPath), options);
}

async function loadFrom(source: Source, options: LoadFleetOptions): Promise<LoadedFleet> {
  const { settings, cacheDir } = options;
  const names = await named(source, options);
  if ("wrong" in names) return { fleet: null, diagnostics: names.wrong };
  const { commit, tree, key } = names;
  if (source.diagnostics.length === 0 && cacheDir !== undefined) {
    const cached = await readFleetCache(cacheDir, key);
    if (cached !== null)
      return checked(
        { fleet: { ...cached, commit, tree }, diagnostics: cached.warnings },
        source,
        settings,
      );
  }
  return (await makeWhole(source, options, names)).loaded;
}

type Names = Pick<Fleet, "commit" | "tree"> & { readonly key: string };

/** The commit and the tree of what was read, and the key of what is kept of it; what is wrong with who may sign. */
async function named(
  source: Source,
  options: LoadFleetOptions,
): Promise<Names | { readonly wrong: readonly Diagnostic[] }> {
  const { settings, settingsPath } = options;
  const others = await otherFiles(options, source.repository, source.commit.id);
  const wrong = await checkSigners(settings, others, settingsPath);
  if (wrong.length > 0) return { wrong: [...source.diagnostics, ...wrong] };
  const tree = treeHash([...source.files, ...others]);
  const commit = await commitOf(options, source, tree);
  return { commit, tree, key: `${tree} ${options.fleetId ?? settings.fleet ?? ""}` };
}

/** What a Fleet was made from. */
export interface Made {
  readonly loaded: LoadedFleet;
  readonly documents: readonly Sourced[];
  readonly assembly: Assembly;
}

/** Reads and folds every file, also where the whole Fleet is kept; null where nobody could sign the next commit. */
export async function loadWhole(
  source: Source,
  options: LoadFleetOptions,
): Promise<Made | { readonly loaded: LoadedFleet; readonly assembly: null }> {
  const names = await named(source, options);
  if ("wrong" in names)
    return { loaded: { fleet: null, diagnostics: names.wrong }, assembly: null };
  return makeWhole(source, options, names);
}

async function makeWhole(
  source: Source,
  options: LoadFleetOptions,
  { commit, tree, key }: Names,
): Promise<Made> {
  const { settings, cacheDir } = options;
  const built = await build(source, cacheDir, options.fleetId ?? settings.fleet);
  const { documents, assembly } = built;
  const diagnostics = [...source.diagnostics, ...built.diagnostics].sort(comparePlaces);
  if (diagnostics.some(({ severity }) => severity === "error"))
    return { loaded: { fleet: null, diagnostics }, documents, assembly };
  const fleet: Fleet = { ...assembly.fleet, commit, tree, warnings: diagnostics };
  if (cacheDir !== undefined) await writeFleetCache(cacheDir, key, fleet);
  const loaded = await checked({ fleet, diagnostics }, source, settings);
  return { loaded, documents, assembly };
}

/** What depends on more than the tree is looked at in each run, also when the Fleet was cached. */
async function checked(
  { fleet, diagnostics }: { readonly fleet: Fleet; readonly diagnostics: readonly Diagnostic[] },
  source: Source,
  settings: Settings,
): Promise<LoadedFleet> {
  const wrong = checkSecretRefs(fleet.nodes, settings);
  if (wrong.length === 0) return { fleet, diagnostics };
  const all = [...diagnostics, ...(await framed(distinct(wrong), source))];
  return { fleet: null, diagnostics: all.sort(comparePlaces) };
}

/** Files that are parsed in one turn: a daemon has a lease to renew meanwhile. */
const TURN = 200;

async function build(
  source: Source,
  cacheDir: string | undefined,
  fleetId: string | undefined,
): Promise<Omit<Made, "loaded"> & { readonly diagnostics: readonly Diagnostic[] }> {
  const cache = await ParseCache.open(
    cacheDir === undefined ? null : join(cacheDir, "parsed.jsonl"),
  );
  const diagnostics: Diagnostic[] = [];
  const documents: Sourced[] = [];
  let read = 0;
  for (const file of source.files) {
    const parsed = await cache.parsed(file);
    for (const finding of parsed.diagnostics) diagnostics.push({ ...finding, file: file.path });
    for (const document of parsed.documents) documents.push({ ...document, file: file.path });
    read += 1;
    if (read % TURN === 0) await breathe();
  }
  await cache.save();
  const broken = diagnostics.some(({ severity }) => severity === "error");
  const assembly = await assemble(documents, fleetId, (found) => diagnostics.push(found));
  // Of a file that cannot be read no node is known, so "empty" would only be noise.
  if (assembly.fleet.nodes.length === 0 && !broken)
    diagnostics.push(
      diagnostic(
        "IW-I12",
        source.files[0]?.path ?? ".",
        "the inventory declares no node; an empty inventory is an error, not a wish",
      ),
    );
  return { documents, assembly, diagnostics: await framed(distinct(diagnostics), source) };
}

/** Findings between documents get their frame here; those of one file have it from its parse. */
async function framed(
  diagnostics: readonly Diagnostic[],
  source: Source,
): Promise<readonly Diagnostic[]> {
  const files = new Map(source.files.map((file) => [file.path, file]));
  const frames = new Map<string, ReturnType<typeof codeFrames>>();
  const result: Diagnostic[] = [];
  for (const found of diagnostics) {
    const file = files.get(found.file);
    if (found.frame !== undefined || file === undefined || found.code === "IW-I02") {
      result.push(found);
      continue;
    }
    const frame = frames.get(file.path) ?? codeFrames(new TextDecoder().decode(await file.read()));
    frames.set(file.path, frame);
    result.push({ ...found, frame: frame(found.line, found.column) });
  }
  return result;
}
