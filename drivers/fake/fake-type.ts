import type { DriverAction } from "../../schemas/action.ts";
import { type Failure, failure } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type {
  Observation,
  ObservedFacet,
  ObservedFacets,
  Reading,
} from "../../schemas/observation.ts";
import type { Driver, DriverPorts, HardwareType, Performed, PerformContext } from "../driver.ts";
import { socketFault } from "../net/fault-table.ts";
import { FAKE_MAKER, fakeInventory, fakeSerial } from "./fake-inventory.ts";
import {
  FAKE_OUTCOMES,
  type FakeMachine,
  type FakeOutcome,
  newFakeMachine,
  parseFakeFailure,
  parseFakeMachine,
} from "./fake-machine.ts";

const OBSERVES: readonly ObservedFacet[] = [
  "identity",
  "power",
  "bootDevice",
  "bootMode",
  "secureBoot",
  "bios",
  "tasks",
  "eventLog",
  "inventory",
];

const PERFORMS: readonly DriverAction["verb"][] = [
  "power.on",
  "power.off",
  "power.softOff",
  "management.setBootDevice",
  "management.setBootMode",
  "management.setSecureBoot",
  "session.open",
  "session.end",
];

/** Sessions that a fake BMC holds at once; the oldest goes. */
const SESSIONS_MAX = 16;

/** Machines in memory, with delays and failures by `spec.fake`: for trying inventories and for tests. */
export const fakeType: HardwareType = {
  name: "fake",
  properties: [
    {
      path: "fake.power",
      required: false,
      meaning: "power at first sight: on or off (default off)",
    },
    {
      path: "fake.serial",
      required: false,
      meaning: "serial number (default: fake- and the name)",
    },
    {
      path: "fake.disks",
      required: false,
      meaning: "what its BMC says of each disk (default: two SSDs, serials by the machine's)",
    },
    {
      path: "fake.nics",
      required: false,
      meaning: "what its BMC says of each network interface (default: two)",
    },
    {
      path: "fake.cpu",
      required: false,
      meaning: "what its BMC says of its processors (default: 2 sockets, 32 cores)",
    },
    {
      path: "fake.memoryBytes",
      required: false,
      meaning: "bytes of memory (default: 256 GiB)",
    },
    {
      path: "fake.delayMs",
      required: false,
      meaning: "milliseconds that every reading and act takes",
    },
    {
      path: "fake.failures",
      required: false,
      meaning: "observe, observe:FACET, or VERB:refused|unsent|lost|ignored",
    },
  ],
  observes: OBSERVES,
  performs: PERFORMS,
  validate: validateFake,
  open: (ports) => new FakeDriver(ports),
};

function validateFake(
  node: FleetNode,
): readonly { readonly path: string; readonly message: string }[] {
  return (node.spec.fake?.failures ?? []).flatMap((text, index) => {
    const { on, how } = parseFakeFailure(text);
    const fine =
      on === "observe"
        ? how === "all" || OBSERVES.some((facet) => facet === how)
        : PERFORMS.some((verb) => verb === on) && FAKE_OUTCOMES.some((word) => word === how);
    if (fine) return [];
    const fact = `node "${node.name}": fake.failures has "${text}"`;
    const wayOut = "write observe, observe:power, or power.on:refused (unsent, lost, ignored)";
    return [{ path: `/fake/failures/${index}`, message: `${fact}; ${wayOut}` }];
  });
}

/** The driver of all fake nodes of a process. */
class FakeDriver implements Driver {
  readonly #ports: DriverPorts;
  readonly #machines = new Map<string, FakeMachine>();
  /** Node -> the session that was opened for it here. */
  readonly #opened = new Map<string, string>();

  constructor(ports: DriverPorts) {
    this.#ports = ports;
  }

  async observe(
    node: FleetNode,
    facets: readonly ObservedFacet[],
    signal?: AbortSignal,
  ): Promise<Observation> {
    await this.#delay(node, signal);
    const failing = failuresOf(node).filter((entry) => entry.on === "observe");
    const all = failing.some((entry) => entry.how === "all");
    const why = signal?.aborted === true ? "IW_ABORTED" : all ? "ETIMEDOUT" : null;
    const unreachable = why === null ? null : socketFault(thingOf(node), why);
    const machine = await this.#machine(node);
    const at = this.#ports.clock.now();
    const readings: Record<string, Reading<unknown>> = {};
    for (const facet of new Set(facets)) {
      const hidden = failing.some((entry) => entry.how === facet);
      const reason = unreachable ?? (hidden ? hiddenFacet(node, facet) : null);
      readings[facet] =
        reason === null
          ? { known: true, value: valueOf(machine, node, facet), at }
          : { known: false, at, why: reason };
    }
    return {
      node: node.name,
      at,
      facets: readings,
      capabilities:
        unreachable === null
          ? {
              resetTypes: ["On", "ForceOff", "GracefulShutdown"],
              bootDevices: ["disk", "pxe", "cdrom", "bios", "uefihttp"],
              bootModes: ["bios", "uefi"],
              secureBoot: true,
            }
          : {},
      transport: { tls: "verified", fence: "session" },
      unreachable,
      vendor: FAKE_MAKER,
      model: "fake",
    };
  }

  async perform(
    node: FleetNode,
    action: DriverAction,
    context: PerformContext,
  ): Promise<Performed> {
    const thing = thingOf(node);
    if (this.#ports.readOnly) return { sent: false, failure: socketFault(thing, "IW_READ_ONLY") };
    const machine = await this.#machine(node);
    const noSession = this.#sessionMissing(node, action, machine);
    if (noSession !== null) return { sent: false, failure: noSession };
    const refused = await context.check();
    if (refused !== null) return { sent: false, failure: refused };
    if (context.signal?.aborted === true) {
      return { sent: false, failure: socketFault(thing, "IW_ABORTED") };
    }
    const outcome = outcomeOf(node, action.verb);
    if (outcome === "unsent") return { sent: false, failure: socketFault(thing, "ECONNREFUSED") };
    if (outcome === "refused") {
      const fact = `${thing} refused ${action.verb}`;
      const why = failure("stalled", "IW-B10", `${fact}; its fake.failures says so`);
      return { sent: "refused", failure: why };
    }
    const performed = await this.#act(node, action, { machine, ignored: outcome === "ignored" });
    await this.#delay(node, context.signal);
    if (outcome !== "lost") return performed;
    const fact = `${thing} was sent ${action.verb} and its answer was lost`;
    return {
      sent: "unknown",
      failure: failure("ambiguous", "IW-B12", `${fact}; look at the machine before any repeat`),
    };
  }

  async close(): Promise<void> {
    for (const [name, session] of this.#opened) {
      const machine = this.#machines.get(name);
      if (machine === undefined) continue;
      await this.#keep(name, {
        ...machine,
        sessions: machine.sessions.filter((one) => one !== session),
      });
    }
    this.#opened.clear();
    this.#machines.clear();
  }

  #sessionMissing(node: FleetNode, action: DriverAction, machine: FakeMachine): Failure | null {
    if (action.verb === "session.open" || action.verb === "session.end") return null;
    const session = this.#opened.get(node.name);
    if (session !== undefined && machine.sessions.includes(session)) return null;
    const fact = `${thingOf(node)}: no session is open for the act`;
    return failure("conflict", "IW-B14", `${fact}; session.open comes first`);
  }

  async #act(
    node: FleetNode,
    action: DriverAction,
    at: { readonly machine: FakeMachine; readonly ignored: boolean },
  ): Promise<Performed> {
    const made = at.machine.sessionsMade + 1;
    const session = `/fake/sessions/${node.name}/${made}`;
    const acted = at.ignored ? at.machine : changed(at.machine, action, session);
    await this.#keep(node.name, { ...acted, acts: at.machine.acts + 1 });
    if (action.verb !== "session.open") return { sent: true };
    this.#opened.set(node.name, session);
    return { sent: true, session };
  }

  /** Read anew for every call where it is stored: another process may have moved it. */
  async #machine(node: FleetNode): Promise<FakeMachine> {
    const stored = this.#ports.fakeState;
    const kept = this.#machines.get(node.name);
    const machine =
      stored === undefined
        ? (kept ?? newFakeMachine(node))
        : parseFakeMachine(await stored.read(node.name), node);
    this.#machines.set(node.name, machine);
    return machine;
  }

  async #keep(name: string, machine: FakeMachine): Promise<void> {
    this.#machines.set(name, machine);
    await this.#ports.fakeState?.write(name, JSON.stringify(machine));
  }

  async #delay(node: FleetNode, signal: AbortSignal | undefined): Promise<void> {
    const ms = node.spec.fake?.delayMs ?? 0;
    if (ms > 0) await this.#ports.clock.sleep(ms, signal).catch(() => undefined);
  }
}

function thingOf(node: FleetNode): string {
  return `BMC of node "${node.name}" (fake)`;
}

function failuresOf(node: FleetNode): readonly ReturnType<typeof parseFakeFailure>[] {
  return (node.spec.fake?.failures ?? []).map(parseFakeFailure);
}

function outcomeOf(node: FleetNode, verb: string): FakeOutcome | undefined {
  const entry = failuresOf(node).find((one) => one.on === verb);
  return FAKE_OUTCOMES.find((word) => word === entry?.how);
}

function hiddenFacet(node: FleetNode, facet: string): Failure {
  const fact = `${thingOf(node)} does not say ${facet}`;
  return failure("stalled", "IW-B18", `${fact}; its fake.failures says so`);
}

function changed(machine: FakeMachine, action: DriverAction, session: string): FakeMachine {
  switch (action.verb) {
    case "power.on":
      return { ...machine, power: "on" };
    case "power.off":
    case "power.softOff":
      return { ...machine, power: "off" };
    case "management.setBootDevice":
      return { ...machine, bootDevice: action.device };
    case "management.setBootMode":
      return { ...machine, bootMode: action.mode };
    case "management.setSecureBoot":
      return { ...machine, secureBoot: action.enabled };
    case "session.open":
      return {
        ...machine,
        sessionsMade: machine.sessionsMade + 1,
        sessions: [...machine.sessions, session].slice(-SESSIONS_MAX),
      };
    case "session.end":
    default:
      return { ...machine, sessions: machine.sessions.filter((one) => one !== action.session) };
  }
}

function valueOf<F extends ObservedFacet>(
  machine: FakeMachine,
  node: FleetNode,
  facet: F,
): ObservedFacets[F] {
  const values: ObservedFacets = {
    identity: { manufacturer: FAKE_MAKER, serial: fakeSerial(node) },
    power: machine.power,
    bootDevice: { device: machine.bootDevice, persistent: machine.bootDevice !== "none" },
    bootMode: machine.bootMode,
    secureBoot: { enabled: machine.secureBoot, currentBoot: machine.secureBoot },
    bios: {},
    tasks: [],
    eventLog: [],
    inventory: fakeInventory(node),
  };
  return values[facet];
}
