import type { ProvisionState } from "../../../schemas/provision-state.ts";
import type { NodeRecord, PortGroupRecord, PortRecord } from "../../../schemas/record.ts";
import type { NodeView } from "../facets/facet.ts";
import { declaredGroups, declaredPorts } from "./declared-parts.ts";
import {
  layApart,
  layParts,
  otherWith,
  type PartChange,
  type Parts,
  refusedAt,
} from "./part-changes.ts";

/** Where a port's place in the network may be changed (ironic-facts 2.2, rows 51 and 52). */
const OPEN: readonly ProvisionState[] = ["enroll", "inspecting", "inspect wait", "manageable"];
/** Fields that say where a port is, as the network sees it. */
const PLACES = ["portGroup", "pxeEnabled", "localLink", "physicalNetwork", "smartNic"];

/** A change that the rules of Ironic's conductor allow, or why not. */
export interface PortsLaid {
  readonly ports: Parts<PortRecord>;
  readonly portGroups: Parts<PortGroupRecord>;
  /** By pointer below `spec`: `/ports/eth0/mac`. */
  readonly refused: ReadonlyMap<string, string>;
}

/** The ports and bonds of a node with every change that its state allows. */
export function layPorts(view: Pick<NodeView, "node" | "record" | "macsElsewhere">): PortsLaid {
  const { node, record } = view;
  const maintenance = node.spec.maintenance?.enabled === true;
  const free = (): null => null;
  const ports = layApart(
    record.ports,
    declaredPorts(node.spec),
    maintenance ? free : (change) => portStays(view, change),
    (name, laid) => clashOfPort(name, laid) ?? elsewhere(view, name, laid),
  );
  const inGroup = (name: string): string | undefined =>
    Object.keys(ports.parts).find((port) => ports.parts[port]?.portGroup === name);
  const groups = layParts(record.portGroups, declaredGroups(node.spec), (change) => {
    const member = change.declared === null ? inGroup(change.name) : undefined;
    if (member !== undefined) return `port ${member} is still in it; take it out first`;
    return maintenance ? null : groupStays(view, change);
  });
  return {
    ports: ports.parts,
    portGroups: groups.parts,
    refused: new Map([...refusedAt("/ports", ports), ...refusedAt("/portGroups", groups)]),
  };
}

/** While another port still has its MAC, or its bond is still in another network, it waits. */
function clashOfPort(name: string, laid: Parts<PortRecord>): string | null {
  const holder = otherWith(name, laid, (other, own) => other.mac === own.mac);
  if (holder !== undefined) return `port ${holder} still has its MAC`;
  const apart = otherWith(
    name,
    laid,
    (other, own) =>
      own.portGroup !== null &&
      other.portGroup === own.portGroup &&
      other.physicalNetwork !== own.physicalNetwork,
  );
  return apart === undefined
    ? null
    : `port ${apart} of its bond ${laid[name]?.portGroup ?? ""} is still in another physical network`;
}

/** A NIC that was moved is its old node's until that has let it go. */
function elsewhere(
  { record, macsElsewhere }: Pick<NodeView, "record" | "macsElsewhere">,
  name: string,
  laid: Parts<PortRecord>,
): string | null {
  const mac = laid[name]?.mac;
  if (mac === undefined || record.ports[name]?.mac === mac) return null;
  const other = macsElsewhere(mac);
  return other === null ? null : `${other} still has its MAC, and lets it go first`;
}

/** Of what is to be recorded, that which is changed while a node is in maintenance: a NIC was exchanged, say. */
export function rewired({
  ports,
  portGroups,
  vifs,
}: Partial<NodeRecord>): Partial<Pick<NodeRecord, "ports" | "portGroups" | "vifs">> {
  return {
    // A VIF on a port that is gone has moved with it.
    ...(vifs === undefined || (ports ?? portGroups) === undefined ? {} : { vifs }),
    ...(ports === undefined ? {} : { ports }),
    ...(portGroups === undefined ? {} : { portGroups }),
  };
}

/** Whose network end is on a port or bond; undefined where none is. */
function vifOn({ record }: Pick<NodeView, "record">, name: string): string | undefined {
  return Object.keys(record.vifs).find((id) => record.vifs[id]?.on === name);
}

const OR_MAINTENANCE = "or set maintenance while it is changed";

function pinned(view: Pick<NodeView, "node" | "record">, name: string): string | null {
  const vif = vifOn(view, name);
  if (vif === undefined) return null;
  return `VIF ${vif} is attached to it; take it out of network.vifs first, ${OR_MAINTENANCE}`;
}

function portStays(
  view: Pick<NodeView, "node" | "record">,
  { name, field, recorded }: PartChange,
): string | null {
  const { record } = view;
  if (recorded === null && field === null) return null;
  const vif = pinned(view, name);
  if (vif !== null) return vif;
  const group = record.ports[name]?.portGroup ?? null;
  const ofGroup = group === null ? undefined : vifOn(view, group);
  if (ofGroup !== undefined)
    return `VIF ${ofGroup} is attached to its port group ${group}; take it out of network.vifs first, ${OR_MAINTENANCE}`;
  if (field === "mac" && record.instance !== null)
    return `a workload runs on it (${record.provisionState}), and knows the machine by this MAC; undeploy it first, ${OR_MAINTENANCE}`;
  if (field === null || !PLACES.includes(field)) return null;
  return whereOpen(record.provisionState);
}

function groupStays(
  view: Pick<NodeView, "node" | "record">,
  { name, field, recorded }: PartChange,
): string | null {
  if (recorded === null && field === null) return null;
  const vif = pinned(view, name);
  if (vif !== null) return vif;
  const { instance, provisionState } = view.record;
  if (field === "mac" && instance !== null)
    return `a workload runs on it (${provisionState}), and knows the machine by this MAC; undeploy it first, ${OR_MAINTENANCE}`;
  return field === "physicalNetwork" ? whereOpen(provisionState) : null;
}

function whereOpen(state: ProvisionState): string | null {
  if (OPEN.includes(state)) return null;
  return `it can be changed while the node is enroll or manageable, and it is ${state}; bring it there, ${OR_MAINTENANCE}`;
}
