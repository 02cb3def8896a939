import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { STORE_FORMAT } from "../../schemas/store-format.ts";
import { QUICK_SETTINGS } from "../support/rack.ts";
import { MAIN, type Ran, runCli, startCli } from "../support/run-cli.ts";
import { type TempRepo, tempRepo } from "../support/temp-repo.ts";

/** The last commit whose engine writes the format before `STORE_FORMAT`. Moved on whenever that is raised. */
const PREVIOUS = "0288870078ff5ba853582e91dc89b9417ef2321a";
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILD_MS = 180_000;
// Twenty commands one after the other, each a process of its own.
vi.setConfig({ testTimeout: 300_000 });

let dir = "";
/** The command as the version before built it. */
let old = "";

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "ironwright-previous-"));
  const tar = join(dir, "previous.tar");
  try {
    execFileSync("git", ["-C", ROOT, "archive", "-o", tar, PREVIOUS], { stdio: "pipe" });
  } catch (error) {
    throw new Error(
      `the version before (${PREVIOUS}) is not in this clone; run: git fetch --unshallow`,
      { cause: error },
    );
  }
  execFileSync("tar", ["-xf", tar, "-C", dir]);
  symlinkSync(join(ROOT, "node_modules"), join(dir, "node_modules"));
  execFileSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", dir], { stdio: "pipe" });
  old = join(dir, "dist/engine/cli/main.js");
}, BUILD_MS);

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const IMAGE = `image: { name: debian-13, url: "https://images/debian-13.raw", checksum: "sha256:13" }`;

function document(name: string, spec: string, fake = ""): string {
  return `apiVersion: ironwright/v1
kind: Node
metadata: { name: ${name} }
spec:
  driver: fake
  interfaces: { inspect: out-of-band }
  identity: { serial: S-${name} }
  fake: { serial: S-${name}${fake} }
  ${spec}
`;
}

/** New nodes whose disks may be erased without a claim, in a store that the version before made. */
async function aStoreOfBefore(names: readonly string[]): Promise<TempRepo> {
  const repo = await tempRepo({
    "ironwright.yaml": `${QUICK_SETTINGS}lease: { ttlSeconds: 10 }\n`,
  });
  for (const name of names)
    repo.write(`inventory/${name}.yaml`, document(name, "provision: { state: available }"));
  await done(runCli(repo.dir, ["init", "--nodes", "new"], {}, old));
  await repo.commit("the machines");
  await done(runCli(repo.dir, applies(names.length), {}, old));
  return repo;
}

function applies(nodes: number): readonly string[] {
  return ["apply", "--yes", "--allow-erase", String(nodes)];
}

async function done(command: Promise<Ran>): Promise<Ran> {
  const ran = await command;
  if (ran.code !== 0) throw new Error(`${ran.out}${ran.err}`);
  return ran;
}

function deploy(repo: TempRepo, name: string): void {
  repo.write(`inventory/${name}.yaml`, document(name, `provision: { state: active, ${IMAGE} }`));
}

/** How often an image was written to the machine, by its own log. */
function writes(repo: TempRepo, name: string): number {
  const text = readFileSync(join(repo.dir, `.ironwright/fake/${name}.json`), "utf8");
  const { log } = JSON.parse(text) as { log: readonly { act: string }[] };
  return log.filter(({ act }) => act.startsWith("step.run deploy.write_image")).length;
}

function storeFile(repo: TempRepo): { format: number; writes?: number } {
  return JSON.parse(readFileSync(join(repo.dir, ".ironwright/store.json"), "utf8")) as {
    format: number;
  };
}

test("two versions take turns on one store, and take over what the other left when it was killed", async () => {
  const names = ["n1", "n2", "n3", "n4"];
  const repo = await aStoreOfBefore(names);
  const stop = { IRONWRIGHT_TEST_STOP_AT: "performed:3" };
  const turns = [
    { name: "n1", first: MAIN, second: old },
    { name: "n2", first: old, second: MAIN },
    { name: "n3", first: MAIN, second: MAIN },
    { name: "n4", first: old, second: old },
  ];
  for (const { name, first, second } of turns) {
    deploy(repo, name);
    const killed = await runCli(repo.dir, applies(1), stop, first);
    expect([name, killed.signal]).toEqual([name, "SIGKILL"]);
    const seen = await done(runCli(repo.dir, ["plan"], {}, second));
    expect(seen.out).toContain("an engine ended in the middle of its work here");
    const ended = await done(runCli(repo.dir, ["apply", "--yes"], {}, second));
    expect(ended.out).toContain("1 node applied");
  }
  for (const main of [old, MAIN]) {
    const { out } = await done(runCli(repo.dir, ["plan"], {}, main));
    expect(out).toContain("4 nodes are in sync");
  }
  expect(names.map((name) => writes(repo, name))).toEqual([1, 1, 1, 1]);
  expect(storeFile(repo)).toMatchObject({ format: STORE_FORMAT - 1 });
  const { err } = await done(runCli(repo.dir, ["status"]));
  expect(err).toContain("once none is needed: ironwright migrate store");
});

test("an act that the version before does not know is not done while it shares the store", async () => {
  const repo = await aStoreOfBefore(["n1"]);
  const led = await runCli(repo.dir, ["node", "led", "n1", "on"]);
  expect([led.code, `${led.out}${led.err}`]).toEqual([4, expect.stringContaining("IW-P33")]);
  await done(runCli(repo.dir, ["migrate", "store"]));
  await done(runCli(repo.dir, ["node", "led", "n1", "on"]));
});

test("both at once: each node is worked on by one of them", async () => {
  const names = Array.from({ length: 6 }, (_, index) => `n${index}`);
  const repo = await aStoreOfBefore(names);
  for (const name of names) deploy(repo, name);
  await repo.commit("deploy all");
  const register = join(repo.dir, ".ironwright/register");
  const before = readdirSync(register).length;
  const first = startCli(repo.dir, applies(6), {}, old);
  await until(() => readdirSync(register).length > before);
  const second = runCli(repo.dir, [...applies(6), "--lock-timeout", "60"]);
  const both = await Promise.all([first.ended, second]);
  for (const { code, out, err } of both)
    expect([code, code === 0 ? "" : `${out}${err}`.slice(-1500)]).toEqual([0, ""]);
  expect(names.map((name) => writes(repo, name))).toEqual(names.map(() => 1));
  const { out } = await done(runCli(repo.dir, ["plan"]));
  expect(out).toContain("6 nodes are in sync");
});

test("the format is raised once no older engine lives; from then on an older one reads nothing", async () => {
  const repo = await aStoreOfBefore(["n1"]);
  deploy(repo, "n1");
  const looked = await runCli(repo.dir, ["migrate", "store", "--check"]);
  expect([looked.code, looked.out]).toEqual([2, expect.stringContaining("nothing was changed")]);
  const paused = startCli(repo.dir, applies(1), { IRONWRIGHT_TEST_PAUSE_AT: "performed:3" }, old);
  await stopped(paused.child.pid);
  const before = storeFile(repo);
  const refused = await runCli(repo.dir, ["migrate", "store"]);
  expect([refused.code, refused.err]).toEqual([
    5,
    expect.stringMatching(/engines of the version before are at work.*nothing was changed/),
  ]);
  expect(storeFile(repo)).toEqual(before);

  paused.child.kill("SIGKILL");
  await paused.ended;
  const raised = await done(runCli(repo.dir, ["migrate", "store"]));
  expect(raised.out).toContain(`is written in format ${STORE_FORMAT} from now on`);
  const again = await done(runCli(repo.dir, ["migrate", "store"]));
  expect(again.out).toContain("nothing to migrate");
  const late = await runCli(repo.dir, applies(1), {}, old);
  expect([late.code, late.err]).toEqual([3, expect.stringContaining("use a newer ironwright")]);
  // What the older one had begun is in its lines alone.
  const ended = await done(runCli(repo.dir, ["apply", "--yes"]));
  expect(ended.out).toContain("1 node applied");
  expect(writes(repo, "n1")).toBe(1);
  const { out } = await done(runCli(repo.dir, ["plan"]));
  expect(out).toContain("1 node is in sync");
});

test("a plan that the version before saved is applied as it was approved", async () => {
  const repo = await aStoreOfBefore(["n1"]);
  deploy(repo, "n1");
  await done(runCli(repo.dir, ["plan", "--out", "saved.plan"], {}, old));
  const { out } = await done(runCli(repo.dir, [...applies(1), "saved.plan"]));
  expect(out).toContain("1 node applied");
  expect(writes(repo, "n1")).toBe(1);
});

/** Until the process is stopped by its signal (state T of its own stat). */
function stopped(pid: number | undefined): Promise<void> {
  return until(() => /\) T /.test(readFileSync(`/proc/${String(pid)}/stat`, "utf8")));
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo())
    await new Promise((awake) => {
      setTimeout(awake, 20);
    });
}
