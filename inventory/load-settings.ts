import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import type { Diagnostic } from "../schemas/diagnostic.ts";
import { type Settings, settingsSchema } from "../schemas/settings.ts";
import { codeFrames } from "./code-frame.ts";
import {
  convertDocument,
  readableVersions,
  SETTINGS_VERSIONS,
  type Versions,
} from "./conversions.ts";
import { decodeText } from "./decode-text.ts";
import { isMap } from "../schemas/is-map.ts";
import { nearest } from "../schemas/nearest.ts";
import { type PlainDocument, readYaml, type Spot } from "./read-yaml.ts";
import { committedFile, findRepository, noWorkingTree, readCommit } from "./committed-tree.ts";
import { type SourceFile } from "./source-tree.ts";

/** Where settings come from: the file, then the environment, then flags; the later wins. */
export interface LoadSettingsOptions {
  /** Absolute path of the repository. */
  readonly dir: string;
  readonly ref?: string | undefined;
  /** `--config`; `ironwright.yaml` when left out. */
  readonly configFile?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly overrides?: Readonly<Record<string, unknown>> | undefined;
  /** Versions of the settings that are read; those of this engine when left out. */
  readonly versions?: Versions | undefined;
}

export interface LoadedSettings {
  readonly settings: Settings | null;
  /** SHA-256 hex of the settings in force that decide a plan. */
  readonly settingsHash: string;
  /** Relative to the repository; null when there is no file. */
  readonly settingsPath: string | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Name of the settings file, at the root of the repository. */
export const SETTINGS_FILE = "ironwright.yaml";
/** Variables for tests alone, and those of the demo. */
const NOT_SETTINGS = /^IRONWRIGHT_TEST_/;
/** Settings of one instance: they change how it works, never what it plans. */
const OF_AN_INSTANCE = ["state", "instance", "concurrency", "listen", "witness"] as const;

/** Settings that came after the first version: each new one is added here, and a test holds it. */
const LATER: readonly (readonly [group: string, key: string])[] = [
  ["git", "timeoutSeconds"],
  ["git", "verify"],
  ["etcd", "prefix"],
  ["etcd", "timeoutSeconds"],
  ["watch", "silentLooks"],
  ["watch", "drainSeconds"],
  ["watch", "facetSeconds"],
];

/** Reads the settings in force; every wrong or unknown key is a diagnostic with its place. */
export async function loadSettings(options: LoadSettingsOptions): Promise<LoadedSettings> {
  const source = await readSource(options);
  if ("code" in source) return failed([source], null);
  const { text, path } = source;
  const { versions = SETTINGS_VERSIONS } = options;
  const { documents, findings } = readYaml(text, (tree) => {
    convertDocument(tree, versions);
  });
  const [document] = documents;
  const frames = codeFrames(text);
  const inFile = (message: string, spot: Spot, code = "IW-S01"): Diagnostic => ({
    code,
    severity: "error",
    message,
    file: path ?? SETTINGS_FILE,
    line: spot[0],
    column: spot[1],
    frame: frames(spot[0], spot[1]),
  });
  if (findings.length > 0)
    return failed(
      findings.map((f) => inFile(f.message, f.spot, f.code)),
      path,
    );
  const second = documents[1];
  if (second !== undefined)
    return failed([inFile("the settings are one document; delete the second", second.spot)], path);
  if (document !== undefined && !isMap(document.value))
    return failed([inFile("the settings must be a map", document.spot)], path);
  const raw: Record<string, unknown> = isMap(document?.value) ? withoutNulls(document.value) : {};
  const { apiVersion = versions.current, ...said } = raw;
  if (apiVersion !== versions.current) {
    const known = readableVersions(versions).join(", ");
    const message = `apiVersion is ${JSON.stringify(apiVersion)}, this engine reads ${known}; use an ironwright that knows it`;
    return failed([inFile(message, spotOf(document, ["apiVersion"]))], path);
  }
  const fromEnv = readEnv(options.env);
  const merged = mergeAll([said, fromEnv.values, options.overrides ?? {}]);
  const result = settingsSchema.safeParse(merged);
  const wrong = result.success
    ? []
    : result.error.issues.flatMap((issue) =>
        explain(issue, document, { inFile, env: fromEnv.names }),
      );
  const diagnostics = [...fromEnv.diagnostics, ...wrong];
  if (!result.success || diagnostics.length > 0) return failed(diagnostics, path);
  return {
    settings: result.data,
    settingsHash: hashOf(result.data),
    settingsPath: path,
    diagnostics: [],
  };
}

function failed(diagnostics: readonly Diagnostic[], settingsPath: string | null): LoadedSettings {
  return { settings: null, settingsHash: "", settingsPath, diagnostics };
}

async function readSource({
  dir,
  ref,
  configFile,
}: LoadSettingsOptions): Promise<
  { readonly text: string; readonly path: string | null } | Diagnostic
> {
  const problem = (message: string, code = "IW-S01"): Diagnostic => ({
    code,
    severity: "error",
    message,
    file: configFile ?? SETTINGS_FILE,
    line: 1,
    column: 1,
  });
  const readable = (
    bytes: Uint8Array,
    path: string,
  ): { text: string; path: string } | Diagnostic => {
    const decoded = decodeText(bytes);
    return "wrong" in decoded ? problem(decoded.wrong, "IW-I02") : { text: decoded.text, path };
  };
  if (ref !== undefined && configFile === undefined) {
    const file = await committedSettings(dir, ref);
    return file === null ? { text: "", path: null } : readable(await file.read(), SETTINGS_FILE);
  }
  const full = resolve(dir, configFile ?? SETTINGS_FILE);
  if (!existsSync(full)) {
    if (configFile !== undefined)
      return problem(`there is no settings file ${full}; check --config`);
    const repository = findRepository(dir);
    if (repository?.bare === true) return problem(noWorkingTree(repository), "IW-I14");
    return { text: "", path: null };
  }
  const path = relative(dir, full);
  try {
    return readable(readFileSync(full), isAbsolute(path) || path.startsWith("..") ? full : path);
  } catch (error) {
    return problem(
      `${full} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Of a ref that is not there, load-fleet says what is wrong. */
async function committedSettings(dir: string, ref: string): Promise<SourceFile | null> {
  const repository = findRepository(dir);
  const commit = repository === null ? null : await readCommit(repository, ref);
  if (repository === null || commit?.id == null) return null;
  return committedFile(repository, commit.id, SETTINGS_FILE);
}

/** `IRONWRIGHT_LEASE_TTL_SECONDS` is `lease.ttlSeconds`: every leaf of the settings has such a name. */
function readEnv(env: LoadSettingsOptions["env"]): {
  readonly values: Readonly<Record<string, unknown>>;
  readonly names: ReadonlyMap<string, string>;
  readonly diagnostics: readonly Diagnostic[];
} {
  const known = leaves(settingsSchema.parse({}), []);
  const values: Record<string, unknown> = {};
  const names = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith("IRONWRIGHT_") || NOT_SETTINGS.test(name) || text === undefined) continue;
    const path = known.get(name);
    if (path === undefined) {
      const near = nearest(name, [...known.keys()]);
      const hint = near === null ? "unset it" : `did you mean ${near}?`;
      diagnostics.push({
        code: "IW-S01",
        severity: "error",
        message: `the environment variable ${name} is no setting; ${hint}`,
        file: "environment",
        line: 1,
        column: 1,
      });
      continue;
    }
    names.set(path.join("."), name);
    put(values, path, fromText(text, path));
  }
  return { values, names, diagnostics };
}

/** Optional settings have no default to be found by. */
const OPTIONAL_LEAVES: readonly (readonly string[])[] = [
  ["store"],
  ["fleet"],
  ["instance"],
  ["listen"],
  ["witness"],
  ["git", "url"],
  ["git", "ref"],
  ["git", "credentials", "username"],
  ["git", "credentials", "password", "env"],
  ["git", "credentials", "password", "file"],
  ["git", "verify", "allowedSigners"],
  ["git", "verify", "openpgpKeys"],
  ["bmc", "networks"],
  ["etcd", "username"],
  ["etcd", "password", "env"],
  ["etcd", "password", "file"],
  ["etcd", "ca"],
  ["etcd", "cert"],
  ["etcd", "key"],
];
/** Lists are written with commas. */
const LISTS = new Set([
  "git.verify.openpgpKeys",
  "bmc.networks",
  "secrets.dirs",
  "drivers",
  "etcd.endpoints",
]);

function leaves(value: unknown, path: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const add = (leaf: readonly string[]): void => {
    const words = leaf.map((key) => key.replaceAll(/([A-Z])/g, "_$1").toUpperCase());
    found.set(`IRONWRIGHT_${words.join("_")}`, leaf);
  };
  const visit = (here: unknown, at: readonly string[]): void => {
    if (!isMap(here)) add(at);
    else for (const [key, item] of Object.entries(here)) visit(item, [...at, key]);
  };
  visit(value, path);
  for (const leaf of OPTIONAL_LEAVES) add(leaf);
  found.delete("IRONWRIGHT_SECRETS_PROVIDERS");
  return found;
}

function fromText(text: string, path: readonly string[]): unknown {
  if (LISTS.has(path.join("."))) return text.split(",").filter((item) => item !== "");
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

function put(
  into: Record<string, unknown>,
  [first = "", ...rest]: readonly string[],
  value: unknown,
): void {
  if (rest.length === 0) {
    into[first] = value;
    return;
  }
  const there = into[first];
  const map: Record<string, unknown> = isMap(there) ? there : {};
  into[first] = map;
  put(map, rest, value);
}

function mergeAll(layers: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown> {
  const into: Record<string, unknown> = {};
  for (const layer of layers)
    for (const [key, value] of Object.entries(layer)) {
      const there = into[key];
      into[key] = isMap(value) && isMap(there) ? mergeAll([there, value]) : value;
    }
  return into;
}

function withoutNulls(map: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(map).flatMap(([key, value]) =>
      value === null ? [] : [[key, isMap(value) ? withoutNulls(value) : value]],
    ),
  );
}

function explain(
  issue: z.core.$ZodIssue,
  document: PlainDocument | undefined,
  {
    inFile,
    env,
  }: {
    readonly inFile: (message: string, spot: Spot) => Diagnostic;
    readonly env: ReadonlyMap<string, string>;
  },
): readonly Diagnostic[] {
  const name = issue.path.map(String).join(".");
  const variable = env.get(name);
  const spot = spotOf(document, issue.path.map(String));
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => {
      const parent = name === "" ? "" : `${name}.`;
      const known = [...leaves(settingsSchema.parse({}), []).values()].map((path) =>
        path.join("."),
      );
      const near = nearest(`${parent}${key}`, [...known, ...Object.keys(settingsSchema.shape)]);
      return inFile(
        `unknown setting ${parent}${key}${near === null ? "" : `; did you mean ${near}?`}`,
        spotOf(document, [...issue.path.map(String), key]),
      );
    });
  const message = `the setting ${name} is wrong: ${issue.message}`;
  if (variable !== undefined)
    return [
      {
        code: "IW-S01",
        severity: "error",
        message: `${message} (from the environment variable ${variable})`,
        file: "environment",
        line: 1,
        column: 1,
      },
    ];
  return [inFile(message, spot)];
}

function spotOf(document: PlainDocument | undefined, path: readonly string[]): Spot {
  for (let length = path.length; length > 0; length -= 1) {
    const found = document?.spots[`/${path.slice(0, length).join("/")}`];
    if (found !== undefined) return found;
  }
  return document?.spot ?? [1, 1];
}

/** Settings without those that came after the first version and are as they are by themselves. */
function withoutUntouched(settings: Settings): Readonly<Record<string, unknown>> {
  const untouched: Readonly<Record<string, unknown>> = settingsSchema.parse({});
  // What an instance follows, and by which way it comes to its store, decides no plan; the first version counted them, so
  // they stand as they are by themselves.
  const said: Record<string, unknown> = {
    ...settings,
    git: untouched["git"],
    etcd: untouched["etcd"],
  };
  for (const [group, key] of LATER) {
    const [own, byItself] = [said[group], untouched[group]];
    if (!isMap(own) || !isMap(byItself) || !isDeepStrictEqual(own[key], byItself[key])) continue;
    const { [key]: _untouched, ...rest } = own;
    if (Object.keys(rest).length > 0) said[group] = rest;
    else delete said[group];
  }
  return said;
}

/**
 * Two instances with their own names and directories plan the same, and so do two versions of which the later has more
 * settings: a saved plan lives through an upgrade.
 */
function hashOf(settings: Settings): string {
  const shared = Object.fromEntries(
    Object.entries(withoutUntouched(settings))
      .filter(([key]) => !OF_AN_INSTANCE.some((own) => own === key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return createHash("sha256").update(JSON.stringify(shared)).digest("hex");
}
