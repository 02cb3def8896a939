import { formatDiagnostics } from "../../inventory/format-diagnostics.ts";
import { blobAt, findRepository } from "../../inventory/committed-tree.ts";
import { type LoadedSettings, loadSettings, SETTINGS_FILE } from "../../inventory/load-settings.ts";
import { MovingFleet } from "../../inventory/moving-fleet.ts";
import type { Diagnostic } from "../../schemas/diagnostic.ts";
import { fail, failure, ok, type Result } from "../../schemas/failure.ts";
import { type Fleet, nodesUnlike, sharesDocuments } from "../../schemas/fleet.ts";
import type { Declared } from "../run/watch/declared.ts";
import type { CommandInput } from "./command.ts";
import { findingsOf, type Place } from "./world.ts";

/**
 * Reads commit after commit of the repository that a daemon follows: its settings, its documents, its steps as the hardware
 * types offer them. What a commit leaves as it was is neither read nor looked at again.
 */
export class CommitReader {
  readonly #input: CommandInput;
  readonly #place: Place;
  readonly #moving = new MovingFleet();
  #settings: { readonly blob: string; readonly loaded: LoadedSettings } | null = null;
  /** The last one in which nothing was found. */
  #good: Fleet | null = null;

  constructor(input: CommandInput, place: Place) {
    this.#input = input;
    this.#place = place;
  }

  async read(commit: string): Promise<Result<Declared>> {
    const input = this.#input;
    const place = this.#place;
    const loaded = await this.#settingsOf(commit);
    if (loaded.settings === null) return wrong(input, loaded.diagnostics);
    const { settings, settingsHash } = loaded;
    const refused = whyNotHere(loaded.settings, place);
    if (refused !== null) return fail(refused);
    const { fleet, diagnostics } = await this.#moving.load({
      dir: place.root,
      ref: commit,
      settings,
      settingsPath: loaded.settingsPath ?? undefined,
      cacheDir: place.cacheDir,
    });
    if (fleet === null) return wrong(input, diagnostics);
    const at = { ...input, common: { ...input.common, ref: commit } };
    const found = [...diagnostics, ...(await findingsOf(at, place.root, this.#unseen(fleet)))];
    if (found.some(({ severity }) => severity === "error")) return wrong(input, found);
    this.#good = fleet;
    return ok({ commit, fleet, settings, settingsHash });
  }

  /** The fleet with those nodes alone of which nobody knows yet that they are right. */
  #unseen(fleet: Fleet): Fleet {
    const good = this.#good;
    if (good === null || !sharesDocuments(good, fleet)) return fleet;
    return { ...fleet, nodes: nodesUnlike(good.nodes, fleet.nodes) };
  }

  /** The environment stays as it is for as long as the daemon lives, so that the same file says the same. */
  async #settingsOf(commit: string): Promise<LoadedSettings> {
    const { io, common, house } = this.#input;
    const { root, stateDir } = this.#place;
    const repository = common.config === undefined ? findRepository(root) : null;
    // A commit that is not here is said by whoever reads it.
    const blob =
      repository === null
        ? null
        : await blobAt(repository, commit, SETTINGS_FILE).catch(() => null);
    if (blob !== null && this.#settings?.blob === blob) return this.#settings.loaded;
    const loaded = await loadSettings({
      dir: root,
      ref: commit,
      configFile: common.config,
      env: io.env,
      overrides: { state: stateDir },
      versions: house.settingsVersions,
    });
    if (blob !== null) this.#settings = { blob, loaded };
    return loaded;
  }
}

/** What a daemon is made for, and no commit can change under it. */
function whyNotHere(
  { store, drivers, lease }: Place["settings"],
  { settings: here }: Place,
): ReturnType<typeof failure> | null {
  if (store !== here.store || lease.ttlSeconds !== here.lease.ttlSeconds)
    return failure(
      "stalled",
      "IW-S03",
      "it names another store than this engine works in; start it again",
    );
  const strangers = drivers.filter((name) => !here.drivers.includes(name));
  if (strangers.length === 0) return null;
  return failure(
    "stalled",
    "IW-D01",
    `it names the drivers ${strangers.join(", ")}, which this engine has not loaded: look at them, then start it again`,
  );
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
