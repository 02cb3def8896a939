import type { FleetAllocation, FleetNode } from "../../../schemas/fleet.ts";
import { known, type Observation } from "../../../schemas/observation.ts";
import type { HoldRecord, NodeRecord } from "../../../schemas/record.ts";
import type { ResolvedNode } from "../match-records.ts";

/** A condition that is not met, and how that is said. */
type Failing = readonly (readonly [boolean, string])[];

/** Every condition that keeps a node from an Allocation, each in one clause (ironic-facts 13.1). */
export function whyUnfit(
  wish: FleetAllocation,
  { node, record }: ResolvedNode,
  observation: Observation | undefined,
  holds: readonly HoldRecord[],
): readonly string[] {
  const silent = known(observation, "power") === undefined;
  const held = [...(node.spec.holds ?? []), ...holds].some(
    ({ scope }) => (scope ?? "all") === "all",
  );
  const all: Failing = [
    ...asWished(wish, node, record),
    ...byDeclaration(node),
    ...byRecord(record),
    [held, "is held"],
    [silent, "does not say its power"],
  ];
  return all.flatMap(([is, why]) => (is ? [why] : []));
}

function asWished(
  { spec: wish }: FleetAllocation,
  { name, spec }: FleetNode,
  record: NodeRecord | null,
): Failing {
  const { resourceClass, conductorGroup: group } = spec;
  const has = new Set(record?.traits ?? []);
  const lacking = (wish.traits ?? []).filter((trait) => !has.has(trait));
  const isOf = resourceClass === undefined ? "has no resource class" : `is of ${resourceClass}`;
  const isIn = group === undefined ? "no conductor group" : `the conductor group ${group}`;
  return [
    [resourceClass !== wish.resourceClass, isOf],
    [lacking.length > 0, `lacks ${lacking.join(", ")}`],
    [wish.candidates?.includes(name) === false, "is no candidate"],
    [wish.conductorGroup !== undefined && wish.conductorGroup !== group, `is in ${isIn}`],
  ];
}

function byDeclaration({ spec }: FleetNode): Failing {
  const { provision, maintenance, retired, protected: guarded = false, mode } = spec;
  const declared = provision?.state;
  return [
    [declared !== "available", `is declared ${declared ?? "without a state"}`],
    [maintenance?.enabled === true, "is in maintenance"],
    [retired !== undefined, "is retired"],
    [guarded !== false, "is protected"],
    [mode === "observe", "is only observed"],
  ];
}

function byRecord(record: NodeRecord | null): Failing {
  if (record === null) return [[true, "was never verified"]];
  const { provisionState, allocation, fault } = record;
  return [
    [provisionState !== "available", `is ${provisionState}`],
    [allocation !== null, `was given to ${allocation?.name ?? ""}`],
    [fault !== null, `has a fault (${fault?.kind ?? ""})`],
  ];
}
