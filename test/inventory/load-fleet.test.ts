import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatDiagnostics } from "../../inventory/format-diagnostics.ts";
import { loadFleet } from "../../inventory/load-fleet.ts";
import { renderNode } from "../../inventory/render-node.ts";
import { originOf } from "../../schemas/fleet.ts";
import { defaultSettings } from "../../schemas/settings.ts";
import { makeInventory } from "../support/make-inventory.ts";
import { tempDir } from "../support/temp-dir.ts";
import { tempRepo } from "../support/temp-repo.ts";

const FLEET = "6c1c1d9e-0000-4000-8000-000000000001";
const settings = { ...defaultSettings(), fleet: FLEET };

function node(name: string, spec: string, more = ""): string {
  return `apiVersion: ironwright/v1\nkind: Node\nmetadata:\n  name: ${name}\n${more}spec:\n${spec}`;
}

const FAKE = "  driver: fake\n";

async function errorsOf(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<readonly string[]> {
  const repo = await tempRepo();
  for (const [path, text] of Object.entries(files)) repo.write(path, text);
  const { fleet, diagnostics } = await loadFleet({ dir: repo.dir, settings });
  expect(fleet).toBeNull();
  return diagnostics.map((d) => `${d.file}:${d.line}:${d.column} ${d.code} ${d.message}`);
}

async function oneError(text: string | Uint8Array): Promise<string> {
  const errors = await errorsOf({ "inventory/a.yaml": text });
  expect(errors).toHaveLength(1);
  return errors[0] ?? "";
}

test("without an inventory folder the error says what to do", async () => {
  const { diagnostics } = await loadFleet({ dir: tempDir(), settings });
  expect(diagnostics[0]?.message).toContain("run: ironwright init");
});

test("an inventory without a node is an error", async () => {
  expect(await errorsOf({ "inventory/a.yaml": "# nothing yet\n" })).toEqual([
    "inventory/a.yaml:1:1 IW-I12 the inventory declares no node; an empty inventory is an error, not a wish",
  ]);
});

test("a binary file, a large file and a file that is not UTF-8 are refused by name", async () => {
  expect(await oneError(new Uint8Array([0x59, 0, 1, 2]))).toContain("IW-I02 the file is binary");
  expect(await oneError(`# ${"x".repeat(10 * 1024 * 1024)}\n`)).toContain(
    "IW-I02 the file has 11 MB; 8 MB is the most",
  );
  expect(await oneError(new Uint8Array([0x61, 0xff, 0xfe]))).toContain(
    "IW-I02 the file is not UTF-8",
  );
});

test("aliases that explode are stopped before they fill the memory", async () => {
  const levels = Array.from(
    { length: 9 },
    (_, i) =>
      `  x${i}: &x${i} [${Array.from({ length: 9 }, () => (i === 0 ? "a" : `*x${i - 1}`)).join(", ")}]`,
  );
  const text = `apiVersion: ironwright/v1\nkind: Node\nmetadata: { name: n1 }\nspec:\n  driver: fake\n  properties:\n${levels.map((l) => `  ${l}`).join("\n")}\n`;
  expect(await oneError(text)).toContain("IW-I13");
});

test("a circle of profiles names the circle", async () => {
  const profile = (name: string, of: string): string =>
    `apiVersion: ironwright/v1\nkind: Profile\nmetadata: { name: ${name} }\nspec: { profiles: [${of}] }\n`;
  const errors = await errorsOf({
    "inventory/a.yaml": [
      profile("a", "b"),
      profile("b", "a"),
      node("n1", `${FAKE}  profiles: [a]\n`),
    ].join("---\n"),
  });
  expect(errors.join("\n")).toContain("profiles form a circle: a -> b -> a");
});

test("an unknown key at depth is found with its place and what was probably meant", async () => {
  expect(await oneError(node("n1", `${FAKE}  boot:\n    mod: uefi\n`))).toBe(
    'inventory/a.yaml:8:5 IW-I03 unknown key "mod" in spec.boot; check the spelling, or see: ironwright schema',
  );
});

test("every error of the inventory is reported in one run", async () => {
  const errors = await errorsOf({
    "inventory/a.yaml": node("n1", `${FAKE}  powr: on\n`),
    "inventory/b.yaml": "a: [\n",
    "inventory/c.yaml": node("n1", "  power: true\n"),
    "inventory/d.yaml": node("Bad_Name", FAKE),
  });
  const codes = errors.map((e) => e.split(" ")[1]);
  expect(codes).toContain("IW-I01");
  expect(codes).toContain("IW-I03");
  expect(codes.filter((code) => code === "IW-I04")).toHaveLength(2);
});

test("power: true says that another tool changed the file", async () => {
  expect(await oneError(node("n1", `${FAKE}  power: true\n`))).toContain(
    "write on; a YAML 1.1 tool changed this file",
  );
});

test("a password in a document is an error that does not repeat it", async () => {
  const repo = await tempRepo({
    "inventory/a.yaml": node(
      "n1",
      "  driver: redfish\n  bmc:\n    address: https://a\n    password: hunter2\n",
    ),
  });
  const { diagnostics } = await loadFleet({ dir: repo.dir, settings });
  const text = formatDiagnostics(diagnostics, "text");
  expect(text).toContain("IW-I09");
  expect(text).toContain("password: ****");
  expect(text).not.toContain("hunter2");
});

test("duplicate names, uuids and BMCs name both places", async () => {
  const bmc = (address: string): string => `  driver: redfish\n  bmc: { address: ${address} }\n`;
  const errors = await errorsOf({
    "inventory/a.yaml": [
      node("n1", bmc("https://a")),
      node("n1", bmc("https://b")),
      node("n2", bmc("https://a:443")),
    ].join("---\n"),
  });
  expect(errors.join("\n")).toContain(
    "Node n1 is declared twice; the other one is at inventory/a.yaml:1",
  );
  expect(errors.join("\n")).toContain("names no bmc.system");
});

test("one BMC of IPMI is the same however its address is written; another port is another BMC", async () => {
  const bmc = (address: string): string => `  driver: ipmi\n  bmc: { address: "${address}" }\n`;
  const files = (...addresses: readonly string[]) => ({
    "inventory/a.yaml": addresses.map((one, at) => node(`n${at}`, bmc(one))).join("---\n"),
  });
  for (const other of ["10.0.0.7", "IPMI://10.0.0.7:623", "10.0.0.7:623", "ipmi://10.0.0.7/"])
    expect((await errorsOf(files("ipmi://10.0.0.7", other))).join("\n")).toContain("n1 shares ");
  const six = await errorsOf(files("ipmi://[fe80::7]", "fe80::7"));
  expect(six.join("\n")).toContain("n1 shares ");
  const apart = ["10.0.0.7", "10.0.0.7:6230", "fe80::623", "fe80::", "10.0.0.76"];
  const repo = await tempRepo(files(...apart));
  const { fleet } = await loadFleet({ dir: repo.dir, settings });
  expect(fleet?.nodes).toHaveLength(apart.length);
});

test("a symbolic link is an error, for git keeps only its name", async () => {
  const repo = await tempRepo({
    "inventory/a.yaml": node("n1", FAKE),
    "real.yaml": node("n2", FAKE),
  });
  symlinkSync(join(repo.dir, "real.yaml"), join(repo.dir, "inventory/b.yaml"));
  const { fleet, diagnostics } = await loadFleet({ dir: repo.dir, settings });
  expect(fleet).toBeNull();
  expect(diagnostics[0]?.message).toContain("symbolic link");
});

test("a profile may not hold what means one machine", async () => {
  const profile =
    "apiVersion: ironwright/v1\nkind: Profile\nmetadata: { name: p }\nspec: { identity: { serial: A } }\n";
  expect(await oneError(`${profile}---\n${node("n1", `${FAKE}  profiles: [p]\n`)}`)).toContain(
    "IW-I11",
  );
});

test("text is text: serials and versions keep their zeros", async () => {
  const repo = await tempRepo({
    "inventory/a.yaml": node(
      "n1",
      `${FAKE}  identity: { serial: 0123, manufacturer: 2.10 }\n`,
      "  labels: { rack: 07 }\n",
    ),
  });
  const { fleet } = await loadFleet({ dir: repo.dir, settings });
  expect(fleet?.nodes[0]?.spec.identity).toEqual({ serial: "0123", manufacturer: "2.10" });
  expect(fleet?.nodes[0]?.labels).toEqual({ rack: "07" });
});

test("profiles fold in order, sets join, null removes, and every value knows where it came from", async () => {
  const repo = await tempRepo({
    "inventory/p.yaml": [
      "apiVersion: ironwright/v1\nkind: Profile\nmetadata: { name: base }\nspec:\n  driver: fake\n  power: off\n  traits: [HW_CPU_X86_VMX]\n  boot: { mode: bios, device: disk }\n",
      "apiVersion: ironwright/v1\nkind: Profile\nmetadata: { name: uefi }\nspec:\n  profiles: [base]\n  boot: { mode: uefi }\n",
    ].join("---\n"),
    "inventory/n.yaml": node(
      "n1",
      "  profiles: [uefi]\n  power: on\n  traits: [CUSTOM_GPU]\n  boot:\n    device: null\n",
    ),
  });
  const { fleet } = await loadFleet({ dir: repo.dir, settings });
  const n1 = fleet?.nodes[0];
  expect(n1?.spec).toMatchObject({
    driver: "fake",
    power: "on",
    boot: { mode: "uefi" },
    traits: ["HW_CPU_X86_VMX", "CUSTOM_GPU"],
  });
  expect(n1?.spec.boot?.device).toBeUndefined();
  expect(n1 && originOf(n1, "/boot/mode")).toMatchObject({ file: "inventory/p.yaml", line: 15 });
  expect(n1 && originOf(n1, "/power")).toMatchObject({ file: "inventory/n.yaml", line: 7 });
  expect(fleet?.profileReach).toEqual({ base: 1, uefi: 1 });
  const rendered = fleet && n1 ? renderNode(fleet, n1) : "";
  expect(rendered).toMatch(/mode: uefi +# inventory\/p.yaml:15/);
});

test("rows of a NodeList are nodes with places of their own", async () => {
  const text = `apiVersion: ironwright/v1
kind: NodeList
metadata: { name: rack1 }
spec:
  template:
    metadata: { labels: { rack: r1 } }
    spec: { driver: redfish, power: on }
  columns: [metadata.name, spec.bmc.address, spec.identity.serial]
  rows:
    - [r1-n1, https://10.0.0.1, 0001]
    - [r1-n2, https://10.0.0.2, 7E12]
`;
  const repo = await tempRepo({ "inventory/a.yaml": text });
  const { fleet, diagnostics } = await loadFleet({ dir: repo.dir, settings });
  expect(diagnostics).toEqual([]);
  expect(
    fleet?.nodes.map((n) => [n.name, n.place.line, n.spec.identity?.serial, n.labels["rack"]]),
  ).toEqual([
    ["r1-n1", 10, "0001", "r1"],
    ["r1-n2", 11, "7E12", "r1"],
  ]);
});

test("a commit is read without a checkout, and a clean working tree is that commit", async () => {
  const repo = await tempRepo({
    "inventory/a.yaml": node("n1", FAKE),
    "ironwright.yaml": "concurrency: 4\n",
  });
  const first = await repo.commit("one node\n\nIronwright-Removes: 0\n");
  const clean = await loadFleet({ dir: repo.dir, settings, settingsPath: "ironwright.yaml" });
  expect(clean.fleet?.commit.id).toBe(first);
  repo.write("inventory/b.yaml", node("n2", FAKE));
  const dirty = await loadFleet({ dir: repo.dir, settings, settingsPath: "ironwright.yaml" });
  expect(dirty.fleet?.commit.id).toBeNull();
  expect(dirty.fleet?.nodes).toHaveLength(2);
  const at = await loadFleet({
    dir: repo.dir,
    ref: "HEAD",
    settings,
    settingsPath: "ironwright.yaml",
  });
  expect(at.fleet?.nodes).toHaveLength(1);
  expect(at.fleet?.tree).toBe(clean.fleet?.tree);
  expect(at.fleet?.commit).toMatchObject({ id: first, subject: "one node", author: "ops" });
  const nowhere = await loadFleet({ dir: repo.dir, ref: "nosuch", settings });
  expect(nowhere.diagnostics[0]?.message).toContain('git knows no commit "nosuch"');
});

test("what is cached is the same, and a damaged cache is as if it were not there", async () => {
  const dir = tempDir();
  const cacheDir = join(dir, "cache");
  makeInventory(dir, { nodes: 30 });
  const cold = await loadFleet({ dir, settings, cacheDir });
  const warm = await loadFleet({ dir, settings, cacheDir });
  expect(warm.fleet).toEqual(cold.fleet);
  for (const name of ["parsed.json", "stat.json"]) writeFileSync(join(cacheDir, name), "{torn");
  makeInventory(dir, { nodes: 31 });
  expect((await loadFleet({ dir, settings, cacheDir })).fleet?.nodes).toHaveLength(31);
});
