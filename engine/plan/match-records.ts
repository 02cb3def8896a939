import { unitOf } from "../../schemas/bmc-unit.ts";
import type { Fleet, FleetNode } from "../../schemas/fleet.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import { identityPart } from "./facets/identity.ts";

/** A declared node with the record that is its own. */
export interface ResolvedNode {
  readonly node: FleetNode;
  /** Null only where neither a uuid nor a fleet id is known. */
  readonly uuid: string | null;
  readonly record: NodeRecord | null;
  /** Its former name, when it was found by its machine and not by its name. */
  readonly renamedFrom: string | null;
}

/** All declared nodes by name, and the records that no declared node owns. */
export interface Resolved {
  readonly nodes: ReadonlyMap<string, ResolvedNode>;
  readonly orphans: readonly NodeRecord[];
  /** Former names of nodes that were found by their machine. */
  readonly renamed: ReadonlySet<string>;
}

/** Finds the record of every node of a fleet, once. */
export function resolveNodes(
  { nodes }: Pick<Fleet, "nodes">,
  records: ReadonlyMap<string, NodeRecord>,
): Resolved {
  const resolver = new Resolver();
  for (const node of nodes) resolver.setNode(node.name, node);
  for (const record of records.values()) resolver.setRecord(record.uuid, record);
  return resolver.resolved;
}

/**
 * Finds each node's record by uuid; a name that has none is first looked for among the orphans, by
 * the machine's identity and then by (address, system): found there, it is that node, renamed
 * (leases-and-journal N1). Renaming plans nothing and loses no history. Nodes and records come and go one by one.
 */
export class Resolver {
  readonly #nodes = new Map<string, ResolvedNode>();
  readonly #declared = new Map<string, string>();
  readonly #records = new Map<string, NodeRecord>();
  /** Names that have no record, and no uuid that says that they are new. */
  readonly #strangers = new Set<string>();
  readonly #orphans = new Map<string, NodeRecord>();
  /** Orphans that were found to be a stranger's, by their uuid: its name. */
  #adopted = new Map<string, string>();
  #isSettled = true;
  #changed = new Set<string>();
  #changedOrphans = new Set<string>();

  /** The node of that name; null where it is declared no more. */
  setNode(name: string, node: FleetNode | null): void {
    const before = this.#nodes.get(name)?.node ?? null;
    if (before === node) return;
    const former = before?.uuid ?? null;
    // A node of another name may have the uuid by now.
    if (former !== null && former !== node?.uuid && this.#declared.get(former) === name) {
      this.#declared.delete(former);
      this.#place(former);
    }
    if (node === null) {
      this.#nodes.delete(name);
      this.#strangers.delete(name);
      this.#changed.add(name);
      this.#isSettled = false;
      return;
    }
    if (node.uuid !== null) this.#declared.set(node.uuid, name);
    this.#settle(name, node);
    if (node.uuid !== null) this.#place(node.uuid);
  }

  /** The record of that uuid; null where there is none any more. */
  setRecord(uuid: string, record: NodeRecord | null): void {
    if (record === null) this.#records.delete(uuid);
    else this.#records.set(uuid, record);
    const name = this.#declared.get(uuid);
    const node = name === undefined ? undefined : this.#nodes.get(name)?.node;
    if (node !== undefined) this.#settle(node.name, node);
    this.#place(uuid);
  }

  get resolved(): Resolved {
    if (!this.#isSettled) this.#adopt();
    const orphans = [...this.#orphans.values()].filter(({ uuid }) => !this.#adopted.has(uuid));
    const renamed = new Set(
      [...this.#adopted.keys()].map((uuid) => this.#orphans.get(uuid)?.name ?? ""),
    );
    return { nodes: this.#nodes, orphans, renamed };
  }

  /** Names of nodes, and uuids of orphans, that may be others than when this was asked last. */
  takeChanged(): { readonly nodes: ReadonlySet<string>; readonly orphans: ReadonlySet<string> } {
    if (!this.#isSettled) this.#adopt();
    const changed = { nodes: this.#changed, orphans: this.#changedOrphans };
    this.#changed = new Set();
    this.#changedOrphans = new Set();
    return changed;
  }

  /** A record that no declared node owns, by its uuid. */
  orphan(uuid: string): NodeRecord | undefined {
    return this.#adopted.has(uuid) ? undefined : this.#orphans.get(uuid);
  }

  /** With the record of its own uuid. */
  #settle(name: string, node: FleetNode): void {
    const record = node.uuid === null ? undefined : this.#records.get(node.uuid);
    const isStranger = record === undefined && !node.uuidDeclared;
    if (isStranger) this.#strangers.add(name);
    if (isStranger || this.#strangers.has(name)) this.#isSettled = false;
    if (!isStranger) this.#strangers.delete(name);
    this.#nodes.set(name, { node, uuid: node.uuid, record: record ?? null, renamedFrom: null });
    this.#changed.add(name);
  }

  /** A record is somebody's, or an orphan. */
  #place(uuid: string): void {
    const record = this.#records.get(uuid);
    const isOrphan = record !== undefined && !this.#declared.has(uuid);
    if (isOrphan) this.#orphans.set(uuid, record);
    if (isOrphan || this.#orphans.has(uuid)) {
      this.#isSettled = false;
      this.#changedOrphans.add(uuid);
    }
    if (!isOrphan) this.#orphans.delete(uuid);
  }

  #adopt(): void {
    for (const [uuid, name] of this.#adopted) {
      const node = this.#nodes.get(name)?.node;
      if (node !== undefined) this.#settle(name, node);
      this.#changedOrphans.add(uuid);
    }
    this.#adopted = new Map();
    this.#isSettled = true;
    if (this.#orphans.size === 0 || this.#strangers.size === 0) return;
    const strangers = [...this.#strangers]
      .sort()
      .flatMap((name) => this.#nodes.get(name)?.node ?? []);
    const orphans = [...this.#orphans.values()].sort((a, b) => (a.uuid < b.uuid ? -1 : 1));
    for (const [name, record] of adopt(strangers, orphans)) {
      const its = this.#nodes.get(name);
      if (its === undefined) continue;
      this.#nodes.set(name, { ...its, uuid: record.uuid, record, renamedFrom: record.name });
      this.#adopted.set(record.uuid, name);
      this.#changed.add(name);
      this.#changedOrphans.add(record.uuid);
    }
  }
}

function adopt(
  strangers: readonly FleetNode[],
  orphans: readonly NodeRecord[],
): ReadonlyMap<string, NodeRecord> {
  const byKey = new Map<string, NodeRecord | "many">();
  for (const record of orphans)
    for (const key of keysOf(record.identity, record.bmc?.address, record.bmc?.system))
      byKey.set(key, byKey.has(key) ? "many" : record);
  const found = new Map<string, NodeRecord>();
  const taken = new Set<string>();
  for (const node of strangers) {
    const keys = keysOf(node.spec.identity, node.spec.bmc?.address, unitOf(node.spec.bmc ?? {}));
    const record = keys.map((key) => byKey.get(key)).find((hit) => hit !== undefined);
    if (record === undefined || record === "many" || taken.has(record.uuid)) continue;
    taken.add(record.uuid);
    found.set(node.name, record);
  }
  return found;
}

/**
 * What tells a machine, as text: identity first; the address decides only where no serial and no uuid is known.
 * No name of a node has a space in it, so that keys and names can stand in one set.
 */
export function keysOf(
  identity: { serial?: string | undefined; systemUuid?: string | undefined } | null | undefined,
  address: string | undefined,
  system: string | null | undefined,
): readonly string[] {
  const serial = identityPart(identity?.serial);
  const uuid = identityPart(identity?.systemUuid);
  const keys: string[] = [];
  if (serial !== null) keys.push(`serial ${serial}`);
  if (uuid !== null) keys.push(`uuid ${uuid}`);
  if (keys.length === 0 && address !== undefined) keys.push(`bmc ${address} ${system ?? ""}`);
  return keys;
}
