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
}

/**
 * Finds each node's record by uuid; a name that has none is first looked for among the orphans, by
 * the machine's identity and then by (address, system): found there, it is that node, renamed
 * (leases-and-journal N1). Renaming plans nothing and loses no history.
 */
export function resolveNodes(fleet: Fleet, records: ReadonlyMap<string, NodeRecord>): Resolved {
  const nodes = new Map<string, ResolvedNode>();
  const owned = new Set<string>();
  const strangers: FleetNode[] = [];
  for (const node of fleet.nodes) {
    const record = node.uuid === null ? undefined : records.get(node.uuid);
    if (record === undefined && !node.uuidDeclared) strangers.push(node);
    if (record !== undefined) owned.add(record.uuid);
    nodes.set(node.name, { node, uuid: node.uuid, record: record ?? null, renamedFrom: null });
  }
  const orphans = [...records.values()].filter((record) => !owned.has(record.uuid));
  if (orphans.length === 0 || strangers.length === 0) return { nodes, orphans };
  const found = adopt(strangers, orphans);
  for (const [name, record] of found) {
    const node = nodes.get(name);
    if (node !== undefined)
      nodes.set(name, { ...node, uuid: record.uuid, record, renamedFrom: record.name });
  }
  const adopted = new Set([...found.values()].map((record) => record.uuid));
  return { nodes, orphans: orphans.filter((record) => !adopted.has(record.uuid)) };
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
    const keys = keysOf(node.spec.identity, node.spec.bmc?.address, node.spec.bmc?.system);
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
