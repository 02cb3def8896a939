import { type Fleet, findNode, nodesUnlike } from "../../schemas/fleet.ts";
import type { Observation } from "../../schemas/observation.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import type { RegisterEntry } from "../../schemas/store.ts";
import { MachineIndex, type Machines } from "./machines.ts";
import { type Resolved, Resolver } from "./match-records.ts";
import { Owners } from "./owners.ts";
import { type Policies, policiesOf } from "./policies.ts";

/** What of an entry in force is declared no more. */
interface Undeclared {
  readonly entry: Pick<RegisterEntry, "names">;
  readonly all: ReadonlySet<string>;
  readonly names: Set<string>;
}

/** How an Image was applied; when is null for a workload of which nobody wrote it down. */
export interface RecordedImage {
  readonly node: string;
  readonly checksum: string;
  readonly at: number | null;
}

/**
 * A fleet with what is recorded and was last read of it, and all that a plan must know of it as a whole: whose record is
 * whose, which machine answers where, which MACs and Images are in use. What changes is set, and nothing else is looked at
 * again: planning a few nodes of many costs what those few cost. A plan that is made once makes one anew.
 */
export class Whole {
  readonly #records = new Map<string, NodeRecord>();
  readonly #observations = new Map<string, Observation>();
  readonly #resolver = new Resolver();
  readonly #machines = new MachineIndex();
  readonly #macs = new Owners<NodeRecord>();
  readonly #images = new Owners<RecordedImage>();
  readonly #seen = new Set<string>();
  readonly #silent = new Set<string>();
  #undeclared: Undeclared | null = null;
  #fleet: Fleet;
  #policies: Policies | null = null;

  constructor({
    fleet,
    records,
    observations,
  }: {
    readonly fleet: Fleet;
    readonly records: ReadonlyMap<string, NodeRecord>;
    readonly observations: ReadonlyMap<string, Observation>;
  }) {
    this.#fleet = fleet;
    for (const node of fleet.nodes) this.#resolver.setNode(node.name, node);
    for (const record of records.values()) this.setRecord(record.uuid, record);
    for (const observation of observations.values()) this.setObservation(observation);
  }

  get fleet(): Fleet {
    return this.#fleet;
  }

  /** By uuid. */
  get records(): ReadonlyMap<string, NodeRecord> {
    return this.#records;
  }

  /** By node name. */
  get observations(): ReadonlyMap<string, Observation> {
    return this.#observations;
  }

  /** Nodes whose BMC did not answer when it was read last, by name. */
  get silent(): ReadonlySet<string> {
    return this.#silent;
  }

  get resolved(): Resolved {
    return this.#resolver.resolved;
  }

  get policies(): Policies {
    this.#policies ??= policiesOf(this.#fleet);
    return this.#policies;
  }

  get machines(): Machines {
    const changed = this.#resolver.takeChanged();
    for (const name of new Set([...changed.nodes, ...this.#seen])) {
      const its = this.resolved.nodes.get(name);
      if (its === undefined) this.#machines.dropNode(name);
      else this.#machines.setNode(its, this.#observations.get(name));
    }
    this.#seen.clear();
    for (const uuid of changed.orphans) {
      const orphan = this.#resolver.orphan(uuid);
      if (orphan === undefined) this.#machines.dropOrphan(uuid);
      else this.#machines.setOrphan(orphan);
    }
    return this.#machines;
  }

  /** MACs of recorded ports, with the records that have them: two while one waits to be let go. */
  get macs(): Owners<NodeRecord> {
    return this.#macs;
  }

  /** Images that records say were applied. */
  get images(): Owners<RecordedImage> {
    return this.#images;
  }

  /** Another commit, or another tree: nodes that are the very same are left as they are. */
  follow(fleet: Fleet): void {
    if (fleet === this.#fleet) return;
    const before = this.#fleet.nodes;
    for (const { name } of nodesUnlike(fleet.nodes, before)) this.#gone(name, fleet);
    for (const node of nodesUnlike(before, fleet.nodes)) {
      this.#resolver.setNode(node.name, node);
      this.#undeclared?.names.delete(node.name);
    }
    this.#fleet = fleet;
    this.#policies = null;
  }

  #gone(name: string, fleet: Fleet): void {
    if (findNode(fleet.nodes, name) !== undefined) return;
    this.#resolver.setNode(name, null);
    if (this.#undeclared?.all.has(name) === true) this.#undeclared.names.add(name);
  }

  /** Names of an entry of the register that this fleet does not declare, in no order. */
  undeclaredOf(entry: Pick<RegisterEntry, "names">): ReadonlySet<string> {
    if (this.#undeclared?.entry !== entry) {
      const { nodes } = this.#resolver.resolved;
      const names = new Set(entry.names.filter((name) => !nodes.has(name)));
      this.#undeclared = { entry, all: new Set(entry.names), names };
    }
    return this.#undeclared.names;
  }

  /** Null where there is none any more. */
  setRecord(uuid: string, record: NodeRecord | null): void {
    if (record === (this.#records.get(uuid) ?? null)) return;
    if (record === null) this.#records.delete(uuid);
    else this.#records.set(uuid, record);
    this.#resolver.setRecord(uuid, record);
    this.#macs.set(uuid, macsOf(record));
    this.#images.set(uuid, imagesOf(record));
  }

  setObservation(observation: Observation): void {
    this.#observations.set(observation.node, observation);
    if (observation.unreachable === null) this.#silent.delete(observation.node);
    else this.#silent.add(observation.node);
    this.#seen.add(observation.node);
  }
}

function macsOf(record: NodeRecord | null): ReadonlyMap<string, NodeRecord> {
  const macs = new Map<string, NodeRecord>();
  if (record === null) return macs;
  for (const { mac } of Object.values(record.ports)) macs.set(mac, record);
  return macs;
}

function imagesOf(record: NodeRecord | null): ReadonlyMap<string, RecordedImage> {
  const { name, checksum } = record?.instance?.image ?? {};
  if (record === null || typeof name !== "string" || typeof checksum !== "string") return new Map();
  return new Map([[name, { node: record.name, checksum, at: record.instance?.since ?? null }]]);
}
