import type { Offering } from "../../inventory/foreign/foreign-node.ts";
import { type Imported, importNodes } from "../../inventory/foreign/import-nodes.ts";
import { readExport } from "../../inventory/foreign/read-export.ts";
import type { Tool } from "../../inventory/foreign/foreign-node.ts";

/** Hardware types of which nothing is known but their names. */
export const OFFERING: Offering = {
  knows: (driver) => driver === "redfish" || driver === "fake",
  find: (_driver, _name, implementation) => (implementation === "redfish" ? "default" : "none"),
};

/** A uuid with a number for its end. */
export function uuidAt(number: number): string {
  return `6d2fa3a0-0c6e-4f1c-9d57-${String(number).padStart(12, "0")}`;
}

/** One row of `openstack baremetal node list --long -f json`. */
export function aRow(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    UUID: uuidAt(1),
    Name: "r7-n01",
    Driver: "redfish",
    "Driver Info": {
      redfish_address: "https://10.7.0.1",
      redfish_username: "root",
      redfish_password: "******",
    },
    "Provisioning State": "active",
    "Power State": "power on",
    Maintenance: false,
    Properties: {},
    Extra: {},
    Traits: [],
    ...more,
  };
}

/** A BareMetalHost as kubectl prints it. */
export function aHost(
  spec: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    apiVersion: "metal3.io/v1alpha1",
    kind: "BareMetalHost",
    metadata: { name: "worker-0", namespace: "metal3" },
    spec: {
      online: true,
      bmc: {
        address: "redfish-virtualmedia+https://10.7.0.9/redfish/v1/Systems/1",
        credentialsName: "worker-0-bmc",
      },
      ...spec,
    },
    status: { provisioning: { state: "provisioned", ID: uuidAt(9) } },
    ...more,
  };
}

const WRITTEN = {
  "Created At": "2025-03-02T10:11:12+00:00",
  "Updated At": "2026-01-09T08:00:00+00:00",
};

/** One row of `openstack baremetal port list --long -f json`. */
export function aPortRow(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    UUID: uuidAt(101),
    Address: "52:54:00:00:00:01",
    ...WRITTEN,
    // The client prints this one as text.
    Extra: "",
    "Node UUID": uuidAt(1),
    "Local Link Connection": {},
    "Portgroup UUID": null,
    "PXE boot enabled": true,
    "Physical Network": null,
    "Internal Info": {},
    "Is Smart NIC port": false,
    Name: null,
    ...more,
  };
}

/** One row of `openstack baremetal port group list --long -f json`. */
export function aGroupRow(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    UUID: uuidAt(201),
    Address: null,
    ...WRITTEN,
    Extra: {},
    "Standalone Ports Supported": true,
    "Node UUID": uuidAt(1),
    Name: "bond0",
    "Internal Info": {},
    Mode: "active-backup",
    Properties: {},
    ...more,
  };
}

/** One row of `openstack baremetal volume connector list --long -f json`. */
export function aConnectorRow(
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    UUID: uuidAt(301),
    "Node UUID": uuidAt(1),
    Type: "iqn",
    "Connector ID": "iqn.2017-05.org.openstack:01:d9a51732c3f",
    Extra: {},
    ...WRITTEN,
    ...more,
  };
}

/** One row of `openstack baremetal volume target list --long -f json`. */
export function aTargetRow(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    UUID: uuidAt(401),
    "Node UUID": uuidAt(1),
    "Driver Volume Type": "iscsi",
    Properties: { target_iqn: "iqn.2017-05.org.openstack:vol", target_lun: 1 },
    "Boot Index": 0,
    Extra: {},
    "Volume ID": "04681a5c-5f2b-4fd7-8a5e-7d6f0b9d3c11",
    ...WRITTEN,
    ...more,
  };
}

/** One row of `openstack baremetal chassis list --long -f json`. */
export function aChassisRow(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    UUID: "c4a55150-0000-4000-8000-000000000001",
    Description: "blade chassis 3",
    ...WRITTEN,
    Extra: {},
    ...more,
  };
}

/** One row of `openstack baremetal allocation list --long -f json`. */
export function anAllocationRow(
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    UUID: uuidAt(501),
    Name: "render-1",
    State: "active",
    Owner: null,
    "Node UUID": uuidAt(1),
    "Last Error": null,
    "Resource Class": "gpu",
    Traits: [],
    "Candidate Nodes": [],
    Extra: {},
    ...WRITTEN,
    ...more,
  };
}

/** What exports of one tool become that are handed in together: each a list of rows, or a text as it is. */
export function importedTogether(files: Readonly<Record<string, unknown>>): Imported {
  const read = Object.entries(files).map(([file, value]) =>
    readExport({ file, bytes: bytesOf(value) }),
  );
  return importNodes(read, "ironic", OFFERING);
}

function bytesOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(
    typeof value === "string" ? value : JSON.stringify(value, null, 2),
  );
}

/** What an export becomes: a value as JSON, or a text as it is. */
export function imported(value: unknown, tool: Tool = "ironic"): Imported {
  return importNodes([readExport({ file: "export.json", bytes: bytesOf(value) })], tool, OFFERING);
}

/** What is wrong with an export, each with its place. */
export function wrong(value: unknown, tool?: Tool): readonly string[] {
  return said(imported(value, tool));
}

/** Errors as people read them. */
export function said({ diagnostics }: Imported): readonly string[] {
  return diagnostics.map(
    ({ file, line, column, code, message }) => `${file}:${line}:${column} ${code} ${message}`,
  );
}
