import type { NodeRecord } from "../../../schemas/record.ts";

/** A VIF that is to be attached. */
export interface WantedVif {
  readonly id: string;
  readonly physicalNetwork: string | null;
  /** The one port or PortGroup that will do; null where any does. */
  readonly on: string | null;
}

type Fabric = Pick<NodeRecord, "ports" | "portGroups" | "vifs">;

interface End {
  readonly name: string;
  readonly isGroup: boolean;
  readonly network: string | null;
  readonly pxe: boolean;
}

/**
 * The free port or bond that a VIF goes to, by Ironic's rules: one in the wanted physical network, or in none; of
 * these first one that is in it, then a bond, then a port that boots from the network; then by name. Null when none
 * is free.
 */
export function chooseEnd(fabric: Fabric, wanted: WantedVif): string | null {
  const fits = ({ name, network }: End): boolean =>
    (wanted.on === null || wanted.on === name) &&
    (wanted.physicalNetwork === null || network === null || network === wanted.physicalNetwork);
  const matches = ({ network }: End): boolean =>
    network !== null && network === wanted.physicalNetwork;
  const [best] = freeEnds(fabric)
    .filter(fits)
    .sort(
      (a, b) =>
        Number(matches(b)) - Number(matches(a)) ||
        Number(b.isGroup) - Number(a.isGroup) ||
        Number(b.pxe) - Number(a.pxe) ||
        (a.name < b.name ? -1 : 1),
    );
  return best?.name ?? null;
}

/** A bond is one end; where one of its ports was taken alone, its other ports are, and it is none. */
function freeEnds({ ports, portGroups, vifs }: Fabric): readonly End[] {
  const taken = new Set(Object.values(vifs).map(({ on }) => on));
  const broken = new Set(
    Object.entries(ports).flatMap(([name, { portGroup }]) =>
      taken.has(name) && portGroup !== null ? [portGroup] : [],
    ),
  );
  const alone = Object.entries(ports).flatMap(([name, port]): readonly End[] => {
    if (taken.has(name)) return [];
    const group = port.portGroup === null ? undefined : portGroups[port.portGroup];
    const mayStandAlone =
      group === undefined || (broken.has(port.portGroup ?? "") && group.standalonePorts);
    const { physicalNetwork: network, pxeEnabled: pxe } = port;
    return mayStandAlone ? [{ name, isGroup: false, network, pxe }] : [];
  });
  const groups = Object.entries(portGroups).flatMap(([name, group]): readonly End[] => {
    const members = Object.values(ports).filter(({ portGroup }) => portGroup === name);
    const [first] = members;
    if (taken.has(name) || broken.has(name) || first === undefined) return [];
    const network = group.physicalNetwork ?? first.physicalNetwork;
    return [{ name, isGroup: true, network, pxe: true }];
  });
  return [...alone, ...groups];
}
