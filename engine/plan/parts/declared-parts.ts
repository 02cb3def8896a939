import type { NodeSpec } from "../../../schemas/documents.ts";
import type {
  ConnectorRecord,
  PortGroupRecord,
  PortRecord,
  TargetRecord,
} from "../../../schemas/record.ts";
import type { Parts } from "./part-changes.ts";

/** What Linux does with a bond that names no mode, and Ironic by default. */
const BOND_MODE = "active-backup";

/** Parts as the record has them: every default written out, MACs in lower case, what is for people left out. */
export function declaredPorts({ ports = {} }: NodeSpec): Parts<PortRecord> {
  return mapped(ports, (port) => ({
    mac: port.mac.toLowerCase(),
    pxeEnabled: port.pxeEnabled ?? true,
    localLink: port.localLink === undefined ? null : { ...port.localLink },
    physicalNetwork: port.physicalNetwork ?? null,
    portGroup: port.portGroup ?? null,
    smartNic: port.smartNic ?? false,
  }));
}

export function declaredGroups({ portGroups = {} }: NodeSpec): Parts<PortGroupRecord> {
  return mapped(portGroups, (group) => ({
    mac: group.mac?.toLowerCase() ?? null,
    mode: group.mode ?? BOND_MODE,
    properties: group.properties ?? {},
    standalonePorts: group.standalonePorts ?? true,
    physicalNetwork: group.physicalNetwork ?? null,
  }));
}

export function declaredConnectors({ volumes }: NodeSpec): Parts<ConnectorRecord> {
  return mapped(volumes?.connectors ?? {}, ({ type, connectorId }) => ({ type, connectorId }));
}

export function declaredTargets({ volumes }: NodeSpec): Parts<TargetRecord> {
  return mapped(volumes?.targets ?? {}, ({ volumeType, volumeId, bootIndex, properties = {} }) => ({
    volumeType,
    volumeId,
    bootIndex,
    properties,
  }));
}

function mapped<A, B>(parts: Readonly<Record<string, A>>, to: (part: A) => B): Parts<B> {
  const names = Object.keys(parts).sort();
  return Object.fromEntries(
    names.flatMap((name) => {
      const part = parts[name];
      return part === undefined ? [] : [[name, to(part)]];
    }),
  );
}
