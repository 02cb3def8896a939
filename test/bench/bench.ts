import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeInventory } from "../support/make-inventory.ts";
import { daemonBench, type DaemonResult, powerSyncBench, takeoverBench } from "./daemon-bench.ts";
import { AIMS, IRONIC, lifecycleBench } from "./lifecycle-bench.ts";
import { ipmiBench, type IpmiResult } from "./ipmi-bench.ts";
import { leaseBench, type LeasesMeasured } from "./lease-bench.ts";
import { powerReadBench } from "./power-read-bench.ts";

// Ratios to floors that are measured in the same run; absolute times are for scale and are no test.
// --short: 1,000 nodes, few BMCs and 100 lives. --json: one document.

interface Measured {
  readonly loadMs: number;
  readonly planMs: number;
  readonly rssMb: number;
}

const PROBE = fileURLToPath(new URL("inventory-probe.js", import.meta.url));
/** The best of so many runs counts: the machine is shared with others. */
const ROUNDS = 3;

function probe(what: string, dir: string, cacheDir: string): Measured {
  const out = execFileSync(process.execPath, [PROBE, what, dir, cacheDir], { encoding: "utf8" });
  return JSON.parse(out) as Measured;
}

function best(all: readonly Measured[]): Measured {
  const [first] = [...all].sort((a, b) => whole(a) - whole(b));
  if (first === undefined) throw new Error("nothing was measured");
  return first;
}

function whole({ loadMs, planMs }: Measured): number {
  return loadMs + planMs;
}

function inventory(nodes: number): Readonly<Record<string, number>> {
  const dir = mkdtempSync(join(tmpdir(), "ironwright-bench-"));
  try {
    makeInventory(dir, { nodes });
    const cacheDir = join(dir, "cache");
    const floors: Measured[] = [];
    const colds: Measured[] = [];
    const warms: Measured[] = [];
    // In turns: what else the machine does meanwhile falls on all three alike.
    for (let round = 0; round < ROUNDS; round += 1) {
      floors.push(probe("floor", dir, cacheDir));
      rmSync(cacheDir, { recursive: true, force: true });
      colds.push(probe("plan", dir, cacheDir));
      warms.push(probe("plan", dir, cacheDir));
    }
    const [floor, cold, warm] = [best(floors), best(colds), best(warms)];
    return {
      nodes,
      floorMs: floor.loadMs,
      coldMs: whole(cold),
      warmMs: whole(warm),
      planMs: warm.planMs,
      coldOverFloor: whole(cold) / whole(floor),
      warmOverCold: whole(warm) / whole(cold),
      rssMb: Math.max(cold.rssMb, warm.rssMb),
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Leases taken and given back a second, and how many times the floor that takes. */
function leasesText(where: string, floor: string, measured: LeasesMeasured): string {
  const { count, many, alone, manyFloor, aloneFloor } = measured;
  const row = (name: string, seconds: number, least: number): string =>
    `  ${name} ${(seconds / least).toFixed(2)} x the floor   (${(count / seconds).toFixed(0)} a second, floor ${(count / least).toFixed(0)}: ${floor})\n`;
  return `leases in ${where}, ${count} taken and given back\n${row("64 at once", many, manyFloor)}${row("one by one", alone, aloneFloor)}`;
}

const short = process.argv.includes("--short");
const json = process.argv.includes("--json");
const sizes = short ? [1000] : [1000, 10_000];
const inventories = sizes.map(inventory);
const reads = await powerReadBench({ bmcs: short ? 10 : 50 });
const ipmi = await ipmiBench(short ? { bmcs: 10, many: 200 } : { bmcs: 50, many: 2000 });
const life = lifecycleBench({ nodes: short ? 100 : 1000 });
const leases = await leaseBench({ count: short ? 300 : 2000 });
const daemons: DaemonResult[] = [];
for (const nodes of short ? [1000] : [10_000, 100_000]) {
  const daemon = await daemonBench(nodes);
  if (daemon !== null) daemons.push(daemon);
}
const sync = await (short ? powerSyncBench(200, 20) : powerSyncBench(10_000, 60));
const takeover = await takeoverBench(short ? 1000 : 10_000);
const ratio = reads.cpuSecondsPer1000 / reads.floorCpuSecondsPer1000;
if (json)
  process.stdout.write(
    `${JSON.stringify({ inventories, reads: { ...reads, ratio }, ipmi, life, leases }, null, 2)}\n`,
  );
else {
  for (const one of inventories) {
    const of = (key: string): number => one[key] ?? Number.NaN;
    process.stdout.write(
      `plan of ${of("nodes")} nodes in as many files\n` +
        `  cold   ${of("coldOverFloor").toFixed(2)} x the floor   (aim 1.5;  ${of("coldMs").toFixed(0)} ms, floor ${of("floorMs").toFixed(0)} ms: each blob read and parsed once)\n` +
        `  warm   ${of("warmOverCold").toFixed(3)} x cold         (aim 0.1;  ${of("warmMs").toFixed(0)} ms, of that planning ${of("planMs").toFixed(0)} ms)\n` +
        `  memory ${of("rssMb").toFixed(0)} MB              ${of("nodes") >= 10_000 ? "(aim under 400 MB)" : ""}\n`,
    );
  }
  process.stdout.write(
    `1,000 power readings over Redfish, ${reads.bmcs} BMCs\n` +
      `  CPU    ${ratio.toFixed(2)} x the floor   (aim 2;  ${reads.cpuSecondsPer1000.toFixed(3)} s, floor ${reads.floorCpuSecondsPer1000.toFixed(3)} s: a bare undici GET loop)\n` +
      ipmiText(ipmi) +
      `enroll to active, ${life.nodes} fake nodes, ${(life.lines / life.nodes).toFixed(0)} durable lines each\n` +
      `  time   ${life.secondsOverFloor.toFixed(1)} x the floor   (aim ${AIMS.timesFloor};  ${life.whole.seconds.toFixed(1)} s, floor ${life.floor.seconds.toFixed(2)} s: the same lines in the same ${life.groups} syncs)\n` +
      `  rate   ${(life.nodesPerSecond / IRONIC.nodesPerSecond).toFixed(0)} x Ironic's    (aim ${AIMS.timesIronic};  ${life.nodesPerSecond.toFixed(0)} nodes a second)\n` +
      `  CPU    ${(IRONIC.cpuSecondsPerNode / life.cpuSecondsPerNode).toFixed(0)} x less than Ironic   (aim ${AIMS.timesIronic};  ${life.cpuSecondsPerNode.toFixed(4)} s a node, floor ${(life.floor.cpuSeconds / life.nodes).toFixed(4)} s)\n` +
      leasesText("files", "exclusive create, fsync, unlink", leases.file) +
      (leases.etcd === null
        ? "leases in etcd: left out, no etcd program is installed here\n"
        : leasesText("etcd", "one put, one delete", leases.etcd)) +
      daemonText(daemons) +
      syncText() +
      "for scale, measured on a machine like these: Ironic 21.4 spends 12.5 CPU s on 1,000 such readings, and brings 1.6 fake nodes a second to active at 0.21 CPU s each; terraform plan takes 8.5 s for 1,000 resources\n",
  );
}

function ipmiText({ ours, ipmitool, many }: IpmiResult): string {
  const scale = `${ours.cpuSeconds.toFixed(3)} s of CPU, ${ours.seconds.toFixed(2)} s`;
  const beside =
    ipmitool === null
      ? `  CPU    ${scale}; no ipmitool is installed here to be measured beside it\n`
      : `  CPU    ${(ipmitool.cpuSeconds / ours.cpuSeconds).toFixed(0)} x less than ipmitool   (aim 100;  ${scale}; ipmitool ${ipmitool.cpuSeconds.toFixed(1)} s of CPU, ${ipmitool.seconds.toFixed(1)} s)\n`;
  return (
    `1,000 power readings over IPMI, cipher suite 17\n${beside}` +
    `${many.bmcs} BMCs in session at once\n` +
    `  ${many.datagramsPerSecond.toFixed(0)} datagrams a second, ${many.mb.toFixed(0)} MB, the slowest reading ${many.slowestSeconds.toFixed(2)} s\n`
  );
}

function daemonText(all: readonly DaemonResult[]): string {
  const [first] = all;
  if (first === undefined) return "daemon: left out, for there is no git program to push with\n";
  return all
    .map(({ nodes, pushMs, coldSeconds, warmSeconds, peakMb }) => {
      const growth =
        nodes === first.nodes
          ? ""
          : `, ${(pushMs / first.pushMs).toFixed(1)} x that of ${first.nodes} nodes`;
      return (
        `daemon over ${nodes} nodes in as many files\n` +
        `  push   ${pushMs.toFixed(0)} ms from the newest commit to the plan of the node that it changes${growth} (aim under 50, not growing)\n` +
        `  start  ${coldSeconds.toFixed(1)} s without a cache, ${warmSeconds.toFixed(1)} s with it; ${peakMb.toFixed(0)} MB at most (aim under 1,500 at 100,000)\n`
      );
    })
    .join("");
}

function syncText(): string {
  if (sync === null || takeover === null) return "";
  const { cpuSecondsPer1000: cpu, floorCpuSecondsPer1000: floor } = sync;
  const tight = reads.floorCpuSecondsPer1000;
  return (
    `power sync of ${sync.bmcs} BMCs by a daemon, ${sync.reads} reads in an interval\n` +
    `  CPU    ${(cpu / floor).toFixed(2)} x the floor   (aim 2;  ${cpu.toFixed(3)} s for 1,000 reads: planned, recorded and counted; floor ${floor.toFixed(3)} s: bare GETs at the same pace)\n` +
    `         ${(cpu / tight).toFixed(2)} x bare GETs one after the other over open connections\n` +
    `  memory ${sync.peakMb.toFixed(0)} MB              (aim under 500 MB at 10,000)\n` +
    `takeover of ${takeover.taken} of ${takeover.nodes} nodes after kill -9 of their daemon\n` +
    `  time   ${takeover.ownedSeconds.toFixed(1)} s until they are owned, ${takeover.lookedSeconds.toFixed(1)} s until each was looked at\n`
  );
}
