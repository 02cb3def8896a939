import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { LoggedCall } from "../../drivers/simulator/exchange.ts";
import type { MachineSpec } from "../../drivers/simulator/machine.ts";
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from "../../drivers/simulator/start-simulator.ts";
import { type Ran, runCli, type Running, startCli } from "./run-cli.ts";
import { type TempRepo, tempRepo } from "./temp-repo.ts";

/** Quick machines: a test waits for them. */
const TIMINGS = { powerOnMs: 60, powerOffMs: 40, gracefulMs: 80 };

/** A repository, a simulated rack, and the command line between them. */
export interface Rack {
  readonly repo: TempRepo;
  readonly simulator: Simulator;
  run(...args: readonly string[]): Promise<Ran>;
  runWith(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ran>;
  start(env: Readonly<Record<string, string>>, ...args: readonly string[]): Running;
  /** Mutating calls to machines, logins left out. */
  acts(): readonly LoggedCall[];
  logins(): readonly LoggedCall[];
  /** Writes the documents of all machines; `spec` is added to each. */
  declare(spec: string, names?: readonly string[]): void;
}

export function aMachine(name: string, more: Partial<MachineSpec> = {}): MachineSpec {
  const n = name.replaceAll(/\D/g, "").padStart(12, "0");
  return {
    name,
    manufacturer: "Dell",
    model: "R660",
    serial: `S-${name}`,
    uuid: `00000000-0000-4000-8000-${n}`,
    power: "Off",
    bootMode: "UEFI",
    secureBoot: false,
    bios: { ProcVirtualization: "Enabled" },
    ...more,
  };
}

/** Limits that suit machines of milliseconds. */
export const QUICK_SETTINGS = `limits: { resetSpacingSeconds: 0, powerOnSpacingSeconds: 0, settleSeconds: 0, requestSeconds: 2 }
timeouts: { powerSeconds: 2, softOffSeconds: 1, settingSeconds: 2, lookSeconds: 0.1 }
`;

/** Longer than a busy machine keeps a process waiting: an engine whose lease runs out is right to end. */
const LEASE_SECONDS = 60;

/** Sets a rack up, with a store made and every machine adopted by its full identity. */
export async function aRack(
  names: readonly string[],
  how: {
    readonly simulator?: Partial<SimulatorOptions>;
    readonly spec?: string;
    readonly init?: boolean;
    /** How its documents say that BMCs are spoken to; Redfish when left out. */
    readonly driver?: "redfish" | "ipmi";
    /** More of `bmc` in each document, as `cipherSuite: 3`. */
    readonly bmc?: string;
    readonly ttlSeconds?: number;
    /** Lines of `ironwright.yaml` besides those of a rack. */
    readonly settings?: string;
    readonly backend?: "file" | "etcd";
  } = {},
): Promise<Rack> {
  const simulator = await startSimulator({
    machines: names.map((name) => aMachine(name)),
    timings: TIMINGS,
    ...(how.driver === "ipmi" ? { ipmi: {} } : {}),
    ...how.simulator,
  });
  onTestFinished(() => simulator.close());
  const lease = `lease: { ttlSeconds: ${how.ttlSeconds ?? LEASE_SECONDS}, backend: ${how.backend ?? "file"} }\n`;
  const settings = `${QUICK_SETTINGS}${lease}${how.settings ?? ""}`;
  const repo = await tempRepo({ "ironwright.yaml": settings });
  const env = { BMC_PASSWORD: simulator.password };
  const rack: Rack = {
    repo,
    simulator,
    run: (...args) => runCli(repo.dir, args, env),
    runWith: (more, ...args) => runCli(repo.dir, args, { ...env, ...more }),
    start: (more, ...args) => startCli(repo.dir, args, { ...env, ...more }),
    acts: () => simulator.log.filter(({ machine }) => machine !== null),
    logins: () =>
      simulator.log.filter(({ path, method }) =>
        method === "IPMI" ? path === "Login" : path.endsWith("/Sessions") && method === "POST",
      ),
    declare: (spec, only = names) => {
      for (const name of only)
        repo.write(
          `inventory/${name}.yaml`,
          document(simulator, { name, spec, driver: how.driver ?? "redfish", bmc: how.bmc ?? "" }),
        );
    },
  };
  rack.declare(how.spec ?? "");
  if (how.init !== false) {
    const made = await rack.run("init");
    if (made.code !== 0) throw new Error(`init: ${made.err}`);
    await repo.commit("the rack as it is");
  }
  return rack;
}

/** What one document says. */
interface Said {
  readonly name: string;
  readonly spec: string;
  readonly driver: "redfish" | "ipmi";
  readonly bmc: string;
}

function document(simulator: Simulator, { name, spec, driver, bmc }: Said): string {
  const machine = simulator.machines.get(name)?.spec ?? aMachine(name);
  const address =
    driver === "ipmi"
      ? (simulator.ipmiAddresses.get(name) ?? "")
      : `${simulator.addresses.get(name) ?? ""}
    system: /redfish/v1/Systems/${name}`;
  const more = bmc === "" ? "" : `    ${bmc}\n`;
  return `apiVersion: ironwright/v1
kind: Node
metadata: { name: ${name}, labels: { rack: r1 } }
spec:
  driver: ${driver}
  identity: { manufacturer: ${machine.manufacturer}, serial: ${machine.serial}, systemUuid: ${machine.uuid} }
  bmc:
    address: ${address}
    username: admin
    password: { env: BMC_PASSWORD }
${more}  provision: { state: adopted }
${spec}`;
}

/** Parses every JSON file of a state directory; throws on one that does not parse. */
export function parseEveryFile(dir: string): number {
  let count = 0;
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) {
      count += parseEveryFile(path);
      continue;
    }
    if (/\/\.ironwright\/(tmp|cache)\//.test(path) || name === ".gitignore") continue;
    const text = readFileSync(path, "utf8");
    // The mark of a journal is empty.
    if (/\/journal\/.*\.\d{16}$/.test(path) && text === "") continue;
    if (name.endsWith(".jsonl")) {
      for (const line of text.split("\n").slice(0, -1))
        JSON.parse(line.slice(Math.max(0, line.indexOf("{"))));
    } else JSON.parse(text);
    count += 1;
  }
  return count;
}
