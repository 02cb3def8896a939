import { setTimeout as pause } from "node:timers/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { FakeMachine } from "../../drivers/fake/fake-machine.ts";
import { type Ran, runCli } from "../support/run-cli.ts";
import { tempDir } from "../support/temp-dir.ts";
import { git } from "./git-program.ts";
import {
  commit,
  type DeclaredNode,
  HALL_PROFILE,
  hallNode,
  rackFiles,
} from "./hall/hall-inventory.ts";
import { brokenPromises } from "./hall/judge-record.ts";
import { aHall, type Hall } from "./hall/simulated-hall.ts";
import { supervise } from "./hall/supervised.ts";
import { inTenDays } from "./hall/wishes.ts";

vi.setConfig({ testTimeout: 300_000 });

const SPACING_MS = 500;
/** Two wall clocks, of which one may be slewed. Milliseconds. */
const CLOCK_MS = 20;

const SETTINGS = `git: { pollSeconds: 1 }
lease: { ttlSeconds: 30 }
powerSync: { intervalSeconds: 10 }
watch: { maxImpact: destructive }
limits: { resetSpacingSeconds: 0, powerOnSpacingSeconds: ${SPACING_MS / 1000}, settleSeconds: 0, requestSeconds: 2 }
timeouts: { powerSeconds: 10, softOffSeconds: 5, settingSeconds: 10, agentSeconds: 60, lookSeconds: 0.1 }
`;

/** A repository with its store, as whoever made it has it. */
interface Site {
  readonly dir: string;
  run(...args: readonly string[]): Promise<Ran>;
  commit(nodes: readonly DeclaredNode[], message: string): string;
}

async function aSite(nodes: readonly DeclaredNode[], how: "new" | "existing"): Promise<Site> {
  const dir = tempDir();
  git(dir, "init", "--quiet", "-b", "main");
  const site: Site = {
    dir,
    run: (...args) => runCli(dir, args, { BMC_PASSWORD: "password" }),
    commit: (all, message) => commit(dir, rackFiles(all), message),
  };
  const files = [
    ["ironwright.yaml", SETTINGS],
    ["inventory/hall.yaml", HALL_PROFILE],
    [".gitignore", ".ironwright/\n.local/\n"],
  ] as const;
  commit(dir, [...files, ...rackFiles(nodes)], "the nodes");
  const made = await site.run("init", "--nodes", how);
  if (made.code !== 0) throw new Error(made.err);
  site.commit(nodes, "their store");
  return site;
}

async function inSync(site: Site, count: number): Promise<void> {
  const wanted = count === 1 ? "1 node is in sync" : `${count} nodes are in sync`;
  while (!(await site.run("plan")).out.includes(wanted)) await pause(500);
}

/** Power-ons of a rack, by whichever daemon: when each came, milliseconds. */
function powerOns(hall: Hall, rack: string): readonly number[] {
  return hall
    .record()
    .filter(
      ({ machine, effect }) => machine?.startsWith(`${rack}-`) === true && effect === "powering on",
    )
    .map(({ time }) => Date.parse(time));
}

function smallestGap(times: readonly number[]): number {
  return Math.min(...times.slice(1).map((time, index) => time - (times[index] ?? 0)));
}

test("a room goes dark and comes back, over three daemons: nothing is switched on until a person says so, and then one machine of a rack after the other", async () => {
  const hall = await aHall(60);
  const spec = ["provision: { state: adopted }", "power: on", "drift: { power: enforce }"];
  const site = await aSite(
    hall.machines.map((one) => hallNode(one, spec)),
    "existing",
  );
  const daemons = ["a", "b", "c"].map((name) => supervise({ dir: site.dir, name }));
  await inSync(site, 60);
  for (const rack of ["r1", "r2", "r3"]) {
    expect(powerOns(hall, rack)).toHaveLength(20);
    expect(smallestGap(powerOns(hall, rack))).toBeGreaterThan(SPACING_MS - CLOCK_MS);
  }
  const room = hall.machines.filter(({ rack }) => rack !== "r3").map(({ name }) => name);
  const opened = Promise.race(daemons.map((daemon) => daemon.next("breaker.open")));
  await Promise.all(room.map((name) => hall.fault(name, "hang")));
  await Promise.all(room.map((name) => hall.pressPowerButton(name)));
  expect((await opened).message).toMatch(/of 60 nodes drifted or do not answer, more than 20/);
  await Promise.all(room.map((name) => hall.clearFaults(name)));
  // Every node is looked at once more at least, and is seen to be off.
  await pause(15_000);
  expect(["r1", "r2"].map((rack) => powerOns(hall, rack).length)).toEqual([20, 20]);
  const told = await site.run("explain", "r1-n07");
  expect([told.code, told.out]).toEqual([
    0,
    expect.stringMatching(/breaker is open.*ironwright resume/s),
  ]);
  expect((await site.run("resume")).code).toBe(0);
  await inSync(site, 60);
  for (const rack of ["r1", "r2"]) {
    const again = powerOns(hall, rack).slice(20);
    expect(again).toHaveLength(20);
    expect(smallestGap(again)).toBeGreaterThan(SPACING_MS - CLOCK_MS);
  }
  expect(brokenPromises(hall.record())).toEqual([]);
  for (const daemon of daemons) expect((await daemon.leave()).code).toBe(0);
});

test("one bad password for 2,000 BMCs and three daemons: one refused login at a BMC, three in all, and explain says so", async () => {
  const hall = await aHall(2000);
  const nodes = hall.machines.map((one) => hallNode(one, ["provision: { state: adopted }"]));
  const site = await aSite(nodes, "existing");
  const env = { BMC_PASSWORD: "of last year" };
  const daemons = ["a", "b", "c"].map((name) => supervise({ dir: site.dir, name, env }));
  await Promise.race(daemons.map((daemon) => daemon.next("breaker.open")));
  // An interval and a half: daemons go on looking at what they own.
  await pause(15_000);
  const refused = hall.record().filter(({ status }) => status === 401);
  expect(refused.length).toBe(3);
  expect(new Set(refused.map(({ address }) => address)).size).toBe(3);
  const told = await runCli(site.dir, ["explain", "r99-n07"], env);
  expect(told.out).toMatch(/refused/);
  await Promise.all(daemons.map((daemon) => daemon.leave()));
  // The password of now, at one BMC that refused the old one: it is sent once, and taken.
  const name = hall.machines.find(({ address }) => address === refused[0]?.address)?.name ?? "";
  expect((await site.run("resume")).code).toBe(0);
  const right = await site.run("observe", name);
  expect([right.code, right.err]).toEqual([0, ""]);
  expect(hall.record().filter(({ status }) => status === 401)).toHaveLength(3);
});

const IMAGES = {
  old: `{ name: debian-13, url: "https://images/13.raw", checksum: "sha256:13" }`,
  young: `{ name: debian-14, url: "https://images/14.raw", checksum: "sha256:14" }`,
};

function aFake(image: keyof typeof IMAGES, requests = ""): DeclaredNode {
  const spec = [
    "driver: fake",
    "interfaces: { inspect: out-of-band }",
    "fake: { serial: S-f1, powerMs: 20, agentMs: 50, stepMs: 50 }",
    "identity: { serial: S-f1 }",
    `provision: { state: active, image: ${IMAGES[image]} }`,
    "power: on",
    `requests: [${requests}]`,
  ];
  return { name: "f1", rack: "r1", spec };
}

/** Images that were written on the machine so far. */
function written({ dir }: Site): number {
  const text = readFileSync(join(dir, ".ironwright/fake/f1.json"), "utf8");
  const { log } = JSON.parse(text) as FakeMachine;
  return log.filter(({ act }) => act.startsWith("step.run deploy.write_image")).length;
}

test("git revert of a deploy writes nothing, and the revert of the revert does not run its request again", async () => {
  const site = await aSite([aFake("old")], "new");
  const daemon = supervise({ dir: site.dir, name: "a" });
  await inSync(site, 1);
  expect(written(site)).toBe(1);
  const request = `{ id: young, action: rebuild, expires: ${inTenDays()} }`;
  site.commit([aFake("young", request)], "debian 14");
  await daemon.next("watch.commit", /debian 14/);
  await inSync(site, 1);
  expect(written(site)).toBe(2);
  git(site.dir, "revert", "--no-edit", "HEAD");
  await daemon.next("watch.commit", /Revert/);
  await pause(3000);
  const staged = await site.run("plan");
  expect(staged.out).toMatch(/staged/i);
  expect((await site.run("explain", "f1")).out).toMatch(/requests:.*rebuild/s);
  git(site.dir, "revert", "--no-edit", "HEAD");
  await daemon.next("watch.commit", /Reapply|Revert/);
  await inSync(site, 1);
  // Another image by the id of before: used once, it runs on nothing more.
  site.commit([aFake("old", request)], "debian 13 by an old id");
  await daemon.next("watch.commit", /by an old id/);
  await pause(3000);
  expect((await site.run("explain", "f1")).out).toMatch(
    /request young \(rebuild\) ran already.*each id runs once/,
  );
  expect(written(site)).toBe(2);
  expect((await daemon.leave()).code).toBe(0);
});

test("an apply in a pipeline beside daemons: of the commit in force it is harmless, of another one it is refused and says which is", async () => {
  const hall = await aHall(4);
  const nodes = (power: string): readonly DeclaredNode[] =>
    hall.machines.map((one) => hallNode(one, ["provision: { state: adopted }", `power: ${power}`]));
  const site = await aSite(nodes("off"), "existing");
  const daemons = ["a", "b"].map((name) => supervise({ dir: site.dir, name }));
  await inSync(site, 4);
  site.commit(nodes("on"), "all on");
  await inSync(site, 4);
  const inForce = git(site.dir, "rev-parse", "--short=7", "HEAD");
  const pipeline = tempDir();
  git(pipeline, "clone", "--quiet", site.dir, "checkout");
  const checkout = join(pipeline, "checkout");
  const apply = (): Promise<Ran> =>
    runCli(checkout, ["apply", "--yes", "--state", join(site.dir, ".ironwright")], {
      BMC_PASSWORD: "password",
    });
  const same = await apply();
  expect([same.code, same.out]).toEqual([0, expect.stringContaining("Nothing to do")]);
  commit(checkout, rackFiles(nodes("off")), "not merged yet");
  const other = await apply();
  expect([other.code, other.err]).toEqual([4, expect.stringContaining(inForce)]);
  expect(other.err).toMatch(/a is at work|b is at work/);
  expect(hall.record().filter(({ machine }) => machine !== null)).toHaveLength(4);
  expect(brokenPromises(hall.record())).toEqual([]);
  for (const daemon of daemons) expect((await daemon.leave()).code).toBe(0);
});

test("two clones of one inventory with two stores: the second may plan, acts on nothing and says why, and makes no store by mistake", async () => {
  const hall = await aHall(2);
  const nodes = hall.machines.map((one) =>
    hallNode(one, ["provision: { state: adopted }", "power: on"]),
  );
  const site = await aSite(nodes, "existing");
  const clone = join(tempDir(), "clone");
  git(site.dir, "clone", "--quiet", site.dir, clone);
  const run = (...args: readonly string[]): Promise<Ran> =>
    runCli(clone, args, { BMC_PASSWORD: "password", HOME: clone });
  expect((await run("plan")).code).toBe(0);
  for (const command of [
    ["apply", "--yes"],
    ["watch", "--once"],
  ]) {
    const refused = await run(...command);
    expect([refused.code, refused.err]).toEqual([3, expect.stringMatching(/store .*(IW-S|init)/s)]);
  }
  const made = await run("init");
  expect([made.code, made.err]).toEqual([3, expect.stringContaining("--replace-store")]);
  // A store of another inventory, made elsewhere, does not pass for this one's.
  const other = await aSite(nodes, "existing");
  const foreign = await run("apply", "--yes", "--state", join(other.dir, ".ironwright"));
  expect([foreign.code, foreign.err]).toEqual([3, expect.stringContaining("store")]);
  expect(hall.record().filter(({ machine }) => machine !== null)).toEqual([]);
});
