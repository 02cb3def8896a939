import { type Failure, fail, failure, ok, type Result } from "../../schemas/failure.ts";
import { parseFault } from "./faults.ts";
import { type PortBlame, portFailure } from "./port-failure.ts";
import {
  FaultError,
  PortError,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from "./start-simulator.ts";

export type { PortBlame };

/** One simulator that is to be started. */
export interface SimulatorPlan {
  readonly options: SimulatorOptions;
  readonly blame: PortBlame;
}

/** Starts all or none: what runs already is ended when one cannot be started. */
export async function startPlans(
  plans: readonly SimulatorPlan[],
  { faults, ...common }: Omit<SimulatorOptions, "machines">,
): Promise<Result<readonly Simulator[]>> {
  const given = faultsOf(plans, faults ?? []);
  if (!given.ok) return given;
  const started: Simulator[] = [];
  for (const [at, { options, blame }] of plans.entries()) {
    try {
      started.push(await startSimulator({ ...common, ...options, faults: given.value[at] ?? [] }));
    } catch (error) {
      await Promise.all(started.map((one) => one.close()));
      return fail(startFailure(error, blame));
    }
  }
  return ok(started);
}

function startFailure(error: unknown, blame: PortBlame): Failure {
  if (error instanceof FaultError) return error.failure;
  if (error instanceof PortError) return portFailure(error, blame);
  throw error;
}

/** Which faults go to which simulator: to the one that has the machines that they name. */
function faultsOf(
  plans: readonly SimulatorPlan[],
  faults: readonly string[],
): Result<readonly (readonly string[])[]> {
  const names = plans.map(({ options }) => new Set(options.machines.map(({ name }) => name)));
  const given: string[][] = plans.map(() => []);
  for (const text of faults) {
    const parsed = parseFault(text);
    if (!parsed.ok) return parsed;
    const { machine, other } = parsed.value;
    const has = (its: ReadonlySet<string>, name: string | null): boolean =>
      name === null || its.has(name);
    const at = names.findIndex((its) => has(its, machine) && has(its, other));
    if (at === -1) return fail(unknownFault(text, names));
    given[at]?.push(text);
  }
  return ok(given);
}

/** Names that an error shows of many. */
const SHOWN = 8;

function unknownFault(text: string, names: readonly ReadonlySet<string>[]): Failure {
  const all = names.flatMap((its) => [...its]);
  const known = `${all.slice(0, SHOWN).join(", ")}${all.length > SHOWN ? ", ..." : ""}`;
  const fact = text.startsWith("swap=")
    ? "no simulated BMC has both machines"
    : "no simulated machine is called so";
  return failure("stalled", "IW-I06", `fault "${text}": ${fact}; there are ${known}`);
}
