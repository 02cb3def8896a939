import {
  leftFields,
  partName,
  type PartRow,
  plainProperties,
  type RowNote,
  shortId,
  vifNotes,
} from "./ironic-part.ts";
import { mayBeSecret, SECRET } from "./may-be-secret.ts";
import { type Fields, flagOf, mapOf, textOf } from "./values.ts";

const MAC = /^(?:[\da-f]{2}:){5}[\da-f]{2}$/i;

/** A group of ports as far as its ports must know it. */
export type GroupOf = (
  uuid: string,
) => { readonly name: string; readonly node: string } | undefined;

/** What of a port becomes fields of ours (PORT_DETAILED_RESOURCE), or is said by itself. */
const PORT_FIELDS = [
  "address",
  "description",
  "internal_info",
  "is_smartnic",
  "local_link_connection",
  "name",
  "physical_network",
  "portgroup_uuid",
  "pxe_enabled",
];

/** One port; without a name of its own it is called by its MAC, which it has alone. */
export function ironicPort(fields: Fields, node: string, groupOf: GroupOf): PartRow {
  const mac = textOf(fields["address"])?.toLowerCase() ?? "";
  const { name, notes } = partName(fields, `nic-${mac.replaceAll(":", "-")}`);
  const link = localLink(mapOf(fields["local_link_connection"]));
  const group = groupName(textOf(fields["portgroup_uuid"]), node, groupOf);
  return {
    name,
    value: {
      mac,
      pxeEnabled: flagOf(fields["pxe_enabled"]),
      localLink: link.value,
      physicalNetwork: textOf(fields["physical_network"]),
      portGroup: group.name,
      smartNic: flagOf(fields["is_smartnic"]) === true ? true : undefined,
      description: textOf(fields["description"]),
    },
    notes: [
      ...notes,
      ...link.notes,
      ...group.notes,
      ...vifNotes(fields),
      ...leftFields(fields, PORT_FIELDS),
    ],
  };
}

/** `local_link_connection`'s keys under our names. */
const LINK_KEYS = {
  switch_id: "switchId",
  port_id: "portId",
  switch_info: "switchInfo",
  hostname: "hostname",
} as const;

function localLink(link: Fields): {
  readonly value: Fields | undefined;
  readonly notes: readonly RowNote[];
} {
  const said = Object.entries(LINK_KEYS).flatMap(([theirs, ours]) => {
    const text = textOf(link[theirs]);
    return text === undefined || mayBeSecret(theirs, text) ? [] : [[ours, text] as const];
  });
  const notes = Object.entries(link)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, value]) => {
      const why = whyNotLinked(key, textOf(value));
      return why === null ? [] : [{ field: `local_link_connection.${textOf(key) ?? ""}`, ...why }];
    });
  return { value: said.length === 0 ? undefined : Object.fromEntries(said), notes };
}

/** Why a key of `local_link_connection` is not carried over; null where it is. */
function whyNotLinked(key: string, text: string | undefined): Omit<RowNote, "field"> | null {
  if (key === "network_type")
    return {
      ...(text === undefined ? {} : { value: text }),
      why: "no port has a word for who sets up its switch, and this engine sets up none",
      todo: "where another tool sets up the switch, tell that tool (unmanaged: it keeps off this port)",
    };
  if (Object.hasOwn(LINK_KEYS, key)) return mayBeSecret(key, text) ? SECRET : null;
  return { why: "no such key is known here", todo: "nothing" };
}

function groupName(
  uuid: string | undefined,
  node: string,
  groupOf: GroupOf,
): { readonly name?: string; readonly notes: readonly RowNote[] } {
  if (uuid === undefined) return { notes: [] };
  const group = groupOf(uuid.toLowerCase());
  if (group?.node === node) return { name: group.name, notes: [] };
  return {
    notes: [
      { field: "portgroup_uuid", value: uuid, ...(group === undefined ? NO_GROUP : STRANGE) },
    ],
  };
}

const NO_GROUP = {
  why: "the port group is not in this call, so the port stands alone",
  todo: "hand in openstack baremetal port group list --long -f json too",
};
const STRANGE = {
  why: "the port group is another node's, so the port stands alone",
  todo: "look which of the two is right, and write portGroup at the port where it is to be in a bond of its own node",
};

/** By number, as Linux's bonding driver takes them too (Documentation/networking/bonding.rst, mode). */
const MODES = [
  "balance-rr",
  "active-backup",
  "balance-xor",
  "broadcast",
  "802.3ad",
  "balance-tlb",
  "balance-alb",
];

/** What of a port group becomes fields of ours (PORTGROUP_DETAILED_RESOURCE; the API knows two more). */
const GROUP_FIELDS = [
  "address",
  "description",
  "internal_info",
  "mode",
  "name",
  "physical_network",
  "properties",
  "standalone_ports_supported",
];

/** One port group: a bond. */
export function ironicPortGroup(fields: Fields): PartRow {
  const address = textOf(fields["address"])?.toLowerCase();
  const isMac = address !== undefined && MAC.test(address);
  const { name, notes } = partName(fields, `bond-${shortId(fields)}`);
  const said = textOf(fields["mode"]);
  const mode = MODES[Number(said)] ?? MODES.find((one) => one === said);
  const properties = plainProperties(fields);
  const strange = (field: string, value: string, why: string): readonly RowNote[] => [
    { field, value, why, todo: "write what it is to be" },
  ];
  return {
    name,
    value: {
      mac: isMac ? address : undefined,
      mode,
      properties: properties.kept,
      standalonePorts: flagOf(fields["standalone_ports_supported"]),
      physicalNetwork: textOf(fields["physical_network"]),
      description: textOf(fields["description"]),
    },
    notes: [
      ...notes,
      ...(address === undefined || isMac ? [] : strange("address", address, "it is no MAC")),
      ...(said === undefined || mode !== undefined
        ? []
        : strange("mode", said, "Linux has no such mode")),
      ...properties.notes,
      ...vifNotes(fields),
      ...leftFields(fields, GROUP_FIELDS),
    ],
  };
}
