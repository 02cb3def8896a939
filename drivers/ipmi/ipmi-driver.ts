import type { DriverAction } from "../../schemas/action.ts";
import { type Failure, failure, fail, ok, type Result } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { BootMode } from "../../schemas/documents.ts";
import type {
  BootDeviceReading,
  Observation,
  ObservedFacet,
  ObservedFacets,
  Reading,
} from "../../schemas/observation.ts";
import type { VendorCall } from "../../schemas/vendor.ts";
import type { Driver, DriverPorts, Performed, PerformContext } from "../driver.ts";
import { socketFault } from "../net/fault-table.ts";
import { measureBy } from "../net/measure-by.ts";
import { networkGuard } from "../net/network-guard.ts";
import type { Resolve } from "../net/open-socket.ts";
import { RefusalLedger } from "../net/refusal-ledger.ts";
import { Slots, WAITING_MAX } from "../net/slots.ts";
import { IPMI_BOOT_DEVICES, readingOf } from "./boot-device.ts";
import { parseIpmiAddress } from "./ipmi-address.ts";
import { IpmiBmc } from "./ipmi-bmc.ts";
import { answerVendor } from "./ipmi-vendor.ts";
import { FIELD_TIMINGS, IpmiWire, type Timings } from "./ipmi-wire.ts";
import type { BootFlags } from "./packets/boot-options.ts";
import type { ChassisStatus } from "./packets/chassis.ts";
import type { DeviceId } from "./packets/device.ts";
import { performAct } from "./perform-act.ts";
import { readEventLog } from "./read-event-log.ts";
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
  readIdentity,
  readStatus,
  tasksOf,
} from "./read-machine.ts";
import { SessionKeeper } from "./session-keeper.ts";
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
}

/** Filled by the readers, whose types are checked facet by facet. */
type Readings = Record<string, Reading<unknown>>;

/** One driver for every IPMI node of a process: one UDP socket, one session for each BMC. */
export class IpmiDriver implements Driver {
  readonly #ports: DriverPorts;
  readonly #options: IpmiOptions;
  readonly #hub = new UdpHub();
  readonly #bmcs = new Map<string, IpmiBmc>();
  readonly #lanes = new Map<string, Slots>();
  readonly #slots: Slots;
  readonly #ledger: RefusalLedger;

  constructor(ports: DriverPorts, options: IpmiOptions = {}) {
    this.#ports = ports;
    this.#options = options;
    this.#slots = new Slots(ports.settings.limits.global, GLOBAL_WAITING_MAX);
    this.#ledger = new RefusalLedger(ports.settings.limits.refusalsPerSecret, ports);
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

  async close(): Promise<void> {
    const all = [...this.#bmcs.values()];
    this.#bmcs.clear();
    await Promise.all(all.map((bmc) => bmc.close()));
    this.#hub.close();
  }

  /** The BMC of a node, shared by all nodes that speak to it in the same way. */
  #bmcOf(node: FleetNode): Result<IpmiBmc> {
    const { address = "", username, password, kg, privilege } = node.spec.bmc ?? {};
    const { cipherSuite, ipmiVersion } = node.spec.bmc ?? {};
    const parsed = parseIpmiAddress(address);
    if (typeof parsed === "string")
      return fail(failure("stalled", "IW-I04", `node "${node.name}": ${parsed}`));
    const how = [username, password, kg, privilege, cipherSuite, ipmiVersion];
    const key = JSON.stringify([parsed.origin, ...how]);
    const known = this.#bmcs.get(key);
    if (known !== undefined) return ok(known);
    const { settings, debug } = this.#ports;
    const ports = this.#ports;
    const { timings = FIELD_TIMINGS, idleMs = IDLE_MS, resolve } = this.#options;
    const wire = new IpmiWire({
      hub: this.#hub,
      address: parsed,
      guard: networkGuard(settings.bmc.networks),
      connectMs: settings.limits.connectSeconds * 1000,
      resolve,
      debug,
    });
    const keeper = new SessionKeeper({ wire, ports, ledger: this.#ledger, timings, node, idleMs });
    const bmc = new IpmiBmc({
      wire,
      ports,
      keeper,
      timings,
      lane: this.#laneOf(parsed.origin),
      globalSlots: this.#slots,
      measure: measureBy(ports),
    });
    this.#bmcs.set(key, bmc);
    return ok(bmc);
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
      if (!read.ok && UNREACHED.has(read.failure.code)) unreachable ??= read.failure;
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

  #reading(read: Result<unknown>): Reading<unknown> {
    const at = this.#ports.clock.now();
    if (read.ok) return { known: true, value: read.value, at };
    return { known: false, at, why: read.failure };
  }

  readonly #readers: { readonly [F in ObservedFacet]: () => Promise<Result<ObservedFacets[F]>> } = {
    power: () => this.#ofStatus(powerOf),
    indicators: () => this.#ofStatus(lightsOf),
    bootDevice: () => this.#bootDevice(),
    identity: () => readIdentity(this.#at, this.#node.spec.identity?.systemUuid),
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
    inventory: () => this.#not("what the machine consists of"),
  };

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
  "IW-B15",
  "IW-B19",
  "IW-B20",
  "IW-B21",
  "IW-B22",
  "IW-B23",
  "IW-B24",
  "IW-S09",
]);
