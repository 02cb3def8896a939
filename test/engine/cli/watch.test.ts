import fs, { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as git from "isomorphic-git";
import { expect, test, vi } from "vitest";
import type { EngineEvent } from "../../../schemas/event.ts";
import { runCli, type Running, startCli } from "../../support/run-cli.ts";
import { type TempRepo, tempRepo } from "../../support/temp-repo.ts";

// Daemons are processes of their own, and a lease must run out in one of the tests.
vi.setConfig({ testTimeout: 120_000 });

const SETTINGS = `git: { pollSeconds: 1 }
powerSync: { intervalSeconds: 10 }
watch: { maxImpact: destructive }
lease: { ttlSeconds: 5 }
limits: { resetSpacingSeconds: 0, powerOnSpacingSeconds: 0, settleSeconds: 0 }
timeouts: { powerSeconds: 20, lookSeconds: 0.1 }
`;

function document(name: string, spec: string): string {
  return `apiVersion: ironwright/v1
kind: Node
metadata: { name: ${name}, labels: { rack: ${name} } }
spec:
  driver: fake
  interfaces: { inspect: out-of-band }
  identity: { serial: S-${name} }
  fake: { serial: S-${name} }
  ${spec}
`;
}

/** A committed repository of new machines, with its store. */
async function aRepo(names: readonly string[], spec: string): Promise<TempRepo> {
  const repo = await tempRepo({ "ironwright.yaml": SETTINGS });
  for (const name of names) repo.write(`inventory/${name}.yaml`, document(name, spec));
  const made = await runCli(repo.dir, ["init", "--nodes", "new"]);
  if (made.code !== 0) throw new Error(made.err);
  await repo.commit("the machines");
  return repo;
}

/** A daemon, with the events that it has told so far. */
interface Watching extends Running {
  events(): readonly EngineEvent[];
  /** Until it tells such an event, or has told it after the first `from` of all. */
  until(event: string, message?: RegExp, from?: number): Promise<EngineEvent>;
}

function watch(
  repo: TempRepo,
  instance: string,
  env: Readonly<Record<string, string>> = {},
): Watching {
  const running = startCli(repo.dir, ["watch", "--json"], {
    IRONWRIGHT_INSTANCE: instance,
    ...env,
  });
  let out = "";
  running.child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
  const events = (): readonly EngineEvent[] =>
    out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as EngineEvent);
  const found = (event: string, message: RegExp, from: number): EngineEvent | undefined =>
    events()
      .slice(from)
      .find((one) => one.event === event && message.test(one.message));
  return {
    ...running,
    events,
    until: async (event, message = /./, from = 0) => {
      let one: EngineEvent | undefined;
      for (; one === undefined; one = found(event, message, from)) {
        if (running.child.exitCode !== null)
          throw new Error(`it ended: ${(await running.ended).err}`);
        await pause(50);
      }
      return one;
    },
  };
}

/** Acts that the machine took, by its own log. */
function actsOf(repo: TempRepo, name: string): readonly string[] {
  const text = readFileSync(join(repo.dir, `.ironwright/fake/${name}.json`), "utf8");
  const { log } = JSON.parse(text) as { log: readonly { act: string }[] };
  return log.map(({ act }) => act);
}

async function inSync(repo: TempRepo, what: string): Promise<void> {
  const { out } = await runCli(repo.dir, ["plan"]);
  expect(out).toContain(what);
}

test.each([
  [["watch", "--ref", "HEAD"], 64, "watch follows a ref"],
  [["watch", "--read-only"], 4, "--read-only"],
])("%s is refused", async (args, code, message) => {
  const repo = await aRepo(["n1"], "provision: { state: manageable }");
  const ran = await runCli(repo.dir, args);
  expect([ran.code, ran.err]).toEqual([code, expect.stringContaining(message)]);
});

test("a repository without a commit, and one without a store, say what to do", async () => {
  const repo = await tempRepo({ "ironwright.yaml": SETTINGS });
  const unborn = await runCli(repo.dir, ["watch", "--once"]);
  expect([unborn.code, unborn.err]).toEqual([3, expect.stringMatching(/no commit/)]);
  repo.write("inventory/n1.yaml", document("n1", "power: on"));
  await repo.commit("first");
  const storeless = await runCli(repo.dir, ["watch", "--once"]);
  expect([storeless.code, storeless.err]).toEqual([3, expect.stringContaining("ironwright init")]);
});

test("--once makes everything true that git says, and leaves; a second one finds nothing to do", async () => {
  const repo = await aRepo(["n1", "n2"], "provision: { state: available }");
  const first = await runCli(repo.dir, ["watch", "--once"]);
  expect([first.code, first.err]).toEqual([0, expect.stringContaining("2 applied")]);
  const acts = actsOf(repo, "n1").length;
  expect((await runCli(repo.dir, ["watch", "--once"])).code).toBe(0);
  expect(actsOf(repo, "n1")).toHaveLength(acts);
  await inSync(repo, "2 nodes are in sync");
});

test("where the fleet is only observed a daemon looks, and nothing is done, until a commit says otherwise", async () => {
  const repo = await aRepo(["n1"], "provision: { state: available }");
  repo.write(
    "ironwright.yaml",
    `${readFileSync(join(repo.dir, "ironwright.yaml"), "utf8")}mode: observe\n`,
  );
  await repo.commit("look only");
  const looked = await runCli(repo.dir, ["watch", "--once"]);
  expect([looked.code, looked.err]).toEqual([0, expect.stringContaining("mode is observe")]);
  expect(fs.existsSync(join(repo.dir, ".ironwright/fake/n1.json"))).toBe(false);
  const text = readFileSync(join(repo.dir, "ironwright.yaml"), "utf8");
  repo.write("ironwright.yaml", text.replace("mode: observe\n", ""));
  await repo.commit("act");
  const acted = await runCli(repo.dir, ["watch", "--once"]);
  expect([acted.code, acted.err]).toEqual([0, expect.stringContaining("1 applied")]);
});

test("where the commit in force is not in the repository any more, a daemon waits and says so", async () => {
  const repo = await aRepo(["n1"], "provision: { state: manageable }");
  repo.write("inventory/n1.yaml", document("n1", "provision: { state: available }"));
  const lost = await repo.commit("in force");
  expect((await runCli(repo.dir, ["watch", "--once"])).code).toBe(0);
  // Rewritten from nothing, as a mirror that lags or a shallow clone has it.
  const { dir } = repo;
  const author = {
    name: "ops",
    email: "ops@example.org",
    timestamp: 1_780_000_001,
    timezoneOffset: 0,
  };
  await git.commit({ fs, dir, message: "anew", author, parent: [] });
  fs.rmSync(join(dir, ".git/objects", lost.slice(0, 2), lost.slice(2)));
  const { code, err } = await runCli(dir, ["watch", "--once"]);
  expect([code, err]).toEqual([3, expect.stringContaining("is not in this repository")]);
});

test("--once over an inventory that was emptied refuses it and leaves with 4", async () => {
  const repo = await aRepo(["n1", "n2", "n3", "n4", "n5"], "power: off");
  expect((await runCli(repo.dir, ["watch", "--once"])).code).toBe(0);
  for (const name of ["n1", "n2", "n3", "n4"]) repo.remove(`inventory/${name}.yaml`);
  await repo.commit("merge gone wrong");
  const { code, err } = await runCli(repo.dir, ["watch", "--once"]);
  expect([code, err]).toEqual([4, expect.stringContaining("--accept-removal 4")]);
});

test("a ref that went back puts no older commit in force: what is in force is obeyed", async () => {
  const repo = await aRepo(["n1"], "power: off");
  const first = (await runCli(repo.dir, ["watch", "--once"])).code;
  const spec = "provision: { state: adopted }\n  power: on";
  repo.write("inventory/n1.yaml", document("n1", spec));
  const second = await repo.commit("on");
  expect([first, (await runCli(repo.dir, ["watch", "--once"])).code]).toEqual([0, 0]);
  const [, before] = await git.log({ fs, dir: repo.dir, depth: 2 });
  const main = { ref: "refs/heads/main", value: before?.oid ?? "", force: true };
  await git.writeRef({ fs, dir: repo.dir, ...main });
  const late = await runCli(repo.dir, ["watch", "--once"]);
  expect([late.code, late.err]).toEqual([0, expect.stringContaining("is older than")]);
  const { out } = await runCli(repo.dir, ["plan", "--ref", second]);
  expect(out).toContain(`commit ${second.slice(0, 7)} (in force`);
  expect(actsOf(repo, "n1").filter((act) => act.startsWith("power."))).toEqual(["power.on"]);
});

test("a push is followed; a bad commit is refused whole, the last good one stays, and the next good one is taken", async () => {
  const repo = await aRepo(["n1"], "power: off");
  const daemon = watch(repo, "a");
  await daemon.until("watch.commit");
  repo.write("inventory/n1.yaml", document("n1", "power: maybe"));
  await repo.commit("bad");
  const refused = await daemon.until("watch.refused");
  expect(refused.message).toMatch(
    /is refused, [0-9a-f]{7} stays in force: inventory\/n1\.yaml:9:3 /,
  );
  repo.write("inventory/n1.yaml", document("n1", "provision: { state: adopted }\n  power: on"));
  const before = daemon.events().length;
  await repo.commit("good");
  await daemon.until("watch.commit", /"good"/);
  await daemon.until("apply.summary", /1 applied/, before);
  expect(actsOf(repo, "n1")).toContain("power.on");
  daemon.child.kill("SIGTERM");
  expect((await daemon.ended).code).toBe(0);
  await inSync(repo, "1 node is in sync");
});

test("an inventory that was emptied is refused, and an apply of another commit beside a daemon too", async () => {
  const repo = await aRepo(["n1", "n2", "n3", "n4", "n5"], "power: off");
  const daemon = watch(repo, "a");
  await daemon.until("watch.commit");
  await daemon.until("apply.summary");
  for (const name of ["n1", "n2", "n3", "n4"]) repo.remove(`inventory/${name}.yaml`);
  await repo.commit("merge gone wrong");
  const refused = await daemon.until("watch.refused");
  expect(refused.message).toContain("--accept-removal 4");
  const beside = await runCli(repo.dir, ["apply", "--yes", "--accept-removal", "4"]);
  expect([beside.code, beside.err]).toEqual([
    4,
    expect.stringContaining("a is at work on the tree that init found"),
  ]);
  daemon.child.kill("SIGTERM");
  await daemon.ended;
});

test("kill -9 in the middle of a deploy: another member takes over and ends it, and the image is written once", async () => {
  const repo = await aRepo(["n1"], "provision: { state: available }");
  await runCli(repo.dir, ["watch", "--once"]);
  const stop = { IRONWRIGHT_TEST_STOP_AT: "performed:3" };
  const first = watch(repo, "a", stop);
  await first.until("watch.commit");
  const image = `image: { name: debian-13, url: "https://images/debian-13.raw", checksum: "sha256:13" }`;
  repo.write("inventory/n1.yaml", document("n1", `provision: { state: active, ${image} }`));
  await repo.commit("deploy");
  expect((await first.ended).signal).toBe("SIGKILL");
  const second = watch(repo, "b");
  await second.until("apply.summary", /1 applied/);
  second.child.kill("SIGTERM");
  await second.ended;
  const writes = actsOf(repo, "n1").filter((act) => act.startsWith("step.run deploy.write_image"));
  expect(writes).toHaveLength(1);
  await inSync(repo, "1 node is in sync");
});

test("commits that come during a deploy end it neither by leaving its node alone nor by another wish, which waits", async () => {
  const image = `{ state: active, image: { name: debian-13, url: "https://images/debian-13.raw", checksum: "sha256:13" } }`;
  const slow = (power: string): string =>
    document("n1", `provision: ${image}\n  power: ${power}`).replace(
      "fake: {",
      "fake: { stepMs: 2500,",
    );
  const other = (power: string): string =>
    document("n2", `provision: { state: available }\n  power: ${power}`);
  const repo = await aRepo(["n1", "n2"], "provision: { state: available }");
  await runCli(repo.dir, ["watch", "--once"]);
  const daemon = watch(repo, "a");
  await daemon.until("watch.commit");
  repo.write("inventory/n1.yaml", slow("on"));
  await repo.commit("deploy");
  await daemon.until("step.sent", /begun/);
  for (const power of ["on", "off"]) {
    repo.write("inventory/n2.yaml", other(power));
    await repo.commit(`n2 is ${power}`);
    await daemon.until("watch.commit", new RegExp(`n2 is ${power}`));
  }
  repo.write("inventory/n1.yaml", slow("off"));
  await repo.commit("n1 is off");
  await daemon.until("watch.commit", /n1 is off/);
  const isOff = (): boolean => actsOf(repo, "n1").at(-1) === "power.softOff";
  const isDone = (): boolean =>
    daemon.events().some(({ node, event }) => node === "n1" && event === "node.done");
  while (!isDone() || !isOff()) await pause(100);
  daemon.child.kill("SIGTERM");
  await daemon.ended;
  const told = daemon.events().filter(({ node }) => node === "n1");
  expect(told.filter(({ code }) => code === "IW-P17")).toEqual([]);
  const writes = actsOf(repo, "n1").filter((act) => act.startsWith("step.run deploy.write_image"));
  expect(writes).toHaveLength(1);
  // It began under the first commit, and came to its end under the last.
  const ended = told.findIndex(({ event }) => event === "node.done");
  const off = told.findIndex(
    ({ event, action }) => event === "step.intent" && action === "power.softOff",
  );
  expect(ended).toBeLessThan(off);
  await inSync(repo, "2 nodes are in sync");
});

test("a daemon that wakes up after its lease ran out acts on nothing and leaves with 5", async () => {
  const repo = await aRepo(["n1"], "power: off");
  const daemon = watch(repo, "a");
  await daemon.until("watch.commit");
  await daemon.until("apply.summary");
  daemon.child.kill("SIGSTOP");
  await pause(6000);
  repo.write("inventory/n1.yaml", document("n1", "provision: { state: adopted }\n  power: on"));
  await repo.commit("on");
  daemon.child.kill("SIGCONT");
  const { code, err } = await daemon.ended;
  expect([code, err]).toEqual([5, expect.stringContaining("IW-L02")]);
  expect(actsOf(repo, "n1")).not.toContain("power.on");
});

test("a second daemon of one name leaves at once; two of two names split the nodes, and ring says how", async () => {
  const names = Array.from({ length: 8 }, (_, index) => `n${index}`);
  const repo = await aRepo(names, "power: off");
  const a = watch(repo, "a");
  await a.until("watch.members");
  const twin = await watch(repo, "a").ended;
  expect([twin.code, twin.err]).toEqual([5, expect.stringContaining("an engine named a is alive")]);
  const b = watch(repo, "b");
  await a.until("watch.members", /members: a, b/);
  await b.until("watch.members", /members: a, b/);
  const { out } = await runCli(repo.dir, ["ring", "--json"]);
  const { owners } = JSON.parse(out) as { owners: Readonly<Record<string, string>> };
  expect(new Set(Object.values(owners))).toEqual(new Set(["a", "b"]));
  const moved = await runCli(repo.dir, ["ring", "--remove", "b"]);
  const count = Object.values(owners).filter((owner) => owner === "b").length;
  expect(moved.out).toContain(`${count} of 8 nodes would move`);
  const before = a.events().length;
  b.child.kill("SIGKILL");
  await a.until("watch.members", /members: a$/, before);
  a.child.kill("SIGTERM");
  expect((await a.ended).code).toBe(0);
});

test("one that is told to leave is passed over at once, while it finishes what it has begun", async () => {
  const names = Array.from({ length: 8 }, (_, index) => `n${index}`);
  const repo = await aRepo(names, "power: off");
  const [b, a] = [watch(repo, "b"), watch(repo, "a")];
  await b.until("watch.members", /members: a, b/);
  await a.until("watch.commit");
  for (const name of names) {
    const slow = document(name, "power: on").replace("fake: {", "fake: { powerMs: 12000,");
    repo.write(`inventory/${name}.yaml`, slow);
  }
  await repo.commit("on");
  await a.until("step.intent", /declared on, is off/);
  const before = b.events().length;
  a.child.kill("SIGTERM");
  await b.until("watch.members", /members: b$/, before);
  expect(a.child.exitCode).toBeNull();
  expect((await a.ended).code).toBe(0);
  // What it had begun it has seen to its end, and the other goes on with the rest.
  await vi.waitFor(() => inSync(repo, "8 nodes are in sync"), { timeout: 60_000, interval: 1000 });
  for (const name of names)
    expect(actsOf(repo, name).filter((act) => act === "power.on")).toHaveLength(1);
  b.child.kill("SIGTERM");
  await b.ended;
});

test("a room that goes dark opens the breaker: nothing is switched on in a rush, and a person lets it go on", async () => {
  const names = Array.from({ length: 25 }, (_, index) => `n${index}`);
  const spec = "provision: { state: adopted }\n  power: on\n  drift: { power: enforce }";
  const repo = await aRepo(names, spec);
  const first = await runCli(repo.dir, ["watch", "--once"]);
  expect([first.code, first.err]).toEqual([0, expect.stringContaining("25 applied")]);
  const daemon = watch(repo, "a");
  await daemon.until("watch.commit");
  for (const name of names) {
    const path = join(repo.dir, `.ironwright/fake/${name}.json`);
    const machine = JSON.parse(readFileSync(path, "utf8")) as object;
    writeFileSync(path, JSON.stringify({ ...machine, power: "off" }));
  }
  const open = await daemon.until("breaker.open");
  expect(open.message).toMatch(/2\d of 25 nodes drifted or do not answer, more than 20/);
  const switched = (): number =>
    names.filter((name) => actsOf(repo, name).filter((act) => act === "power.on").length > 1)
      .length;
  await pause(1000);
  const before = switched();
  expect(before).toBeLessThan(23);
  await pause(12_000);
  expect(switched()).toBe(before);
  expect((await runCli(repo.dir, ["resume"])).code).toBe(0);
  while (switched() < names.length) await pause(200);
  daemon.child.kill("SIGTERM");
  expect((await daemon.ended).code).toBe(0);
});

test("health, readiness and metrics are told over HTTP", async () => {
  const repo = await aRepo(["n1"], "power: off");
  const daemon = watch(repo, "a", { IRONWRIGHT_LISTEN: "127.0.0.1:0" });
  let told = "";
  daemon.child.stderr?.on("data", (chunk: Buffer) => (told += chunk.toString()));
  await daemon.until("watch.commit");
  const [url = ""] = /http:\/\/127\.0\.0\.1:\d+/.exec(told) ?? [];
  const get = async (path: string): Promise<readonly [number, string]> => {
    const answer = await fetch(`${url}${path}`);
    return [answer.status, await answer.text()];
  };
  expect(await get("/healthz")).toEqual([200, expect.stringContaining('"healthy":true')]);
  expect(await get("/readyz")).toEqual([200, expect.stringContaining('"owned":1')]);
  expect(await get("/metrics")).toEqual([200, expect.stringContaining("ironwright_nodes_owned 1")]);
  expect(await get("//")).toEqual([404, expect.anything()]);
  expect(await get("/nothing")).toEqual([404, expect.stringContaining("POST /wake")]);
  daemon.child.kill("SIGTERM");
  await daemon.ended;
});
