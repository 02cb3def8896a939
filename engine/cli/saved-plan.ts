import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { compareImpact } from "../../schemas/impact.ts";
import type { Plan } from "../../schemas/plan.ts";
import { checkWhole } from "../plan/check-plan.ts";
import { loadPlan } from "../plan/plan-json.ts";
import type { ActingStore } from "../run/ports.ts";
import { type CommandInput, CommandError } from "./command.ts";
import { EXIT } from "./exit-code.ts";
import { ceilingOf, newlyErased } from "./approve.ts";
import type { World } from "./world.ts";

/** A saved plan: by its path, or by its name in the state directory. */
export function readPlan(input: CommandInput, world: World, name: string): Plan {
  const paths = [resolve(input.io.cwd, name), join(world.stateDir, "plans", name)];
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw new CommandError(
      EXIT.usage,
      `there is no plan ${name}, neither here nor in ${world.stateDir}/plans`,
    );
  const loaded = loadPlan(readText(path, name), (text) => input.house.digest(text));
  if (!loaded.ok)
    throw new CommandError(EXIT.invalid, `${name}: ${loaded.failure.message}`, loaded.failure.code);
  return loaded.value;
}

function readText(path: string, name: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.usage, `${name} cannot be read as a saved plan: ${why}`);
  }
}

/** A saved plan is applied exactly, or not at all. */
export async function checkSaved(
  input: CommandInput,
  world: World,
  store: ActingStore,
  plan: Plan,
): Promise<void> {
  const why = checkWhole(
    plan,
    {
      ...plan,
      store: store.file.id,
      storeEpoch: store.file.epoch,
      tree: world.fleet.tree,
      settingsHash: world.settingsHash,
    },
    input.house.clock.now(),
  );
  if (why !== null)
    throw new CommandError(
      EXIT.refused,
      `the saved plan is not applied: ${why}; plan again`,
      "IW-P16",
    );
  const stop = await store.stop();
  if (stop !== null)
    throw new CommandError(
      EXIT.refused,
      `the fleet is stopped by ${stop.by}: "${stop.reason}"; to go on: ironwright resume`,
      "IW-P11",
    );
  const ceiling = ceilingOf(input);
  const above = plan.nodes.find((node) =>
    node.steps.some((step) => compareImpact(step.impact, ceiling) > 0),
  );
  const erased = plan.nodes.filter(newlyErased).length;
  if (above !== undefined && erased > 0)
    throw new CommandError(
      EXIT.refused,
      `the plan would ERASE ${erased} ${erased === 1 ? "machine" : "machines"}, ${above.node} for one; when that is meant: --allow-erase ${erased}`,
      "IW-P14",
    );
  if (above !== undefined)
    throw new CommandError(
      EXIT.refused,
      `the plan holds steps above --max-impact ${ceiling}, on ${above.node} for one`,
      "IW-P14",
    );
}
