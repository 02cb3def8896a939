import { fail, failure, type Result } from "../../schemas/failure.ts";
import type { Clock } from "../run/ports.ts";
import type { SimulateRequest, Simulation } from "./house.ts";

/** Starts simulated BMCs. */
export function simulate(_request: SimulateRequest, _clock: Clock): Promise<Result<Simulation>> {
  return Promise.resolve(fail(failure("stalled", "IW-P08", "the simulator is not built yet")));
}
