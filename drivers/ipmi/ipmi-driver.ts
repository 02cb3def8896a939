import type { DriverAction } from "../../schemas/action.ts";
import { type Failure, failure, fail, ok, type Result } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { BootMode } from "../../schemas/documents.ts";
import type { MachineInventory } from "../../schemas/machine-inventory.ts";
import type {
  BootDeviceReading,
  Observation,
  ObservedFacet,
  ObservedFacets,
  Reading,
} from "../../schemas/observation.ts";
import type { VendorCall } from "../../schemas/vendor.ts";
import type {
  ConsoleHow,
  ConsoleOpened,
  Driver,
  DriverPorts,
  Performed,
  PerformContext,
} from "../driver.ts";
import { socketFault } from "../net/fault-table.ts";
import { measureBy } from "../net/measure-by.ts";
import { networkGuard } from "../net/network-guard.ts";
import type { Resolve } from "../net/open-socket.ts";
import { RefusalLedger } from "../net/refusal-ledger.ts";
import { Slots, WAITING_MAX } from "../net/slots.ts";
import { IPMI_BOOT_DEVICES, readingOf } from "./boot-device.ts";
import { routeOf } from "./bridge-settings.ts";
import { BridgedController } from "./bridged-controller.ts";
import type { Controller } from "./controller.ts";
import { type IpmiAddress, parseIpmiAddress } from "./ipmi-address.ts";
import { IpmiBmc } from "./ipmi-bmc.ts";
import { answerVendor } from "./ipmi-vendor.ts";
import { FIELD_TIMINGS, IpmiWire, type Timings } from "./ipmi-wire.ts";
import type { BootFlags } from "./packets/boot-options.ts";
import type { ChassisStatus } from "./packets/chassis.ts";
import type { DeviceId } from "./packets/device.ts";
import { performAct } from "./perform-act.ts";
import { readEventLog } from "./read-event-log.ts";
import { readIdentity, readInventory } from "./read-identity.ts";
import {
  lightsOf,
  makeOf,
  notSaid,
  powerOf,
  type ReadAt,
  behavioursBy,
  bootModeOf,
  readBootFlags,
  readDeviceId,
  readStatus,
  tasksOf,
} from "./read-machine.ts";
import { SessionKeeper } from "./session-keeper.ts";
import { Consoles } from "./sol/consoles.ts";
import type { SolTimings } from "./sol/sol-flow.ts";
import { UdpHub } from "./udp-hub.ts";

/** Waiting requests over all BMCs; each node has a few at most. */
const GLOBAL_WAITING_MAX = WAITING_MAX * 10;

/**
 * A session that nobody used for so long is closed: longer than an apply waits between two looks or switchings, shorter than
 * the minute after which the BMC ends it (IPMI 2.0, 6.12.15). Milliseconds.
 */
const IDLE_MS = 30_000;

/** What tests say otherwise. */
export interface IpmiOptions {
  readonly resolve?: Resolve | undefined;
  readonly timings?: Timings | undefined;
  readonly idleMs?: number | undefined;
  readonly solTimings?: SolTimings | undefined;
}

/** Filled by the readers, whose types are checked facet by facet. */
type Readings = Record<string, Reading<unknown>>;

/** One driver for every IPMI node of a process: one UDP socket, one session for each BMC. */
export class IpmiDriver implements Driver {
  readonly #ports: DriverPorts;
  readonly #options: IpmiOptions;
  readonly #hub = new UdpHub();
  readonly #bmcs = new Map<string, IpmiBmc>();
  /** Those behind a BMC, by their route. */
  readonly #bridged = new WeakMap<IpmiBmc, Map<string, Controller>>();
  readonly #lanes = new Map<string, Slots>();
  readonly #slots: Slots;
  readonly #ledger: RefusalLedger;
  readonly #consoles: Consoles;

  constructor(ports: DriverPorts, options: IpmiOptions = {}) {
    this.#ports = ports;
    this.#options = options;
    this.#slots = new Slots(ports.settings.limits.global, GLOBAL_WAITING_MAX);
    this.#ledger = new RefusalLedger(ports.settings.limits.refusalsPerSecret, ports);
    this.#consoles = new Consoles(ports, this.#ledger, options);
  }

  async observe(
    node: FleetNode,
    facets: readonly ObservedFacet[],
    signal?: AbortSignal,
  ): Promise<Observation> {
    const bmc = this.#bmcOf(node);
    if (!bmc.ok) return this.#unreachable(node, facets, bmc.failure);
    return new Reader(this.#ports, node, { bmc: bmc.value, signal }).observe(facets);
  }

  async perform(
    node: FleetNode,
    action: DriverAction,
    context: PerformContext,
  ): Promise<Performed> {
    const bmc = this.#bmcOf(node);
    if (!bmc.ok) return { sent: false, failure: bmc.failure };
    if (this.#ports.readOnly)
      return { sent: false, failure: socketFault(bmc.value.thing, "IW_READ_ONLY") };
    if (action.verb === "session.open") return bmc.value.open(node.name, context);
    if (action.verb === "session.end") return bmc.value.end(action.session, context);
    return performAct(bmc.value, node, action, context);
  }

  async readVendor(
    node: FleetNode,
    call: VendorCall,
    signal?: AbortSignal,
  ): Promise<Result<unknown>> {
    const bmc = this.#bmcOf(node);
    return bmc.ok ? answerVendor({ bmc: bmc.value, signal }, call) : bmc;
  }

  async openConsole(node: FleetNode, how: ConsoleHow): Promise<ConsoleOpened> {
    const address = addressOf(node);
    if (!address.ok) return { kind: "failed", failure: address.failure };
    return this.#consoles.open(node, this.#wireTo(address.value), how);
  }

  async close(): Promise<void> {
    const all = [...this.#bmcs.values()];
    this.#bmcs.clear();
    await Promise.all([this.#consoles.close(), ...all.map((bmc) => bmc.close())]);
    this.#hub.close();
  }

  /** A node's controller: its BMC, or who is behind it. */
  #bmcOf(node: FleetNode): Result<Controller> {
    const bmc = this.#lanBmcOf(node);
    if (!bmc.ok) return bmc;
    const route = routeOf(node.spec.bmc?.bridging);
    if (route === null) return bmc;
    if (!("hops" in route)) {
      const [[, wrong] = ["", "bmc.bridging is wrong"]] = route;
      return fail(failure("stalled", "IW-I04", `node "${node.name}": ${wrong}`));
    }
    const key = JSON.stringify(route);
    const behind = this.#bridged.get(bmc.value) ?? new Map<string, Controller>();
    const known = behind.get(key);
    if (known !== undefined) return ok(known);
    const controller = new BridgedController(bmc.value, route, bmc.value.newMemory());
    this.#bridged.set(bmc.value, behind.set(key, controller));
    return ok(controller);
  }

  /** What a node's session is with, shared by all nodes that speak to it in the same way, also those behind it. */
  #lanBmcOf(node: FleetNode): Result<IpmiBmc> {
    const { username, password, kg, privilege, cipherSuite, ipmiVersion } = node.spec.bmc ?? {};
    const address = addressOf(node);
    if (!address.ok) return address;
    const { origin } = address.value;
    const how = [username, password, kg, privilege, cipherSuite, ipmiVersion];
    const key = JSON.stringify([origin, ...how]);
    const known = this.#bmcs.get(key);
    if (known !== undefined) return ok(known);
    const ports = this.#ports;
    const { timings = FIELD_TIMINGS, idleMs = IDLE_MS } = this.#options;
    const wire = this.#wireTo(address.value);
    const keeper = new SessionKeeper({ wire, ports, ledger: this.#ledger, timings, node, idleMs });
    const bmc = new IpmiBmc({
      wire,
      ports,
      keeper,
      timings,
      lane: this.#laneOf(origin),
      globalSlots: this.#slots,
      measure: measureBy(ports),
    });
    this.#bmcs.set(key, bmc);
    return ok(bmc);
  }

  #wireTo(address: IpmiAddress): IpmiWire {
    const { settings, debug } = this.#ports;
    return new IpmiWire({
      hub: this.#hub,
      address,
      guard: networkGuard(settings.bmc.networks),
      connectMs: settings.limits.connectSeconds * 1000,
      resolve: this.#options.resolve,
      debug,
    });
  }

  /** Two users of one BMC share what it takes at once. */
  #laneOf(origin: string): Slots {
    const known = this.#lanes.get(origin);
    if (known !== undefined) return known;
    const lane = new Slots(1, WAITING_MAX);
    this.#lanes.set(origin, lane);
    return lane;
  }

  #unreachable(node: FleetNode, facets: readonly ObservedFacet[], why: Failure): Observation {
    const at = this.#ports.clock.now();
    const readings: Readings = {};
    for (const facet of facets) readings[facet] = { known: false, at, why };
    return {
      node: node.name,
      at,
      facets: readings,
      capabilities: {},
      transport: null,
      unreachable: why,
    };
  }
}

function addressOf(node: FleetNode): Result<IpmiAddress> {
  const parsed = parseIpmiAddress(node.spec.bmc?.address ?? "");
  if (typeof parsed !== "string") return ok(parsed);
  return fail(failure("stalled", "IW-I04", `node "${node.name}": ${parsed}`));
}

/** One observation of one node: what two facets share is read once. */
class Reader {
  readonly #ports: DriverPorts;
  readonly #node: FleetNode;
  readonly #at: ReadAt;
  #status: Promise<Result<ChassisStatus>> | undefined;
  #deviceId: Promise<Result<DeviceId>> | undefined;
  #flags: Promise<Result<BootFlags>> | undefined;

  constructor(ports: DriverPorts, node: FleetNode, at: ReadAt) {
    this.#ports = ports;
    this.#node = node;
    this.#at = at;
  }

  async observe(facets: readonly ObservedFacet[]): Promise<Observation> {
    const { bmc } = this.#at;
    const readings: Readings = {};
    let unreachable: Failure | null = null;
    for (const facet of new Set(facets)) {
      const read: Result<unknown> =
        unreachable === null ? await this.#readers[facet]() : fail(unreachable);
      if (!read.ok && this.#isUnreached(read.failure)) unreachable ??= read.failure;
      readings[facet] = this.#reading(read);
    }
    // A reading of power alone is what a daemon does all day: it costs one request.
    const isWide = facets.some((facet) => facet !== "power");
    const id = isWide && unreachable === null ? await this.#readDeviceId() : null;
    return {
      node: this.#node.name,
      at: this.#ports.clock.now(),
      facets: readings,
      capabilities: { bootDevices: IPMI_BOOT_DEVICES },
      transport: bmc.transport,
      unreachable,
      ...(id?.ok === true ? makeOf(id.value) : {}),
    };
  }

  /** A login that was broken off leaves no session; another one for each facet would fill the BMC's slots. */
  #isUnreached({ code }: Failure): boolean {
    return UNREACHED.has(code) || (code === "IW-B08" && this.#at.bmc.transport === null);
  }

  #reading(read: Result<unknown>): Reading<unknown> {
    const at = this.#ports.clock.now();
    if (read.ok) return { known: true, value: read.value, at };
    return { known: false, at, why: read.failure };
  }

  readonly #readers: { readonly [F in ObservedFacet]: () => Promise<Result<ObservedFacets[F]>> } = {
    power: () => this.#ofStatus(powerOf),
    indicators: () => this.#ofStatus(lightsOf),
    bootDevice: () => this.#bootDevice(),
    identity: () => readIdentity(this.#at, this.#declared),
    tasks: () => this.#ofDeviceId(tasksOf),
    // Nothing of what its methods change can be seen.
    vendor: () => Promise.resolve(ok({})),
    bootMode: () => this.#bootMode(),
    secureBoot: () => this.#not("secure boot"),
    bios: () => this.#not("BIOS settings"),
    agent: () => this.#not("what a ramdisk does"),
    agentSteps: () => this.#not("what a ramdisk does"),
    work: () => this.#not("what a ramdisk does"),
    nextBoot: () => this.#not("what a ramdisk does"),
    eventLog: () => readEventLog(this.#at),
    inventory: () => this.#inventory(),
  };

  /** The UUID that people say the machine has: it tells in which order its bytes come. */
  get #declared(): string | undefined {
    return this.#node.spec.identity?.systemUuid;
  }

  async #inventory(): Promise<Result<MachineInventory>> {
    const id = await this.#readDeviceId();
    return id.ok ? readInventory(this.#at, this.#declared, id.value) : id;
  }

  #not(what: string): Promise<Result<never>> {
    return Promise.resolve(fail(notSaid(this.#at.bmc, what)));
  }

  async #ofStatus<T>(read: (status: ChassisStatus) => T): Promise<Result<T>> {
    this.#status ??= readStatus(this.#at);
    const status = await this.#status;
    return status.ok ? ok(read(status.value)) : status;
  }

  #readFlags(): Promise<Result<BootFlags>> {
    this.#flags ??= readBootFlags(this.#at);
    return this.#flags;
  }

  async #bootDevice(): Promise<Result<BootDeviceReading>> {
    const flags = await this.#readFlags();
    if (!flags.ok) return flags;
    return ok(readingOf(flags.value, behavioursBy(await this.#readDeviceId())));
  }

  async #bootMode(): Promise<Result<BootMode>> {
    const flags = await this.#readFlags();
    if (!flags.ok) return flags;
    const isDeviceDeclared = this.#node.spec.boot?.device !== undefined;
    return bootModeOf(this.#at.bmc, flags.value, isDeviceDeclared);
  }

  #readDeviceId(): Promise<Result<DeviceId>> {
    this.#deviceId ??= readDeviceId(this.#at);
    return this.#deviceId;
  }

  async #ofDeviceId<T>(read: (id: DeviceId) => T): Promise<Result<T>> {
    const id = await this.#readDeviceId();
    return id.ok ? ok(read(id.value)) : id;
  }
}

/** Failures after which nothing else is asked: nobody answers, or nobody is let in. */
const UNREACHED: ReadonlySet<string> = new Set([
  "IW-B01",
  "IW-B02",
  "IW-B04",
  "IW-B09",
  "IW-B13",
  "IW-B15",
  "IW-B19",
  "IW-B20",
  "IW-B21",
  "IW-B22",
  "IW-B23",
  "IW-B24",
  "IW-S09",
]);
