import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { QUICK_SETTINGS } from "../support/rack.ts";
import { type Ran, runCli } from "../support/run-cli.ts";
import { tempDir } from "../support/temp-dir.ts";
import { type TempRepo, tempRepo } from "../support/temp-repo.ts";

const HOUSE = fileURLToPath(new URL("../../", import.meta.url));
const PACKAGE = join(HOUSE, "examples", "driver-package");
const PASSWORD = "volt-9";

/** What the example's own simulator answers; its declarations are comments. */
interface Bar {
  readonly url: string;
  readonly outlets: Map<string, { state: string }>;
  readonly log: string[];
  logins: number;
  mood: string;
  close(): Promise<void>;
}

async function startBar(): Promise<Bar> {
  const path = join(PACKAGE, "src", "outlet-simulator.mjs");
  const { startBar: start } = (await import(pathToFileURL(path).href)) as {
    startBar: (options: unknown) => Promise<Bar>;
  };
  const label = (serial: string) => ({ state: "off", label: { maker: "Contoso", serial } });
  const outlets = { "1/3": label("C-1"), "2/4": label("C-2") };
  const bar = await start({ username: "ops", password: PASSWORD, outlets });
  onTestFinished(() => bar.close());
  return bar;
}

/** Runs a program to its end; throws with what it printed where that was a bad one. */
function ran(cwd: string, command: string, args: readonly string[]): string {
  const ended = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, HOME: cwd },
  });
  if (ended.status !== 0)
    throw new Error(`${command} ${args.join(" ")}: ${ended.stdout}${ended.stderr}`);
  return ended.stdout;
}

/** A repository with the example as npm packs and installs it, and ironwright beside it. */
async function installed(files: Readonly<Record<string, string>> = {}): Promise<TempRepo> {
  const repo = await tempRepo({ "package.json": '{ "private": true }\n', ...files });
  const shelf = tempDir();
  const packed = ran(shelf, "npm", ["pack", PACKAGE, "--silent"]).trim();
  const how = ["--offline", "--no-audit", "--no-fund", "--legacy-peer-deps", "--ignore-scripts"];
  ran(repo.dir, "npm", ["install", join(shelf, packed), ...how]);
  // What a person's own npm install would bring from the registry.
  for (const [name, from] of [
    ["ironwright", HOUSE],
    ["zod", join(HOUSE, "node_modules", "zod")],
    ["@types", join(HOUSE, "node_modules", "@types")],
    ["undici-types", join(HOUSE, "node_modules", "undici-types")],
  ] as const)
    symlinkSync(from, join(repo.dir, "node_modules", name));
  writeFileSync(join(repo.dir, ".gitignore"), "node_modules/\n.ironwright/\n");
  return repo;
}

const SETTINGS = `drivers: [ironwright-driver-outlet]\n${QUICK_SETTINGS}`;

function node(bar: Bar, more: string): string {
  return `apiVersion: ironwright/v1
kind: Node
metadata: { name: n1 }
spec:
  driver: outlet
  identity: { manufacturer: Contoso, serial: C-1 }
  bmc: { address: "${bar.url}", system: 3, username: ops, password: { env: BAR_PASSWORD } }
  provision: { state: adopted }
${more}`;
}

function cli(repo: TempRepo): (...args: readonly string[]) => Promise<Ran> {
  return (...args) => runCli(repo.dir, args, { BAR_PASSWORD: PASSWORD });
}

test("settings that the package's own schema refuses are errors at their line", async () => {
  const bar = await startBar();
  const repo = await installed({
    "ironwright.yaml": SETTINGS,
    "inventory/n1.yaml": node(bar, "  driverInfo: { bank: 9, colour: red }\n"),
  });
  const { code, out } = await cli(repo)("validate");
  expect(code).toBe(3);
  expect(out).toMatch(
    /inventory\/n1\.yaml:9:\d+ +error +n1: driverInfo\.bank: .*schema driver outlet/,
  );
  expect(out).toMatch(/colour/);
  expect(bar.log).toEqual([]);
});

test("a wrong password is tried once in a run, and never shown", async () => {
  const bar = await startBar();
  const repo = await installed({ "ironwright.yaml": SETTINGS, "inventory/n1.yaml": node(bar, "") });
  const { code, out, err } = await runCli(repo.dir, ["validate", "--live", "--json"], {
    BAR_PASSWORD: "wrong-word",
  });
  expect(code).toBe(3);
  expect(JSON.parse(out)).toMatchObject({
    nodes: [
      {
        interfaces: {
          power: { result: false, code: "IW-B04" },
          deploy: { result: true, implementation: "noop" },
          bios: { result: null },
        },
      },
    ],
  });
  expect(out + err).not.toContain("wrong-word");
  expect(bar.logins).toBe(1);
});

test("a machine behind the package's driver is planned, applied and read back", async () => {
  const bar = await startBar();
  const repo = await installed({
    "ironwright.yaml": SETTINGS,
    "inventory/n1.yaml": node(bar, "  power: on\n"),
    "inventory/n2.yaml": node(bar, "  driverInfo: { bank: 2 }\n")
      .replace("n1", "n2")
      .replace("C-1", "C-2")
      .replace("system: 3", "system: 4"),
  });
  const run = cli(repo);
  expect((await run("schema", "driver", "-o", "name")).out).toBe("fake\nipmi\nredfish\noutlet\n");
  expect((await run("schema", "driver", "outlet")).out).toMatch(
    /driverInfo\.bank +1 +integer, 1 to 4: bank of outlets/,
  );
  await run("init");
  await repo.commit("two machines");
  const live = await run("validate", "--live");
  expect([live.code, live.out]).toEqual([
    0,
    expect.stringContaining("2 of 2 BMCs answer; 0 nodes"),
  ]);
  const plan = await run("plan", "--json");
  expect(JSON.parse(plan.out)).toMatchObject({ summary: { nodes: 2, unreachableNodes: 0 } });
  expect(plan.out).toContain('"action": "power.on"');
  expect(bar.log).toEqual([]);
  const applied = await run("apply", "--yes");
  expect([applied.code, applied.err]).toEqual([0, applied.err]);
  expect(bar.log).toEqual(["1/3 on"]);
  expect(bar.outlets.get("1/3")?.state).toBe("on");
  const again = await run("plan", "--detailed-exitcode");
  expect([again.code, again.out]).toEqual([0, again.out]);
});

test("a power bar that says yes and does nothing is caught", async () => {
  const bar = await startBar();
  const repo = await installed({
    "ironwright.yaml": SETTINGS,
    "inventory/n1.yaml": node(bar, "  power: on\n"),
  });
  const run = cli(repo);
  await run("init");
  await repo.commit("one machine");
  bar.mood = "ignored";
  const { code, out, err } = await run("apply", "--yes");
  expect(code).toBe(1);
  expect(out + err).toMatch(/IW-(B11|A01)/);
});

test("the package passes the conformance suite as npm installs it, and its types are right", async () => {
  const repo = await installed();
  const suite = await cli(repo)("conformance", "ironwright-driver-outlet", "--json");
  expect(JSON.parse(suite.out)).toMatchObject({ package: "ironwright-driver-outlet", failed: 0 });
  expect(suite.code).toBe(0);
  // npm leaves no types beside a package: they are comments, and are checked where they are.
  const source = join(repo.dir, "node_modules", "ironwright-driver-outlet", "src");
  const copy = join(repo.dir, "src");
  mkdirSync(copy);
  ran(repo.dir, "cp", ["-r", `${source}/.`, copy]);
  const files = ["driver-package.mjs", "conformance.mjs"].map((name) => join(copy, name));
  const tsc = join(HOUSE, "node_modules", "typescript", "bin", "tsc");
  const strict = ["--strict", "--noUncheckedIndexedAccess", "--skipLibCheck", "--types", "node"];
  const how = ["--noEmit", "--allowJs", "--checkJs", "--target", "es2023", "--module", "nodenext"];
  ran(repo.dir, process.execPath, [tsc, ...how, ...strict, ...files]);
}, 240_000);

test("conformance of what is no driver, or brings no bench, says what to add", async () => {
  const repo = await installed({
    "bare.mjs":
      'export { driverPackage } from "./node_modules/ironwright-driver-outlet/src/driver-package.mjs";\n',
  });
  const bare = await cli(repo)("conformance", "./bare.mjs");
  expect(bare.code).toBe(3);
  expect(bare.err).toContain('export const conformance = { "outlet": async () => bench }');
  expect((await cli(repo)("conformance", "no-such-driver")).code).toBe(3);
});
