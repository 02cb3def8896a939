import type { Plan } from "../../schemas/plan.ts";
import { INVENTORY_READ } from "../run/ports.ts";
import { type CommandInput, CommandError } from "./command.ts";
import { EXIT } from "./exit-code.ts";
import { loadDrivers } from "./load-drivers.ts";
import { refuseUnvouched } from "./vouched.ts";
import { findingsOf, loadFleetOf, loadPlace, reader, stopAtErrors, type World } from "./world.ts";

/**
 * A world to be put in force: the register is read before the inventory, so that a commit that is read
 * slowly never follows a newer one. `readAtSeq` is null where there is no store. Where no BMC `isAsked`, one that the
 * settings in force refuse is looked at all the same.
 */
export async function loadWorldToApply(
  input: CommandInput,
  { isAsked = true }: { readonly isAsked?: boolean } = {},
): Promise<{ readonly world: World; readonly readAtSeq: number | null }> {
  const place = await loadPlace(input);
  const { store } = await reader(input, place);
  const inForce = (await store?.inForce()) ?? null;
  const world = await loadFleetOf(input, place);
  // Before a line of its drivers runs, and before a password is sent to an address that it names.
  await refuseUnvouched(input, world, inForce, !isAsked);
  await makeReady(input, world);
  return { world, readAtSeq: store === null ? null : (inForce?.seq ?? 0) };
}

/** What acting asks for beyond looking: signed where that is demanded, the drivers of packages, nothing declared that can't be run. */
export async function readyToAct(input: CommandInput, world: World): Promise<void> {
  const { store } = await reader(input, world);
  await refuseUnvouched(input, world, (await store?.inForce()) ?? null);
  await makeReady(input, world);
}

async function makeReady(input: CommandInput, world: World): Promise<void> {
  await loadDrivers(input, world);
  await input.house.checkpoint(INVENTORY_READ);
  stopAtErrors(input, await findingsOf(input, world.root, world.fleet));
}

/** Refuses a plan that was made from an inventory read before the commit that is in force now. */
export function refuseSlowRead(plan: Plan, readAtSeq: number | null): void {
  if (plan.inForce === null || readAtSeq === null || plan.inForce.seq === readAtSeq) return;
  throw new CommandError(
    EXIT.refused,
    "another commit was put in force while this one was read; look at what is in force, then plan again",
    "IW-P17",
  );
}
