import { expect, test } from "vitest";
import { parse } from "yaml";
import { aRow, imported, uuidAt, wrong } from "../../support/an-export.ts";

interface Spec extends Record<string, unknown> {
  readonly provision: { readonly state: string; readonly rootDevice?: unknown };
}

function nodeOf(row: Record<string, unknown>): {
  readonly metadata: Record<string, unknown>;
  readonly spec: Spec;
  readonly text: string;
  readonly fields: readonly string[];
} {
  const { nodes, diagnostics } = imported([row]);
  expect(diagnostics).toEqual([]);
  const [node] = nodes;
  if (node === undefined) throw new Error("no node");
  const { metadata, spec } = parse(node.document) as {
    metadata: Record<string, unknown>;
    spec: Spec;
  };
  return { metadata, spec, text: node.document, fields: node.notes.map(({ field }) => field) };
}

test("a node keeps its name, uuid, class, group, traits, description and owner", () => {
  const { metadata, spec } = nodeOf(
    aRow({
      "Resource Class": "gpu",
      "Conductor Group": "hall-a",
      Description: "a GPU node",
      Traits: ["CUSTOM_GPU", "HW_CPU_X86_VMX", "gpu"],
      Owner: "f3b1c4",
      Extra: { ticket: "OPS-17", unit: 12, lldp: { switch: "sw1" } },
    }),
  );
  expect(metadata).toEqual({
    name: "r7-n01",
    uuid: uuidAt(1),
    annotations: { ticket: "OPS-17", unit: "12", "ironic/owner": "f3b1c4" },
  });
  expect(spec).toMatchObject({
    driver: "redfish",
    resourceClass: "gpu",
    conductorGroup: "hall-a",
    description: "a GPU node",
    traits: ["CUSTOM_GPU", "HW_CPU_X86_VMX"],
  });
});

test.each([
  ["active", "adopted"],
  ["available", "manageable"],
  ["manageable", "manageable"],
  ["enroll", "enroll"],
  ["deploying", "enroll"],
  ["clean wait", "enroll"],
  ["clean failed", "manageable"],
  ["deploy failed", "manageable"],
  ["error", "adopted"],
  ["rescue", "adopted"],
  ["service failed", "adopted"],
  ["from the future", "enroll"],
  [null, "enroll"],
])("the provision state %s is imported as %s", (theirs, ours) => {
  const { spec, fields } = nodeOf(aRow({ "Provisioning State": theirs }));
  expect(spec.provision.state).toBe(ours);
  // What is not the same word is said.
  if (theirs !== ours && theirs !== "active")
    expect(fields.some((field) => field.startsWith("provision_state"))).toBe(true);
});

test("nothing that an apply would set is declared: no power, no boot, no image, no raid, no bios", () => {
  const { spec, fields } = nodeOf(
    aRow({
      Properties: { capabilities: "boot_mode:uefi,secure_boot:true" },
      "Instance Info": { image_source: "http://images/a.raw" },
      "Target RAID configuration": { logical_disks: [] },
    }),
  );
  for (const key of ["power", "boot", "raid", "bios", "firmware"])
    expect(spec).not.toHaveProperty(key);
  expect(spec.provision).not.toHaveProperty("image");
  expect(spec["properties"]).toEqual({ capabilities: { boot_mode: "uefi", secure_boot: "true" } });
  expect(fields).toContain("capabilities boot_mode, secure_boot");
  expect(fields).toContain("instance_info");
  expect(fields).toContain("target_raid_config");
  expect(fields).toContain("power_state power on");
});

test("maintenance, protection, retirement and a forbidden power-off are carried with their reasons", () => {
  const { spec } = nodeOf(
    aRow({
      Maintenance: true,
      "Maintenance Reason": "bad DIMM",
      Protected: true,
      "Protected Reason": "mon quorum",
      Retired: true,
      "Disable Power Off": true,
      "Automated Clean": false,
    }),
  );
  expect(spec).toMatchObject({
    maintenance: { enabled: true, reason: "bad DIMM" },
    protected: { reason: "mon quorum" },
    retired: {},
    holds: [{ scope: "power" }],
    clean: { automated: "none" },
  });
  const faulty = nodeOf(aRow({ Fault: "power failure" }));
  expect(faulty.spec["maintenance"]).toEqual({
    enabled: true,
    reason: "fault in Ironic: power failure",
  });
});

test.each([
  ["10.7.0.1", "https://10.7.0.1"],
  ["https://10.7.0.1:8443/redfish/v1/", "https://10.7.0.1:8443"],
  ["http://bmc-1.example.org", "http://bmc-1.example.org"],
  ["fd00::7", "https://[fd00::7]"],
  ["https://root:calvin@10.7.0.1", "https://10.7.0.1"],
])("the Redfish address %s is %s", (theirs, ours) => {
  const { spec, text } = nodeOf(
    aRow({ "Driver Info": { redfish_address: theirs, redfish_username: "root" } }),
  );
  expect(spec["bmc"]).toMatchObject({ address: ours });
  expect(text).not.toContain("calvin");
});

test("redfish_verify_ca, redfish_auth_type and the system are carried", () => {
  const info = (more: object): unknown =>
    nodeOf(aRow({ "Driver Info": { redfish_address: "10.7.0.1", redfish_username: "u", ...more } }))
      .spec["bmc"];
  expect(info({ redfish_verify_ca: "False" })).toMatchObject({ tls: { verify: false } });
  expect(info({ redfish_verify_ca: "/etc/ironic/bmc.pem" })).toMatchObject({
    tls: { ca: "/etc/ironic/bmc.pem" },
  });
  expect(info({ redfish_verify_ca: true })).not.toHaveProperty("tls");
  expect(info({ redfish_auth_type: "basic" })).toMatchObject({ auth: "basic" });
  expect(info({ redfish_system_id: "/redfish/v1/Systems/1" })).toMatchObject({
    system: "/redfish/v1/Systems/1",
  });
  expect(info({ redfish_system_id: "1" })).not.toHaveProperty("system");
});

test("ipmi keeps its port, privilege and cipher suite, and a kg becomes a reference", () => {
  const { spec, text, fields } = nodeOf(
    aRow({
      Driver: "ipmi",
      "Driver Info": {
        ipmi_address: "10.7.0.2",
        ipmi_port: 6230,
        ipmi_username: "ADMIN",
        ipmi_password: "in-clear-7",
        ipmi_priv_level: "OPERATOR",
        ipmi_cipher_suite: "17",
        ipmi_hex_kg_key: "a0a1a2",
        ipmi_protocol_version: "2.0",
      },
    }),
  );
  expect(spec["bmc"]).toEqual({
    address: "10.7.0.2:6230",
    privilege: "operator",
    cipherSuite: "17",
    kg: { file: "bmc/${metadata.name}.kg" },
    username: "ADMIN",
    password: { file: "bmc/${metadata.name}" },
  });
  expect(text).not.toMatch(/in-clear-7|a0a1a2/);
  expect(fields).toContain("driver ipmi");
  expect(fields).not.toContain("driver_info.ipmi_protocol_version");
});

test("ipmi of version 1.5 is kept as such, without what 1.5 has no use for", () => {
  const more = { ipmi_protocol_version: "1.5", ipmi_cipher_suite: "3", ipmi_hex_kg_key: "a0" };
  const { spec, fields } = nodeOf(
    aRow({ Driver: "ipmi", "Driver Info": { ipmi_address: "10.7.0.2", ...more } }),
  );
  expect(spec["bmc"]).toMatchObject({ address: "10.7.0.2", ipmiVersion: 1.5 });
  expect(Object.keys(spec["bmc"] ?? {})).not.toContain("cipherSuite");
  expect(fields.filter((field) => field.startsWith("driver_info"))).toEqual([]);
});

test("idrac with a Redfish address is redfish, fake-hardware is fake, another driver is kept and said", () => {
  expect(nodeOf(aRow({ Driver: "idrac" })).spec["driver"]).toBe("redfish");
  expect(nodeOf(aRow({ Driver: "fake-hardware", "Driver Info": {} })).spec["driver"]).toBe("fake");
  const irmc = nodeOf(
    aRow({ Driver: "irmc", "Driver Info": { irmc_address: "10.7.0.3", irmc_username: "admin" } }),
  );
  expect(irmc.spec).toMatchObject({
    driver: "irmc",
    bmc: { address: "10.7.0.3", username: "admin" },
  });
  expect(irmc.fields).toContain("driver irmc");
});

test("interfaces are written where a hardware type has them and they are not its default", () => {
  const { spec, fields } = nodeOf(
    aRow({ "Boot Interface": "ipxe", "Power Interface": "redfish", "BIOS Interface": "redfish" }),
  );
  expect(spec["interfaces"]).toBeUndefined();
  expect(fields).toContain("boot_interface ipxe");
});

test("root device hints keep Ironic's words and operators", () => {
  const { spec, fields } = nodeOf(
    aRow({
      Properties: {
        root_device: {
          size: ">= 400",
          rotational: "False",
          serial: 77,
          vendor: "<in> INTEL",
          led: 1,
        },
      },
    }),
  );
  expect(spec.provision.rootDevice).toEqual({
    vendor: "<in> INTEL",
    serial: "77",
    size: ">= 400",
    rotational: false,
  });
  expect(fields).toContain("properties.root_device.led");
});

test("node show, the API's list, YAML and Python's words say the same", () => {
  const long = nodeOf(aRow({ Properties: { cpus: 4 }, Maintenance: true })).spec;
  const show = {
    uuid: uuidAt(1),
    name: "r7-n01",
    driver: "redfish",
    driver_info: "{'redfish_address': 'https://10.7.0.1', 'redfish_username': 'root'}",
    provision_state: "active",
    power_state: "power on",
    maintenance: "True",
    properties: "{'cpus': 4}",
    traits: "[]",
  };
  const specOf = (value: unknown): unknown =>
    (parse(imported(value).nodes[0]?.document ?? "") as { spec: unknown }).spec;
  expect(specOf(show)).toEqual(long);
  expect(specOf({ nodes: [show] })).toEqual(long);
  const yaml = `- UUID: ${uuidAt(1)}\n  Name: r7-n01\n  Driver: redfish\n  Driver Info:\n    redfish_address: https://10.7.0.1\n    redfish_username: root\n  Provisioning State: active\n  Maintenance: true\n  Properties: {cpus: 4}\n`;
  expect(specOf(yaml)).toEqual(long);
});

test("no secret of an export reaches a document or a note, be it masked or in clear", () => {
  const secret = "s3cr3t-Pa55";
  const { nodes } = imported([
    aRow({
      "Driver Info": {
        redfish_address: `https://root:${secret}@10.7.0.1`,
        redfish_username: "root",
        redfish_password: secret,
        snmp_community: secret,
        odd: secret,
      },
      Extra: { ipmi_password: secret, url: `http://u:${secret}@h/`, note: "fine" },
      "Instance Info": { configdrive: secret, image_source: `http://h/a?temp_url_sig=${secret}` },
      Properties: { capabilities: `boot_mode:uefi,admin_password:${secret}`, token: secret },
      "Network Configuration": { key: secret },
      "Driver Internal Info": { agent_secret_token: secret },
      "Last Error": secret,
    }),
  ]);
  expect(nodes).toHaveLength(1);
  expect(JSON.stringify(nodes)).not.toContain(secret);
});

test("a node without a name is called by its uuid; names that are no label become one, and are kept", () => {
  const { nodes } = imported([
    aRow({ Name: null }),
    aRow({ Name: "R7_N02.example.org", UUID: uuidAt(2) }),
    aRow({ Name: "r7-n02-example-org", UUID: uuidAt(3) }),
    aRow({ Name: "x".repeat(80), UUID: uuidAt(4) }),
    aRow({ Name: "___", UUID: uuidAt(5) }),
  ]);
  expect(nodes.map(({ name }) => name)).toEqual([
    `node-${uuidAt(1)}`,
    "r7-n02-example-org-6d2fa3a0",
    "r7-n02-example-org",
    "x".repeat(63),
    `node-${uuidAt(5)}`,
  ]);
  expect(nodes[1]?.document).toContain("import/name: R7_N02.example.org");
});

test("two nodes with one name, or one uuid, are refused with both places", () => {
  expect(wrong([aRow(), aRow({ UUID: uuidAt(2) })])).toEqual([
    expect.stringMatching(
      /^export\.json:18:3 IW-I05 two nodes have the name r7-n01; .*export\.json:2:3/,
    ),
  ]);
  expect(wrong([aRow(), aRow({ Name: "other" })])).toEqual([
    expect.stringContaining(`two nodes have the uuid ${uuidAt(1)}`),
  ]);
});

const parentOf = (row: Record<string, unknown>, ...others: readonly Record<string, unknown>[]) => {
  const { nodes, diagnostics } = imported([row, ...others]);
  expect(diagnostics).toEqual([]);
  const { metadata, spec } = parse(nodes[0]?.document ?? "") as {
    metadata: Record<string, unknown>;
    spec: Record<string, unknown>;
  };
  return { metadata, spec, notes: nodes[0]?.notes ?? [] };
};
const SERVER = aRow({
  UUID: uuidAt(2),
  Name: "Server 1",
  "Driver Info": { redfish_address: "https://10.7.0.2" },
});

test.each([
  ["its uuid", uuidAt(2)],
  ["its uuid in capitals", uuidAt(2).toUpperCase()],
  ["its name", "Server 1"],
])("a parent that is named by %s has the name of its document", (_how, parent_node) => {
  const { spec, notes } = parentOf(aRow({ "Parent Node": parent_node }), SERVER);
  expect(spec["parent"]).toBe("server-1");
  expect(spec).not.toHaveProperty("dedicatedPower");
  expect(notes.map(({ field }) => field).join()).not.toContain("parent");
});

test("a child's own supply comes along, and is no key that nobody knows", () => {
  const info = { redfish_address: "https://10.7.0.1", has_dedicated_power_supply: "True" };
  const child = parentOf(aRow({ "Parent Node": uuidAt(2), "Driver Info": info }), SERVER);
  expect(child.spec).toMatchObject({ parent: "server-1", dedicatedPower: true });
  expect(child.notes.map(({ field }) => field).join()).not.toContain("power_supply");
  const alone = parentOf(aRow({ "Driver Info": info }));
  expect(alone.spec).not.toHaveProperty("dedicatedPower");
  expect(alone.notes).toContainEqual({
    field: "driver_info.has_dedicated_power_supply",
    why: "it has no parent_node whose power it could do without",
    todo: "nothing",
  });
});

test("a parent that is not in the export is kept as an annotation, and said", () => {
  const info = { redfish_address: "https://10.7.0.1", has_dedicated_power_supply: true };
  const { spec, metadata, notes } = parentOf(
    aRow({ "Parent Node": uuidAt(7), "Driver Info": info }),
  );
  expect(spec).not.toHaveProperty("parent");
  expect(spec).not.toHaveProperty("dedicatedPower");
  expect(metadata["annotations"]).toEqual({ "ironic/parent_node": uuidAt(7) });
  expect(notes).toContainEqual({
    field: `parent_node ${uuidAt(7)}`,
    why: "no node of this export has that name or uuid; the annotation ironic/parent_node keeps it",
    todo: "parent: NAME and dedicatedPower: true, once that node is declared",
  });
});
