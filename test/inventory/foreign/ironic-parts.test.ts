import { expect, test } from "vitest";
import { parse } from "yaml";
import type { Imported } from "../../../inventory/foreign/import-nodes.ts";
import {
  aChassisRow,
  aConnectorRow,
  aGroupRow,
  anAllocationRow,
  aPortRow,
  aRow,
  aTargetRow,
  importedTogether,
  said,
  uuidAt,
} from "../../support/an-export.ts";

/** The one node of an import that has no error, and the fields that it does not carry as they were. */
function only(result: Imported): {
  readonly metadata: Record<string, unknown>;
  readonly spec: Record<string, unknown>;
  readonly text: string;
  readonly notes: readonly string[];
} {
  expect(said(result)).toEqual([]);
  const [node, ...others] = result.nodes;
  if (node === undefined || others.length > 0) throw new Error("not one node");
  const { metadata, spec } = parse(node.document) as ReturnType<typeof only>;
  return {
    metadata,
    spec,
    text: node.document,
    notes: node.notes.map(({ part, field, value }) =>
      [part?.noun, field, value].filter((one) => one !== undefined).join(" "),
    ),
  };
}

function left({ left: rows }: Imported): readonly string[] {
  return rows.map(({ what, place: { file, line }, why }) => `${file}:${line} ${what}: ${why}`);
}

test.each([
  [
    "a port of a node that is not in the call",
    { "ports.json": [aPortRow({ "Node UUID": uuidAt(77) })] },
    `ports.json:2 port 52:54:00:00:00:01: its node ${uuidAt(77)} is not in this call`,
  ],
  [
    "a port that names no node",
    { "ports.json": [aPortRow({ "Node UUID": null })] },
    "ports.json:2 port 52:54:00:00:00:01: it names no node",
  ],
  [
    "a port whose address is no MAC",
    { "ports.json": [aPortRow({ Address: "a0:00:02:20:fe:80::1" })] },
    "ports.json:2 port a0:00:02:20:fe:80::1: it can be none here: mac must be a MAC address such as 52:54:00:12:34:56",
  ],
  [
    "a volume target without a boot index",
    { "targets.json": [aTargetRow({ "Boot Index": null })] },
    "it can be none here: bootIndex",
  ],
  [
    "a volume target of another transport",
    { "targets.json": [aTargetRow({ "Driver Volume Type": "rbd" })] },
    "it can be none here: volumeType",
  ],
  [
    "a connector of another type",
    { "connectors.json": [aConnectorRow({ Type: "wwxn" })] },
    "it can be none here: type",
  ],
  [
    "a chassis that no node sits in",
    { "chassis.json": [aChassisRow()] },
    "chassis.json:2 chassis c4a55150-0000-4000-8000-000000000001: no node of this call sits in it",
  ],
  [
    "an allocation, which would take another node here",
    { "allocations.json": [anAllocationRow()] },
    `allocations.json:2 allocation render-1: its node ${uuidAt(1)} keeps what runs there`,
  ],
])("%s is left behind with its place and the reason", (_name, files, words) => {
  const result = importedTogether({ "nodes.json": [aRow()], ...files });
  expect(left(result)).toEqual([expect.stringContaining(words)]);
  const { spec } = only(result);
  for (const key of ["ports", "portGroups", "volumes", "chassis"])
    expect(spec).not.toHaveProperty(key);
});

test.each([
  [
    "one MAC that two ports have",
    [aPortRow(), aPortRow({ UUID: uuidAt(102), Address: "52:54:00:00:00:01", Name: "eth9" })],
    /^ports\.json:2:3 IW-I21 the MAC 52:54:00:00:00:01 is declared twice: .*, and r7-n01 port eth9 \(ports\.json:17\); correct it/,
  ],
  [
    "one MAC in two cases",
    [
      aPortRow({ Address: "52:54:00:00:00:AB" }),
      aPortRow({ UUID: uuidAt(102), Address: "52:54:00:00:00:ab", Name: "eth9" }),
    ],
    /IW-I21 the MAC 52:54:00:00:00:ab is declared twice/,
  ],
  [
    "one row twice",
    [aPortRow(), aPortRow({ UUID: uuidAt(101).toUpperCase(), Address: "52:54:00:00:00:02" })],
    /^ports\.json:17:3 IW-I05 there are two: port with the uuid .*101; the other one is at ports\.json:2:3/,
  ],
  ["a text that was cut off", JSON.stringify([aPortRow()]).slice(0, -20), /IW-I01 the text ends/],
  ["words", JSON.stringify(["52:54:00:00:00:01"]), /IW-I15 this is no node; hand in/],
  [
    "the short list",
    [{ UUID: uuidAt(101), Address: "52:54:00:00:00:01" }],
    /IW-I15 the port has no node_uuid: this is a short list; export again with --long: openstack baremetal port list --long -f json/,
  ],
  [
    "a port without its uuid",
    [{ ...aPortRow(), UUID: "" }],
    /IW-I15 the port has no UUID; hand in: openstack baremetal port list --long -f json/,
  ],
])("%s is an error with its place", (_name, ports, words) => {
  const errors = said(importedTogether({ "nodes.json": [aRow()], "ports.json": ports }));
  expect(errors.join("\n")).toMatch(words);
});

test("two targets with one boot index, and one connector id on two nodes, are errors", () => {
  const errors = said(
    importedTogether({
      "nodes.json": [
        aRow(),
        aRow({ UUID: uuidAt(2), Name: "r7-n02", "Driver Info": { redfish_address: "10.7.0.2" } }),
      ],
      "targets.json": [aTargetRow(), aTargetRow({ UUID: uuidAt(402) })],
      "connectors.json": [
        aConnectorRow(),
        aConnectorRow({ UUID: uuidAt(302), "Node UUID": uuidAt(2) }),
      ],
    }),
  );
  expect(errors).toEqual([
    expect.stringContaining("connectors.json:"),
    expect.stringContaining("both have bootIndex 0"),
  ]);
});

test("a column that nobody here knows is said with its row", () => {
  const result = importedTogether({
    "nodes.json": [aRow()],
    "ports.json": [aPortRow({ "Quantum Spin": "up", Category: null })],
  });
  const { spec, notes, text } = only(result);
  expect(Object.keys(spec["ports"] ?? {})).toEqual(["nic-52-54-00-00-00-01"]);
  expect(notes).toContain("port quantum_spin");
  expect(notes).not.toContain("port category");
  expect(text).toContain(
    "# - port nic-52-54-00-00-00-01, quantum_spin: no such field is known here\n",
  );
  const [note] = result.nodes[0]?.notes.filter(({ field }) => field === "quantum_spin") ?? [];
  expect(note?.part?.place).toMatchObject({ file: "ports.json", line: 2 });
});

test("a port finds its node in either case of the uuid", () => {
  const { spec } = only(
    importedTogether({
      "nodes.json": [aRow({ UUID: uuidAt(1).toUpperCase() })],
      "ports.json": [aPortRow({ "Node UUID": uuidAt(1) })],
      "groups.json": [aGroupRow({ "Node UUID": uuidAt(1).toUpperCase() })],
    }),
  );
  expect(spec).toMatchObject({ ports: { "nic-52-54-00-00-00-01": {} }, portGroups: { bond0: {} } });
});

test("a port keeps its MAC, its name, where it is plugged in and its bond", () => {
  const { spec, notes } = only(
    importedTogether({
      "groups.json": [
        aGroupRow({
          Address: "52:54:00:00:00:0A",
          Mode: "4",
          Properties: { miimon: "100", xmit_hash_policy: "layer2+3" },
          "Standalone Ports Supported": false,
        }),
      ],
      "ports.json": [
        aPortRow({
          Name: "NIC 1/1",
          Address: "52:54:00:00:00:0B",
          "Local Link Connection": {
            switch_id: "0a:1b:2c:3d:4e:5f",
            port_id: "Ethernet3/1",
            switch_info: "tor-7",
            network_type: "unmanaged",
          },
          "Portgroup UUID": uuidAt(201).toUpperCase(),
          "PXE boot enabled": false,
          "Physical Network": "physnet1",
        }),
      ],
      "nodes.json": [aRow()],
    }),
  );
  expect(spec["ports"]).toEqual({
    "NIC-1-1": {
      mac: "52:54:00:00:00:0b",
      pxeEnabled: false,
      localLink: { switchId: "0a:1b:2c:3d:4e:5f", portId: "Ethernet3/1", switchInfo: "tor-7" },
      physicalNetwork: "physnet1",
      portGroup: "bond0",
    },
  });
  expect(spec["portGroups"]).toEqual({
    bond0: {
      mac: "52:54:00:00:00:0a",
      mode: "802.3ad",
      properties: { miimon: "100", xmit_hash_policy: "layer2+3" },
      standalonePorts: false,
    },
  });
  expect(notes).toEqual(
    expect.arrayContaining([
      "port local_link_connection.network_type unmanaged",
      "port name NIC 1/1",
    ]),
  );
});

test("a port whose bond is not in the call stands alone, and says so", () => {
  const { spec, notes } = only(
    importedTogether({
      "nodes.json": [aRow()],
      "ports.json": [aPortRow({ "Portgroup UUID": uuidAt(201) })],
    }),
  );
  expect(spec["ports"]).toEqual({
    "nic-52-54-00-00-00-01": { mac: "52:54:00:00:00:01", pxeEnabled: true },
  });
  expect(notes).toContain(`port portgroup_uuid ${uuidAt(201)}`);
});

test("volumes keep what leads to them, and never a password", () => {
  const { spec, text, notes } = only(
    importedTogether({
      "nodes.json": [aRow()],
      "connectors.json": [aConnectorRow()],
      "targets.json": [
        aTargetRow({
          Properties: { target_iqn: "iqn.x:vol", auth_username: "u", auth_password: "hunter2" },
        }),
      ],
    }),
  );
  expect(spec["volumes"]).toEqual({
    connectors: {
      "iqn-6d2fa3a0": { type: "iqn", connectorId: "iqn.2017-05.org.openstack:01:d9a51732c3f" },
    },
    targets: {
      "volume-0": {
        volumeType: "iscsi",
        volumeId: "04681a5c-5f2b-4fd7-8a5e-7d6f0b9d3c11",
        bootIndex: 0,
        properties: { target_iqn: "iqn.x:vol", auth_username: "u" },
      },
    },
  });
  expect(text).not.toContain("hunter2");
  expect(notes).toContain("volume target properties.auth_password");
});

test("a network that Ironic has plugged in is not attached, and said", () => {
  const { spec, notes } = only(
    importedTogether({
      "nodes.json": [aRow()],
      "ports.json": [aPortRow({ "Internal Info": { tenant_vif_port_id: "vif-7" } })],
    }),
  );
  expect(spec).not.toHaveProperty("network");
  expect(notes).toContain("port internal_info.tenant_vif_port_id vif-7");
});

test("a chassis becomes a document that its nodes name; without its list the node's annotation keeps it", () => {
  const seated = {
    "nodes.json": [aRow({ "Chassis UUID": "c4a55150-0000-4000-8000-000000000001" })],
  };
  const result = importedTogether({
    ...seated,
    "chassis.json": [aChassisRow({ Extra: { row: "B" } })],
  });
  expect(only(result).spec["chassis"]).toBe("chassis-c4a55150");
  expect(result.chassis.map(({ document }) => parse(document) as unknown)).toEqual([
    {
      apiVersion: "ironwright/v1",
      kind: "Chassis",
      metadata: {
        name: "chassis-c4a55150",
        uuid: "c4a55150-0000-4000-8000-000000000001",
        annotations: { row: "B" },
      },
      spec: { description: "blade chassis 3" },
    },
  ]);
  expect(only(importedTogether(seated)).metadata["annotations"]).toEqual({
    "ironic/chassis_uuid": "c4a55150-0000-4000-8000-000000000001",
  });
});

test("the node of an allocation remembers its name", () => {
  const { metadata } = only(
    importedTogether({ "nodes.json": [aRow()], "allocations.json": [anAllocationRow()] }),
  );
  expect(metadata["annotations"]).toEqual({ "ironic/allocation": "render-1" });
});

test("what the API answers is read as what the client prints", () => {
  const port = {
    uuid: uuidAt(101),
    address: "52:54:00:00:00:01",
    node_uuid: uuidAt(1),
    pxe_enabled: true,
    is_smartnic: true,
    extra: {},
    links: [{ href: "http://ironic/v1/ports/1", rel: "self" }],
  };
  const { spec, notes } = only(
    importedTogether({ "nodes.json": [aRow()], "ports.json": { ports: [port] } }),
  );
  expect(spec["ports"]).toMatchObject({ "nic-52-54-00-00-00-01": { smartNic: true } });
  expect(notes.filter((field) => field.startsWith("port"))).toEqual([]);
});

test("the order of rows and files is of no matter, nor is another run", () => {
  const ports = [
    aPortRow({ Name: "eth0" }),
    aPortRow({ UUID: uuidAt(102), Address: "52:54:00:00:00:02", Name: "eth0" }),
    aPortRow({ UUID: uuidAt(103), Address: "52:54:00:00:00:03", "Portgroup UUID": uuidAt(201) }),
  ];
  const files = { "nodes.json": [aRow()], "ports.json": ports, "groups.json": [aGroupRow()] };
  const turned = {
    "groups.json": [aGroupRow()],
    "ports.json": ports.toReversed(),
    "nodes.json": [aRow()],
  };
  const { spec } = only(importedTogether(files));
  expect(Object.keys(spec["ports"] ?? {})).toEqual([
    `eth0-${uuidAt(101)}`,
    `eth0-${uuidAt(102)}`,
    "nic-52-54-00-00-00-03",
  ]);
  expect(only(importedTogether(turned)).spec).toEqual(spec);
  expect(only(importedTogether(files)).text).toBe(only(importedTogether(files)).text);
});

test("lists without rows are lists all the same", () => {
  const { spec } = only(
    importedTogether({
      "nodes.json": [aRow()],
      "ports.json": [],
      "groups.json": { portgroups: [] },
    }),
  );
  expect(spec).not.toHaveProperty("ports");
});
