import { spawn } from "node:child_process";
import { Agent, get } from "node:http";
import { redfishType } from "../../drivers/redfish/redfish-type.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { known } from "../../schemas/observation.ts";
import { testNode, testPorts } from "../drivers/support/driver-bench.ts";

/** CPU seconds of this process for 1,000 power readings, and for 1,000 bare GETs of the same bodies. */
export interface PowerReadResult {
  readonly bmcs: number;
  readonly reads: number;
  readonly cpuSecondsPer1000: number;
  /** node:http with a keep-alive agent, the body read and not parsed. */
  readonly floorCpuSecondsPer1000: number;
}

/** Readings per round of measurement: enough that a scheduler's tick does not matter. */
const READS = 4000;

/** As `concurrency` has it by default. */
const AT_ONCE = 64;

/** Rounds of which the best is taken: the machine is shared with others. */
const ROUNDS = 3;

/**
 * BMCs in a process of their own, so that their CPU is not counted. The system has the size of a real one
 * (a few kilobytes; iDRAC and iLO answer 5 to 20).
 */
const BMCS = `
const { createServer } = require("node:http");
const system = JSON.stringify({
  "@odata.id": "/redfish/v1/Systems/1",
  Manufacturer: "Contoso", Model: "3500RX", SerialNumber: "SN1", PowerState: "On",
  UUID: "38947555-7742-3448-3784-823347823834",
  Boot: { BootSourceOverrideTarget: "None", BootSourceOverrideEnabled: "Disabled", BootSourceOverrideMode: "UEFI" },
  Actions: { "#ComputerSystem.Reset": { target: "/reset", "ResetType@Redfish.AllowableValues": ["On", "ForceOff"] } },
  Oem: { Contoso: Array.from({ length: 40 }, (_, at) => ({ Name: "Sensor " + at, Reading: at, Status: { State: "Enabled" } })) },
});
const bodies = {
  "/redfish/v1/": JSON.stringify({ Systems: { "@odata.id": "/redfish/v1/Systems" } }),
  "/redfish/v1/Systems": JSON.stringify({ Members: [{ "@odata.id": "/redfish/v1/Systems/1" }] }),
};
const ports = [];
const count = Number(process.argv[1]);
for (let at = 0; at < count; at += 1) {
  const server = createServer((request, response) => {
    const body = bodies[request.url] ?? system;
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
  server.keepAliveTimeout = 60000;
  server.listen(0, "127.0.0.1", () => {
    ports.push(server.address().port);
    if (ports.length === count) process.stdout.write(JSON.stringify(ports) + "\\n");
  });
}
`;

/** Measures what a reading of power costs over Redfish, beside the floor, in the same run. */
export async function powerReadBench(options: { readonly bmcs: number }): Promise<PowerReadResult> {
  const child = spawn(process.execPath, ["-e", BMCS, String(options.bmcs)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const ports = await portsOf(child.stdout);
    const cpuSecondsPer1000 = await best(() => driverCpu(ports));
    const floorCpuSecondsPer1000 = await best(() => floorCpu(ports));
    return { bmcs: options.bmcs, reads: READS, cpuSecondsPer1000, floorCpuSecondsPer1000 };
  } finally {
    child.kill();
  }
}

async function portsOf(stdout: NodeJS.ReadableStream): Promise<readonly number[]> {
  let text = "";
  for await (const chunk of stdout) {
    text += String(chunk);
    if (text.endsWith("\n")) break;
  }
  return text.match(/\d+/g)?.map(Number) ?? [];
}

async function best(measure: () => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) least = Math.min(least, await measure());
  return least;
}

async function driverCpu(ports: readonly number[]): Promise<number> {
  const driver = redfishType.open(testPorts());
  const nodes = ports.map((port, at) =>
    testNode(`n${at}`, { bmc: { address: `http://127.0.0.1:${port}` } }),
  );
  const read = async (node: FleetNode): Promise<void> => {
    const seen = await driver.observe(node, ["power"]);
    if (known(seen, "power") !== "on") throw new Error(seen.unreachable?.message ?? "not on");
  };
  await inTurns(nodes, nodes.length, read);
  const cpu = await cpuOf(() => inTurns(nodes, READS, read));
  await driver.close();
  return cpu;
}

async function floorCpu(ports: readonly number[]): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const read = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const url = `http://127.0.0.1:${port}/redfish/v1/Systems/1`;
      get(url, { agent }, (response) => {
        response.on("data", () => undefined);
        response.on("end", resolve);
      }).on("error", reject);
    });
  await inTurns(ports, ports.length, read);
  const cpu = await cpuOf(() => inTurns(ports, READS, read));
  agent.destroy();
  return cpu;
}

async function inTurns<T>(
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
