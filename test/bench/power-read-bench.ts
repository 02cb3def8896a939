import { spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Agent, request } from "undici";
import { redfishType } from "../../drivers/redfish/redfish-type.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { known } from "../../schemas/observation.ts";
import { testNode, testPorts } from "../drivers/support/driver-bench.ts";

/** CPU seconds of this process for 1,000 power readings, and for 1,000 bare GETs of the same bodies. */
export interface PowerReadResult {
  readonly bmcs: number;
  readonly reads: number;
  readonly cpuSecondsPer1000: number;
  /** A bare undici GET loop over the same resources of the same simulator, the body read and not parsed. */
  readonly floorCpuSecondsPer1000: number;
}

/** Readings per round of measurement: enough that a scheduler's tick does not matter. */
const READS = 4000;

/** As `concurrency` has it by default. */
const AT_ONCE = 64;

/** Rounds of which the best is taken: the machine is shared with others. */
const ROUNDS = 3;

/** Simulated BMCs in a process of their own, so that their CPU is not counted. */
const BMCS = fileURLToPath(new URL("simulator-process.js", import.meta.url));

/** Measures what a reading of power costs over Redfish, beside the floor, in the same run. */
export async function powerReadBench(options: { readonly bmcs: number }): Promise<PowerReadResult> {
  const child = spawn(process.execPath, [BMCS, String(options.bmcs)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const targets = await targetsOf(child.stdout);
    const cpuSecondsPer1000 = await best(() => driverCpu(targets));
    const floorCpuSecondsPer1000 = await best(() => floorCpu(targets));
    return { bmcs: options.bmcs, reads: READS, cpuSecondsPer1000, floorCpuSecondsPer1000 };
  } finally {
    child.kill();
  }
}

/** One machine of each simulated BMC: where its system is. */
export interface Target {
  readonly name: string;
  readonly address: string;
}

/** The first line of a process of simulated BMCs: their names and addresses. */
export async function targetsOf(stdout: NodeJS.ReadableStream): Promise<readonly Target[]> {
  let text = "";
  for await (const chunk of stdout) {
    text += String(chunk);
    if (text.endsWith("\n")) break;
  }
  const pairs = JSON.parse(text) as readonly (readonly [string, string])[];
  return pairs.map(([name, address]) => ({ name, address }));
}

async function best(measure: () => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) least = Math.min(least, await measure());
  return least;
}

async function driverCpu(targets: readonly Target[]): Promise<number> {
  const driver = redfishType.open(testPorts());
  const nodes = targets.map(({ name, address }) => testNode(name, { bmc: bmcOf(name, address) }));
  const read = async (node: FleetNode): Promise<void> => {
    const seen = await driver.observe(node, ["power"]);
    if (known(seen, "power") !== "off") throw new Error(seen.unreachable?.message ?? "not off");
  };
  await inTurns(nodes, nodes.length, read);
  const cpu = await cpuOf(() => inTurns(nodes, READS, read));
  await driver.close();
  return cpu;
}

function bmcOf(name: string, address: string): NonNullable<FleetNode["spec"]["bmc"]> {
  return {
    address,
    system: `/redfish/v1/Systems/${name}`,
    username: "admin",
    password: { env: "P" },
  };
}

async function floorCpu(targets: readonly Target[]): Promise<number> {
  const { read, close } = bareReader();
  await inTurns(targets, targets.length, read);
  const cpu = await cpuOf(() => inTurns(targets, READS, read));
  await close();
  return cpu;
}

/** Between two looks which bare reads are due; milliseconds. */
const PACE_MS = 100;

/** CPU seconds for 1,000 bare GETs, one of each BMC, spread over so many seconds. */
export async function pacedFloor(
  addresses: readonly (readonly [name: string, address: string])[],
  seconds: number,
): Promise<number> {
  const { read, close } = bareReader();
  const running: Promise<void>[] = [];
  const before = process.cpuUsage();
  const from = performance.now();
  while (running.length < addresses.length) {
    const share = (performance.now() - from) / 1000 / seconds;
    for (const [name, address] of addresses.slice(running.length, share * addresses.length + 1))
      running.push(read({ name, address }));
    await pause(PACE_MS);
  }
  await Promise.all(running);
  const { user, system } = process.cpuUsage(before);
  await close();
  return (user + system) / 1e6 / (addresses.length / 1000);
}

/** GETs of the simulator's resources, the body read and not parsed. */
function bareReader(): {
  readonly read: (target: Target) => Promise<void>;
  readonly close: () => Promise<void>;
} {
  const dispatcher = new Agent({ connections: 2 });
  const authorization = `Basic ${Buffer.from("admin:calvin").toString("base64")}`;
  const read = async ({ name, address }: Target): Promise<void> => {
    const { body } = await request(`${address}/redfish/v1/Systems/${name}`, {
      dispatcher,
      headers: { authorization },
    });
    await body.text();
  };
  return { read, close: () => dispatcher.close() };
}

/** So many at once, each item in its turn, round and round. */
export async function inTurns<T>(
  items: readonly T[],
  count: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const item = items[next % items.length];
      next += 1;
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6 / (READS / 1000);
}
