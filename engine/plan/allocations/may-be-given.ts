import type { FleetAllocation, FleetNode } from "../../../schemas/fleet.ts";

/** Answers, by what git alone says, an Allocation that may be given the node and would have it deployed. */
export function deploysOf(
  allocations: readonly FleetAllocation[],
): (node: FleetNode) => FleetAllocation | undefined {
  const byClass = new Map<string | undefined, FleetAllocation[]>();
  for (const one of allocations) {
    // One that names its node takes what runs there.
    if (one.spec.provision === undefined || one.spec.node !== undefined) continue;
    const its = byClass.get(one.spec.resourceClass) ?? [];
    byClass.set(one.spec.resourceClass, [...its, one]);
  }
  return (node) => byClass.get(node.spec.resourceClass)?.find((one) => mayBeGiven(node, one));
}

function mayBeGiven({ name, spec }: FleetNode, { spec: wish }: FleetAllocation): boolean {
  const { provision, traits = [], conductorGroup } = spec;
  return (
    provision?.state === "available" &&
    (wish.traits ?? []).every((trait) => traits.includes(trait)) &&
    wish.candidates?.includes(name) !== false &&
    (wish.conductorGroup === undefined || wish.conductorGroup === conductorGroup)
  );
}
