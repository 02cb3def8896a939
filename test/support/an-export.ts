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

/** What an export becomes: a value as JSON, or a text as it is. */
export function imported(value: unknown, tool: Tool = "ironic"): Imported {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  const file = readExport({ file: "export.json", bytes: new TextEncoder().encode(text) });
  return importNodes([file], tool, OFFERING);
}

/** What is wrong with an export, each with its place. */
export function wrong(value: unknown, tool?: Tool): readonly string[] {
  return imported(value, tool).diagnostics.map(
    ({ file, line, column, code, message }) => `${file}:${line}:${column} ${code} ${message}`,
  );
}
