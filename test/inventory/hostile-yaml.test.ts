import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formatDiagnostics } from "../../inventory/format-diagnostics.ts";
import { loadFleet, type LoadedFleet } from "../../inventory/load-fleet.ts";
import { loadSettings } from "../../inventory/load-settings.ts";
import { defaultSettings } from "../../schemas/settings.ts";
import { tempRepo } from "../support/temp-repo.ts";

const NODE =
  "apiVersion: ironwright/v1\nkind: Node\nmetadata: { name: n1 }\nspec:\n  driver: fake\n";
const LIST = "apiVersion: ironwright/v1\nkind: NodeList\nmetadata: { name: l1 }\nspec:\n";
const PROFILE = "apiVersion: ironwright/v1\nkind: Profile\nmetadata: { name: p1 }\nspec:\n";

async function load(text: string, settings = defaultSettings()): Promise<LoadedFleet> {
  const repo = await tempRepo({ "inventory/a.yaml": text });
  return loadFleet({ dir: repo.dir, settings });
}

async function said(text: string): Promise<readonly string[]> {
  const { fleet, diagnostics } = await load(text);
  expect(fleet).toBeNull();
  return diagnostics.map((d) => `${d.line}:${d.column} ${d.code} ${d.message}`);
}

test.each([
  ["a NUL far into the file", `# ${"x".repeat(9000)}\0\n${NODE}`, "1:1 IW-I02 the file is binary"],
  ["ten thousand brackets", `${NODE}  properties: ${"[".repeat(10_000)}\n`, "IW-I13"],
  ["a value nested in itself", `${NODE}  properties: &a { b: *a }\n`, "IW-I13"],
  ["an alias without an anchor", `${NODE}  properties: *no\n`, "refers to no anchor"],
  ["two files with marks joined", `${NODE}---\n\uFEFF${NODE}`, "7:1 IW-I01 a byte order mark"],
  ["line ends of one CR", NODE.replaceAll("\n", "\r"), "carriage return alone"],
  ["tabs", NODE.replace("  driver", "\tdriver"), "5:1 IW-I01 Tabs are not allowed"],
  ["a merge key", `${NODE}  boot:\n    <<: { mode: uefi }\n`, "merge keys are YAML 1.1"],
  [
    "__proto__",
    `${NODE}  __proto__: { a: 1 }\n`,
    '6:3 IW-I03 the document is not read: the key "__',
  ],
  ["__proto__ in a free map", `${NODE}  properties: { __proto__: { polluted: 1 } }\n`, "IW-I03"],
  ["a tag", `${NODE}  description: !secret x\n`, "6:16 IW-I01 YAML tags are not read"],
  ["a binary tag", `${NODE}  description: !!binary aGVsbG8=\n`, "YAML tags are not read"],
  ["YAML 1.1", `%YAML 1.1\n---\n${NODE}`, "1:1 IW-I01 the document asks for YAML 1.1"],
  ["a list as a key", `${NODE}  properties: { [a]: b }\n`, "a key must be text"],
  ["a key twice, once quoted", `${NODE}  power: on\n  "power": off\n`, "7:3 IW-I05 a key"],
  ["a name too long", NODE.replace("n1", "n".repeat(64)), "must have at most 63 characters"],
  [
    "a request twice",
    `${NODE}  requests: [&a { id: x, action: inspect }, *a]\n`,
    "each id runs once",
  ],
])("%s is one error with its place", async (_name, text, expected) => {
  const found = await said(text);
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(expected);
  expect(Object.prototype).not.toHaveProperty("polluted");
});

test("files as other systems write them are read: a byte order mark, CRLF, a tab after a colon", async () => {
  const text = `\uFEFF${NODE.replace("driver: ", "driver:\t").replaceAll("\n", "\r\n")}`;
  const { fleet, diagnostics } = await load(text);
  expect(diagnostics).toEqual([]);
  expect(fleet?.nodes.map(({ name, spec }) => [name, spec.driver])).toEqual([["n1", "fake"]]);
});

test.each([
  ["at its key", "  bmc: { address: x, password: hunter2 }\n"],
  ["as a number", "  bmc: { address: x, password: 4711hunter }\n"],
  ["in a block", "  bmc:\n    address: x\n    password: |\n      hunter2\n      hunter3\n"],
  ["on the next line", "  bmc:\n    address: x\n    password:\n      hunter2\n"],
  ["beside a reference", "  bmc: { address: x, password: { env: A, value: hunter2 } }\n"],
  ["in the address", '  bmc: { address: "https://root:hunter2@a" }\n'],
  ["in an address without a scheme", '  bmc: { address: "root:hunter2@a" }\n'],
  ["as kg", "  bmc: { address: x, kg: hunter2 }\n"],
  ["below ipmi", "  bmc: { address: x, ipmi: { password: hunter2 } }\n"],
  ["in properties", '  properties: { "ipmi_password": "hunter2" }\n'],
])("a password %s is an error that no format and no frame repeats", async (_where, spec) => {
  const { fleet, diagnostics } = await load(`${NODE}${spec}  powr: on\n`);
  expect(fleet).toBeNull();
  expect(diagnostics.map(({ code }) => code)).toContain("IW-I09");
  for (const format of ["text", "json", "github", "sarif"] as const)
    expect(formatDiagnostics(diagnostics, format)).not.toContain("hunter");
});

test("a password in a file that is no YAML, and in a column, is not shown either", async () => {
  const column = `${LIST}  template: { spec: { driver: fake } }\n  columns: [metadata.name, spec.bmc.password]\n  rows:\n    - [n1, hunter2]\n    - [N2, hunter3]\n`;
  const broken = `${NODE}  bmc:\n    password: |\n      hunter2\n  power: [\n`;
  for (const text of [column, broken]) {
    const { diagnostics } = await load(text);
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(formatDiagnostics(diagnostics, "text")).not.toContain("hunter");
  }
  expect(await said(column)).toContainEqual(expect.stringContaining("9:12 IW-I09"));
});

test("a secret's reference that leads nowhere is an error: no such provider, nothing to fill in", async () => {
  const ref = (text: string): string => `${NODE}  bmc: { address: x, password: ${text} }\n`;
  expect(await said(ref("{ provider: vault, key: a }"))).toEqual([
    expect.stringContaining("6:34 IW-I06 n1: the provider vault is not declared"),
  ]);
  for (const name of ["labels.rack", "labels.constructor", "identity.serial", "secret"])
    expect(await said(ref(`{ env: "P_\${${name}}" }`))).toEqual([
      expect.stringContaining(`IW-I06 n1: \${${name}} in a secret's reference names nothing`),
    ]);
});

test("placeholders are filled in secret references and config drive strings, and nowhere else", async () => {
  const { fleet } = await load(
    `${NODE}  identity: { serial: 7E12345 }\n  description: "\${metadata.name}"\n  bmc: { address: x, password: { env: "P_\${identity.serial}" } }\n  provision: { configDrive: { userData: "h=\${metadata.name} $\{HOME}", metaData: { list: ["\${metadata.name}"] } } }\n`,
  );
  expect(fleet?.nodes[0]?.spec).toMatchObject({
    description: "${metadata.name}",
    bmc: { password: { env: "P_7E12345" } },
    provision: { configDrive: { userData: "h=n1 ${HOME}", metaData: { list: ["n1"] } } },
  });
});

test("a NodeList's columns are paths below metadata or spec, each once", async () => {
  const list = (columns: string, row: string): string =>
    `${LIST}  template: { spec: { driver: fake } }\n  columns: [metadata.name, ${columns}]\n  rows: [[n1, ${row}], [n2, ${row}]]\n`;
  expect(await said(list("kind", "Profile"))).toEqual([
    expect.stringContaining('6:28 IW-I04 the column "kind" is no path'),
  ]);
  expect(await said(list("spec.__proto__.polluted", "1"))).toEqual([
    expect.stringContaining("is no path"),
  ]);
  expect(Object.prototype).not.toHaveProperty("polluted");
  expect(await said(list("spec.power, spec.power", "on, off"))).toEqual([
    expect.stringContaining("6:40 IW-I04 the column spec.power is there twice"),
  ]);
  expect(await said(list("spec.powr", "on"))).toEqual([
    expect.stringContaining('6:28 IW-I03 unknown key "powr"'),
  ]);
});

test("in a NodeList null removes too, and text is text in a cell that is a map", async () => {
  const { fleet, diagnostics } = await load(
    `${PROFILE}  power: on\n  boot: { mode: uefi, device: disk }\n---\n${LIST}  template: { spec: { driver: fake, profiles: [p1], power: null, resourceClass: 2.10 } }\n  columns: [metadata.name, spec.identity, spec.boot.device, spec.resourceClass]\n  rows:\n    - [n1, { serial: 0123 }, null, null]\n    - [on, { serial: 7E12345 }, pxe, 0x10]\n`,
  );
  expect(diagnostics).toEqual([]);
  expect(fleet?.nodes.map(({ spec }) => spec)).toEqual([
    { driver: "fake", profiles: ["p1"], boot: { mode: "uefi" }, identity: { serial: "0123" } },
    {
      driver: "fake",
      profiles: ["p1"],
      boot: { mode: "uefi", device: "pxe" },
      identity: { serial: "7E12345" },
      resourceClass: "0x10",
    },
  ]);
});

test("what means one machine is allowed neither in a Profile nor in a template", async () => {
  const where = [
    "identity: { serial: x }",
    "bmc: { address: x }",
    "bmc: { system: x }",
    "ports: {}",
    "requests: []",
    "provision: { rootDevice: { serial: x } }",
    "provision: { rootDevice: { wwn: x } }",
  ];
  for (const field of where) {
    expect(await said(`${PROFILE}  ${field}\n---\n${NODE}`)).toEqual([
      expect.stringContaining("IW-I11"),
    ]);
    const list = `${LIST}  template: { spec: { ${field} } }\n  columns: [metadata.name]\n  rows: []\n`;
    expect(await said(`${list}---\n${NODE}`)).toEqual([expect.stringContaining("IW-I11")]);
  }
  const list = `${LIST}  template: { metadata: { name: x }, spec: { driver: fake } }\n  columns: [metadata.name]\n  rows: [[n1]]\n`;
  expect(await said(list)).toEqual([expect.stringContaining("5:27 IW-I11 metadata.name means")]);
  const labels = PROFILE.replace("p1 }", "p1, labels: { a: b } }");
  expect(await said(`${labels}  power: on\n---\n${NODE}`)).toEqual([
    expect.stringContaining("IW-I11 metadata.labels of a Profile reaches no node"),
  ]);
});

test("one system at one address is declared once, however it is written", async () => {
  const at = (name: string, address: string, system: string): string =>
    `apiVersion: ironwright/v1\nkind: Node\nmetadata: { name: ${name} }\nspec:\n  driver: redfish\n  bmc: { address: "${address}", system: ${system} }\n`;
  const same = [
    at("n1", "https://bmc", "/redfish/v1/Systems/1"),
    at("n2", "https://BMC:443/", "/redfish/v1/Systems/1/"),
  ];
  expect(await said(same.join("---\n"))).toEqual([
    expect.stringContaining("13:10 IW-I08 n2 and n1 (inventory/a.yaml:1) are both"),
  ]);
  const others = [at("n1", "bmc1:623", "/a"), at("n2", "bmc1:624", "/a")];
  expect((await load(others.join("---\n"))).diagnostics).toEqual([]);
});

describe("nodes behind one chassis's BMC", () => {
  const at = (name: string, bridging: string, address = "10.0.0.7"): string =>
    `apiVersion: ironwright/v1\nkind: Node\nmetadata: { name: ${name} }\nspec:\n  driver: ipmi\n  bmc: { address: "${address}"${bridging === "" ? "" : `, bridging: ${bridging}`} }\n`;
  const blade = (address: string, transit = ""): string =>
    `{ target: { channel: 7, address: ${address} }${transit} }`;

  test.each([
    [
      "one target, however it is written",
      [at("n1", blade("0x24")), at("n2", blade("36"), "ipmi://10.0.0.7:623/")],
      "n2 and n1 (inventory/a.yaml:1) are both channel 7 address 24h at ipmi://10.0.0.7:623/",
    ],
    [
      "one target behind one transit",
      ["n1", "n2"].map((name) =>
        at(name, blade("0x24", ", transit: { channel: 0, address: 0x82 }")),
      ),
      "are both channel 0 address 82h channel 7 address 24h",
    ],
    ["none at all", [at("n1", ""), at("n2", "")], "names no bmc.bridging; say whom"],
  ])("may not have %s", async (_name, documents, words) => {
    const found = await said(documents.join("---\n"));
    expect(found.join("\n")).toContain(words);
  });

  test("are different machines, beside the chassis itself", async () => {
    const documents = [
      at("chassis", ""),
      at("n1", blade("0x22")),
      at("n2", blade("0x24")),
      at("n3", blade("0x24", ", transit: { channel: 0, address: 0x82 }")),
    ];
    expect((await load(documents.join("---\n"))).diagnostics).toEqual([]);
  });

  test.each([
    ['"24h"', 'spec.bmc.bridging.target.address is "24h"; it must be a number'],
    ["36.5", "spec.bmc.bridging.target.address"],
    ["0x24, lun: 2", 'unknown key "lun" in spec.bmc.bridging.target'],
  ])("an address of %s is none", async (address, words) => {
    expect((await said(at("n1", blade(address)))).join("\n")).toContain(words);
  });
});

test("profiles that stand on each other without end are an error, not a crash", async () => {
  const chain = Array.from(
    { length: 3000 },
    (_, i) => `${PROFILE.replace("p1", `p${i}`)}  profiles: [p${i + 1}]\n`,
  );
  const found = await said(
    [...chain, `${PROFILE.replace("p1", "p3000")}  power: on\n`, NODE].join("---\n"),
  );
  expect(found[0]).toContain("IW-I07 profiles stand on each other more than 32 deep");
});

test("a list with an error in each of 20,000 rows is reported in seconds", async () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => `    - [n${i}, true]\n`).join("");
  const text = `${LIST}  template: { spec: { driver: fake } }\n  columns: [metadata.name, spec.power]\n  rows:\n${rows}`;
  expect(await said(text)).toHaveLength(20_000);
}, 30_000);

test("links to folders and documents are errors, for git keeps only their name, in a commit too", async () => {
  const repo = await tempRepo({ "inventory/a.yaml": NODE, "more/b.yaml": NODE });
  symlinkSync("../more", join(repo.dir, "inventory/more"));
  symlinkSync("../more/b.yaml", join(repo.dir, "inventory/b.yaml"));
  symlinkSync("a.yaml", join(repo.dir, "inventory/logo.png"));
  await repo.commit("links");
  for (const ref of [undefined, "HEAD"]) {
    const { fleet, diagnostics } = await loadFleet({
      dir: repo.dir,
      ref,
      settings: defaultSettings(),
    });
    expect(fleet).toBeNull();
    expect(diagnostics.map(({ file, code }) => `${file} ${code}`)).toEqual([
      "inventory/b.yaml IW-I14",
      "inventory/more IW-I14",
    ]);
  }
});

test("the inventory is a folder of the repository, written in any way", async () => {
  const repo = await tempRepo({ "sub/inv/a.yaml": NODE });
  const id = await repo.commit("one node");
  for (const inventory of ["sub/inv", "./sub/inv/", "sub", "."]) {
    const settings = { ...defaultSettings(), inventory };
    const here = await loadFleet({ dir: repo.dir, settings });
    expect([inventory, here.fleet?.nodes.length, here.fleet?.commit.id]).toEqual([
      inventory,
      1,
      id,
    ]);
    const there = await loadFleet({ dir: repo.dir, settings, ref: "HEAD" });
    expect(there.fleet?.tree).toBe(here.fleet?.tree);
  }
  mkdirSync(join(repo.dir, "real"));
  symlinkSync("real", join(repo.dir, "link"));
  for (const inventory of ["..", "../other", "/etc", "sub/../../x", "link", "sub/inv/a.yaml"]) {
    const settings = { ...defaultSettings(), inventory };
    const { fleet, diagnostics } = await loadFleet({ dir: repo.dir, settings });
    expect([inventory, fleet, diagnostics.length]).toEqual([inventory, null, 1]);
  }
});

test.each([
  ["two documents", "concurrency: 4\n---\nconcurrency: 5\n", "3:1 the settings are one document"],
  ["__proto__", "__proto__: { concurrency: 4 }\n", '1:1 the document is not read: the key "__'],
  ["a binary file", "\0\u0001", "1:1 the file is binary"],
  [
    "another version",
    "concurrency: 4\napiVersion: ironwright/v7\n",
    '2:1 apiVersion is "ironwright/v7", this engine reads ironwright/v1; use an ironwright that knows it',
  ],
  ["20 MB", `# ${"x".repeat(20_000_000)}`, "1:1 the file has 20 MB"],
])("settings: %s is one error", async (_name, text, expected) => {
  const repo = await tempRepo({ "ironwright.yaml": text });
  const { settings, diagnostics } = await loadSettings({ dir: repo.dir, env: {} });
  expect(settings).toBeNull();
  expect(diagnostics.map((d) => `${d.line}:${d.column} ${d.message}`)).toEqual([
    expect.stringContaining(expected),
  ]);
});

test("SARIF is 2.1.0: one run, its rules, results with a place, file names as URIs", async () => {
  const repo = await tempRepo({ "inventory/a #1.yaml": `${NODE}  powr: on\n` });
  const { diagnostics } = await loadFleet({ dir: repo.dir, settings: defaultSettings() });
  expect(JSON.parse(formatDiagnostics(diagnostics, "sarif"))).toEqual({
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "ironwright",
            rules: [{ id: "IW-I03", shortDescription: { text: "unknown key" } }],
          },
        },
        columnKind: "utf16CodeUnits",
        results: [
          {
            ruleId: "IW-I03",
            level: "error",
            message: { text: expect.stringContaining('unknown key "powr"') as string },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: "inventory/a%20%231.yaml" },
                  region: { startLine: 6, startColumn: 3 },
                },
              },
            ],
          },
        ],
      },
    ],
  });
});
