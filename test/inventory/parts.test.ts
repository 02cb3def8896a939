import { expect, test } from "vitest";
import { loadFleet } from "../../inventory/load-fleet.ts";
import { placeText } from "../../schemas/diagnostic.ts";
import { originOf } from "../../schemas/fleet.ts";
import { defaultSettings } from "../../schemas/settings.ts";
import { tempRepo } from "../support/temp-repo.ts";

const settings = { ...defaultSettings(), fleet: "6c1c1d9e-0000-4000-8000-000000000001" };

function document(kind: string, name: string, spec: string): string {
  return `apiVersion: ironwright/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
}

const NODE = document("Node", "n1", "{ driver: fake }");

async function load(...documents: readonly string[]) {
  const repo = await tempRepo({ "inventory/a.yaml": documents.join("---\n") });
  return loadFleet({ dir: repo.dir, settings });
}

async function errorsOf(...documents: readonly string[]): Promise<readonly string[]> {
  const { fleet, diagnostics } = await load(...documents);
  expect(fleet).toBeNull();
  return diagnostics.map(({ file, line, code, message }) => `${file}:${line} ${code} ${message}`);
}

const MAC = '"52:54:00:00:00:01"';

test.each([
  ["a MAC that is none", '{ node: n1, mac: "52-54-00-00-00-01" }', "must be a MAC address"],
  ["no MAC", "{ node: n1 }", "mac"],
  ["a stranger's key", `{ node: n1, mac: ${MAC}, speed: 10 }`, 'unknown key "speed"'],
  ["no node", `{ mac: ${MAC} }`, "node"],
])("a Port with %s is refused", async (_what, spec, words) => {
  const errors = await errorsOf(NODE, document("Port", "p1", spec));
  expect(errors.join("\n")).toContain(words);
  expect(errors).toHaveLength(1);
});

test("a part of a node that is not declared says so, and which was probably meant", async () => {
  expect(await errorsOf(NODE, document("Port", "p1", `{ node: n2, mac: ${MAC} }`))).toEqual([
    "inventory/a.yaml:9 IW-I06 Port p1 is part of the node n2, which is not declared; did you mean n1?",
  ]);
});

test("one MAC is there once in the fleet, groups included, in whatever case it is written", async () => {
  const errors = await errorsOf(
    document("Node", "n1", `{ driver: fake, ports: { eth0: { mac: "52:54:00:00:00:0A" } } }`),
    document("Node", "n2", "{ driver: fake }"),
    document("Port", "n2-eth0", '{ node: n2, mac: "52:54:00:00:00:0a" }'),
    document("PortGroup", "n2-bond", '{ node: n2, mac: "52:54:00:00:00:0a" }'),
  );
  expect(errors).toEqual([
    "inventory/a.yaml:14 IW-I21 the MAC 52:54:00:00:00:0a is declared twice: n2 port n2-eth0, and n1 port eth0 (inventory/a.yaml:4)",
    "inventory/a.yaml:19 IW-I21 the MAC 52:54:00:00:00:0a is declared twice: n2 port group n2-bond, and n1 port eth0 (inventory/a.yaml:4)",
  ]);
});

test("a bond may have the MAC of one of its own ports", async () => {
  const { diagnostics } = await load(
    NODE,
    document("Port", "p1", `{ node: n1, mac: ${MAC}, portGroup: b1 }`),
    document("PortGroup", "b1", `{ node: n1, mac: ${MAC} }`),
  );
  expect(diagnostics).toEqual([]);
});

test("the ports of a group are in one physical network, and the group is one of the node's", async () => {
  const errors = await errorsOf(
    NODE,
    document("PortGroup", "b1", "{ node: n1 }"),
    document("Port", "p1", `{ node: n1, mac: ${MAC}, portGroup: b1, physicalNetwork: red }`),
    document("Port", "p2", '{ node: n1, mac: "52:54:00:00:00:02", portGroup: b1 }'),
    document("Port", "p3", '{ node: n1, mac: "52:54:00:00:00:03", portGroup: b2 }'),
  );
  expect(errors.map((text) => text.slice(text.indexOf("IW-")))).toEqual([
    "IW-I21 port p2 is in no physical network, and port p1 of its port group b1 in the physical network red; a group is in one physical network",
    "IW-I06 port p3 is in the port group b2, which n1 does not have; did you mean b1?",
  ]);
});

test("boot indexes and connectors are there once", async () => {
  const target = (name: string, index: number): string =>
    document(
      "VolumeTarget",
      name,
      `{ node: n1, volumeType: iscsi, volumeId: ${name}, bootIndex: ${index} }`,
    );
  const connector = (name: string, node: string): string =>
    document("VolumeConnector", name, `{ node: ${node}, type: iqn, connectorId: iqn.2026.x }`);
  const errors = await errorsOf(
    NODE,
    document("Node", "n2", "{ driver: fake }"),
    target("root", 0),
    target("data", 0),
    connector("c1", "n1"),
    connector("c2", "n2"),
  );
  expect(errors.map((text) => text.slice(text.indexOf("IW-")))).toEqual([
    "IW-I21 volume targets data and root of n1 both have bootIndex 0; each index is there once a node",
    expect.stringContaining("IW-I21 the volume connector iqn iqn.2026.x is declared twice"),
  ]);
});

test("a password of a volume is a reference, never the thing", async () => {
  const errors = await errorsOf(
    NODE,
    document(
      "VolumeTarget",
      "root",
      "{ node: n1, volumeType: iscsi, volumeId: v, bootIndex: 0, properties: { auth_password: geheim } }",
    ),
  );
  expect(errors.join()).toContain("IW-I09");
  expect(errors.join()).not.toContain("geheim");
});

test("a part that stands in its node and in a document of its own is an error at the document", async () => {
  const errors = await errorsOf(
    document("Node", "n1", `{ driver: fake, ports: { p1: { mac: ${MAC} } } }`),
    document("Port", "p1", '{ node: n1, mac: "52:54:00:00:00:02" }'),
  );
  expect(errors).toEqual([
    "inventory/a.yaml:8 IW-I05 Port p1 is written into its node too (inventory/a.yaml:4); keep one of them",
  ]);
});

test("ports mean one machine: a Profile holds none", async () => {
  const errors = await errorsOf(
    NODE,
    document("Profile", "p", `{ ports: { eth0: { mac: ${MAC} } } }`),
  );
  expect(errors.join()).toContain("IW-I11 ports means one machine");
});

test("a node names a chassis that is declared", async () => {
  const errors = await errorsOf(
    document("Node", "n1", "{ driver: fake, chassis: c2 }"),
    document("Chassis", "c1", "{}"),
  );
  expect(errors.join()).toContain("IW-I06 chassis c2 is not declared; did you mean c1?");
});

test("VIFs are there once, and name ports of the node", async () => {
  const errors = await errorsOf(
    document(
      "Node",
      "n1",
      `{ driver: fake, ports: { eth0: { mac: ${MAC} } }, network: { vifs: [a, a, { id: b, on: eth1 }] } }`,
    ),
  );
  expect(errors.map((text) => text.slice(text.indexOf("IW-")))).toEqual([
    "IW-I05 VIF a is there twice; keep one of them",
    "IW-I06 VIF b is to be on eth1, which is no port or port group of n1; did you mean eth0?",
  ]);
});

test("documents of parts stand in their node, in whatever order they are written, each with its place", async () => {
  const parts = [
    NODE,
    document("Port", "p2", '{ node: n1, mac: "52:54:00:00:00:02", portGroup: b1 }'),
    document("Port", "p1", `{ node: n1, mac: ${MAC}, pxeEnabled: false }`),
    document("PortGroup", "b1", "{ node: n1, mode: 802.3ad }"),
  ];
  const { fleet } = await load(...parts);
  const [node] = fleet?.nodes ?? [];
  expect(node?.spec.ports).toEqual({
    p1: { mac: "52:54:00:00:00:01", pxeEnabled: false },
    p2: { mac: "52:54:00:00:00:02", portGroup: "b1" },
  });
  expect(node?.spec.portGroups).toEqual({ b1: { mode: "802.3ad" } });
  if (node === undefined) throw new Error("no node");
  expect(placeText(originOf(node, "/ports/p1/mac"))).toBe("inventory/a.yaml:14:19");
  const turned = await load(...[...parts].reverse());
  expect(turned.fleet?.nodes[0]?.specHash).toBe(node.specHash);
});

const IMAGE = `{ url: "https://images/d.raw", checksum: "sha256:${"1".repeat(64)}", format: raw }`;

test("an Image fills in what the node that names it leaves out", async () => {
  const { fleet } = await load(
    document("Node", "n1", "{ driver: fake, provision: { image: { name: d } } }"),
    document("Image", "d", IMAGE),
  );
  const [node] = fleet?.nodes ?? [];
  expect(node?.spec.provision?.image).toEqual({
    name: "d",
    url: "https://images/d.raw",
    checksum: `sha256:${"1".repeat(64)}`,
    format: "raw",
  });
});

test("an image is said once, and is declared", async () => {
  expect(
    await errorsOf(
      document(
        "Node",
        "n1",
        '{ driver: fake, provision: { image: { name: d, url: "https://x" } } }',
      ),
      document("Image", "d", IMAGE),
    ),
  ).toEqual([
    "inventory/a.yaml:4 IW-I05 the Image d (inventory/a.yaml:6) says url, and this does too; take it out here",
  ]);
  expect(
    await errorsOf(
      document("Node", "n1", "{ driver: fake, provision: { image: { name: debian-13 } } }"),
      document("Image", "debian-12", IMAGE),
    ),
  ).toEqual([
    "inventory/a.yaml:4 IW-I06 the image debian-13 is not declared; declare an Image of that name, or write its url here, did you mean debian-12?",
  ]);
  const errors = await errorsOf(
    NODE,
    document("Image", "d", '{ url: "https://x", checksum: "https://x.sha256" }'),
  );
  expect(errors.join()).toContain("must be sha256: and 64 hex digits");
});

test.each([
  ["rack", "must be KEY=VALUE or KEY!=VALUE, and commas"],
  ["rack=r1,zone", "must be KEY=VALUE or KEY!=VALUE, and commas"],
])("a Policy's selector %s is refused", async (selector, words) => {
  const errors = await errorsOf(NODE, document("Policy", "p", `{ selector: "${selector}" }`));
  expect(errors.join()).toContain(words);
});

test.each(["-1", "110%", "ten", "2.5"])("a budget of %s is refused", async (count) => {
  const errors = await errorsOf(
    NODE,
    document("Policy", "p", `{ budget: { destructive: "${count}" } }`),
  );
  expect(errors.join()).toContain("IW-I04");
});
