import fs, { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { runCli } from "../../support/run-cli.ts";
import { tempRepo } from "../../support/temp-repo.ts";
import { actsOf, aRepo, WATCH_SETTINGS, document, inSync, watch } from "../../support/watching.ts";

// Daemons are processes of their own, and a lease must run out in one of the tests.
vi.setConfig({ testTimeout: 120_000 });

test.each([
  [["watch", "--ref", "HEAD"], 64, "watch follows a ref"],
  [["watch", "--read-only"], 4, "--read-only"],
])("%s is refused", async (args, code, message) => {
  const repo = await aRepo(["n1"], "provision: { state: manageable }");
  const ran = await runCli(repo.dir, args);
  expect([ran.code, ran.err]).toEqual([code, expect.stringContaining(message)]);
});

test("a repository without a commit, and one without a store, say what to do", async () => {
  const repo = await tempRepo({ "ironwright.yaml": WATCH_SETTINGS });
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
