import { expect, onTestFinished, test, vi } from "vitest";
import { compose } from "../../engine/cli/compose.ts";
import { nodeProcesses } from "../../engine/run/store/node-processes.ts";
import { etcdFiles } from "../../engine/run/store/etcd-files.ts";
import { initStore } from "../../engine/run/store/init-store.ts";
import { openActing } from "../../engine/run/store/open-store.ts";
import type { StorePorts } from "../../engine/run/store/store-ports.ts";
import { ACT, INTENT, STORE, UUID } from "../support/a-store.ts";
import { anEtcd } from "../support/an-etcd.ts";
import { clientOf } from "../support/etcd-disk.ts";
import { MemoryFiles } from "../support/memory-files.ts";
import { aRack } from "../support/rack.ts";

vi.setConfig({ testTimeout: 180_000 });

/** A host's own ports over a real clock. */
function portsOf(endpoints: readonly string[], timeoutMs = 10_000): StorePorts {
  const client = clientOf(endpoints, "/fleet", timeoutMs);
  onTestFinished(() => client.close());
  const { clock, random, checkpoint } = compose("test", {});
  const files = etcdFiles(client, {
    dir: "/s",
    local: new MemoryFiles(),
    hex: (bytes) => random.hex(bytes),
  });
  return { files, processes: nodeProcesses, clock, random, checkpoint };
}

test("work goes on while members are killed, the leader too, and nothing is done twice or lost", async () => {
  const etcd = await anEtcd({ size: 3 });
  const ports = portsOf(etcd.endpoints);
  expect((await initStore("/s", STORE, ports)).ok).toBe(true);
  const actor = { name: "e", role: "apply", host: "h" } as const;
  const opened = await openActing("/s", { store: "store", ttlSeconds: 30 }, actor, ports);
  if (!opened.ok) throw new Error(opened.failure.message);
  const store = opened.value;
  const uuidOf = (i: number): string => `ab000000-0000-4000-8000-${String(i).padStart(12, "0")}`;
  const work = async (i: number): Promise<void> => {
    const claimed = await store.claim(uuidOf(i), `n${i}`);
    if (!claimed.ok) throw new Error(claimed.failure.message);
    const grant = claimed.value;
    const intent = await grant.intent(INTENT);
    const why = await grant.check(ACT);
    if (why !== null) throw new Error(why.message);
    await grant.outcome(intent, "done", { code: null, message: "seen", durationMs: 1 });
    await grant.release();
  };
  let done = 0;
  const round = async (count: number): Promise<void> => {
    for (const end = done + count; done < end; done += 1) await work(done);
  };
  await round(20);
  const leader = etcd.leader();
  leader.signal("SIGKILL");
  await round(60);
  leader.restart();
  await round(20);
  // While it comes back another goes: a quorum is two of three, and may be out for a moment.
  const other = etcd.leader();
  const during = round(60);
  other.signal("SIGKILL");
  await during;
  expect(store.dead()).toBeNull();
  const records = await portsReader(etcd.endpoints);
  expect(records.size).toBe(done);
  await store.close();
});

test("a check that etcd does not answer refuses the send, in its time and as data", async () => {
  const etcd = await anEtcd();
  const ports = portsOf(etcd.endpoints, 2000);
  expect((await initStore("/s", STORE, ports)).ok).toBe(true);
  const actor = { name: "e", role: "apply", host: "h" } as const;
  const opened = await openActing("/s", { store: "store" }, actor, ports);
  if (!opened.ok) throw new Error(opened.failure.message);
  const claimed = await opened.value.claim(UUID, "n1");
  if (!claimed.ok) throw new Error(claimed.failure.message);
  const grant = claimed.value;
  const intent = await grant.intent(INTENT);
  expect(await grant.check(ACT)).toBeNull();
  etcd.members[0]?.signal("SIGSTOP");
  expect(await grant.check(ACT)).toMatchObject({
    kind: "transient",
    code: "IW-S10",
    message: expect.stringContaining("did not answer within 2 s"),
  });
  // A line that is not known to be written ends the engine, as one that a disk refused does.
  await expect(
    grant.outcome(intent, "not-sent", { code: null, message: "", durationMs: 0 }),
  ).rejects.toThrow("etcd at http://");
  expect(opened.value.dead()).toMatchObject({ code: "IW-L02" });
  etcd.members[0]?.signal("SIGCONT");
  await opened.value.close();
});

/** What another host reads. */
async function portsReader(endpoints: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
  const ports = portsOf(endpoints);
  const actor = { name: "r", role: "command", host: "h2" } as const;
  const opened = await openActing("/s", { store: "store" }, actor, ports);
  if (!opened.ok) throw new Error(opened.failure.message);
  const records = await opened.value.records();
  const open = [...records.keys()].map((uuid) => opened.value.standing(uuid));
  for (const standing of await Promise.all(open)) expect(standing?.open).toEqual([]);
  await opened.value.close();
  return records;
}

test("cut off from etcd a daemon ends at its deadline and sends nothing; when it is back, a new one goes on", async () => {
  const etcd = await anEtcd({ size: 3 });
  const endpoints = etcd.endpoints.map((one) => `"${one}"`).join(", ");
  const rack = await aRack(["n1", "n2"], {
    spec: "  power: on\n",
    ttlSeconds: 10,
    backend: "etcd",
    settings: `etcd: { endpoints: [${endpoints}], timeoutSeconds: 4 }\ngit: { pollSeconds: 1 }\npowerSync: { intervalSeconds: 10 }\n`,
  });
  const isOn = (name: string): boolean =>
    rack.simulator.machines.get(name)?.power(Date.now()) === "On";
  const until = async (what: () => boolean): Promise<void> => {
    while (!what()) await new Promise((next) => setTimeout(next, 100));
  };
  const daemon = rack.start({}, "watch", "--json");
  await until(() => isOn("n1") && isOn("n2"));
  for (const member of etcd.members) member.signal("SIGSTOP");
  const before = rack.acts().length;
  rack.simulator.pressPowerButton("n1");
  const ended = await daemon.ended;
  expect(ended.code).not.toBe(0);
  expect(ended.err + ended.out).toContain("etcd at http://");
  expect(ended.err).not.toMatch(/at .*\.js:\d+/);
  expect(rack.acts()).toHaveLength(before);
  expect(isOn("n1")).toBe(false);
  for (const member of etcd.members) member.signal("SIGCONT");
  const next = rack.start({}, "watch", "--json");
  await until(() => isOn("n1"));
  expect(rack.acts()).toHaveLength(before + 1);
  next.child.kill("SIGTERM");
  expect((await next.ended).code).toBe(0);
});
