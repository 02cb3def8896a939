import { createHash, X509Certificate } from "node:crypto";
import { appendFileSync } from "node:fs";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { generate } from "selfsigned";
import type { DriverClock } from "../driver.ts";
import { SimulatedBmc } from "./bmc.ts";
import type { Answered, Asked, LoggedCall } from "./exchange.ts";
import { controlAnswer } from "./control.ts";
import { parseFault } from "./faults.ts";
import { DEFAULT_TIMINGS, Machine, type MachineSpec, type Timings } from "./machine.ts";
import { type Failure, failure } from "../../schemas/failure.ts";

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
}

/** A running simulation. */
export interface Simulator {
  /** Root URL of each machine's BMC. */
  readonly addresses: ReadonlyMap<string, string>;
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
/** Larger requests are no Redfish. Bytes. */
const BODY_MAX = 1024 * 1024;
const HUGE_BYTES = 16 * 1024 * 1024;

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
  const running = new Running(all, machines, identity?.cert ?? null);
  for (const [index, group] of groups.entries())
    await running.serve(group, index === 0 ? all.port : 0, identity);
  for (const text of all.faults) {
    const wrong = running.fault(text);
    if (wrong === null) continue;
    await running.close();
    throw new FaultError(wrong);
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

type AllOptions = Required<Omit<SimulatorOptions, "logFile">> & Pick<SimulatorOptions, "logFile">;

/** A simulation with its servers. */
class Running implements Simulator {
  readonly addresses = new Map<string, string>();
  readonly machines: ReadonlyMap<string, Machine>;
  readonly log: LoggedCall[] = [];
  readonly certificate: string | null;
  readonly pin: string | null;
  readonly username: string;
  readonly password: string;
  readonly #options: AllOptions;
  readonly #servers: BmcServer[] = [];
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
  }

  async serve(group: readonly Machine[], port: number, identity: Identity | null): Promise<void> {
    const { clock, host } = this.#options;
    let address = "";
    const bmc = new SimulatedBmc({
      ...this.#options,
      machines: group,
      address: () => address,
      hex: this.#hex,
      log: (call) => this.#note(call),
    });
    const server = new BmcServer(bmc, clock, (asked) => controlAnswer(this, asked));
    address = await server.listen(host, port, identity);
    this.#servers.push(server);
    for (const { spec } of group) this.addresses.set(spec.name, address);
  }

  #note(call: LoggedCall): void {
    this.log.push(call);
    const { logFile } = this.#options;
    if (logFile !== undefined) appendFileSync(logFile, `${JSON.stringify(call)}\n`);
  }

  fault(text: string): Failure | null {
    const parsed = parseFault(text);
    if (!parsed.ok) return parsed.failure;
    const { machine, other, kind } = parsed.value;
    const named = other === null ? [machine] : [machine, other];
    const missing = named.find((name) => !this.machines.has(name));
    if (missing !== undefined) {
      const known = [...this.machines.keys()].slice(0, 8).join(", ");
      const message = `fault "${text}": no simulated machine is called ${missing}; there are ${known}`;
      return failure("stalled", "IW-I06", message);
    }
    if (kind === "swap") swap(this.machines.get(machine), this.machines.get(other ?? ""));
    else this.#bmcOf(machine)?.addFault(parsed.value);
    return null;
  }

  #bmcOf(name: string): SimulatedBmc | undefined {
    return this.#servers.map(({ bmc }) => bmc).find(({ machines }) => machines.has(name));
  }

  clearFaults(machine: string): void {
    this.#bmcOf(machine)?.clearFaults(machine);
  }

  pressPowerButton(machine: string): void {
    this.machines.get(machine)?.pressPowerButton(this.#options.clock.now());
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
  }
}

/** A fault that cannot be set, found while starting. */
export class FaultError extends Error {
  readonly failure: Failure;

  constructor(why: Failure) {
    super(why.message);
    this.failure = why;
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

/** Key and certificate, PEM. */
interface Identity {
  readonly key: string;
  readonly cert: string;
}

async function certificate(host: string): Promise<Identity> {
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

/** One port with a BMC behind it. */
class BmcServer {
  readonly bmc: SimulatedBmc;
  readonly #clock: DriverClock;
  readonly #control: (asked: Asked) => Answered | null;
  #server: http.Server | https.Server | null = null;

  constructor(bmc: SimulatedBmc, clock: DriverClock, control: (asked: Asked) => Answered | null) {
    this.bmc = bmc;
    this.#clock = clock;
    this.#control = control;
  }

  async listen(host: string, port: number, identity: Identity | null): Promise<string> {
    const handler = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch(() => response.destroy());
    };
    const server =
      identity === null ? http.createServer(handler) : https.createServer(identity, handler);
    // Many clients of many BMCs share a process here; a slow one must not be cut off by a default.
    server.requestTimeout = 0;
    this.#server = server;
    await new Promise<void>((done, failed) => {
      server.once("error", failed);
      server.listen(port, host, done);
    });
    const bound = server.address();
    const at: AddressInfo | null = typeof bound === "object" ? bound : null;
    return `${identity === null ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${at?.port ?? port}`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = request.method === "GET" ? "" : await bodyOf(request);
    const asked: Asked = {
      method: request.method ?? "GET",
      path: (request.url ?? "/").split("?")[0] ?? "/",
      headers: request.headers,
      body,
    };
    const control = this.#control(asked);
    if (control !== null) return write(response, control);
    await this.#answer(asked, request, response);
  }

  async #answer(asked: Asked, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const kind = this.bmc.wireFault(asked);
    if (kind?.kind === "hang") return;
    if (kind?.kind === "drop") return void request.socket.destroy();
    if (kind?.kind === "slow") await this.#clock.sleep(kind.ms ?? 0);
    const answer = this.bmc.handle(asked);
    if (answer.drop === true) request.socket.destroy();
    else if (kind === null || kind.kind === "slow") write(response, answer);
    else spoil(response, answer, kind.kind);
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    await new Promise<void>((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > BODY_MAX) throw new Error("the request is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function write(response: ServerResponse, { status, body, headers }: Answered): void {
  const text = body === undefined ? "" : JSON.stringify(body);
  response.writeHead(status, {
    ...(text === "" ? {} : { "content-type": "application/json; charset=utf-8" }),
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** Answers that no client should trust. */
function spoil(response: ServerResponse, answer: Answered, kind: string): void {
  const text = JSON.stringify(answer.body ?? {});
  if (kind === "garbage") {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<!doctype html><title>Please log in</title>");
    return;
  }
  if (kind === "huge") {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ ...answer.body, Oem: "x".repeat(HUGE_BYTES) }));
    return;
  }
  response.writeHead(200, { "content-type": "application/json", "content-length": text.length });
  response.write(text.slice(0, Math.floor(text.length / 2)), () => response.destroy());
}
