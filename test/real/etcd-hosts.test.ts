import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { anEtcd, type Cluster } from "../support/an-etcd.ts";
import { aHost, type Host, innermost } from "../support/other-host.ts";
import { aRack, type Rack } from "../support/rack.ts";
import type { Ran, Running } from "../support/run-cli.ts";

// Two hosts and an etcd; leases run out.
vi.setConfig({ testTimeout: 180_000 });

const TTL_SECONDS = 12;

interface World {
  readonly etcd: Cluster;
  readonly rack: Rack;
  readonly one: Host;
  readonly two: Host;
}

function etcdSettings({ endpoints }: Pick<Cluster, "endpoints">): string {
  return `etcd: { endpoints: [${endpoints.map((one) => `"${one}"`).join(", ")}] }\n`;
}

/** A rack whose store is in etcd, made from the first of two hosts; what they share besides is the repository. */
async function twoHosts(names: readonly string[], more = ""): Promise<World> {
  const etcd = await anEtcd();
  const rack = await aRack(names, {
    spec: "  power: on\n",
    init: false,
    ttlSeconds: TTL_SECONDS,
    backend: "etcd",
    settings: `${etcdSettings(etcd)}${more}`,
  });
  const env = { BMC_PASSWORD: rack.simulator.password };
  const [one, two] = [aHost("one", rack.repo.dir, env), aHost("two", rack.repo.dir, env)];
  const made = await one.run(["init"]);
  expect([made.code, made.out]).toEqual([0, expect.stringContaining("in etcd (http://")]);
  await rack.repo.commit("the rack as it is");
  return { etcd, rack, one, two };
}

/** Waits until a command has come to the point where it pauses itself; answers its own process. */
async function stopped({ child, ended }: Running): Promise<number> {
  let early: Ran | null = null;
  void ended.then((ran) => (early = ran));
  for (;;) {
    if (early !== null) throw new Error(`it ended before it paused: ${JSON.stringify(early)}`);
    const pid = innermost(child.pid ?? 0);
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    if (stat.slice(stat.lastIndexOf(")") + 2).startsWith("T")) return pid;
    await pause(50);
  }
}

test("what one host did the other knows, and does not do again", async () => {
  const { rack, one, two } = await twoHosts(["n1", "n2"]);
  const applied = await one.run(["apply", "--yes"]);
  expect([applied.code, applied.out]).toEqual([0, expect.stringContaining("2 nodes applied")]);
  expect(rack.acts()).toHaveLength(2);
  const status = await two.run(["status", "--json"]);
  expect([status.code, status.err]).toEqual([0, ""]);
  const plan = await two.run(["plan", "--detailed-exitcode"]);
  expect([plan.code, plan.err]).toEqual([0, ""]);
  expect((await two.run(["lease", "list"])).out).toBe("no lease is held.\n");
  expect((await two.run(["lease", "list", "--all"])).out).toContain("one.apply.");
  expect((await two.run(["apply", "--yes"])).code).toBe(0);
  expect(rack.acts()).toHaveLength(2);
  // A person's word reaches both.
  expect((await two.run(["stop", "--reason", "a test"])).code).toBe(0);
  rack.simulator.pressPowerButton("n1");
  expect((await one.run(["apply", "--yes"])).code).toBe(4);
  expect(rack.acts()).toHaveLength(2);
});

test("a host that dies with an act in its hand is waited for; then the other looks at the machine, and acts once", async () => {
  const { rack, one, two } = await twoHosts(["n1"]);
  const died = await one.run(["apply", "--yes"], { IRONWRIGHT_TEST_STOP_AT: "intent-durable" });
  expect(died.code).toBe(137);
  const early = await two.run(["apply", "--yes"]);
  expect([early.code, early.out]).toEqual([
    5,
    expect.stringMatching(/n1 is held by one\.apply\.\d+ since/),
  ]);
  const waited = await two.run(["apply", "--yes", "--lock-timeout", "90"]);
  expect([waited.code, waited.err]).toEqual([0, expect.not.stringContaining("bug")]);
  expect(rack.acts()).toHaveLength(1);
});

test("lease break takes a lease from the other host; what it was about to do it does not do", async () => {
  const { rack, one, two } = await twoHosts(["n1"]);
  const first = one.start(["apply", "--yes"], { IRONWRIGHT_TEST_PAUSE_AT: "before-intent" });
  const pid = await stopped(first);
  expect((await two.run(["lease", "list"])).out).toContain(" held ");
  const broken = await two.run(["lease", "break", "n1", "--reason", "it hangs"]);
  expect([broken.code, broken.err]).toEqual([0, expect.stringContaining("may still come")]);
  process.kill(pid, "SIGCONT");
  expect((await first.ended).code).toBe(5);
  expect(rack.acts()).toEqual([]);
  expect((await two.run(["apply", "--yes"])).code).toBe(0);
  expect(rack.acts()).toHaveLength(1);
});

test("an engine that was declared dead by the other host writes nothing into etcd when it wakes", async () => {
  const { etcd, rack, one, two } = await twoHosts(["n1"]);
  const first = one.start(["apply", "--yes"], { IRONWRIGHT_TEST_PAUSE_AT: "checked:2" });
  const pid = await stopped(first);
  expect((await two.run(["apply", "--yes", "--lock-timeout", "90"])).code).toBe(0);
  const before = etcd.ctl("get", "--prefix", "/ironwright/", "-w", "json");
  process.kill(pid, "SIGCONT");
  expect((await first.ended).code).not.toBe(0);
  const keysOf = (text: string): unknown => (JSON.parse(text) as { kvs: unknown }).kvs;
  expect(keysOf(etcd.ctl("get", "--prefix", "/ironwright/", "-w", "json"))).toEqual(keysOf(before));
  expect(rack.acts()).toHaveLength(1);
});

test("two daemons on two hosts split the nodes; when one is killed the other has them all", async () => {
  const names = ["n1", "n2", "n3", "n4"];
  const quick = `git: { pollSeconds: 1 }\npowerSync: { intervalSeconds: 10 }\nbreaker: { nodes: 100 }\nwatch: { maxImpact: destructive }\n`;
  const { rack, one, two } = await twoHosts(names, quick);
  const isOn = (name: string): boolean =>
    rack.simulator.machines.get(name)?.power(Date.now()) === "On";
  const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await what())) await pause(250);
  };
  const daemons = [one.start(["watch", "--json"]), two.start(["watch", "--json"])];
  await until(() => names.every(isOn));
  await until(async () => /one[^]*two/.test((await two.run(["ring"])).out));
  daemons[0]?.child.kill("SIGKILL");
  await daemons[0]?.ended;
  rack.declare("  power: off\n");
  await rack.repo.commit("all off");
  await until(() => !names.some(isOn));
  daemons[1]?.child.kill("SIGKILL");
});
