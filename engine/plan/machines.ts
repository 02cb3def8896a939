import type { Identity } from "../../schemas/documents.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import { known, type Observation } from "../../schemas/observation.ts";
import { contradiction, expectedIdentity, matchIdentity } from "./facets/identity.ts";
import type { KnownMachine } from "./facets/facet.ts";
import { keysOf, type ResolvedNode } from "./match-records.ts";

/** Every machine that this store knows, by what it says of itself. */
export interface Machines {
  get(key: string): Iterable<KnownMachine> | undefined;
}

/**
 * Indexes the machines of all declared nodes and of all orphans, for "new" is a property of the machine and
 * not of the name (leases-and-journal N1). Each is set by who it is, and may be set anew.
 */
export class MachineIndex implements Machines {
  readonly #byKey = new Map<string, Set<KnownMachine>>();
  readonly #byOwner = new Map<string, KnownMachine>();

  get(key: string): Iterable<KnownMachine> | undefined {
    return this.#byKey.get(key);
  }

  setNode(its: ResolvedNode, observation: Observation | undefined): void {
    this.#set(`node ${its.node.name}`, declaredMachine(its, observation));
  }

  dropNode(name: string): void {
    this.#set(`node ${name}`, null);
  }

  setOrphan({ name, uuid, identity, protected: isProtected, instance }: NodeRecord): void {
    this.#set(`orphan ${uuid}`, {
      name,
      uuid,
      identity: identity ?? {},
      declared: false,
      protected: isProtected,
      inService: instance !== null,
    });
  }

  dropOrphan(uuid: string): void {
    this.#set(`orphan ${uuid}`, null);
  }

  #set(owner: string, machine: KnownMachine | null): void {
    const before = this.#byOwner.get(owner);
    if (before !== undefined) {
      for (const key of keysOf(before.identity, undefined, null)) {
        const there = this.#byKey.get(key);
        there?.delete(before);
        if (there?.size === 0) this.#byKey.delete(key);
      }
      this.#byOwner.delete(owner);
    }
    const keys = machine === null ? [] : keysOf(machine.identity, undefined, null);
    if (machine === null || keys.length === 0) return;
    this.#byOwner.set(owner, machine);
    for (const key of keys) {
      const there = this.#byKey.get(key);
      if (there === undefined) this.#byKey.set(key, new Set([machine]));
      else there.add(machine);
    }
  }
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
  const found = new Set(
    keysOf(seen, undefined, null).flatMap((key) => [...(machines.get(key) ?? [])]),
  );
  return (
    [...found]
      // An orphan may have the very name of the node that took its place under another uuid.
      .filter(({ declared, name, uuid }) => (declared ? name !== self.name : uuid !== self.uuid))
      .filter(({ identity }) => matchIdentity(identity, seen).matches === true)
      .sort((a, b) => Number(b.declared) - Number(a.declared) || (a.name < b.name ? -1 : 1))
  );
}
