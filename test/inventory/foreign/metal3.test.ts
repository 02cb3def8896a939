import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { aHost, imported, uuidAt, wrong } from "../../support/an-export.ts";

function nodeOf(value: unknown): {
  readonly metadata: unknown;
  readonly spec: Record<string, unknown>;
  readonly fields: readonly string[];
} {
  const { nodes, diagnostics } = imported(value, "metal3");
  expect(diagnostics).toEqual([]);
  const [node] = nodes;
  if (node === undefined) throw new Error("no node");
  const read = parse(node.document) as { metadata: unknown; spec: Record<string, unknown> };
  return { ...read, fields: node.notes.map(({ field }) => field) };
}

const SECRET = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "worker-0-bmc", namespace: "metal3" },
  data: { username: "cm9vdA==", password: "Y2Fsdmlu" },
};

test("a provisioned host is adopted; its Secret gives the user, never the password", () => {
  const { metadata, spec } = nodeOf({ apiVersion: "v1", kind: "List", items: [aHost(), SECRET] });
  expect(metadata).toEqual({
    name: "worker-0",
    uuid: uuidAt(9),
    annotations: { "metal3/namespace": "metal3" },
  });
  expect(spec).toEqual({
    driver: "redfish",
    bmc: {
      address: "https://10.7.0.9",
      system: "/redfish/v1/Systems/1",
      username: "root",
      password: { file: "metal3/worker-0-bmc/password" },
    },
    provision: { state: "adopted" },
  });
  expect(JSON.stringify(imported({ items: [aHost(), SECRET] }, "metal3"))).not.toMatch(
    /calvin|Y2Fsdmlu/,
  );
});

test("one host, a list and a stream of documents say the same", () => {
  const one = nodeOf(stringify(aHost())).spec;
  expect(nodeOf(stringify({ kind: "BareMetalHostList", items: [aHost()] })).spec).toEqual(one);
  const stream = `${stringify(SECRET)}---\n${stringify(aHost())}---\n${stringify({ kind: "ConfigMap" })}`;
  expect(nodeOf(stream).spec).toMatchObject({ driver: "redfish", bmc: { username: "root" } });
  expect(imported(stream, "metal3").ignored).toEqual({ ConfigMap: 1 });
});

test("without its Secret the login is left out and named", () => {
  const { spec, fields } = nodeOf(aHost());
  expect(spec["bmc"]).not.toHaveProperty("username");
  expect(spec["bmc"]).not.toHaveProperty("password");
  expect(fields).toContain("bmc.username");
});

test.each([
  ["provisioned", "adopted"],
  ["externally provisioned", "adopted"],
  ["available", "manageable"],
  ["ready", "manageable"],
  ["inspecting", "enroll"],
  ["provisioning", "enroll"],
  ["deprovisioning", "enroll"],
  ["unmanaged", "enroll"],
  ["", "enroll"],
])("the state %s is imported as %s", (state, ours) => {
  const { spec } = nodeOf(aHost({}, { status: { provisioning: { state } } }));
  expect(spec["provision"]).toMatchObject({ state: ours });
});

test.each([
  [
    "redfish://10.0.0.1/redfish/v1/Systems/1",
    "redfish",
    "https://10.0.0.1",
    "/redfish/v1/Systems/1",
  ],
  [
    "redfish+http://10.0.0.1:8000/redfish/v1/Systems/a",
    "redfish",
    "http://10.0.0.1:8000",
    "/redfish/v1/Systems/a",
  ],
  [
    "idrac-virtualmedia://10.0.0.1/redfish/v1/Systems/System.Embedded.1",
    "redfish",
    "https://10.0.0.1",
    "/redfish/v1/Systems/System.Embedded.1",
  ],
  ["redfish://10.0.0.1", "redfish", "https://10.0.0.1", undefined],
  ["ipmi://10.0.0.1", "ipmi", "10.0.0.1", undefined],
  ["ipmi://10.0.0.1:6230", "ipmi", "10.0.0.1:6230", undefined],
  ["10.0.0.1:6230", "ipmi", "10.0.0.1:6230", undefined],
  ["libvirt://192.168.122.1:6233/", "ipmi", "192.168.122.1:6233", undefined],
  ["irmc://10.0.0.1", "irmc", "10.0.0.1", undefined],
])("the address %s is %s at %s", (address, driver, ours, system) => {
  const { spec } = nodeOf(aHost({ bmc: { address, credentialsName: "x" } }));
  expect(spec).toMatchObject({ driver, bmc: { address: ours } });
  expect((spec["bmc"] as { system?: string }).system).toBe(system);
});

test("hints get the operators that Metal3 gives them; nothing else of a wish is declared", () => {
  const { spec, fields } = nodeOf(
    aHost({
      rootDeviceHints: {
        deviceName: "/dev/sda",
        model: "PM883",
        minSizeGigabytes: 400,
        rotational: false,
      },
      bootMode: "UEFISecureBoot",
      image: { url: "http://images/a.raw", checksum: "c" },
      raid: { hardwareRAIDVolumes: [{ level: "1" }] },
      automatedCleaningMode: "disabled",
      bootMACAddress: "52:54:00:00:00:01",
      architecture: "x86_64",
    }),
  );
  expect(spec["provision"]).toEqual({
    state: "adopted",
    rootDevice: { name: "s== /dev/sda", model: "<in> PM883", size: ">= 400", rotational: false },
  });
  for (const key of ["power", "boot", "raid", "image"]) expect(spec).not.toHaveProperty(key);
  expect(spec["clean"]).toEqual({ automated: "none" });
  for (const field of [
    "spec.image",
    "spec.raid",
    "spec.online true",
    "capabilities boot_mode, secure_boot",
  ])
    expect(fields).toContain(field);
});

test("paused and detached hosts are held, and what drives Metal3 is no annotation here", () => {
  const metadata = {
    name: "worker-0",
    namespace: "metal3",
    labels: { rack: "r1", admin_password: "calvin" },
    annotations: {
      "baremetalhost.metal3.io/paused": "",
      "reboot.metal3.io": "",
      "kubectl.kubernetes.io/last-applied-configuration": "{}",
      ticket: "OPS-1",
    },
  };
  const read = nodeOf(aHost({}, { metadata }));
  expect(read.spec["holds"]).toEqual([{ scope: "all", reason: "paused in Metal3" }]);
  expect(read.metadata).toMatchObject({
    labels: { rack: "r1" },
    annotations: { ticket: "OPS-1", "metal3/namespace": "metal3" },
  });
  expect(read.fields).toContain("metadata.labels.admin_password");
});

test("the serial of the machine is its identity", () => {
  const status = {
    provisioning: { state: "provisioned" },
    hardware: { systemVendor: { manufacturer: "Dell Inc.", serialNumber: "7E12345" } },
  };
  expect(nodeOf(aHost({}, { status })).spec["identity"]).toEqual({ serial: "7E12345" });
});

test("text is text: a serial without quotes is no number", () => {
  const yaml = stringify(aHost()).replace(
    "status:",
    "status:\n  hardware: { systemVendor: { serialNumber: 7E12345 } }",
  );
  expect(nodeOf(yaml).spec["identity"]).toEqual({ serial: "7E12345" });
});

test("one name in two namespaces is two nodes; in one namespace it is an error", () => {
  const other = aHost({}, { metadata: { name: "worker-0", namespace: "edge" }, status: {} });
  const { nodes } = imported({ items: [aHost(), other] }, "metal3");
  expect(nodes.map(({ name }) => name)).toEqual(["worker-0", "worker-0-edge"]);
  expect(wrong({ items: [aHost(), aHost()] }, "metal3")).toEqual([
    expect.stringContaining("two nodes have the name metal3/worker-0"),
  ]);
});

test("the boot MAC is a port that the machine boots from; what is no MAC is said", () => {
  const ported = (bootMACAddress: string) =>
    imported({ items: [aHost({ bootMACAddress })] }, "metal3").nodes[0];
  const node = ported("52:54:00:9A:4C:01");
  expect(parse(node?.document ?? "")).toMatchObject({
    spec: { ports: { boot: { mac: "52:54:00:9a:4c:01", pxeEnabled: true } } },
  });
  const odd = ported("52-54-00-9a-4c-01");
  expect(parse(odd?.document ?? "")).not.toHaveProperty("spec.ports");
  expect(odd?.notes.map(({ field }) => field)).toContain("spec.bootMACAddress");
});

test("one boot MAC of two hosts is an error with its place", () => {
  const twins = ["worker-0", "worker-1"].map((name, at) =>
    aHost(
      { bootMACAddress: "52:54:00:9a:4c:01", bmc: { address: `redfish://10.7.0.${at}` } },
      { metadata: { name, namespace: "metal3" }, status: {} },
    ),
  );
  expect(wrong({ items: twins }, "metal3")).toEqual([
    expect.stringMatching(
      /^export\.json:\d+:\d+ IW-I21 the MAC 52:54:00:9a:4c:01 is declared twice/,
    ),
  ]);
});
