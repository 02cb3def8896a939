import type { FleetNode } from "../schemas/fleet.ts";
import { bmcHost, unitKey } from "./check-fleet.ts";

/**
 * Which nodes the rules between nodes compare with which: those that have a uuid, a BMC, a MAC or a volume connector in
 * common, and families. What they say of the whole fleet, they say of each such group by itself.
 */
export class Kin {
  /** Most keys are one node's alone: a set of one costs ten times its name. */
  readonly #byKey = new Map<string, string | Set<string>>();

  constructor(nodes: Iterable<FleetNode>) {
    for (const node of nodes) this.add(node);
  }

  add({ name, uuid, spec }: FleetNode): void {
    for (const key of foundUnder({ uuid, spec })) {
      const names = this.#byKey.get(key);
      if (names === undefined || names === name) this.#byKey.set(key, name);
      else if (typeof names === "string") this.#byKey.set(key, new Set([names, name]));
      else names.add(name);
    }
  }

  remove({ name, uuid, spec }: FleetNode): void {
    for (const key of foundUnder({ uuid, spec })) {
      const names = this.#byKey.get(key);
      if (names instanceof Set) names.delete(name);
      else if (names === name) this.#byKey.delete(key);
    }
  }

  #under(key: string): Iterable<string> {
    const names = this.#byKey.get(key) ?? [];
    return typeof names === "string" ? [names] : names;
  }

  /** Names of all that these must be compared with, themselves among them; `nodeOf` answers undefined for a stranger. */
  of(
    nodes: readonly FleetNode[],
    nodeOf: (name: string) => FleetNode | undefined,
  ): ReadonlySet<string> {
    const all = new Set<string>();
    const open = [...nodes];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      const { name, spec } = node;
      all.add(name);
      for (const key of looksFor(node)) for (const other of this.#under(key)) all.add(other);
      // A family is all that hangs together, up and down.
      const family = [...this.#under(childOf(name)), spec.parent ?? name];
      for (const other of family) {
        const its = all.has(other) ? undefined : nodeOf(other);
        if (its !== undefined) open.push(its);
        all.add(other);
      }
    }
    return all;
  }
}

type Keyed = Pick<FleetNode, "uuid" | "spec">;

function childOf(parent: string): string {
  return `child of ${parent}`;
}

/** Where others look for it. */
function foundUnder(node: Keyed): readonly string[] {
  const address = node.spec.bmc?.address;
  const unit = unitKey(node);
  const { parent } = node.spec;
  const keys =
    address === undefined
      ? []
      : [
          `at ${bmcHost(address)}`,
          unit === undefined ? `alone ${bmcHost(address)}` : twin(address, unit),
        ];
  return [...common(node), ...keys, ...(parent === undefined ? [] : [childOf(parent)])];
}

/** What it must not have in common with others. */
function looksFor(node: Keyed): readonly string[] {
  const address = node.spec.bmc?.address;
  const unit = unitKey(node);
  if (address === undefined) return common(node);
  // One that names no unit is alone at its address.
  const keys =
    unit === undefined
      ? [`at ${bmcHost(address)}`]
      : [`alone ${bmcHost(address)}`, twin(address, unit)];
  return [...common(node), ...keys];
}

function common({ uuid, spec }: Keyed): readonly string[] {
  const { ports = {}, portGroups = {}, volumes } = spec;
  const macs = [...Object.values(ports), ...Object.values(portGroups)].flatMap(({ mac }) =>
    mac === undefined ? [] : [`mac ${mac.toLowerCase()}`],
  );
  const connectors = Object.values(volumes?.connectors ?? {}).map(
    ({ type, connectorId }) => `connector ${type} ${connectorId.toLowerCase()}`,
  );
  return [...(uuid === null ? [] : [`uuid ${uuid}`]), ...macs, ...connectors];
}

function twin(address: string, unit: string): string {
  return `unit ${bmcHost(address)} ${unit}`;
}
