import { findRepository } from "../../inventory/committed-tree.ts";
import { loadSettings } from "../../inventory/load-settings.ts";
import { type AtHand, whyNotVouchedFor } from "../../inventory/verify/policy.ts";
import type { Failure } from "../../schemas/failure.ts";
import type { RegisterEntry } from "../../schemas/store.ts";
import { type CommandInput, CommandError } from "./command.ts";
import { EXIT } from "./exit-code.ts";
import { type Place, reader, stopAtErrors, type World } from "./world.ts";

/** Which commit is judged, by what. */
export interface Judged {
  /** Null for what is not committed. */
  readonly commit: string | null;
  readonly inForce: RegisterEntry | null;
  readonly atHand: AtHand;
}

/** Why the settings in force refuse a commit (`git.verify`); null where they don't. */
export function whyUnvouched(
  { common, io, house }: CommandInput,
  { root }: Pick<Place, "root">,
  { commit, inForce, atHand }: Judged,
): Promise<Failure | null> {
  const from = { dir: root, configFile: common.config, env: io.env };
  const options = { ...from, versions: house.settingsVersions, atHand, inForce };
  return whyNotVouchedFor(commit, options, house.clock.now());
}

/** Ends with 4 where the settings in force refuse what is looked at; `isMild`: only says so. */
export async function refuseUnvouched(
  input: CommandInput,
  world: World,
  inForce: RegisterEntry | null,
  isMild = false,
): Promise<void> {
  const why = await whyWorldIsRefused(input, world, inForce);
  if (why === null) return;
  if (!isMild) throw new CommandError(EXIT.refused, why.message, why.code);
  input.io.log("warn", why.message, { code: why.code });
}

/** Says where the settings in force refuse what is looked at. */
export async function sayUnvouched(input: CommandInput, world: World): Promise<void> {
  const { store } = await reader(input, world);
  await refuseUnvouched(input, world, (await store?.inForce()) ?? null, true);
}

async function whyWorldIsRefused(
  input: CommandInput,
  world: World,
  inForce: RegisterEntry | null,
): Promise<Failure | null> {
  const { tree, commit } = world.fleet;
  // The tree that is in force, by whatever commit, puts nothing new there.
  if (inForce !== null && inForce.commit !== null && inForce.tree === tree) return null;
  const atHand = await atHandOf(input, world, inForce);
  const why = await whyUnvouched(input, world, { commit: commit.id, inForce, atHand });
  if (why === null) return null;
  const what = commit.id === null ? "the working tree" : `commit ${commit.id.slice(0, 7)}`;
  const short = inForce?.commit?.slice(0, 7);
  const stays = short === undefined ? "" : `, ${short} stays in force (--ref ${short})`;
  return { ...why, message: `${what} is refused${stays}: ${why.message}` };
}

/** Asked for only before the first commit: the working tree's; in a bare repository, those of the commit itself. */
async function atHandOf(
  input: CommandInput,
  { root, settings }: World,
  inForce: RegisterEntry | null,
): Promise<AtHand> {
  const { ref, config } = input.common;
  if (ref === undefined || inForce?.commit != null) return { root, settings };
  if (findRepository(root)?.bare === true) return { root, settings, ref };
  const { env } = input.io;
  const versions = input.house.settingsVersions;
  const loaded = await loadSettings({ dir: root, configFile: config, env, versions });
  stopAtErrors(input, loaded.diagnostics);
  return { root, settings: loaded.settings ?? settings };
}
