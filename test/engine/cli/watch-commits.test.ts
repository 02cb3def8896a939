import fs from "node:fs";
import { join } from "node:path";
import * as git from "isomorphic-git";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { runCli } from "../../support/run-cli.ts";
import { actsOf, aRepo, document, inSync, watch } from "../../support/watching.ts";

// Daemons are processes of their own, and a lease must run out in one of the tests.
vi.setConfig({ testTimeout: 120_000 });

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
  await daemon.until("apply.summary", /1 applied/);
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
