import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plan } from "../../schemas/plan.ts";
import { savePlan, shortId } from "../plan/plan-json.ts";
import { showPlan } from "../plan/show-plan.ts";
import type { CommandInput } from "./command.ts";
import type { World } from "./world.ts";

/** Saved plans that are kept in the state directory; a plan can be applied for a day. */
const KEEP_PLANS = 50;

/** The plan as text, at the width and in the colours of the terminal. */
export function planText(
  input: CommandInput,
  world: World,
  plan: Plan,
  how: { readonly savedAs: string | null; readonly applying?: boolean },
): string {
  const { io, house } = input;
  const { fleet } = world;
  return showPlan(plan, {
    now: house.clock.now(),
    columns: io.columns,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...how,
    colors: io.colors,
    storeName: plan.store === null ? null : plan.store.slice(0, 8),
    reach: (file) => {
      const profiles = fleet.profileFiles[file];
      if (profiles === undefined) return null;
      return Math.max(0, ...profiles.map((name) => fleet.profileReach[name] ?? 0));
    },
  });
}

/** Keeps the plan in the state directory, so that `apply ID.plan` finds it; null when that can't be written. */
export function keepPlan(stateDir: string, plan: Plan): string | null {
  const dir = join(stateDir, "plans");
  const name = `${shortId(plan)}.plan`;
  try {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, name), savePlan(plan));
    prune(dir);
    return name;
  } catch {
    // A full or read-only disk keeps no plan; the plan itself is printed all the same.
    return null;
  }
}

function prune(dir: string): void {
  const plans = readdirSync(dir)
    .filter((name) => name.endsWith(".plan"))
    .map((name) => ({ name, at: statSync(join(dir, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { name } of plans.slice(KEEP_PLANS)) rmSync(join(dir, name), { force: true });
}
