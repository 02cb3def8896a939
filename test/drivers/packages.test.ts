import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { DriverPorts } from "../../drivers/driver.ts";
import { fakeType } from "../../drivers/fake/fake-type.ts";
import { guardType } from "../../drivers/packages/guard-type.ts";
import { loadPackages } from "../../drivers/packages/load-packages.ts";
import { tempDir } from "../support/temp-dir.ts";
import { ear } from "./ipmi/sol/console-rig.ts";
import { performContext, testNode, testPorts } from "./support/driver-bench.ts";

/** A repository with files of a package in it. */
function repositoryWith(files: Readonly<Record<string, string>>): string {
  const root = tempDir();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

/** A hardware type that says only what it must. */
const TYPE = `{
  name: "relay",
  properties: { _zod: {}, shape: {}, safeParse: (data) => ({ success: true, data }) },
  offer: { hardwareType: "relay", interfaces: [
    { interface: "power", implementation: "relay", steps: [], built: true } ] },
  observes: ["power"], performs: ["power.on"],
  validate: () => [], open: () => ({}),
}`;
const METHOD = `{ name: "blink", description: "blinks once", reads: false, impact: "in-place",
  args: { _zod: {}, shape: {}, safeParse: (data) => ({ success: true, data }) } }`;
const module = (body: string) => ({ "local.mjs": body });
const packageOf = (types: string) =>
  `export const driverPackage = { apiVersion: 1, hardwareTypes: ${types} };`;

async function failureOf(
  files: Readonly<Record<string, string>>,
  names: readonly string[],
): Promise<string> {
  const loaded = await loadPackages(repositoryWith(files), names, new Set(["fake", "redfish"]));
  if (loaded.ok) throw new Error("it was loaded");
  expect(loaded.failure.code).toBe("IW-D01");
  expect(loaded.failure.message).not.toContain("\n");
  return loaded.failure.message;
}

describe("a driver that the settings name is refused in a sentence, when", () => {
  it.each([
    [
      "it is not installed",
      {},
      "my-driver",
      /not installed in .*node_modules; run: npm install my-driver$/,
    ],
    ["its path is not there", {}, "./local.mjs", /is not there .*relative to the repository/],
    ["it is an absolute path", {}, "/etc/passwd", /neither a package's name nor \.\/PATH/],
    ["it climbs out of the repository", {}, "../local.mjs", /neither a package's name/],
    ["it climbs out behind a dot", {}, "./../..", /leads out of the repository/],
    ["it is an URL", {}, "https://example.org/x.mjs", /neither a package's name/],
    ["it is a module of Node", {}, "node:fs", /neither a package's name/],
    ["it is a part of a package", {}, "my-driver/lib", /neither a package's name/],
    [
      "it throws at import",
      module("throw new Error('no licence');"),
      "./local.mjs",
      /cannot be imported from .*: no licence/,
    ],
    ["it is not JavaScript", module("export const {"), "./local.mjs", /cannot be imported/],
    [
      "it needs what is not there",
      module("import 'no-such-package';"),
      "./local.mjs",
      /cannot be imported.*no-such-package/,
    ],
    [
      "it exports nothing",
      module(""),
      "./local.mjs",
      /no export "driverPackage" \(it exports nothing\); add: export const/,
    ],
    [
      "it exports something else",
      module("export const driver = 1;"),
      "./local.mjs",
      /it exports driver\)/,
    ],
    [
      "it names no version",
      module("export const driverPackage = {};"),
      "./local.mjs",
      /says no driverPackage.apiVersion/,
    ],
    [
      "it was built for another version",
      module("export const driverPackage = { apiVersion: 2 };"),
      "./local.mjs",
      /version 2 of the driver API; this ironwright speaks version 1/,
    ],
    [
      "it has no hardware types",
      module(packageOf("undefined")),
      "./local.mjs",
      /hardwareTypes is missing/,
    ],
    [
      "a part of a type is missing",
      module(packageOf("[{ name: 'x' }]")),
      "./local.mjs",
      /hardwareTypes\.0\.properties must be a z\.object.*hardwareTypes\.0\.offer is missing.*hardwareTypes\.0\.observes is missing/,
    ],
    [
      "its name is none",
      module(packageOf(`[{ ...${TYPE}, name: "Relay!" }]`)),
      "./local.mjs",
      /hardwareTypes\.0\.name must be lower-case/,
    ],
    [
      "it reads a facet that there is not",
      module(packageOf(`[{ ...${TYPE}, observes: ["colour"] }]`)),
      "./local.mjs",
      /observes\.0 is wrong/,
    ],
    [
      "a vendor method erases",
      module(
        packageOf(`[{ ...${TYPE}, vendor: [${METHOD}, { ...${METHOD}, impact: "destructive" }] }]`),
      ),
      "./local.mjs",
      /vendor\.1\.impact must be one of none, in-place, reboot: what erases is a step/,
    ],
    [
      "a vendor method that reads does more",
      module(
        packageOf(`[{ ...${TYPE}, vendor: [{ ...${METHOD}, reads: true, impact: "reboot" }] }]`),
      ),
      "./local.mjs",
      /vendor\.0\.impact must be none of a method that only reads/,
    ],
    [
      "it names a console that this engine does not know",
      module(packageOf(`[{ ...${TYPE}, consoles: ["graphical"] }]`)),
      "./local.mjs",
      /hardwareTypes\.0\.consoles\.0 .*serial/,
    ],
    [
      "a vendor method's arguments are no schema",
      module(packageOf(`[{ ...${TYPE}, vendor: [{ ...${METHOD}, args: {} }] }]`)),
      "./local.mjs",
      /vendor\.0\.args must be a z\.strictObject/,
    ],
    [
      "its offer has another name",
      module(packageOf(`[{ ...${TYPE}, name: "other" }]`)),
      "./local.mjs",
      /the offer of other is named relay/,
    ],
    [
      "its type exists already",
      module(
        packageOf(
          `[{ ...${TYPE}, name: "fake", offer: { ...${TYPE}.offer, hardwareType: "fake" } }]`,
        ),
      ),
      "./local.mjs",
      /brings the hardware type fake, which exists already/,
    ],
    [
      "its package.json is broken",
      { "node_modules/my-driver/package.json": "{" },
      "my-driver",
      /no package.json that can be read/,
    ],
    [
      "its package exports no module",
      { "node_modules/my-driver/package.json": '{"exports":{"./other":"./x.js"}}' },
      "my-driver",
      /exports no "\."/,
    ],
    [
      "its package was not built",
      { "node_modules/my-driver/package.json": '{"exports":"./dist/x.js"}' },
      "my-driver",
      /exports \.\/dist\/x\.js, which is not there/,
    ],
  ] as const)("%s", async (_name, files, name, said) => {
    expect(await failureOf(files, [name])).toMatch(said);
  });

  it("a link inside the repository leads out of it", async () => {
    const elsewhere = repositoryWith(module(packageOf(`[${TYPE}]`)));
    const root = tempDir();
    symlinkSync(join(elsewhere, "local.mjs"), join(root, "local.mjs"));
    const loaded = await loadPackages(root, ["./local.mjs"], new Set());
    expect(loaded).toMatchObject({
      ok: false,
      failure: { message: expect.stringContaining("leads out") },
    });
  });

  it("two of them bring one hardware type", async () => {
    const files = { "a.mjs": packageOf(`[${TYPE}]`), "b.mjs": packageOf(`[${TYPE}]`) };
    expect(await failureOf(files, ["./a.mjs", "./b.mjs"])).toMatch(/"\.\/b\.mjs" brings .* relay/);
  });
});

describe("a driver that the settings name is loaded", () => {
  it.each([
    ["a path", module(packageOf(`[${TYPE}]`)), "./local.mjs"],
    [
      "main",
      {
        "node_modules/d/package.json": '{"type":"module","main":"x.js"}',
        "node_modules/d/x.js": packageOf(`[${TYPE}]`),
      },
      "d",
    ],
    [
      "an export map with conditions",
      {
        "node_modules/@s/d/package.json":
          '{"exports":{".":{"types":"./x.d.ts","import":{"node":"./x.mjs"}}}}',
        "node_modules/@s/d/x.mjs": packageOf(`[${TYPE}]`),
      },
      "@s/d",
    ],
  ] as const)("by %s", async (_name, files, name) => {
    const loaded = await loadPackages(repositoryWith(files), [name], new Set());
    expect(loaded.ok && loaded.value.map((type) => type.name)).toEqual(["relay"]);
  });
});

describe("a package that breaks its word stops its own nodes only", () => {
  const boom = () => {
    throw new Error("boom");
  };
  const broken = guardType({
    ...fakeType,
    validate: boom,
    open: () => ({ observe: boom, perform: boom, close: () => Promise.reject(new Error("boom")) }),
  });
  const node = testNode("n1", { driver: "fake" });

  it("validate() that throws is a finding", () => {
    expect(broken.validate(node)).toEqual([
      { path: "/driver", message: expect.stringContaining("threw in validate()") },
    ]);
  });

  it("observe() that throws is a silent BMC, perform() an answer that was lost", async () => {
    const driver = broken.open(testPorts());
    const seen = await driver.observe(node, ["power"]);
    expect(seen.unreachable).toMatchObject({ code: "IW-D02", cause: "boom" });
    expect(seen.facets.power?.known).toBe(false);
    expect(await driver.perform(node, { verb: "power.on" }, performContext())).toMatchObject({
      sent: "unknown",
      failure: { code: "IW-D02", kind: "ambiguous" },
    });
    await driver.close();
  });

  it("a console that throws, or that it names and has not, is a Failure", async () => {
    const how = { takesOver: false, ears: ear().ears };
    for (const more of [{ openConsole: boom }, {}]) {
      const open = (ports: DriverPorts) => ({
        ...fakeType.open(ports),
        ...more,
        observe: boom,
        perform: boom,
        close: boom,
      });
      const guarded = guardType({ ...fakeType, consoles: ["serial"], open });
      expect(guarded.consoles).toEqual(["serial"]);
      const opened = await guarded.open(testPorts()).openConsole?.(testNode("n1", {}), how);
      expect(opened).toMatchObject({ kind: "failed", failure: { code: "IW-D02" } });
    }
  });

  it("a vendor method that throws, or answers what is no JSON, is a Failure", async () => {
    const call = { method: "get_asset_tag", args: {} };
    const answers = [boom, () => Promise.resolve({ ok: true, value: 1n } as const), undefined];
    for (const readVendor of answers) {
      const whole = { observe: boom, perform: boom, close: () => Promise.resolve() };
      const open = () => (readVendor === undefined ? whole : { ...whole, readVendor });
      const driver = guardType({ ...fakeType, open }).open(testPorts());
      expect(await driver.readVendor?.(node, call)).toMatchObject({
        ok: false,
        failure: { code: "IW-D02" },
      });
    }
    const [method] = fakeType.vendor ?? [];
    const guarded = guardType({
      ...fakeType,
      vendor: method === undefined ? [] : [{ ...method, after: boom }],
    });
    expect(guarded.vendor?.[0]?.after?.({})).toEqual({});
  });

  it("settings that its schema refuses are findings with their place", () => {
    const bad = testNode("n1", { driver: "fake", fake: { delayMs: -1 } });
    expect(guardType(fakeType).validate(bad)).toEqual([
      { path: "/fake/delayMs", message: expect.stringContaining("schema driver fake") },
    ]);
  });
});
