import type { FleetAllocation, FleetNode } from "../../../schemas/fleet.ts";
import { parseInstant } from "../../../schemas/instant.ts";
import { known, type Observation } from "../../../schemas/observation.ts";
import type { HoldRecord, NodeRecord } from "../../../schemas/record.ts";
import { runsByItself } from "./allocated-node.ts";
import { type Contradicted, contradictedTraits } from "../contradicted-traits.ts";
import { matchIdentity } from "../facets/identity.ts";
import type { ResolvedNode } from "../match-records.ts";

/** A condition that is not met, and how that is said. */
type Failing = readonly (readonly [boolean, string])[];

function clauses(all: Failing): readonly string[] {
  return all.flatMap(([is, why]) => (is ? [why] : []));
}

/** What is known of a node besides its declaration and record, and of the wishes. */
export interface Seen {
  /** The Allocations that git holds, by name. */
  readonly declared: Pick<ReadonlyMap<string, unknown>, "has">;
  readonly observation: Observation | undefined;
  readonly holds: readonly HoldRecord[];
  readonly now: number;
}

/** What keeps a node out of the pool, whoever wishes for one; each in one clause. */
export function outOfPool(
  { node, record }: ResolvedNode,
  { observation, holds, now, declared }: Seen,
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
    ...byRecord(record, declared),
    [held, "is held"],
    [silent, "does not say its power"],
    [stranger, "is not the machine that answers there"],
  ]);
}

/** What keeps a node from an Allocation that names it: what runs there goes on, so that it must be active. */
export function notTaken(
  allocation: FleetAllocation,
  its: ResolvedNode,
  { observation, declared }: Pick<Seen, "observation" | "declared">,
): readonly string[] {
  const { node, record } = its;
  if (record === null) return ["was never verified"];
  const { provisionState: state, allocation: given } = record;
  const expected = record.identity ?? node.spec.identity ?? null;
  const stranger = matchIdentity(expected, known(observation, "identity")).matches === false;
  const isComing = given !== null && !declared.has(given.name) && runsByItself(node);
  return clauses([
    [state !== "active", `is ${state}, not active`],
    [given !== null && !isComing, givenTo(given?.name ?? "", declared)],
    [isComing, `was given to ${given?.name ?? ""}, which left git: it is given back first`],
    [stranger, "is not the machine that answers there"],
    ...unmet(allocation, its),
  ]);
}

/** What a wish asks for and the node does not have (ironic-facts 13.1). */
export function notAsWished(allocation: FleetAllocation, its: ResolvedNode): readonly string[] {
  return clauses(unmet(allocation, its));
}

function unmet(
  { spec: wish }: FleetAllocation,
  { node: { name, spec }, record }: ResolvedNode,
): Failing {
  const { resourceClass, conductorGroup: group } = spec;
  const has = record?.traits ?? [];
  const against = contradictedTraits(wish.traits ?? [], record);
  const refuted = against.map(({ trait }) => trait);
  const lacking = (wish.traits ?? []).filter(
    (trait) => !has.includes(trait) || refuted.includes(trait),
  );
  const isOf = resourceClass === undefined ? "has no resource class" : `is of ${resourceClass}`;
  const isIn = group === undefined ? "no conductor group" : `the conductor group ${group}`;
  return [
    [wish.resourceClass !== undefined && resourceClass !== wish.resourceClass, isOf],
    [lacking.length > 0, `lacks ${lacking.map((one) => lackingText(one, against)).join(", ")}`],
    [wish.candidates?.includes(name) === false, "is no candidate"],
    [wish.conductorGroup !== undefined && wish.conductorGroup !== group, `is in ${isIn}`],
  ];
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

function givenTo(allocation: string, declared: Seen["declared"]): string {
  const left = declared.has(allocation) ? "" : ", which left git";
  return `was given to ${allocation}${left}`;
}

function byRecord(record: NodeRecord | null, declared: Seen["declared"]): Failing {
  if (record === null) return [[true, "was never verified"]];
  const { provisionState, allocation, fault } = record;
  return [
    [provisionState !== "available", `is ${provisionState}`],
    [allocation !== null, givenTo(allocation?.name ?? "", declared)],
    [fault !== null, `has a fault (${fault?.kind ?? ""})`],
    [record.protected, "is protected, as last recorded"],
  ];
}
