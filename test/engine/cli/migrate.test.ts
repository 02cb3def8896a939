import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { VERSIONS, type Versions } from "../../../inventory/conversions.ts";
import { GoldenHouse } from "../../support/golden-house.ts";
import { aHost, aRow, uuidAt } from "../../support/an-export.ts";
import { SINCE_ALPHA } from "../../support/made-up-versions.ts";
import { aRack, QUICK_SETTINGS } from "../../support/rack.ts";
import { MAIN, runCli } from "../../support/run-cli.ts";
import { tempDir } from "../../support/temp-dir.ts";

const FAKE = { Driver: "fake-hardware", "Driver Info": {} };
const ROWS = [
  aRow({ ...FAKE, Name: "n1" }),
  aRow({ ...FAKE, Name: "n2", UUID: uuidAt(2), "Provisioning State": "available" }),
];

function dirWith(files: Readonly<Record<string, unknown>>): string {
  const dir = tempDir();
  for (const [path, value] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(
      join(dir, path),
      typeof value === "string" ? value : JSON.stringify(value, null, 2),
    );
  }
  return dir;
}

/** Runs `migrate` in this process, with versions of its own. */
function runWith(dir: string, versions: Versions, ...args: readonly string[]): Promise<string> {
  const house = new GoldenHouse(dir, join(dir, ".ironwright"), { versions });
  return house.run(["migrate", ...args], { columns: 100, answer: null });
}

test("an export becomes documents on stdout, which validate accepts; the story is on stderr", async () => {
  const dir = dirWith({ "nodes.json": ROWS });
  const { code, out, err } = await runCli(dir, ["migrate", "nodes.json"]);
  expect([code, err]).toEqual([0, expect.stringContaining("read as an export of ironic")]);
  expect(err).toMatch(/provision_state available +n2 /);
  const repo = dirWith({ "inventory/all.yaml": out });
  const valid = await runCli(repo, ["validate"]);
  expect([valid.code, valid.out]).toEqual([0, "valid: 2 nodes, 0 warnings\n"]);
});

test("- is stdin, and --out writes a file for each node", () => {
  const dir = dirWith({ "nodes.json": ROWS });
  const sh = (command: string): { status: number | null; out: string; err: string } => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: dir, MAIN };
    const { status, stdout, stderr } = spawnSync("bash", ["-c", command], { cwd: dir, env });
    return { status, out: stdout.toString(), err: stderr.toString() };
  };
  const first = sh('node "$MAIN" migrate - --from ironic --out inventory/hall < nodes.json');
  expect([first.status, readdirSync(join(dir, "inventory/hall"))]).toEqual([
    0,
    ["n1.yaml", "n2.yaml"],
  ]);
  writeFileSync(join(dir, "inventory/hall/n2.yaml"), "# mine\n");
  const again = sh('node "$MAIN" migrate - --out inventory/hall < nodes.json');
  expect([again.status, again.err]).toEqual([64, expect.stringContaining("--force overwrites")]);
  expect(readFileSync(join(dir, "inventory/hall/n2.yaml"), "utf8")).toBe("# mine\n");
  const forced = sh('node "$MAIN" migrate - --out inventory/hall --force < nodes.json');
  expect(forced.status).toBe(0);
  expect(readFileSync(join(dir, "inventory/hall/n2.yaml"), "utf8")).toContain("state: manageable");
});

test("kubectl's YAML is told by what is in it, and what is no host is counted", async () => {
  const dir = dirWith({ "bmh.yaml": { kind: "List", items: [aHost(), { kind: "ConfigMap" }] } });
  const { code, out, err } = await runCli(dir, ["migrate", "bmh.yaml"]);
  expect([code, err]).toEqual([0, expect.stringContaining("not read: 1 ConfigMap")]);
  expect(out).toContain("# Metal3 calls it metal3/worker-0.");
});

test("what is wrong with an export has its place and ends with 3; nothing is written", async () => {
  const dir = dirWith({
    "cut.json": JSON.stringify(ROWS).slice(0, -30),
    "other.json": [{ flavor: "m1" }],
    "twice.json": [...ROWS, ...ROWS],
    "none.json": "[]",
    "prose.txt": "hello",
    "own.yaml": "apiVersion: ironwright/v1\nkind: [\n",
  });
  const words = {
    "cut.json": /cut\.json:1:\d+ {2}error {2}the text ends in the middle/,
    "other.json": /other\.json: neither an export of ironic or metal3 nor documents of ours/,
    "twice.json": /twice\.json:\d+:3 {2}error {2}two nodes have the name n1/,
    "none.json": /none\.json: neither/,
    "prose.txt": /prose\.txt: neither/,
  };
  for (const [file, pattern] of Object.entries(words)) {
    const said = await runWith(dir, VERSIONS, file, "--out", "inventory");
    expect(said).toMatch(pattern);
    expect([file, said]).toEqual([file, expect.stringMatching(/\[exit 3\]\n$/)]);
  }
  const asked = await runWith(dir, VERSIONS, "none.json", "--from", "ironic");
  const own = await runWith(dir, VERSIONS, "own.yaml");
  expect(own).toMatch(/own\.yaml:\d+:\d+ {2}error {2}[^]*\[exit 3\]\n$/);
  expect(asked).toMatch(/there is no node in none\.json.*\n\[exit 3\]\n$/);
  expect(readdirSync(dir)).not.toContain("inventory");
});

test("wrong usage is 64", async () => {
  const dir = dirWith({
    "a.json": ROWS,
    "b.yaml": aHost(),
    "own.yaml": "apiVersion: ironwright/v1\nkind: Node\n",
  });
  const wrong = [
    ["a.json", "--from", "maas"],
    ["nosuch.json"],
    ["a.json", "b.yaml"],
    ["a.json", "own.yaml"],
    ["a.json", "--check"],
    ["own.yaml", "--out", "x"],
    ["--from", "ironic"],
    ["own.yaml", "--ref", "HEAD"],
  ];
  for (const args of wrong) {
    const said = await runWith(dir, VERSIONS, ...args);
    expect([args, said]).toEqual([args, expect.stringMatching(/^ironwright: .*\n\[exit 64\]\n$/)]);
  }
});

const OLD =
  "# by hand\napiVersion: ironwright/v1alpha1\nkind: Node\nmetadata: {name:  n1}   # blanks\nspec:\n  hardwareType: fake\n";
const NEW = OLD.replace("v1alpha1", "v1").replace("hardwareType", "driver");

test("documents of ours are rewritten in place, whole, with the mode that they had", async () => {
  const dir = dirWith({ "inventory/a.yaml": OLD, "inventory/b/c.yaml": NEW.replace("n1", "n2") });
  const file = join(dir, "inventory/a.yaml");
  chmodSync(file, 0o640);
  expect(await runWith(dir, SINCE_ALPHA, "--check")).toBe(
    "inventory/a.yaml: 1 document to be rewritten from ironwright/v1alpha1 to ironwright/v1\n[exit 2]\n",
  );
  expect(await runWith(dir, SINCE_ALPHA, "--dry-run")).toContain(
    "--- a/inventory/a.yaml\n+++ b/inventory/a.yaml\n@@ -1,6 +1,6 @@\n # by hand\n-apiVersion: ironwright/v1alpha1\n+apiVersion: ironwright/v1\n kind: Node\n",
  );
  expect(readFileSync(file, "utf8")).toBe(OLD);
  expect(await runWith(dir, SINCE_ALPHA)).toContain("inventory/a.yaml: 1 document rewritten");
  expect([readFileSync(file, "utf8"), statSync(file).mode & 0o777]).toEqual([NEW, 0o640]);
  expect(readdirSync(join(dir, "inventory"))).toEqual(["a.yaml", "b"]);
  expect(await runWith(dir, SINCE_ALPHA, "--check")).toBe(
    "nothing to migrate: 2 files in ironwright/v1\n",
  );
});

test("one file that can't be read, or that no way leads from, and none is written", async () => {
  const dir = dirWith({
    "inventory/a.yaml": OLD,
    "inventory/b.yaml": "apiVersion: ironwright/v9\nkind: Node\n",
    "inventory/c.yaml": "apiVersion: [\n",
  });
  const said = await runWith(dir, SINCE_ALPHA);
  expect(said).toMatch(
    /inventory\/b\.yaml:1:1 {2}error {2}apiVersion is "ironwright\/v9"; there is a way from ironwright\/v1, ironwright\/v1alpha1/,
  );
  expect(said).toMatch(/inventory\/c\.yaml:\d+:\d+ {2}error/);
  expect(said).toContain("[exit 3]");
  expect(readFileSync(join(dir, "inventory/a.yaml"), "utf8")).toBe(OLD);
});

test("production has nothing to rewrite", async () => {
  const dir = dirWith({ "inventory/a.yaml": NEW });
  const { code, out } = await runCli(dir, ["migrate", "--check"]);
  expect([code, out]).toEqual([0, "nothing to migrate: 1 file in ironwright/v1\n"]);
});

test("a rack that Ironic describes is taken over, and its BMCs' own log holds no act", async () => {
  const rack = await aRack(["n1", "n2"], { init: false });
  const rows = ["n1", "n2"].map((name, at) =>
    aRow({
      UUID: uuidAt(at),
      Name: `hall-${name}`,
      "Driver Info": {
        redfish_address: rack.simulator.addresses.get(name),
        redfish_system_id: `/redfish/v1/Systems/${name}`,
        redfish_username: "admin",
        redfish_password: "******",
      },
      // The machines are off, boot UEFI without secure boot: whatever of this were declared would be set.
      "Power State": "power on",
      Properties: { capabilities: "boot_mode:bios,secure_boot:true" },
      "Provisioning State": name === "n1" ? "active" : "available",
    }),
  );
  for (const name of ["n1", "n2"]) rack.repo.remove(`inventory/${name}.yaml`);
  rack.repo.write("nodes.json", JSON.stringify(rows));
  rack.repo.write("ironwright.yaml", `${QUICK_SETTINGS}secrets: { dirs: [ secrets ] }\n`);
  for (const name of ["hall-n1", "hall-n2"])
    rack.repo.write(`secrets/bmc/${name}`, rack.simulator.password);
  for (const args of [["migrate", "nodes.json", "--out", "inventory"], ["validate"], ["init"]])
    expect([args, (await rack.run(...args)).code]).toEqual([args, 0]);
  await rack.repo.commit("out of Ironic");
  const plan = JSON.parse((await rack.run("plan", "--json")).out) as {
    nodes: { node: string; steps: { action: string; impact: string }[] }[];
  };
  expect(plan.nodes.map(({ steps }) => steps.map(({ action }) => action))).toEqual([
    ["provision.manage", "provision.adopt"],
    ["provision.manage"],
  ]);
  expect((await rack.run("apply", "--yes", "--max-impact", "none")).code).toBe(0);
  const status = JSON.parse((await rack.run("status", "--json")).out) as {
    nodes: { provisionState: string; uuid: string; inSync: boolean }[];
  };
  expect(status.nodes).toEqual([
    expect.objectContaining({ provisionState: "active", uuid: uuidAt(0), inSync: true }),
    expect.objectContaining({ provisionState: "manageable", uuid: uuidAt(1), inSync: true }),
  ]);
  expect(rack.acts()).toEqual([]);
});
