import type { FleetAllocation, FleetNode } from "../../../schemas/fleet.ts";
import { parseInstant } from "../../../schemas/instant.ts";
import { known, type Observation } from "../../../schemas/observation.ts";
import type { HoldRecord, NodeRecord } from "../../../schemas/record.ts";
import { type Contradicted, contradictedTraits } from "../contradicted-traits.ts";
import { matchIdentity } from "../facets/identity.ts";
import type { ResolvedNode } from "../match-records.ts";

/** A condition that is not met, and how that is said. */
type Failing = readonly (readonly [boolean, string])[];

function clauses(all: Failing): readonly string[] {
  return all.flatMap(([is, why]) => (is ? [why] : []));
}

/** What is known of a node besides its declaration and record. */
export interface Seen {
  readonly observation: Observation | undefined;
  readonly holds: readonly HoldRecord[];
  readonly now: number;
}

/** What keeps a node out of the pool, whoever wishes for one; each in one clause. */
export function outOfPool(
  { node, record }: ResolvedNode,
  { observation, holds, now }: Seen,
): readonly string[] {
  const silent = known(observation, "power") === undefined;
  const inGit = (node.spec.holds ?? []).filter(
    ({ until }) => until === undefined || parseInstant(until) > now,
  );
  const held = [...inGit, ...holds].some(({ scope }) => (scope ?? "all") !== "power");
  const expected = record?.identity ?? node.spec.identity ?? null;
  const stranger = matchIdentity(expected, known(observation, "identity")).matches === false;
  return clauses([
    ...byDeclaration(node),
    ...byRecord(record),
    [held, "is held"],
    [silent, "does not say its power"],
    [stranger, "is not the machine that answers there"],
  ]);
}

/** What a wish asks for and the node does not have (ironic-facts 13.1). */
export function notAsWished(
  { spec: wish }: FleetAllocation,
  { node: { name, spec }, record }: ResolvedNode,
): readonly string[] {
  const { resourceClass, conductorGroup: group } = spec;
  const has = record?.traits ?? [];
  const against = contradictedTraits(wish.traits ?? [], record);
  const refuted = against.map(({ trait }) => trait);
  const lacking = (wish.traits ?? []).filter(
    (trait) => !has.includes(trait) || refuted.includes(trait),
  );
  const isOf = resourceClass === undefined ? "has no resource class" : `is of ${resourceClass}`;
  const isIn = group === undefined ? "no conductor group" : `the conductor group ${group}`;
  return clauses([
    [resourceClass !== wish.resourceClass, isOf],
    [lacking.length > 0, `lacks ${lacking.map((one) => lackingText(one, against)).join(", ")}`],
    [wish.candidates?.includes(name) === false, "is no candidate"],
    [wish.conductorGroup !== undefined && wish.conductorGroup !== group, `is in ${isIn}`],
  ]);
}

function lackingText(trait: string, against: readonly Contradicted[]): string {
  const why = against.find((one) => one.trait === trait)?.why;
  return why === undefined ? trait : `${trait} (${why})`;
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
    [record.protected, "is protected, as last recorded"],
  ];
}
