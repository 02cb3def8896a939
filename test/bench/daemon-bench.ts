import { spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { BenchDaemon, withRepo } from "./bench-daemon.ts";
import { pacedFloor } from "./power-read-bench.ts";

/** A daemon over many nodes of hardware type `fake`, which it only observes. */
export interface DaemonResult {
  readonly nodes: number;
  /** From its start without any cache until a commit is in force there. */
  readonly coldSeconds: number;
  /** The same with what it parsed before. */
  readonly warmSeconds: number;
  /** From the newest commit's name to the plan of the node that it changes, in the daemon; the middle one of all pushes. */
  readonly pushMs: number;
  readonly peakMb: number;
}

/** Nodes of one folder. */
const PER_RACK = 40;
const PUSHES = 9;

/** Null where there is no git program to push with. */
export function daemonBench(nodes: number): Promise<DaemonResult | null> {
  return withRepo(inventory(nodes, 30), async (repo) => {
    const [cold, coldSeconds] = await started(repo.dir);
    const coldMb = cold.peakMb();
    await cold.end();
    const [warm, warmSeconds] = await started(repo.dir);
    const pushes: number[] = [];
    for (let push = 0; push < PUSHES; push += 1) {
      const { told } = warm;
      repo.write(fileOf(push * PER_RACK), fakeNode(push * PER_RACK, "off"));
      repo.commit(`push ${push}`);
      pushes.push((await warm.until("watch.commit", /./, told)).durationMs ?? Number.NaN);
    }
    const peakMb = Math.max(coldMb, warm.peakMb());
    await warm.end();
    const pushMs = pushes.sort((a, b) => a - b)[Math.floor(PUSHES / 2)] ?? Number.NaN;
    return { nodes, coldSeconds, warmSeconds, pushMs, peakMb };
  });
}

async function started(dir: string): Promise<readonly [BenchDaemon, seconds: number]> {
  const from = performance.now();
  const daemon = new BenchDaemon(dir, "bench");
  await daemon.until("watch.commit");
  return [daemon, (performance.now() - from) / 1000];
}

/** A member that is killed, and the one that has its nodes then. */
export interface TakeoverResult {
  readonly nodes: number;
  /** Nodes of the one that was killed. */
  readonly taken: number;
  /** From the kill until they are the other one's, seconds. */
  readonly ownedSeconds: number;
  /** Until it has looked at each of them. */
  readonly lookedSeconds: number;
}

export function takeoverBench(nodes: number): Promise<TakeoverResult | null> {
  return withRepo(inventory(nodes, 5), async ({ dir }) => {
    // All are looked at as fast as can be.
    const env = { IRONWRIGHT_CONCURRENCY: "1000", IRONWRIGHT_POWER_SYNC_INTERVAL_SECONDS: "3600" };
    const a = new BenchDaemon(dir, "a", env);
    await a.until("watch.commit");
    const b = new BenchDaemon(dir, "b", env);
    await b.until("watch.commit");
    const share = await settled(b);
    const { told } = b;
    const from = performance.now();
    const seconds = (): number => (performance.now() - from) / 1000;
    await a.end("SIGKILL");
    await b.until("watch.members", /members: b$/, told);
    const ownedSeconds = seconds();
    while ((await b.metric("nodes_by_state")) < nodes) await pause(50);
    const lookedSeconds = seconds();
    await b.end();
    return { nodes, taken: nodes - share, ownedSeconds, lookedSeconds };
  });
}

/** Its nodes, once all that comes to it has come and was looked at. */
async function settled(daemon: BenchDaemon): Promise<number> {
  let before = -1;
  for (;;) {
    const [owned, seen] = [
      await daemon.metric("nodes_owned"),
      await daemon.metric("nodes_by_state"),
    ];
    if (owned > 0 && owned === before && seen >= owned) return owned;
    before = owned;
    // Longer than a renewal of the shortest lease, with which more come.
    await pause(12_000);
  }
}

/** A daemon that reads the power of many BMCs, once an interval each. */
export interface PowerSyncResult {
  readonly bmcs: number;
  readonly reads: number;
  readonly cpuSecondsPer1000: number;
  /** Bare GETs of the same resources, as many a second: each opens its connection, for BMCs close those that rest. */
  readonly floorCpuSecondsPer1000: number;
  readonly peakMb: number;
}

const BMCS = fileURLToPath(new URL("simulator-process.js", import.meta.url));

/** `seconds`: the interval, and how long it is measured. */
export async function powerSyncBench(
  bmcs: number,
  seconds: number,
): Promise<PowerSyncResult | null> {
  const child = spawn(process.execPath, [BMCS, String(bmcs)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    let text = "";
    for await (const chunk of child.stdout) {
      text += String(chunk);
      if (text.endsWith("\n")) break;
    }
    const addresses = JSON.parse(text) as readonly (readonly [name: string, address: string])[];
    const files = addresses.map(
      ([name, address]) => [`inventory/${name}.yaml`, redfishNode(name, address)] as const,
    );
    return await withRepo([settings(30), ...files], async ({ dir }) => {
      const daemon = new BenchDaemon(dir, "bench", {
        P: "calvin",
        IRONWRIGHT_POWER_SYNC_INTERVAL_SECONDS: String(seconds),
      });
      await daemon.until("watch.commit");
      const reads = (): Promise<number> => daemon.metric("bmc_call_seconds_count", 'kind="read"');
      // Once each with all that it declares, and a login; then power alone.
      while ((await daemon.metric("nodes_by_state")) < bmcs) await pause(500);
      await pause(seconds * 1000);
      const [readsBefore, cpuBefore] = [await reads(), daemon.cpuSeconds()];
      await pause(seconds * 1000);
      const done = (await reads()) - readsBefore;
      const cpuSecondsPer1000 = ((daemon.cpuSeconds() - cpuBefore) / done) * 1000;
      const peakMb = daemon.peakMb();
      await daemon.end();
      const floorCpuSecondsPer1000 = await pacedFloor(addresses, seconds);
      return { bmcs, reads: done, cpuSecondsPer1000, floorCpuSecondsPer1000, peakMb };
    });
  } finally {
    child.kill();
  }
}

function settings(ttlSeconds: number): readonly [path: string, text: string] {
  const text = `apiVersion: ironwright/v1\nmode: observe\nlease: { ttlSeconds: ${ttlSeconds} }\n`;
  return ["ironwright.yaml", text];
}

function* inventory(nodes: number, ttlSeconds: number): Generator<readonly [string, string]> {
  yield settings(ttlSeconds);
  yield ["inventory/profile.yaml", PROFILE];
  for (let index = 0; index < nodes; index += 1) yield [fileOf(index), fakeNode(index, "on")];
}

function fileOf(index: number): string {
  const rack = String(Math.floor(index / PER_RACK)).padStart(5, "0");
  return `inventory/rack-${rack}/n${String(index).padStart(6, "0")}.yaml`;
}

const PROFILE = `apiVersion: ironwright/v1
kind: Profile
metadata: { name: compute }
spec:
  driver: fake
  boot: { mode: uefi, device: disk }
  traits: [HW_CPU_X86_VMX]
`;

function fakeNode(index: number, power: string): string {
  const name = `n${String(index).padStart(6, "0")}`;
  return `apiVersion: ironwright/v1
kind: Node
metadata:
  name: ${name}
  labels: { rack: r${Math.floor(index / PER_RACK)}, zone: a }
spec:
  profiles: [compute]
  identity: { manufacturer: Dell, serial: fake-${name} }
  provision: { state: adopted }
  power: ${power}
`;
}

function redfishNode(name: string, address: string): string {
  return `apiVersion: ironwright/v1
kind: Node
metadata: { name: ${name} }
spec:
  driver: redfish
  bmc: { address: "${address}", system: /redfish/v1/Systems/${name}, username: admin, password: { env: P } }
`;
}
