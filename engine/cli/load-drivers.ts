import { loadSettings } from "../../inventory/load-settings.ts";
import type { Settings } from "../../schemas/settings.ts";
import { CommandError, type CommandInput } from "./command.ts";
import { EXIT } from "./exit-code.ts";

/** Where drivers are looked for, and which ones. */
interface DriverPlace {
  /** Absolute path of the repository. */
  readonly root: string;
  readonly settings: Settings;
}

/** Loads the packages that the settings name, which runs their code; ends with 3 or 4 where that can't be. */
export async function loadDrivers(input: CommandInput, place: DriverPlace): Promise<void> {
  const why = await driversFailure(input, place);
  if (why !== null) throw why;
}

/** The same for commands that look: what can't be loaded is said, and its nodes stay unread. */
export async function loadDriversIfAny(input: CommandInput, place: DriverPlace): Promise<void> {
  const why = await driversFailure(input, place);
  if (why !== null) input.io.log("warn", why.message, { code: why.code ?? "" });
}

/**
 * Loads the packages; answers why not: 3 where one can't be had, 4 where a commit (`--ref`) names one that the
 * checkout's own settings do not, for a commit that is only looked at runs nothing. Null when all is well.
 */
export async function driversFailure(
  input: CommandInput,
  place: DriverPlace,
): Promise<CommandError | null> {
  const { drivers } = place.settings;
  if (drivers.length === 0 || !input.common.drivers) return null;
  const strangers = await strangersOf(input, place);
  if (strangers.length > 0)
    return new CommandError(
      EXIT.refused,
      `${input.common.ref ?? ""} names the drivers ${strangers.join(", ")}, which the settings of ${place.root} do not: ` +
        "no code is run for a commit that is only looked at; add them there, check the commit out, or give --no-drivers",
      "IW-D01",
    );
  const why = await input.house.loadDrivers(place.root, drivers);
  return why === null ? null : new CommandError(EXIT.invalid, why.message, why.code);
}

/** Drivers of a commit (`--ref`) that the settings in the checkout, the environment or `--config` don't name. */
async function strangersOf(
  { common, io }: CommandInput,
  { root, settings }: DriverPlace,
): Promise<readonly string[]> {
  if (common.ref === undefined) return [];
  const own = await loadSettings({ dir: root, configFile: common.config, env: io.env });
  const named = own.settings?.drivers ?? [];
  return settings.drivers.filter((name) => !named.includes(name));
}
