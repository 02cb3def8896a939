import { hash, randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { hostname, uptime, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import type {
  BmcCall,
  Driver,
  DriverPorts,
  FakeStatePort,
  HardwareType,
} from "../../drivers/driver.ts";
import { discoverIpmi } from "../../drivers/ipmi/discover.ts";
import { discover, discoveredYaml } from "../../drivers/redfish/discover.ts";
import { hardwareTypes } from "../../drivers/registry.ts";
import { SETTINGS_VERSIONS, VERSIONS } from "../../inventory/conversions.ts";
import { secretResolver, type SecretResolver } from "../../inventory/resolve-secret.ts";
import { type Failure, failure, ok } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { Catalog } from "../../schemas/steps.ts";
import {
  CHECKPOINTS,
  type Checkpoint,
  type Clock,
  type Drivers,
  INVENTORY_READ,
  type Random,
} from "../run/ports.ts";
import { loginGuard } from "../run/login-guard.ts";
import { nodeFiles } from "../run/store/node-files.ts";
import type { FilesPort } from "../run/store/store-ports.ts";
import { nodeProcesses } from "../run/store/node-processes.ts";
import { etcdAccess } from "./etcd-access.ts";
import type { DriverOptions, DriverSet, House } from "./house.ts";
import { monotonicClock } from "./monotonic-clock.ts";
import { nodeTerminal } from "./node-terminal.ts";
import { fingerprintKey, orUnknown } from "./shared-logins.ts";
import { simulate } from "./compose-simulation.ts";

/**
 * Puts the real clock, files, randomness and drivers together: the only place where that is done. Another time
 * and another chance may be handed in; a golden script does.
 */
export function compose(
  version: string,
  env: NodeJS.ProcessEnv,
  basics: Basics = { clock: realClock(), random: realRandom(), fakeState: fakeStateIn },
): House {
  const { clock, random } = basics;
  const checkpoint = checkpointsOf(env);
  const { types, catalog, loadDrivers } = hardwareHall();
  return {
    clock,
    random,
    version,
    host: hostname(),
    user: userName(),
    pid: process.pid,
    store: { files: nodeFiles, processes: nodeProcesses, clock, random, checkpoint },
    ...etcds(random),
    terminal: nodeTerminal,
    checkpoint,
    hardwareTypes: types,
    versions: VERSIONS,
    settingsVersions: SETTINGS_VERSIONS,
    catalog,
    loadDrivers,
    // Few commands need what packages bring; the others begin without reading that code.
    async conform(...from) {
      const { conformPackage } = await import("../../drivers/packages/conform-package.ts");
      return conformPackage(...from);
    },
    digest: (text) => hash("sha256", text),
    openDrivers: (options) => openDrivers(options, types, basics),
    async discover(address, how, options) {
      const found = await discover(address, how, portsOf(options, basics));
      return found.ok ? ok(discoveredYaml(found.value)) : found;
    },
    discoverIpmi: (places, how, options, told) =>
      discoverIpmi(places, how, portsOf(options, basics), told),
    simulate: (request) =>
      simulate(request, clock, (options) => portsOf(options, basics).resolveSecret),
  };
}

/** The etcd of this process; whoever keeps the store in files begins without reading that code. */
function etcds(random: Random): Pick<House, "etcd" | "close"> {
  const opened = new Map<string, FilesPort>();
  const closing: (() => void)[] = [];
  return {
    async etcd({ settings, root, stateDir, witnessDir, env }) {
      const which = JSON.stringify([settings.etcd, root, stateDir]);
      const known = opened.get(which);
      if (known !== undefined) return ok(known);
      const secrets = secretResolver({ settings, dir: root, env });
      const access = await etcdAccess({ settings, root, secrets, now: () => performance.now() });
      if (!access.ok) return access;
      const { EtcdClient } = await import("../run/store/etcd-client.ts");
      const { etcdFiles } = await import("../run/store/etcd-files.ts");
      const client = new EtcdClient(access.value);
      closing.push(() => client.close());
      const files = etcdFiles(client, {
        dir: stateDir,
        stays: witnessDir,
        local: nodeFiles,
        hex: (bytes) => random.hex(bytes),
      });
      opened.set(which, files);
      return ok(files);
    },
    close: () => {
      for (const end of closing) end();
    },
  };
}

/** The hardware types of one process: its own, and what packages bring. */
function hardwareHall(): {
  readonly types: ReadonlyMap<string, HardwareType>;
  readonly catalog: Catalog;
  readonly loadDrivers: House["loadDrivers"];
} {
  const types = new Map(hardwareTypes.map((type) => [type.name, type]));
  const catalog = Object.fromEntries(hardwareTypes.map((type) => [type.name, type.offer]));
  const done = new Set<string>();
  return {
    types,
    catalog,
    async loadDrivers(root, names) {
      const fresh = [...new Set(names)].filter((name) => !done.has(name));
      if (fresh.length === 0) return null;
      const { loadPackages } = await import("../../drivers/packages/load-packages.ts");
      const loaded = await loadPackages(root, fresh, new Set(types.keys()));
      if (!loaded.ok) return loaded.failure;
      for (const name of fresh) done.add(name);
      for (const type of loaded.value) {
        types.set(type.name, type);
        catalog[type.name] = type.offer;
      }
      return null;
    },
  };
}

/** A user id without an entry in the system's list (a container's) has no name but its number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}

/** What is not the same in every run. */
export interface Basics {
  readonly clock: Clock;
  readonly random: Random;
  /** Where fake machines are kept between processes. */
  readonly fakeState: (stateDir: string) => FakeStatePort;
}

/** Monotonic and counting a suspend: whichever of hrtime and uptime moved further. */
function realClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: monotonicClock({ run: () => performance.now(), wall: Date.now, uptime }),
    sleep: (ms, signal) =>
      new Promise((done, aborted) => {
        if (signal?.aborted === true) {
          aborted(new Error("aborted"));
          return;
        }
        const stop = (): void => {
          clearTimeout(timer);
          aborted(new Error("aborted"));
        };
        const timer = setTimeout(() => {
          signal?.removeEventListener("abort", stop);
          done();
        }, ms);
        signal?.addEventListener("abort", stop, { once: true });
      }),
  };
}

function realRandom(): Random {
  return {
    next: () => randomBytes(4).readUInt32BE() / 2 ** 32,
    hex: (bytes) => randomBytes(bytes).toString("hex"),
  };
}

/**
 * `IRONWRIGHT_TEST_STOP_AT=performed:2` ends this process by SIGKILL at the second time it comes to that
 * point; `IRONWRIGHT_TEST_PAUSE_AT` pauses it by SIGSTOP. For tests of crashes; does nothing otherwise.
 */
function checkpointsOf(env: NodeJS.ProcessEnv): Checkpoint {
  const armed = [
    { at: env["IRONWRIGHT_TEST_STOP_AT"], signal: "SIGKILL" },
    { at: env["IRONWRIGHT_TEST_PAUSE_AT"], signal: "SIGSTOP" },
  ].flatMap(({ at, signal }) => {
    const [point, count = "1"] = (at ?? "").split(":");
    return [...CHECKPOINTS, INVENTORY_READ].some((name) => name === point)
      ? [{ point, left: Number(count), signal }]
      : [];
  });
  if (armed.length === 0) return () => Promise.resolve();
  return (point) => {
    for (const arm of armed) {
      if (arm.point !== point) continue;
      arm.left -= 1;
      if (arm.left === 0) process.kill(process.pid, arm.signal);
    }
    return Promise.resolve();
  };
}

function openDrivers(
  options: DriverOptions,
  types: House["hardwareTypes"],
  basics: Basics,
): DriverSet {
  const secrets = secretsOf(options);
  const ports = portsOf(options, basics, secrets);
  const open = new Map<string, Driver>();
  return {
    driverFor(node) {
      const name = node.spec.driver ?? "";
      const type = types.get(name);
      if (type === undefined) return unknownType(node, name, [...types.keys()]);
      const { called } = options;
      const counted =
        called === undefined ? ports : { ...ports, called: (call: BmcCall) => called(name, call) };
      const driver = open.get(name) ?? type.open(counted);
      open.set(name, driver);
      return driver;
    },
    secretVersion: orUnknown(versionBy(secrets)),
    async close() {
      for (const driver of open.values()) await driver.close();
    },
  };
}

function unknownType(node: FleetNode, name: string, known: readonly string[]): Failure {
  return failure(
    "stalled",
    "IW-B18",
    `${node.name}: the hardware type ${name} is not known here; there are ${known.join(", ")}, or name its package in the setting drivers`,
  );
}

function secretsOf({ settings, root, env, logins }: DriverOptions): SecretResolver {
  return secretResolver({ settings, dir: root, env, key: fingerprintKey(logins) });
}

function versionBy(secrets: SecretResolver): Drivers["secretVersion"] {
  return async ({ name, spec }) => {
    const ref = spec.bmc?.password;
    return ref === undefined ? null : secrets.version({ name }, ref);
  };
}

function portsOf(
  options: DriverOptions,
  { clock, random, fakeState }: Basics,
  secrets = secretsOf(options),
): DriverPorts {
  const { settings, root, stateDir, readOnly, debug } = options;
  return {
    clock,
    settings,
    resolveSecret: (node, ref) => secrets.resolve(node, ref),
    readFile: (path) => readDeclared(root, path),
    readOnly,
    logins: loginGuard({
      slots: options.logins,
      secretVersion: versionBy(secrets),
      settings,
    }),
    random: () => random.next(),
    debug,
    fakeState: fakeState(stateDir),
  };
}

function fakeStateIn(stateDir: string): FakeStatePort {
  return {
    read: (node) => readFile(fakePath(stateDir, node), "utf8").catch(() => null),
    write: (node, text) => writeFake(fakePath(stateDir, node), text),
  };
}

async function readDeclared(root: string, path: string): Promise<Uint8Array | Failure> {
  try {
    return await readFile(resolve(root, path));
  } catch {
    return failure(
      "stalled",
      "IW-S09",
      `the file ${path} that a document names cannot be read; check its path from ${root}`,
    );
  }
}

function fakePath(stateDir: string, node: string): string {
  return join(stateDir, "fake", `${node}.json`);
}

async function writeFake(path: string, text: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}
