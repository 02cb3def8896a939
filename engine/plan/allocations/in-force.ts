import type { Fleet } from "../../../schemas/fleet.ts";
import type { RegisterEntry } from "../../../schemas/store.ts";

/** Since which entry each Allocation is in force: one that stays keeps its turn. */
export function allocationsInForce(
  { allocations }: Pick<Fleet, "allocations">,
  before: RegisterEntry | null,
  seq: number,
): RegisterEntry["allocations"] {
  return Object.fromEntries(
    allocations.map(({ name }) => [name, before?.allocations[name] ?? { seq }]),
  );
}
