import { existsSync, lstatSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { comparePlaces, type Diagnostic } from "../schemas/diagnostic.ts";
import type { z } from "zod";
import {
  API_VERSION,
  conductorDocumentSchema,
  deployTemplateDocumentSchema,
  runbookDocumentSchema,
} from "../schemas/documents.ts";
import type { CommitInfo, Fleet, FleetNode } from "../schemas/fleet.ts";
import { imageDocumentSchema, policyDocumentSchema } from "../schemas/kinds.ts";
import type { Settings } from "../schemas/settings.ts";
import { attachedTo } from "./attach.ts";
import { checkFleet } from "./check-fleet.ts";
import { checkSecretRefs } from "./check-secret-refs.ts";
import { checkSigners } from "./check-signers.ts";
import { checkTraits } from "./check-traits.ts";
import { foldAllocations } from "./fold-allocations.ts";
import { codeFrames } from "./code-frame.ts";
import { readFleetCache, writeFleetCache } from "./fleet-cache.ts";
import { chainOf, foldNode, placeIn, type Profiles, type Sourced } from "./fold-nodes.ts";
import { ParseCache } from "./parse-cache.ts";
import {
  committedFiles,
  findRepository,
  isTracked,
  NO_COMMIT,
  noWorkingTree,
  readCommit,
  type Repository,
  type SourceTree,
  workingTree,
} from "./source-tree.ts";
import { StatCache } from "./stat-cache.ts";
import { committedTree, inventoryOf, otherFiles, treeHash } from "./tree-hash.ts";

/** Where the inventory is. */
export interface LoadFleetOptions {
  /** Absolute path of the repository. */
  readonly dir: string;
  /** A commit instead of the working tree. */
  readonly ref?: string | undefined;
  readonly settings: Settings;
  /** Relative to `dir`; part of the tree that a plan is bound to. */
  readonly settingsPath?: string | undefined;
  /** Where parsed blobs are kept; nothing is kept when left out. */
  readonly cacheDir?: string | undefined;
  /** Instead of the settings' own. */
  readonly fleetId?: string | undefined;
}

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

/** Where the inventory is the whole repository, the settings file is not one of its documents. */
function withoutSettings(source: Source, settingsPath: string | undefined): Source {
  const files = source.files.filter(({ path }) => path !== settingsPath);
  return files.length === source.files.length ? source : { ...source, files };
}

async function loadFrom(source: Source, options: LoadFleetOptions): Promise<LoadedFleet> {
  const { settings, cacheDir } = options;
  const fleetId = options.fleetId ?? settings.fleet;
  const others = await otherFiles(options, source.repository, source.commit.id);
  const tree = treeHash([...source.files, ...others]);
  const commit = await commitOf(options, source, tree);
  const wrong = await checkSigners(settings, others, options.settingsPath);
  if (wrong.length > 0) return { fleet: null, diagnostics: [...source.diagnostics, ...wrong] };
  const key = `${tree} ${fleetId ?? ""}`;
  if (source.diagnostics.length === 0 && cacheDir !== undefined) {
    const cached = readFleetCache(cacheDir, key);
    if (cached !== null)
      return checked(
        { fleet: { ...cached, commit, tree }, diagnostics: cached.warnings },
        source,
        settings,
      );
  }
  const built = await build(source, cacheDir, fleetId);
  const diagnostics = [...source.diagnostics, ...built.diagnostics].sort(comparePlaces);
  if (diagnostics.some(({ severity }) => severity === "error")) return { fleet: null, diagnostics };
  const fleet: Fleet = { ...built.fleet, commit, tree, warnings: diagnostics };
  if (cacheDir !== undefined) writeFleetCache(cacheDir, key, fleet);
  return checked({ fleet, diagnostics }, source, settings);
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

interface Source extends SourceTree {
  readonly repository: Repository | null;
}

async function readSource(options: LoadFleetOptions): Promise<Source | Diagnostic> {
  const { dir, ref, settings, cacheDir } = options;
  const inventory = inventoryOf(settings);
  if (isAbsolute(settings.inventory) || inventory.split("/")[0] === "..")
    return diagnostic(
      "IW-I12",
      settings.inventory,
      `the setting inventory is ${settings.inventory}; it must be a folder of the repository, for a commit holds no other`,
    );
  const repository = findRepository(dir);
  if (ref !== undefined) return committedSource(repository, ref, inventory);
  if (repository?.bare === true) return diagnostic("IW-I14", ".", noWorkingTree(repository));
  const folder = join(dir, inventory);
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    return diagnostic(
      "IW-I12",
      inventory,
      `there is no inventory: ${inventory}/ does not exist; run: ironwright init, or set inventory in ironwright.yaml`,
    );
  if (lstatSync(folder).isSymbolicLink())
    return diagnostic(
      "IW-I14",
      inventory,
      `${inventory} is a symbolic link: git keeps only its name; name the folder itself by the setting inventory`,
    );
  const stats = new StatCache(cacheDir === undefined ? null : join(cacheDir, "stat.json"));
  const { files, diagnostics } = workingTree(dir, inventory, stats);
  stats.save();
  const tracked = repository !== null && (await isTracked(repository, settings.state));
  const state = diagnostic(
    "IW-I16",
    settings.state,
    `the state directory ${settings.state}/ is tracked by git; take it out: git rm -r --cached ${settings.state}`,
  );
  return {
    repository,
    files,
    commit: NO_COMMIT,
    diagnostics: tracked ? [...diagnostics, state] : diagnostics,
  };
}

async function committedSource(
  repository: Repository | null,
  ref: string,
  inventory: string,
): Promise<Source | Diagnostic> {
  if (repository === null)
    return diagnostic("IW-I14", ".", "there is no git repository here; --ref needs one");
  const commit = await readCommit(repository, ref);
  if (commit?.id == null)
    return diagnostic(
      "IW-I14",
      ".",
      `git knows no commit "${ref}" here; look at: git log --all --oneline (a shallow clone holds few)`,
    );
  const committed = await committedFiles(repository, commit.id, inventory);
  return { repository, commit, ...committed };
}

/** A working tree that is as the head commit says is that commit. */
async function commitOf(
  options: LoadFleetOptions,
  source: Source,
  tree: string,
): Promise<CommitInfo> {
  const { dir, ref } = options;
  const { repository } = source;
  if (ref !== undefined || repository === null) return source.commit;
  if (repository.dir !== dir) return NO_COMMIT;
  const head = await readCommit(repository, "HEAD");
  if (head?.id == null) return NO_COMMIT;
  return (await committedTree(options, repository, head.id)) === tree ? head : NO_COMMIT;
}

async function build(
  source: Source,
  cacheDir: string | undefined,
  fleetId: string | undefined,
): Promise<{
  readonly fleet: Omit<Fleet, "commit" | "tree" | "warnings">;
  readonly diagnostics: readonly Diagnostic[];
}> {
  const cache = new ParseCache(cacheDir === undefined ? null : join(cacheDir, "parsed.json"));
  const diagnostics: Diagnostic[] = [];
  const documents: Sourced[] = [];
  for (const file of source.files) {
    const parsed = await cache.parsed(file);
    for (const finding of parsed.diagnostics) diagnostics.push({ ...finding, file: file.path });
    for (const document of parsed.documents) documents.push({ ...document, file: file.path });
  }
  cache.save();
  const broken = diagnostics.some(({ severity }) => severity === "error");
  const fleet = assemble(documents, fleetId, (found) => diagnostics.push(found));
  // Of a file that cannot be read no node is known, so "empty" would only be noise.
  if (fleet.nodes.length === 0 && !broken)
    diagnostics.push(
      diagnostic(
        "IW-I12",
        source.files[0]?.path ?? ".",
        "the inventory declares no node; an empty inventory is an error, not a wish",
      ),
    );
  return { fleet, diagnostics: await framed(distinct(diagnostics), source) };
}

function assemble(
  documents: readonly Sourced[],
  fleetId: string | undefined,
  report: (found: Diagnostic) => void,
): Omit<Fleet, "commit" | "tree" | "warnings"> {
  const named = byKindAndName(documents, report);
  const profiles: Profiles = named("Profile");
  const nodes: FleetNode[] = [];
  const reach = new Map<string, number>();
  for (const profile of profiles.values()) chainOf(profile, profiles, report);
  const attached = attachedTo(named, report);
  for (const document of named("Node").values()) {
    const chain = chainOf(document, profiles, report);
    for (const { metadata } of chain) {
      const name = String(metadata["name"]);
      reach.set(name, (reach.get(name) ?? 0) + 1);
    }
    nodes.push(foldNode(document, chain, { fleetId, attached }));
  }
  const allocations = foldAllocations(named, report);
  const policies = sorted(parsedAs(policyDocumentSchema, named("Policy")));
  const declared = {
    runbooks: [...named("Runbook").keys()],
    chassis: [...named("Chassis").keys()],
    policies,
    allocations,
  };
  for (const found of checkFleet(nodes, declared)) report(found);
  const files: Record<string, string[]> = {};
  for (const [name, { file }] of profiles) (files[file] ??= []).push(name);
  const assembled = {
    nodes: nodes.sort((a, b) => (a.name < b.name ? -1 : 1)),
    conductors: parsedAs(conductorDocumentSchema, named("Conductor")),
    templates: sorted(parsedAs(deployTemplateDocumentSchema, named("DeployTemplate"))),
    runbooks: sorted(parsedAs(runbookDocumentSchema, named("Runbook"))),
    allocations,
    policies,
    images: sorted(parsedAs(imageDocumentSchema, named("Image"))),
    places: placesOf(
      (["DeployTemplate", "Runbook", "Policy"] as const).flatMap((kind) => [
        ...named(kind).values(),
      ]),
    ),
    profileReach: Object.fromEntries(reach),
    profileFiles: files,
  };
  for (const found of checkTraits(assembled)) report(found);
  return assembled;
}

/** Documents of a kind as their schema has them; those that it refuses were reported when they were parsed. */
function parsedAs<T>(schema: z.ZodType<T>, documents: ReadonlyMap<string, Sourced>): readonly T[] {
  return [...documents.values()].flatMap(({ kind, metadata, spec }) => {
    const parsed = schema.safeParse({ apiVersion: API_VERSION, kind, metadata, spec });
    return parsed.success ? [parsed.data] : [];
  });
}

/** Where the parts of documents stand that no node holds an origin of. */
function placesOf(documents: readonly Sourced[]): Fleet["places"] {
  return Object.fromEntries(
    documents.map((document) => {
      const pointers = Object.keys(document.spots).filter((at) => at.startsWith("/spec/"));
      const places = pointers.map((at) => [at.slice("/spec".length), placeIn(document, at)]);
      const [line, column] = document.spot;
      const whole = { file: document.file, line, column };
      return [
        `${document.kind} ${String(document.metadata["name"])}`,
        { ...Object.fromEntries(places), "": whole },
      ];
    }),
  );
}

function sorted<T extends { readonly metadata: { readonly name: string } }>(
  documents: readonly T[],
): readonly T[] {
  return [...documents].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** Documents by kind and name; a name that is declared twice is an error at both places. */
function byKindAndName(
  documents: readonly Sourced[],
  report: (found: Diagnostic) => void,
): (kind: Sourced["kind"]) => ReadonlyMap<string, Sourced> {
  const kinds = new Map<string, Map<string, Sourced>>();
  for (const document of documents) {
    const name = String(document.metadata["name"]);
    const names = kinds.get(document.kind) ?? new Map<string, Sourced>();
    kinds.set(document.kind, names);
    const first = names.get(name);
    if (first === undefined) names.set(name, document);
    else {
      const place = placeIn(document, "/metadata/name");
      const [line] = first.spot;
      report({
        ...place,
        code: "IW-I05",
        severity: "error",
        message: `${document.kind} ${name} is declared twice; the other one is at ${first.file}:${line}`,
      });
    }
  }
  return (kind) => kinds.get(kind) ?? new Map();
}

/** A circle is found from each of its nodes; it is said once at each place. */
function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Map<string, Diagnostic>();
  for (const found of diagnostics) {
    const { file, line, column, code, message } = found;
    seen.set([file, line, column, code, message].join("\0"), found);
  }
  return [...seen.values()];
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

function diagnostic(code: string, file: string, message: string): Diagnostic {
  return { code, severity: "error", message, file, line: 1, column: 1 };
}
