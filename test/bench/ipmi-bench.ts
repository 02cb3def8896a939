import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ipmiType } from "../../drivers/ipmi/ipmi-type.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { known } from "../../schemas/observation.ts";
import { testNode, testPorts } from "../drivers/support/driver-bench.ts";
import { TICKS } from "./bench-daemon.ts";
import { inTurns, type Target, targetsOf } from "./power-read-bench.ts";

/** What a thousand readings of power cost. */
interface Cost {
  readonly cpuSeconds: number;
  readonly seconds: number;
}

export interface IpmiResult {
  readonly ours: Cost;
  /** One `ipmitool` started for each reading, as Ironic does; null where it is not installed. */
  readonly ipmitool: Cost | null;
  readonly many: ManySessions;
}

/** BMCs with a session each at the same time. */
interface ManySessions {
  readonly bmcs: number;
  /** What this process grew by. */
  readonly mb: number;
  /** Datagrams sent and received a second while all are read. */
  readonly datagramsPerSecond: number;
  /** The longest that one reading took, seconds. */
  readonly slowestSeconds: number;
}

const BMCS = fileURLToPath(new URL("simulator-process.js", import.meta.url));
const READS = 4000;
/** Processes are started for seconds: fewer of them tell as much. */
const IPMITOOL_READS = 60;
const ROUNDS = 5;

export async function ipmiBench(options: {
  readonly bmcs: number;
  readonly many: number;
}): Promise<IpmiResult> {
  return withBmcs(options.many, async (addresses) => {
    const few = addresses.slice(0, options.bmcs);
    return { ours: await ours(few), ipmitool: await byIpmitool(few), many: await many(addresses) };
  });
}

type Addresses = readonly Target[];

/** In a process of their own, so that their CPU is not counted. */
async function withBmcs<T>(count: number, work: (addresses: Addresses) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, [BMCS, String(count), "ipmi"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    return await work(await targetsOf(child.stdout));
  } finally {
    child.kill();
  }
}

function nodesOf(addresses: Addresses): readonly FleetNode[] {
  return addresses.map(({ name, address }) =>
    testNode(name, {
      driver: "ipmi",
      bmc: { address, username: "admin", password: { env: "P" } },
    }),
  );
}

async function ours(addresses: Addresses): Promise<Cost> {
  const driver = ipmiType.open(testPorts());
  const nodes = nodesOf(addresses);
  const read = readerOf(driver);
  // With a session each.
  await inTurns(nodes, nodes.length, read);
  const before = process.cpuUsage();
  const from = performance.now();
  await inTurns(nodes, READS, read);
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - from) / READS;
  await driver.close();
  return { cpuSeconds: (user + system) / 1e3 / READS, seconds };
}

function readerOf(driver: ReturnType<typeof ipmiType.open>): (node: FleetNode) => Promise<void> {
  return async (node) => {
    const seen = await driver.observe(node, ["power"]);
    if (known(seen, "power") === undefined) throw new Error(seen.unreachable?.message ?? "unread");
  };
}

async function byIpmitool(addresses: Addresses): Promise<Cost | null> {
  const run = promisify(execFile);
  const read = async ({ address }: Target): Promise<void> => {
    const { hostname, port } = new URL(address.replace("ipmi:", "http:"));
    const login = ["-H", hostname, "-p", port, "-U", "admin", "-P", "calvin"];
    await run("ipmitool", ["-I", "lanplus", "-C", "17", ...login, "power", "status"]);
  };
  const [first] = addresses;
  try {
    if (first !== undefined) await read(first);
  } catch {
    return null;
  }
  const before = childrenCpuSeconds();
  const from = performance.now();
  await inTurns(addresses, IPMITOOL_READS, read);
  const seconds = (performance.now() - from) / IPMITOOL_READS;
  return { cpuSeconds: ((childrenCpuSeconds() - before) / IPMITOOL_READS) * 1000, seconds };
}

/** User and system time of processes that this one started and that have ended. */
function childrenCpuSeconds(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) / TICKS;
}

async function many(addresses: Addresses): Promise<ManySessions> {
  const before = process.memoryUsage.rss();
  const driver = ipmiType.open(testPorts());
  const nodes = nodesOf(addresses);
  const read = readerOf(driver);
  await inTurns(nodes, nodes.length, read);
  let slowest = 0;
  const timed = async (node: FleetNode): Promise<void> => {
    const from = performance.now();
    await read(node);
    slowest = Math.max(slowest, performance.now() - from);
  };
  const from = performance.now();
  await inTurns(nodes, nodes.length * ROUNDS, timed);
  const seconds = (performance.now() - from) / 1000;
  const mb = (process.memoryUsage.rss() - before) / 1e6;
  await driver.close();
  const datagramsPerSecond = (nodes.length * ROUNDS * 2) / seconds;
  return { bmcs: nodes.length, mb, datagramsPerSecond, slowestSeconds: slowest / 1000 };
}
