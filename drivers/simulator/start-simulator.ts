import { createHash, X509Certificate } from "node:crypto";
import { appendFileSync } from "node:fs";
import { generate } from "selfsigned";
import type { DriverClock } from "../driver.ts";
import { SimulatedBmc } from "./bmc.ts";
import { BmcServer, type TlsIdentity } from "./bmc-server.ts";
import type { LoggedCall } from "./exchange.ts";
import { controlAnswer } from "./control.ts";
import type { Hop } from "../ipmi/bridge.ts";
import { isOfIpmi, parseFault } from "./faults.ts";
import { type BmcPlan, bmcPlans } from "./ipmi/bmc-plans.ts";
import { CHASSIS_MACHINES_MAX, enclosure } from "./ipmi/chassis.ts";
import { IpmiBmc } from "./ipmi/ipmi-bmc.ts";
import { IPMI_DEFAULTS, type IpmiFace } from "./ipmi/ipmi-face.ts";
import { IpmiServer } from "./ipmi/ipmi-server.ts";
import { Lies } from "./lies.ts";
import { DEFAULT_TIMINGS, Machine, type MachineSpec, type Timings } from "./machine.ts";
import { type Failure, failure } from "../../schemas/failure.ts";

export type { IpmiFace };

/** How a simulation is started. */
export interface SimulatorOptions {
  readonly machines: readonly MachineSpec[];
  /** one-port: one BMC that serves all systems. port-per-bmc: each machine has a BMC of its own. */
  readonly layout?: "one-port" | "port-per-bmc";
  readonly https?: boolean;
  /** The certificate names another host than the one that it serves. */
  readonly wrongCertificate?: boolean;
  readonly host?: string;
  /** The first BMC's port; the others' are chosen by the system. 0 lets it choose all. */
  readonly port?: number;
  readonly clock?: DriverClock;
  readonly seed?: number;
  /** Every mutating call is appended here as a JSON line. */
  readonly logFile?: string | undefined;
  readonly faults?: readonly string[];
  readonly timings?: Timings;
  readonly sessionLimit?: number;
  readonly sessionTimeoutMs?: number;
  readonly username?: string;
  readonly password?: string;
  /** Each machine's BMC speaks IPMI too, on a UDP port of its own that the system chooses; `{}` for its defaults. */
  readonly ipmi?: IpmiFace | ((machine: string) => IpmiFace);
}

/** A running simulation. */
export interface Simulator {
  /** Root URL of each machine's BMC. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Where each machine's BMC speaks IPMI, as `ipmi://127.0.0.1:PORT`; empty where they do not. */
  readonly ipmiAddresses: ReadonlyMap<string, string>;
  /** Where a machine is behind a chassis's BMC; empty where each has a port of its own. */
  readonly ipmiTargets: ReadonlyMap<string, Hop>;
  readonly machines: ReadonlyMap<string, Machine>;
  /** Mutating calls since the start, oldest first. */
  readonly log: readonly LoggedCall[];
  /** PEM of the certificate, with HTTPS. */
  readonly certificate: string | null;
  /** `sha256:` and the hex SHA-256 of its DER bytes, as bmc.tls.pin has it. */
  readonly pin: string | null;
  readonly username: string;
  readonly password: string;
  /** Adds a fault by its text; a Failure says what is wrong with it. */
  fault(text: string): Failure | null;
  clearFaults(machine: string): void;
  pressPowerButton(machine: string): void;
  close(): Promise<void>;
}

/** Sessions that common BMCs hold; iDRAC 9 has 8, many have 16. */
const SESSION_LIMIT = 16;
const SESSION_TIMEOUT_MS = 30 * 60_000;
/** Starts BMCs that speak Redfish over real HTTP or HTTPS, on loopback unless told otherwise. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const all = { ...DEFAULTS, ...options };
  const machines = new Map(all.machines.map((spec) => [spec.name, new Machine(spec, all.timings)]));
  const groups =
    all.layout === "port-per-bmc"
      ? [...machines.values()].map((one) => [one])
      : [[...machines.values()]];
  const identity = all.https
    ? await certificate(all.wrongCertificate ? "elsewhere.invalid" : all.host)
    : null;
  const unwritable = logFailure(all.logFile);
  if (unwritable !== null) throw new FaultError(unwritable);
  const running = new Running(all, machines, identity?.cert ?? null);
  try {
    for (const [index, group] of groups.entries())
      await running.serve(group, index === 0 ? all.port : 0, identity);
    for (const plan of bmcPlans(options.ipmi, [...machines.values()]))
      await running.serveIpmi(plan);
    for (const text of all.faults) {
      const wrong = running.fault(text);
      if (wrong !== null) throw new FaultError(wrong);
    }
  } catch (error) {
    await running.close();
    throw error;
  }
  return running;
}

const REAL_CLOCK: DriverClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
};

const DEFAULTS = {
  layout: "one-port",
  https: false,
  wrongCertificate: false,
  host: "127.0.0.1",
  port: 0,
  clock: REAL_CLOCK,
  seed: 1,
  faults: [],
  timings: DEFAULT_TIMINGS,
  sessionLimit: SESSION_LIMIT,
  sessionTimeoutMs: SESSION_TIMEOUT_MS,
  username: "admin",
  password: "password",
} as const satisfies Omit<SimulatorOptions, "machines">;

type AllOptions = Required<Omit<SimulatorOptions, "logFile" | "ipmi">> &
  Pick<SimulatorOptions, "logFile">;

/** A simulation with its servers. */
class Running implements Simulator {
  readonly addresses = new Map<string, string>();
  readonly ipmiAddresses = new Map<string, string>();
  readonly ipmiTargets = new Map<string, Hop>();
  readonly machines: ReadonlyMap<string, Machine>;
  readonly log: LoggedCall[] = [];
  readonly certificate: string | null;
  readonly pin: string | null;
  readonly username: string;
  readonly password: string;
  readonly #options: AllOptions;
  readonly #servers: BmcServer[] = [];
  readonly #ipmiServers: IpmiServer[] = [];
  readonly #lies: Lies;
  readonly #hex: (bytes: number) => string;

  constructor(
    options: AllOptions,
    machines: ReadonlyMap<string, Machine>,
    certificatePem: string | null,
  ) {
    this.#options = options;
    this.machines = machines;
    this.certificate = certificatePem;
    this.pin = certificatePem === null ? null : pinOf(certificatePem);
    this.username = options.username;
    this.password = options.password;
    this.#hex = hexFrom(options.seed);
    this.#lies = new Lies(() => options.clock.now());
  }

  async serve(
    group: readonly Machine[],
    port: number,
    identity: TlsIdentity | null,
  ): Promise<void> {
    const { clock, host } = this.#options;
    let address = "";
    const bmc = new SimulatedBmc({
      ...this.#options,
      machines: group,
      lies: this.#lies,
      address: () => address,
      hex: this.#hex,
      log: (call) => this.#note(call),
    });
    const server = new BmcServer(bmc, clock, (asked) => controlAnswer(this, asked));
    address = await listening(server.listen(host, port, identity), group[0]?.spec.name ?? "");
    this.#servers.push(server);
    for (const { spec } of group) this.addresses.set(spec.name, address);
  }

  async serveIpmi({ face, own, behind }: BmcPlan): Promise<void> {
    const { clock, username, password, timings } = this.#options;
    const { host = this.#options.host, port = 0 } = face;
    if (behind.length > CHASSIS_MACHINES_MAX) throw new FaultError(chassisFull(behind.length));
    const satellites = new Map(behind.map(([{ address }, machine]) => [address, machine]));
    const machine = own ?? enclosure(timings);
    let address = "";
    const bmc = new IpmiBmc({
      ...IPMI_DEFAULTS,
      users: [{ name: username, password, privilege: "administrator" }],
      ...face,
      machine,
      satellites,
      clock,
      lies: this.#lies,
      address: () => address,
      hex: this.#hex,
      log: (call) => this.#note(call),
    });
    const server = new IpmiServer(bmc, host, { clock, lies: this.#lies });
    this.#ipmiServers.push(server);
    const [first = machine] = [own, ...behind.map(([, one]) => one)].filter((one) => one !== null);
    address = await listening(server.listen(host, port), first.spec.name);
    if (own !== null) this.ipmiAddresses.set(own.spec.name, address);
    for (const [hop, { spec }] of behind) {
      this.ipmiAddresses.set(spec.name, address);
      this.ipmiTargets.set(spec.name, hop);
    }
  }

  #note(call: LoggedCall): void {
    this.log.push(call);
    const { logFile } = this.#options;
    if (logFile === undefined) return;
    try {
      appendFileSync(logFile, `${JSON.stringify(call)}\n`);
    } catch {
      // A disk that is full ends no simulation; what was called is in `log` all the same.
    }
  }

  fault(text: string): Failure | null {
    const parsed = parseFault(text);
    if (!parsed.ok) return parsed.failure;
    const { machine, other, kind } = parsed.value;
    const named = other === null ? [machine] : [machine, other];
    const missing = named.find((name) => !this.#isThere(name));
    if (missing !== undefined) {
      const known = [...this.machines.keys()].slice(0, 8).join(", ");
      const message = `fault "${text}": no simulated machine is called ${missing}; there are ${known}`;
      return failure("stalled", "IW-I06", message);
    }
    if (isOfIpmi(kind) && !this.ipmiAddresses.has(machine)) {
      const message = `fault "${text}": the BMC of ${machine} speaks no IPMI here; start with --ipmi, or give the node driver: ipmi`;
      return failure("stalled", "IW-I04", message);
    }
    if (kind === "swap") swap(this.machines.get(machine), this.machines.get(other ?? ""));
    else if (kind === "expire-sessions") this.#endSessions(machine);
    else this.#lies.add(parsed.value);
    return null;
  }

  /** Also a chassis's BMC, which no machine is. */
  #isThere(name: string): boolean {
    return this.machines.has(name) || this.#ipmiServers.some(({ bmc }) => bmc.serves(name));
  }

  #endSessions(name: string): void {
    for (const { bmc } of this.#servers) if (bmc.machines.has(name)) bmc.endSessions();
    for (const { bmc } of this.#ipmiServers) if (bmc.serves(name)) bmc.slots.forget();
  }

  clearFaults(machine: string): void {
    this.#lies.clear(machine);
  }

  pressPowerButton(machine: string): void {
    this.machines.get(machine)?.pressPowerButton(this.#options.clock.now());
  }

  async close(): Promise<void> {
    const all = [...this.#servers, ...this.#ipmiServers];
    await Promise.all(all.map((server) => server.close()));
  }
}

/** Why calls can't be appended there; null where they can. */
function logFailure(path: string | undefined): Failure | null {
  if (path === undefined) return null;
  try {
    appendFileSync(path, "");
    return null;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return failure("stalled", "IW-I04", `the log ${path} cannot be written: ${why}; name another`);
  }
}

function chassisFull(count: number): Failure {
  const fact = `a chassis has room for ${CHASSIS_MACHINES_MAX} machines, and there are ${count}`;
  return failure("stalled", "IW-I04", `${fact}; start fewer, or give each a port of its own`);
}

/** What a simulation cannot be, found while starting. */
export class FaultError extends Error {
  readonly failure: Failure;

  constructor(why: Failure) {
    super(why.message);
    this.failure = why;
  }
}

/** A port that could not be had, found while starting. */
export class PortError extends Error {
  /** The machine, or the first of them, whose BMC was to be there. */
  readonly machine: string;

  constructor(machine: string, cause: Error) {
    super(cause.message, { cause });
    this.machine = machine;
  }
}

async function listening(work: Promise<string>, machine: string): Promise<string> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof Error ? new PortError(machine, error) : error;
  }
}

function pinOf(pem: string): string {
  const der = new X509Certificate(pem).raw;
  return `sha256:${createHash("sha256").update(der).digest("hex")}`;
}

function swap(a: Machine | undefined, b: Machine | undefined): void {
  if (a === undefined || b === undefined) return;
  [a.identity, b.identity] = [b.identity, a.identity];
  [a.hardware, b.hardware] = [b.hardware, a.hardware];
}

/** Tokens of a seed: mulberry32; secret enough for a simulation, and the same each time. */
function hexFrom(seed: number): (bytes: number) => string {
  let state = seed >>> 0;
  const byte = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) & 0xff;
  };
  return (bytes) =>
    Array.from({ length: bytes }, () => byte().toString(16).padStart(2, "0")).join("");
}

async function certificate(host: string): Promise<TlsIdentity> {
  const isAddress = /^[\d.]+$|:/.test(host);
  const alt = isAddress ? ({ type: 7, ip: host } as const) : ({ type: 2, value: host } as const);
  const pem = await generate([{ name: "commonName", value: host }], {
    keySize: 2048,
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: [alt] },
    ],
  });
  return { key: pem.private, cert: pem.cert };
}
