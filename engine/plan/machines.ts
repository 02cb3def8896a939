import type { Identity } from "../../schemas/documents.ts";
import { known, type Observation } from "../../schemas/observation.ts";
import { contradiction, expectedIdentity, matchIdentity } from "./facets/identity.ts";
import type { KnownMachine } from "./facets/facet.ts";
import { keysOf, type Resolved, type ResolvedNode } from "./match-records.ts";

/** Every machine that this store knows, by what it says of itself. */
export type Machines = ReadonlyMap<string, readonly KnownMachine[]>;

/**
 * Indexes the machines of all declared nodes and of all orphans, for "new" is a property of the machine and
 * not of the name (leases-and-journal N1).
 */
export function machinesOf(
  { nodes, orphans }: Resolved,
  observations: ReadonlyMap<string, Observation>,
): Machines {
  const machines = new Map<string, KnownMachine[]>();
  const add = (machine: KnownMachine): void => {
    for (const key of keysOf(machine.identity, undefined, null))
      machines.set(key, [...(machines.get(key) ?? []), machine]);
  };
  for (const node of nodes.values()) add(declaredMachine(node, observations.get(node.node.name)));
  for (const { name, uuid, identity, protected: isProtected, instance } of orphans)
    add({
      name,
      uuid,
      identity: identity ?? {},
      declared: false,
      protected: isProtected,
      inService: instance !== null,
    });
  return machines;
}

function declaredMachine(
  { node, uuid, record }: ResolvedNode,
  observation: Observation | undefined,
): KnownMachine {
  const view = { node, record: { identity: record?.identity ?? null } };
  const seen = known(observation, "identity");
  // What answers is told from its neighbours best by all that it says; a stranger is somebody else's.
  const itself = seen !== undefined && contradiction(view, seen) === null ? seen : {};
  return {
    name: node.name,
    uuid,
    identity: { ...itself, ...expectedIdentity(view) },
    declared: true,
    protected: record?.protected === true,
    inService: (record?.instance ?? null) !== null,
  };
}

/** What else in this store is the machine that answers, the declared ones first. */
export function othersOf(
  machines: Machines,
  self: { readonly name: string; readonly uuid: string | null },
  seen: Partial<Identity> | undefined,
): readonly KnownMachine[] {
  const found = new Set(keysOf(seen, undefined, null).flatMap((key) => machines.get(key) ?? []));
  return (
    [...found]
      // An orphan may have the very name of the node that took its place under another uuid.
      .filter(({ declared, name, uuid }) => (declared ? name !== self.name : uuid !== self.uuid))
      .filter(({ identity }) => matchIdentity(identity, seen).matches === true)
      .sort((a, b) => Number(b.declared) - Number(a.declared) || (a.name < b.name ? -1 : 1))
  );
}
