import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { formatDiagnostics } from "../../inventory/format-diagnostics.ts";
import { loadFleet } from "../../inventory/load-fleet.ts";
import { loadSettings } from "../../inventory/load-settings.ts";
import type { Diagnostic } from "../../schemas/diagnostic.ts";
import type { Failure } from "../../schemas/failure.ts";
import { findNode, type Fleet, type FleetNode } from "../../schemas/fleet.ts";
import type { Settings } from "../../schemas/settings.ts";
import type { ActingStore, StoreReader } from "../run/ports.ts";
import type { StorePorts } from "../run/store/store-ports.ts";
import { type Expected, openActing, openReader } from "../run/store/open-store.ts";
import { type CommandInput, CommandError } from "./command.ts";
import { EXIT } from "./exit-code.ts";
import { declaredFindings, withFrames } from "./declared-findings.ts";
import type { DriverOptions } from "./house.ts";
import { sharedLogins } from "./shared-logins.ts";
import { isElsewhere, storeOf } from "./store-place.ts";
import { unknownNode } from "./selector.ts";

/** Settings and places of one run. */
export interface Place {
  /** Absolute path of the repository. */
  readonly root: string;
  readonly stateDir: string;
  readonly cacheDir: string;
  /** Where this host remembers how far stores had come. */
  readonly witnessDir: string;
  readonly settings: Settings;
  readonly settingsHash: string;
  readonly settingsPath: string | null;
}

/** A place with the fleet that is declared there. */
export interface World extends Place {
  readonly fleet: Fleet;
}

/** Reads the settings; prints what is wrong with them and ends with 3. */
export async function loadPlace(input: CommandInput): Promise<Place> {
  const { common, io, house } = input;
  const root = resolve(io.cwd, common.dir);
  if (!existsSync(root))
    throw new CommandError(EXIT.invalid, `there is no directory ${root}; check -C`, "IW-I14");
  const loaded = await loadSettings({
    dir: root,
    ref: common.ref,
    configFile: common.config,
    env: io.env,
    overrides: common.state === undefined ? {} : { state: resolve(io.cwd, common.state) },
    versions: house.settingsVersions,
  });
  stopAtErrors(input, loaded.diagnostics);
  if (loaded.settings === null)
    throw new CommandError(EXIT.invalid, "the settings cannot be read", "IW-S01");
  const stateDir = isAbsolute(loaded.settings.state)
    ? loaded.settings.state
    : join(root, loaded.settings.state);
  return {
    root,
    stateDir,
    witnessDir: witnessDirOf(loaded.settings, root, io.env),
    cacheDir: isDirectory(stateDir) ? join(stateDir, "cache") : userCache(io.env),
    settings: loaded.settings,
    settingsHash: loaded.settingsHash,
    settingsPath: loaded.settingsPath,
  };
}

/** Reads settings and fleet; prints every finding of the inventory and ends with 3 when one is an error. */
export async function loadWorld(input: CommandInput): Promise<World> {
  return loadFleetOf(input, await loadPlace(input));
}

/** The fleet of a place; prints every finding of the inventory and ends with 3 when one is an error. */
export async function loadFleetOf(input: CommandInput, place: Place): Promise<World> {
  const { fleet, diagnostics } = await loadFleet({
    dir: place.root,
    ref: input.common.ref,
    settings: place.settings,
    settingsPath: place.settingsPath ?? undefined,
    cacheDir: place.cacheDir,
  });
  stopAtErrors(input, diagnostics);
  if (fleet === null)
    throw new CommandError(EXIT.invalid, "the inventory cannot be read", "IW-I14");
  return { ...place, fleet };
}

/** What is wrong with a fleet as the hardware types see it, with the source around each place. */
export async function findingsOf(
  { house, common }: CommandInput,
  root: string,
  fleet: Fleet,
): Promise<readonly Diagnostic[]> {
  const from = { catalog: house.catalog, now: house.clock.now() };
  const findings = await declaredFindings(fleet, from);
  return common.ref === undefined ? withFrames(findings, root) : findings;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** A parsed cache is worth keeping also where no store is: a pipeline plans without one. */
function userCache(env: Readonly<Record<string, string | undefined>>): string {
  return join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "ironwright");
}

/** Prints findings; ends with 3 where one of them is an error. */
export function stopAtErrors(input: CommandInput, diagnostics: readonly Diagnostic[]): void {
  if (diagnostics.length === 0) return;
  const errors = diagnostics.filter((d) => d.severity === "error").length;
  if (errors === 0 && input.common.logLevel === "error") return;
  input.io.err(formatDiagnostics(diagnostics, "text"));
  if (errors > 0)
    throw new CommandError(
      EXIT.invalid,
      `${errors} ${errors === 1 ? "error" : "errors"} in the inventory or settings; nothing was read from a BMC`,
    );
}

/** Where the settings say that the store is; ends with 3 when that cannot be had. */
export async function needStore(input: CommandInput, place: Place): Promise<StorePorts> {
  const ports = await storeOf(input, place);
  if (!ports.ok) throw storeError(ports.failure);
  return ports.value;
}

/** The store for reading, or why there is none that can be used. */
export async function reader(
  input: CommandInput,
  place: Place,
): Promise<{ readonly store: StoreReader | null; readonly why: Failure | null }> {
  const ports = await storeOf(input, place);
  if (!ports.ok) return { store: null, why: ports.failure };
  const opened = await openReader(place.stateDir, expected(place), ports.value);
  return opened.ok
    ? { store: opened.value, why: null }
    : { store: null, why: await isElsewhere(input, place, opened.failure) };
}

/** The store for reading; ends with 3 when there is none. */
export async function needReader(input: CommandInput, place: Place): Promise<StoreReader> {
  const { store, why } = await reader(input, place);
  if (store === null) throw storeError(why);
  return store;
}

/** The store with a living incarnation behind it; ends with 3 when there is none that may act. */
export async function needActing(
  input: CommandInput,
  place: Place,
  role: "apply" | "watch" | "command" | "restrain" = "command",
): Promise<ActingStore> {
  refuseReadOnly(input, place, role === "restrain" || role === "watch");
  const { house } = input;
  const as = role === "restrain" ? "command" : role;
  const instance = place.settings.instance ?? house.host;
  // A daemon is a member by its name alone, and the only one of it.
  const name = as === "watch" ? instance : `${instance}.${as}.${house.pid}`;
  const opened = await openActing(
    place.stateDir,
    expected(place),
    { name, role: as, host: house.host },
    await needStore(input, place),
  );
  if (!opened.ok) throw storeError(await isElsewhere(input, place, opened.failure));
  return opened.value;
}

/** Runs with an acting store and always ends its incarnation; `restrain` only keeps others from acting. */
export async function withActing<T>(
  input: CommandInput,
  place: Place,
  work: (store: ActingStore) => Promise<T>,
  role: "command" | "restrain" = "command",
): Promise<T> {
  const store = await needActing(input, place, role);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/**
 * `--read-only` and `mode: observe` refuse every command that acts. A stop or a hold is no act: engines
 * of an earlier commit may be at work while this one says observe, and a person must be able to end it. A daemon goes on
 * looking, for the commit that ends it comes that way.
 */
export function refuseReadOnly(input: CommandInput, place: Place, restrains: boolean): void {
  if (input.common.readOnly)
    throw new CommandError(
      EXIT.refused,
      "--read-only: this command acts, and nothing was done",
      "IW-B16",
    );
  if (place.settings.mode === "observe" && !restrains)
    throw new CommandError(
      EXIT.refused,
      `mode is observe for the whole fleet (${place.settingsPath ?? "settings"}): nothing may act; remove it to act`,
      "IW-P09",
    );
}

function expected(place: Place): Expected {
  const { settings, witnessDir } = place;
  return { store: settings.store, ttlSeconds: settings.lease.ttlSeconds, witnessDir };
}

/** Outside the state directory, so that a backup of that does not hold it. */
function witnessDirOf(
  { witness }: Settings,
  root: string,
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (witness !== undefined) return resolve(root, witness);
  return join(env["XDG_STATE_HOME"] || join(homedir(), ".local", "state"), "ironwright", "seen");
}

/** A failure of the store as the end of a command: 5 for leases, 3 for the rest. */
export function storeError(why: Failure | null): CommandError {
  if (why === null)
    return new CommandError(EXIT.invalid, "there is no store here; run: ironwright init", "IW-S02");
  const exit = why.code.startsWith("IW-L") ? EXIT.lease : EXIT.invalid;
  return new CommandError(exit, why.message, why.code);
}

/** The declared node of that name; wrong usage (64) with the nearest name otherwise. */
export function nodeNamed(fleet: Fleet, name: string | undefined): FleetNode {
  const node = name === undefined ? undefined : findNode(fleet.nodes, name);
  if (node === undefined)
    throw unknownNode(
      name ?? "",
      fleet.nodes.map((n) => n.name),
    );
  return node;
}

/** What drivers are opened with in this place; the wire refuses all but reads unless `acts`. */
export function driverOptions(input: CommandInput, place: Place, acts = false): DriverOptions {
  return {
    settings: place.settings,
    root: place.root,
    stateDir: place.stateDir,
    env: input.io.env,
    readOnly: !acts || input.common.readOnly || place.settings.mode === "observe",
    debug: (message) => input.io.log("debug", message),
    logins: sharedLogins(() => reader(input, place)),
  };
}
