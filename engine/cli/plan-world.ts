import type { Impact } from "../../schemas/impact.ts";
import { IMPACTS } from "../../schemas/impact.ts";
import type { PersonAct } from "../../schemas/person-act.ts";
import type { Plan } from "../../schemas/plan.ts";
import { planFleet, type Planned } from "../run/plan-fleet.ts";
import type { Drivers, StoreReader } from "../run/ports.ts";
import { type CommandInput, CommandError, textOption } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { selectedNames } from "./selector.ts";
import type { World } from "./world.ts";

/** How a command wants its plan. */
export interface PlanWorldOptions {
  readonly offline?: boolean;
  readonly only?: readonly ("intent" | "drift")[] | undefined;
  readonly maxImpact?: Impact | undefined;
  readonly acceptRemoval?: number | undefined;
  readonly claims?: ReadonlySet<string> | "all" | undefined;
  readonly act?: PersonAct | undefined;
  /** Instead of what the common flags select. */
  readonly select?: ReadonlySet<string>;
}

/** Plans the world as the common flags select it, with progress on a terminal. */
export async function planWorld(
  input: CommandInput,
  world: World,
  from: { readonly store: StoreReader | null; readonly drivers: Drivers },
  options: PlanWorldOptions = {},
): Promise<Planned> {
  const { house, io, common } = input;
  const select = options.select ?? selectedNames(world.fleet.nodes, common);
  const ports = {
    drivers: from.drivers,
    clock: house.clock,
    concurrency: world.settings.concurrency,
  };
  const planned = await planFleet(world.fleet, from.store, ports, {
    plan: {
      now: house.clock.now(),
      settings: world.settings,
      settingsHash: world.settingsHash,
      offline: options.offline ?? false,
      only: options.only,
      select,
      maxImpact: options.maxImpact,
      acceptRemoval: options.acceptRemoval,
      claims: options.claims,
      act: options.act,
      digest: (text) => house.digest(text),
    },
    catalog: house.catalog,
    onRead: (done, of) => {
      if (done === of || done % 10 === 0) io.progress([`reading ${done} of ${of} BMCs`]);
    },
    signal: io.stopping,
  });
  io.progress([]);
  return planned;
}

/** Reads `--only intent,drift`. */
export function onlyOption(input: CommandInput): readonly ("intent" | "drift")[] | undefined {
  const text = textOption(input, "only");
  if (text === undefined) return undefined;
  return text.split(",").map((word) => {
    if (word === "intent" || word === "drift") return word;
    throw new CommandError(EXIT.usage, `--only "${word}" is none of intent, drift`);
  });
}

/** Reads `--max-impact WORD`. */
export function impactOption(input: CommandInput): Impact | undefined {
  const text = textOption(input, "maxImpact");
  if (text === undefined) return undefined;
  const found = IMPACTS.find((impact) => impact === text);
  if (found === undefined)
    throw new CommandError(EXIT.usage, `--max-impact "${text}" is none of ${IMPACTS.join(", ")}`);
  return found;
}

/** Reads a whole number that is not negative. */
export function countOption(input: CommandInput, name: string, flags: string): number | undefined {
  const text = textOption(input, name);
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text))
    throw new CommandError(EXIT.usage, `${flags} "${text}" is no whole number`);
  return Number(text);
}

/** What a plan by itself means for the exit code (contract 4). */
export function planExit(
  plan: Plan,
  how: { readonly strict: boolean; readonly detailed: boolean },
): ExitCode {
  if (plan.refused.length > 0) return EXIT.refused;
  if (plan.nodes.length > 0 && plan.nodes.every((node) => node.unreachable)) return EXIT.failed;
  if (how.strict && plan.nodes.some((node) => node.blockedBy.length > 0)) return EXIT.refused;
  const busy = hasWork(plan);
  if (!busy && plan.nodes.length > 0 && plan.nodes.every(isRefused)) return EXIT.refused;
  return how.detailed && busy ? EXIT.pending : EXIT.done;
}

/** Reasons by which a person, a policy or git said no; what is silent or not built was refused by nobody. */
const REFUSALS = new Set([
  "hold",
  "maintenance",
  "protected",
  "identity",
  "observe",
  "impact",
  "request",
]);

function isRefused(node: Plan["nodes"][number]): boolean {
  return node.blockedBy.some(({ kind }) => REFUSALS.has(kind));
}

/** True when apply would do anything that is worth a question. */
export function hasWork(plan: Plan): boolean {
  return plan.nodes.some(
    (node) => node.steps.length > 0 || node.records !== undefined || node.unfinished === true,
  );
}
