import type { Diagnostic } from "../schemas/diagnostic.ts";
import { type FleetNode, originOf } from "../schemas/fleet.ts";
import { didYouMean } from "../schemas/nearest.ts";
import { escapeKey } from "./merge.ts";

/** What the rules look at; an import has no more. */
type WithParts = Pick<FleetNode, "name" | "origins" | "place" | "spec">;

/** Rules of ports, port groups and volumes (ironic-facts 2.2, 13.4): within a node, and over the fleet. */
export function checkParts(nodes: readonly WithParts[]): readonly Diagnostic[] {
  const withParts = nodes.filter(({ spec: { ports, portGroups, volumes, network } }) =>
    [ports, portGroups, volumes, network].some((parts) => parts !== undefined),
  );
  return [
    ...unique(withParts.flatMap(addresses), "MAC"),
    ...unique(withParts.flatMap(connectorIds), "volume connector"),
    ...withParts.flatMap(groupsOfPorts),
    ...withParts.flatMap(bootIndexes),
    ...withParts.flatMap(vifs),
  ];
}

/** Something that there is once in the whole fleet. */
interface Once {
  readonly node: WithParts;
  readonly pointer: string;
  readonly key: string;
  /** `port eth0`. */
  readonly what: string;
}

function addresses(node: WithParts): readonly Once[] {
  const { ports = {}, portGroups = {} } = node.spec;
  const of = (
    kind: string,
    at: string,
    parts: Readonly<Record<string, { mac?: string | undefined }>>,
  ) =>
    Object.entries(parts).flatMap(([name, { mac }]) =>
      mac === undefined
        ? []
        : [
            {
              node,
              pointer: `${at}/${escapeKey(name)}/mac`,
              key: mac.toLowerCase(),
              what: `${kind} ${name}`,
            },
          ],
    );
  // A bond may have the address of one of its own ports: Linux gives it that of the first.
  const own = new Map(
    Object.entries(ports).map(([, port]) => [port.mac.toLowerCase(), port.portGroup]),
  );
  const groups = of("port group", "/portGroups", portGroups).filter(
    ({ key, what }) => `port group ${own.get(key) ?? ""}` !== what,
  );
  return [...of("port", "/ports", ports), ...groups];
}

function connectorIds(node: WithParts): readonly Once[] {
  return Object.entries(node.spec.volumes?.connectors ?? {}).map(
    ([name, { type, connectorId }]) => ({
      node,
      pointer: `/volumes/connectors/${escapeKey(name)}/connectorId`,
      key: `${type} ${connectorId.toLowerCase()}`,
      what: `volume connector ${name}`,
    }),
  );
}

function unique(all: readonly Once[], noun: string): readonly Diagnostic[] {
  const first = new Map<string, Once>();
  return all.flatMap((one) => {
    const twin = first.get(one.key);
    if (twin === undefined) {
      first.set(one.key, one);
      return [];
    }
    const { file, line } = originOf(twin.node, twin.pointer);
    const message = `the ${noun} ${one.key} is declared twice: ${one.node.name} ${one.what}, and ${twin.node.name} ${twin.what} (${file}:${line})`;
    return [finding(one.node, one.pointer, "IW-I21", message)];
  });
}

/** A port's group is one of its node's, and all that are in it are in one physical network. */
function groupsOfPorts(node: WithParts): readonly Diagnostic[] {
  const { ports = {}, portGroups = {} } = node.spec;
  const networkOf = new Map<string, { readonly network: string | null; readonly who: string }>();
  for (const [name, { physicalNetwork }] of Object.entries(portGroups))
    if (physicalNetwork !== undefined)
      networkOf.set(name, { network: physicalNetwork, who: `the port group ${name}` });
  return Object.entries(ports)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, { portGroup, physicalNetwork }]) => {
      if (portGroup === undefined) return [];
      const at = `/ports/${escapeKey(name)}`;
      if (!Object.hasOwn(portGroups, portGroup)) {
        const way = didYouMean(
          portGroup,
          Object.keys(portGroups),
          "declare a PortGroup of that name",
        );
        const message = `port ${name} is in the port group ${portGroup}, which ${node.name} does not have; ${way}`;
        return [finding(node, `${at}/portGroup`, "IW-I06", message)];
      }
      const network = physicalNetwork ?? null;
      const other = networkOf.get(portGroup);
      if (other === undefined) networkOf.set(portGroup, { network, who: `port ${name}` });
      if (other === undefined || other.network === network) return [];
      const message = `port ${name} is in ${word(network)}, and ${other.who} of its port group ${portGroup} in ${word(other.network)}; a group is in one physical network`;
      return [finding(node, `${at}/physicalNetwork`, "IW-I21", message)];
    });
}

function word(network: string | null): string {
  return network === null ? "no physical network" : `the physical network ${network}`;
}

function bootIndexes(node: WithParts): readonly Diagnostic[] {
  const first = new Map<number, string>();
  return Object.entries(node.spec.volumes?.targets ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, { bootIndex }]) => {
      const twin = first.get(bootIndex);
      if (twin === undefined) first.set(bootIndex, name);
      if (twin === undefined) return [];
      const message = `volume targets ${twin} and ${name} of ${node.name} both have bootIndex ${bootIndex}; each index is there once a node`;
      return [finding(node, `/volumes/targets/${escapeKey(name)}/bootIndex`, "IW-I21", message)];
    });
}

/** A VIF is there once, and goes where there is a port of that name. */
function vifs(node: WithParts): readonly Diagnostic[] {
  const { network, ports = {}, portGroups = {} } = node.spec;
  const names = [...Object.keys(ports), ...Object.keys(portGroups)];
  const seen = new Set<string>();
  return (network?.vifs ?? []).flatMap((vif, index) => {
    const { id, on }: { id: string; on?: string | undefined } =
      typeof vif === "string" ? { id: vif } : vif;
    const at = `/network/vifs/${index}`;
    if (seen.has(id))
      return [finding(node, at, "IW-I05", `VIF ${id} is there twice; keep one of them`)];
    seen.add(id);
    if (on === undefined || names.includes(on)) return [];
    const way = didYouMean(on, names, "declare a Port of that name");
    return [
      finding(
        node,
        at,
        "IW-I06",
        `VIF ${id} is to be on ${on}, which is no port or port group of ${node.name}; ${way}`,
      ),
    ];
  });
}

function finding(node: WithParts, pointer: string, code: string, message: string): Diagnostic {
  const { file, line, column } = originOf(node, pointer);
  return { file, line, column, code, severity: "error", message };
}
