import { formatDiagnostics } from "../../../inventory/format-diagnostics.ts";
import { follow } from "../../../inventory/follow/follow.ts";
import type { Following, FollowOptions } from "../../../inventory/follow/following.ts";
import { loadFleet } from "../../../inventory/load-fleet.ts";
import { loadSettings } from "../../../inventory/load-settings.ts";
import type { Diagnostic } from "../../../schemas/diagnostic.ts";
import type { EngineEvent } from "../../../schemas/event.ts";
import { fail, failure, ok, type Result } from "../../../schemas/failure.ts";
import type { ActingStore } from "../../run/ports.ts";
import type { Declared, Repository } from "../../run/watch/declared.ts";
import { Daemon, type WatchState } from "../../run/watch/daemon.ts";
import { tidying } from "../../run/watch/tidying.ts";
import { type Command, CommandError, type CommandInput, flag } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { type Health, serveHealth } from "../health-server.ts";
import type { DriverSet } from "../house.ts";
import type { Ear } from "../metrics.ts";
import { loadDrivers } from "../load-drivers.ts";
import { eventPrinter } from "../print-event.ts";
import { driverOptions, findingsOf, loadPlace, needActing, type Place } from "../world.ts";

/** `watch`: the daemon. */
export const watchCommand: Command = {
  name: "watch",
  forms: ["json"],
  summary:
    "the daemon: follow the repository, keep what git says true on the nodes that this engine owns",
  options: [{ flags: "--once", description: "one full round, to its end, and leave (for cron)" }],
  examples: [
    "ironwright watch",
    "IRONWRIGHT_INSTANCE=hall-a IRONWRIGHT_LISTEN=127.0.0.1:9180 ironwright watch --json",
    "ironwright watch --once",
  ],
  async run(input) {
    if (input.common.ref !== undefined)
      throw new CommandError(
        EXIT.usage,
        "--ref: watch follows a ref; name it in the settings (git.ref)",
      );
    const { root, settings, stateDir } = await loadPlace(input);
    const repository = await followed(input, { dir: root, settings, stateDir });
    try {
      return await watchOver(input, repository, stateDir);
    } finally {
      await repository.close();
    }
  },
};

/** The repository that the settings at hand name; they may be nothing but the environment, as in a bare repository. */
async function followed(
  { io }: CommandInput,
  at: Pick<FollowOptions, "dir" | "settings" | "stateDir">,
): Promise<Following> {
  const warn = (message: string): void => io.log("warn", message);
  const following = await follow({ ...at, env: io.env, warn });
  if (following.ok) return following.value;
  const { message, code } = following.failure;
  throw new CommandError(EXIT.invalid, message, code);
}

/** The newest commit says which store it is, and which drivers are loaded: for as long as this engine lives. */
async function watchOver(
  input: CommandInput,
  repository: Following,
  stateDir: string,
): Promise<ExitCode> {
  const first = await repository.newest(input.io.stopping);
  if (!first.ok) throw new CommandError(EXIT.invalid, first.failure.message, first.failure.code);
  const at: CommandInput = {
    ...input,
    common: {
      ...input.common,
      dir: repository.dir,
      ref: first.value,
      state: stateDir,
    },
  };
  const place = await loadPlace(at);
  await loadDrivers(at, place);
  const store = await needActing(at, place, "watch");
  const calls = new Calls();
  const sets = new DriverSets(at, place, calls);
  try {
    return await watch(at, { place, repository, store, sets, calls });
  } finally {
    await store.close();
    await sets.close();
  }
}

interface Site {
  readonly place: Place;
  readonly repository: Repository;
  readonly store: ActingStore;
  readonly sets: DriverSets;
  readonly calls: Calls;
}

/** Requests to BMCs, for whoever counts them once there is somebody. */
class Calls {
  heard: Ear["called"] = () => undefined;
}

async function watch(input: CommandInput, site: Site): Promise<ExitCode> {
  const { house, io } = input;
  const { place, repository, store, sets, calls } = site;
  const print = eventPrinter(input);
  let health: Health | null = null;
  const emit = (event: EngineEvent): void => {
    print(event);
    health?.hear(event);
  };
  const daemon = new Daemon({
    store,
    clock: house.clock,
    random: house.random,
    checkpoint: house.checkpoint,
    emit,
    repository,
    load: (commit) => loadCommit(input, place, commit),
    catalog: house.catalog,
    digest: (text) => house.digest(text),
    drivers: (declared) => sets.of(declared),
  });
  const { listen } = place.settings;
  if (listen !== undefined) {
    health = await serveHealth(listen, {
      state: () => daemon.state,
      dead: () => store.dead()?.message ?? null,
      wake: () => daemon.wake(),
      now: () => house.clock.now(),
    });
    calls.heard = health.called;
    const { name: instance } = store.incarnation;
    io.log("info", `health and metrics at ${health.url}`, { instance });
  }
  const hangUp = (): void => daemon.wake();
  process.on("SIGHUP", hangUp);
  const over = new AbortController();
  const tidied = tidying(store, house.clock, AbortSignal.any([over.signal, store.deathSignal]));
  try {
    const dead = flag(input, "once")
      ? await daemon.once(io.stopping)
      : await daemon.run(io.stopping);
    if (dead !== null) throw new CommandError(EXIT.lease, dead.message, dead.code);
    return flag(input, "once") ? endOfRound(daemon.state) : EXIT.done;
  } finally {
    process.off("SIGHUP", hangUp);
    over.abort();
    await tidied;
    await health?.close();
  }
}

/** As an apply would say it. */
function endOfRound({ commit, refused, withheld, failed }: WatchState): ExitCode {
  if (commit === null && refused === null) return EXIT.invalid;
  if (failed > 0) return EXIT.failed;
  return refused !== null || withheld ? EXIT.refused : EXIT.done;
}

/** Reads a commit whole: its settings, its documents, its steps as the hardware types offer them. */
async function loadCommit(
  input: CommandInput,
  place: Place,
  commit: string,
): Promise<Result<Declared>> {
  const { io, common, house } = input;
  const loaded = await loadSettings({
    dir: place.root,
    ref: commit,
    configFile: common.config,
    env: io.env,
    overrides: { state: place.stateDir },
    versions: house.settingsVersions,
  });
  if (loaded.settings === null) return wrong(input, loaded.diagnostics);
  const { settings, settingsHash } = loaded;
  const { store, drivers, lease } = place.settings;
  if (settings.store !== store || settings.lease.ttlSeconds !== lease.ttlSeconds)
    return fail(
      failure(
        "stalled",
        "IW-S03",
        "it names another store than this engine works in; start it again",
      ),
    );
  const strangers = settings.drivers.filter((name) => !drivers.includes(name));
  if (strangers.length > 0)
    return fail(
      failure(
        "stalled",
        "IW-D01",
        `it names the drivers ${strangers.join(", ")}, which this engine has not loaded: look at them, then start it again`,
      ),
    );
  const { fleet, diagnostics } = await loadFleet({
    dir: place.root,
    ref: commit,
    settings,
    settingsPath: loaded.settingsPath ?? undefined,
    cacheDir: place.cacheDir,
  });
  if (fleet === null) return wrong(input, diagnostics);
  const at = { ...input, common: { ...common, ref: commit } };
  const found = [...diagnostics, ...findingsOf(at, place.root, fleet)];
  if (found.some(({ severity }) => severity === "error")) return wrong(input, found);
  return ok({ commit, fleet, settings, settingsHash });
}

/** Prints all that is wrong, and says the first of it in one sentence. */
function wrong({ io }: CommandInput, diagnostics: readonly Diagnostic[]): Result<never> {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  io.err(formatDiagnostics(errors, "text"));
  const [first] = errors;
  if (first === undefined) return fail(failure("stalled", "IW-I14", "it cannot be read"));
  const more = errors.length === 1 ? "" : `, and ${errors.length - 1} more`;
  const { file, line, column, message, code } = first;
  return fail(failure("stalled", code, `${file}:${line}:${column} ${message}${more}`));
}

/** Drivers for each settings that a commit brought: those of before go on until the daemon ends, for acts may still use them. */
class DriverSets {
  readonly #input: CommandInput;
  readonly #place: Place;
  readonly #calls: Calls;
  readonly #open = new Map<string, DriverSet>();

  constructor(input: CommandInput, place: Place, calls: Calls) {
    this.#input = input;
    this.#place = place;
    this.#calls = calls;
  }

  of({ settings, settingsHash }: Declared): DriverSet {
    const known = this.#open.get(settingsHash);
    if (known !== undefined) return known;
    const place = { ...this.#place, settings };
    const opened = this.#input.house.openDrivers({
      ...driverOptions(this.#input, place, true),
      called: (driver, call) => this.#calls.heard(driver, call),
    });
    this.#open.set(settingsHash, opened);
    return opened;
  }

  async close(): Promise<void> {
    for (const set of this.#open.values()) await set.close();
  }
}
