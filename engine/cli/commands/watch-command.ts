import { setFlagsFromString } from "node:v8";
import { follow } from "../../../inventory/follow/follow.ts";
import type { Following, FollowOptions } from "../../../inventory/follow/following.ts";
import { findRepository, readCommit } from "../../../inventory/committed-tree.ts";
import type { AtHand } from "../../../inventory/verify/policy.ts";
import type { EngineEvent } from "../../../schemas/event.ts";
import type { ActingStore } from "../../run/ports.ts";
import type { Declared, Repository } from "../../run/watch/declared.ts";
import { Daemon } from "../../run/watch/daemon.ts";
import type { WatchState } from "../../run/watch/ports.ts";
import { CommitReader } from "../commit-reader.ts";
import { tidying } from "../../run/watch/tidying.ts";
import { type Command, CommandError, type CommandInput, flag } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { type Health, serveHealth } from "../health-server.ts";
import type { DriverSet } from "../house.ts";
import type { Ear } from "../metrics.ts";
import { loadDrivers } from "../load-drivers.ts";
import { eventPrinter } from "../print-event.ts";
import { whyUnvouched } from "../vouched.ts";
import { driverOptions, loadPlace, needActing, type Place, reader } from "../world.ts";

/** A fleet is read and planned in bursts, after which V8 would let the heap grow to four times what lives before it looks. */
const HEAP_GROWTH = "--heap-growing-percent=40";

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
    setFlagsFromString(HEAP_GROWTH);
    const { root, settings, stateDir } = await loadPlace(input);
    const repository = await followed(input, { dir: root, settings, stateDir });
    try {
      return await watchOver(input, repository, { root, settings, stateDir });
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

/** Where the daemon was started. */
type Hand = AtHand & Pick<Place, "stateDir">;

/** The newest commit says which store it is, and which drivers are loaded: for as long as this engine lives. */
async function watchOver(
  input: CommandInput,
  repository: Following,
  atHand: Hand,
): Promise<ExitCode> {
  const first = await repository.newest(input.io.stopping);
  if (!first.ok) throw new CommandError(EXIT.invalid, first.failure.message, first.failure.code);
  const at = (ref: string): CommandInput => ({
    ...input,
    common: { ...input.common, dir: repository.dir, ref, state: atHand.stateDir },
  });
  const vouched = await vouchedFor(at(first.value), first.value, atHand);
  const begin = at(vouched);
  const place = await loadPlace(begin);
  await loadDrivers(begin, place);
  const store = await needActing(begin, place, "watch");
  const calls = new Calls();
  const sets = new DriverSets(begin, place, calls);
  try {
    return await watch(begin, { place, repository, store, sets, calls, atHand });
  } finally {
    await store.close();
    await sets.close();
  }
}

/** The newest commit, or the one in force where that refuses it: not a driver of an unsigned one is loaded. */
async function vouchedFor(input: CommandInput, commit: string, atHand: Hand): Promise<string> {
  const place = await loadPlace(input);
  // Which store it is, an unsigned commit does not say where somebody else has said so.
  const known = atHand.settings.store === undefined ? place.settings : atHand.settings;
  const { store } = await reader(input, { ...place, settings: known });
  const inForce = (await store?.inForce()) ?? null;
  if (inForce?.commit === commit) return commit;
  const why = await whyUnvouched(input, place, { commit, inForce, atHand });
  if (why === null) return commit;
  if (inForce?.commit != null && (await isHere(place.root, inForce.commit))) return inForce.commit;
  const message = `commit ${commit.slice(0, 7)} is refused, and there is none to obey: ${why.message}`;
  throw new CommandError(EXIT.refused, message, why.code);
}

async function isHere(root: string, commit: string): Promise<boolean> {
  const repository = findRepository(root);
  return repository !== null && (await readCommit(repository, commit)) !== null;
}

interface Site {
  readonly place: Place;
  readonly repository: Repository;
  readonly store: ActingStore;
  readonly sets: DriverSets;
  readonly atHand: AtHand;
  readonly calls: Calls;
}

/** Requests to BMCs, for whoever counts them once there is somebody. */
class Calls {
  heard: Ear["called"] = () => undefined;
}

async function watch(input: CommandInput, site: Site): Promise<ExitCode> {
  const { house, io } = input;
  const { place, repository, store, sets, calls, atHand } = site;
  const print = eventPrinter(input);
  let health: Health | null = null;
  const emit = (event: EngineEvent): void => {
    print(event);
    health?.hear(event);
  };
  const commits = new CommitReader(input, place);
  const daemon = new Daemon({
    store,
    clock: house.clock,
    random: house.random,
    checkpoint: house.checkpoint,
    emit,
    repository,
    load: (commit) => commits.read(commit),
    vouchFor: (commit, inForce) => whyUnvouched(input, place, { commit, inForce, atHand }),
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
