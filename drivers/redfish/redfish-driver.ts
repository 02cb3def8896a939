import type { DriverAction } from "../../schemas/action.ts";
import { type Failure, failure, fail, ok, type Result } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type {
  Capabilities,
  Observation,
  ObservedFacet,
  ObservedFacets,
  Reading,
} from "../../schemas/observation.ts";
import type { VendorCall } from "../../schemas/vendor.ts";
import type { Driver, DriverPorts, Performed, PerformContext } from "../driver.ts";
import { parseBmcAddress } from "../net/bmc-address.ts";
import { socketFault } from "../net/fault-table.ts";
import { measureBy } from "../net/measure-by.ts";
import { networkGuard } from "../net/network-guard.ts";
import type { Resolve, Trust } from "../net/open-socket.ts";
import { RefusalLedger } from "../net/refusal-ledger.ts";
import type { JsonObject } from "../net/read-json.ts";
import { type Lanes, newLanes, Slots, WAITING_MAX } from "../net/slots.ts";
import { Wire } from "../net/wire.ts";
import { Bmc } from "./bmc.ts";
import { componentsRead, readIndicators } from "./indicators.ts";
import { readInventory } from "./parts/read-inventory.ts";
import { performAct } from "./perform-act.ts";
import { behavioursOf, type Make } from "./quirks.ts";
import { readBios, readEventLog, readSecureBoot, readTasks } from "./read-extras.ts";
import { answerVendor, readVendorFacet } from "./redfish-vendor.ts";
import {
  type Read,
  readBootDevice,
  readBootMode,
  readCapabilities,
  readIdentity,
  readPower,
} from "./read-system.ts";

/** Facets that the system resource itself tells: reading one of them costs one GET. */
const SYSTEM_FACETS = new Set<ObservedFacet>(["power", "bootDevice", "bootMode", "identity"]);

/** Waiting requests over all BMCs; each node has a few at most. */
const GLOBAL_WAITING_MAX = WAITING_MAX * 10;

/** Filled by the readers, whose types are checked facet by facet. */
type Readings = Record<string, Reading<unknown>>;

/** One driver for every Redfish node of a process: one wire, one login and one cache per BMC. */
export class RedfishDriver implements Driver {
  readonly #ports: DriverPorts;
  readonly #resolve: Resolve | undefined;
  readonly #bmcs = new Map<string, Promise<Result<Bmc>>>();
  readonly #slots: Slots;
  readonly #lanes = new Map<string, Lanes>();
  readonly #ledger: RefusalLedger;

  constructor(ports: DriverPorts, resolve?: Resolve) {
    this.#ports = ports;
    this.#resolve = resolve;
    this.#slots = new Slots(ports.settings.limits.global, GLOBAL_WAITING_MAX);
    this.#ledger = new RefusalLedger(ports.settings.limits.refusalsPerSecret, ports);
  }

  async observe(
    node: FleetNode,
    facets: readonly ObservedFacet[],
    signal?: AbortSignal,
  ): Promise<Observation> {
    const bmc = await this.bmcOf(node);
    if (!bmc.ok) return this.#unreachable(node, facets, bmc.failure);
    const system = await bmc.value.system(node, signal);
    if (!system.ok) return this.#unreachable(node, facets, system.failure, bmc.value);
    return this.#observed(node, facets, { bmc: bmc.value, system: system.value.body, signal });
  }

  async perform(
    node: FleetNode,
    action: DriverAction,
    context: PerformContext,
  ): Promise<Performed> {
    const bmc = await this.bmcOf(node);
    if (!bmc.ok) return { sent: false, failure: bmc.failure };
    if (this.#ports.readOnly) {
      return { sent: false, failure: socketFault(bmc.value.wire.thing, "IW_READ_ONLY") };
    }
    if (action.verb === "session.open") return bmc.value.login.open(node.name, context);
    if (action.verb === "session.end") return bmc.value.login.end(action.session, context);
    return performAct(bmc.value, node, action, context);
  }

  async readVendor(
    node: FleetNode,
    call: VendorCall,
    signal?: AbortSignal,
  ): Promise<Result<unknown>> {
    const bmc = await this.bmcOf(node);
    return bmc.ok ? answerVendor(bmc.value, call, signal) : bmc;
  }

  async close(): Promise<void> {
    const all = [...this.#bmcs.values()];
    this.#bmcs.clear();
    await Promise.all(
      all.map(async (opening) => {
        const bmc = await opening;
        if (bmc.ok) await bmc.value.close();
      }),
    );
  }

  /** The BMC of a node, shared by all nodes that speak to it in the same way. */
  bmcOf(node: FleetNode): Promise<Result<Bmc>> {
    const { address, username, password, auth, tls } = node.spec.bmc ?? {};
    const parsed = parseBmcAddress(address ?? "");
    // One BMC has one session however its address is written.
    const origin = typeof parsed === "string" ? address : parsed.origin;
    const key = JSON.stringify([origin, username, password, auth, tls]);
    const known = this.#bmcs.get(key);
    if (known !== undefined) return known;
    const opening = this.#openBmc(node).then((bmc) => {
      if (!bmc.ok) this.#bmcs.delete(key);
      return bmc;
    });
    this.#bmcs.set(key, opening);
    return opening;
  }

  async #openBmc(node: FleetNode): Promise<Result<Bmc>> {
    const address = parseBmcAddress(node.spec.bmc?.address ?? "");
    if (typeof address === "string") {
      return fail(failure("stalled", "IW-I04", `node "${node.name}": ${address}`));
    }
    const trust = await this.#trustOf(node);
    if (!trust.ok) return trust;
    const { settings, readOnly, debug } = this.#ports;
    const wire = new Wire({
      address,
      trust: trust.value,
      guard: networkGuard(settings.bmc.networks),
      connectMs: settings.limits.connectSeconds * 1000,
      resolve: this.#resolve,
      perBmc: settings.limits.perBmc,
      lanes: this.#lanesOf(address.origin),
      globalSlots: this.#slots,
      answerBytes: settings.limits.answerBytes,
      requestMs: settings.limits.requestSeconds * 1000,
      readOnly,
      debug,
      measure: measureBy(this.#ports),
    });
    return ok(new Bmc({ wire, ports: this.#ports, ledger: this.#ledger, node }));
  }

  /** Two users of one BMC, or two ways of trusting it, share what it takes at once. */
  #lanesOf(origin: string): Lanes {
    const known = this.#lanes.get(origin);
    if (known !== undefined) return known;
    const lanes = newLanes(this.#ports.settings.limits.perBmc);
    this.#lanes.set(origin, lanes);
    return lanes;
  }

  /** A pin replaces the chain; a CA file replaces this host's issuers; nothing but `verify: false` switches it off. */
  async #trustOf(node: FleetNode): Promise<Result<Trust>> {
    const tls = node.spec.bmc?.tls;
    if (tls?.pin !== undefined) {
      return ok({ how: "pinned", sha256: tls.pin.slice("sha256:".length) });
    }
    if (tls?.verify === false) return ok({ how: "unverified" });
    if (tls?.ca === undefined) return ok({ how: "verified" });
    const file = await this.#ports.readFile(tls.ca);
    if (!(file instanceof Uint8Array)) return fail(file);
    return ok({ how: "ca-file", ca: Buffer.from(file).toString("utf8") });
  }

  async #observed(
    node: FleetNode,
    facets: readonly ObservedFacet[],
    at: SystemAt,
  ): Promise<Observation> {
    const { bmc, system, signal } = at;
    // A reading of power alone is what a daemon does all day: it costs this one GET.
    const wide = facets.some((facet) => facet !== "power");
    const make = wide ? await bmc.make(system, signal) : await bmc.vendorAndModel(system);
    const reset = await bmc.resetAction(system, signal);
    const capabilities: Capabilities = readCapabilities(system, reset?.allowed);
    const readings = await this.#readings(node, facets, { ...at, make });
    return {
      node: node.name,
      at: this.#ports.clock.now(),
      facets: readings,
      capabilities,
      transport: bmc.transport,
      unreachable: null,
      vendor: make.vendor,
      model: make.model,
      bmcFirmware: make.firmware,
    };
  }

  async #indicators(node: FleetNode, at: SystemAt): Promise<ReadOf<"indicators">> {
    const path = await at.bmc.systemPath(node, at.signal);
    if (!path.ok) return { why: path.failure };
    const components = componentsRead(node.spec.indicators);
    return readIndicators({ ...at, path: path.value, components });
  }

  async #readings(
    node: FleetNode,
    facets: readonly ObservedFacet[],
    at: SystemAt & { readonly make: Make },
  ): Promise<Readings> {
    const { bmc, system, signal, make } = at;
    const { thing } = bmc.wire;
    const now = this.#ports.clock.now();
    const readers: { readonly [F in ObservedFacet]: () => ReadOf<F> | Promise<ReadOf<F>> } = {
      power: () => readPower(thing, system),
      bootDevice: () => readBootDevice(thing, system),
      bootMode: () => readBootMode(thing, system),
      identity: () => readIdentity(system, behavioursOf(make)),
      secureBoot: () => readSecureBoot(bmc, system, signal),
      indicators: () => this.#indicators(node, at),
      bios: () => readBios(bmc, system, signal),
      tasks: () => readTasks(bmc, signal),
      agent: () => ({ why: noRamdisk(thing) }),
      agentSteps: () => ({ why: noRamdisk(thing) }),
      work: () => ({ why: noRamdisk(thing) }),
      nextBoot: () => ({ why: noRamdisk(thing) }),
      eventLog: () => readEventLog(bmc, system, signal),
      inventory: () => readInventory(bmc, system, make, signal),
      vendor: () => readVendorFacet(bmc, signal),
    };
    const readings: Readings = {};
    const one = async (facet: ObservedFacet): Promise<void> => {
      const read: Read<unknown> = await readers[facet]();
      // What came with the system was read when the system was.
      const time = SYSTEM_FACETS.has(facet) ? now : this.#ports.clock.now();
      readings[facet] = reading(read, time);
    };
    await Promise.all([...new Set(facets)].map((facet) => one(facet)));
    return readings;
  }

  #unreachable(
    node: FleetNode,
    facets: readonly ObservedFacet[],
    why: Failure,
    bmc?: Bmc,
  ): Observation {
    const at = this.#ports.clock.now();
    const readings: Readings = {};
    for (const facet of facets) readings[facet] = { known: false, at, why };
    return {
      node: node.name,
      at,
      facets: readings,
      capabilities: {},
      transport: bmc?.transport ?? null,
      unreachable: why,
    };
  }
}

/** A BMC does not say what a ramdisk on its machine does. */
function noRamdisk(thing: string): Failure {
  return failure("stalled", "IW-B18", `${thing} cannot tell what a ramdisk does`);
}

interface SystemAt {
  readonly bmc: Bmc;
  readonly system: JsonObject;
  readonly signal: AbortSignal | undefined;
}

type ReadOf<F extends ObservedFacet> = Read<ObservedFacets[F]>;

function reading<T>(read: Read<T>, at: number): Reading<T> {
  return "value" in read
    ? { known: true, value: read.value, at }
    : { known: false, at, why: read.why };
}
