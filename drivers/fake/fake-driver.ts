import type { DriverAction } from "../../schemas/action.ts";
import { type Failure, failure, type Result } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type {
  Capabilities,
  Observation,
  ObservedFacet,
  Reading,
} from "../../schemas/observation.ts";
import type { VendorCall } from "../../schemas/vendor.ts";
import type { Driver, DriverPorts, Performed, PerformContext, Sender } from "../driver.ts";
import { socketFault } from "../net/fault-table.ts";
import { acted, isSessionAct, nextSession } from "./fake-act.ts";
import { FAKE_MAKER } from "./fake-inventory.ts";
import {
  failureNames,
  failureOn,
  failuresOf,
  isHidden,
  outcomeOf,
  usedUp,
} from "./fake-failures.ts";
import { agentRuns, type FakeScene, settled } from "./fake-life.ts";
import { type FakeMachine, newFakeMachine, parseFakeMachine } from "./fake-machine.ts";
import { valueOf } from "./fake-readings.ts";
import { vendorAnswer, vendorRefusal } from "./fake-vendor.ts";
import { isKnownRun, stepRefusal, thingOf } from "./fake-step.ts";

const CAPABILITIES: Capabilities = {
  resetTypes: ["On", "ForceOff", "GracefulShutdown", "Nmi"],
  bootDevices: ["disk", "pxe", "cdrom", "bios", "uefihttp"],
  bootModes: ["bios", "uefi"],
  secureBoot: true,
};

/** A machine as this process knows it. */
interface Kept {
  readonly machine: FakeMachine;
  /** Its text in the store; null: there is none. */
  readonly text: string | null;
  /** True until the store has it. */
  readonly writing: boolean;
}

interface Opened {
  readonly node: FleetNode;
  readonly session: string;
}

/** The driver of all fake nodes of a process. */
export class FakeDriver implements Driver {
  readonly #ports: DriverPorts;
  readonly #kept = new Map<string, Kept>();
  /** Node -> the session that was opened for it here. */
  readonly #opened = new Map<string, Opened>();

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
    const stored = await this.#machine(node);
    const now = this.#ports.clock.now();
    const machine = settled(stored, { node, now });
    const readings: Record<string, Reading<unknown>> = {};
    for (const facet of new Set(facets)) {
      const reason = unreachable ?? whyUnread(machine, facet, { node, now });
      readings[facet] =
        reason === null
          ? { known: true, value: valueOf(machine, facet, { node, now }), at: now }
          : { known: false, at: now, why: reason };
    }
    return {
      node: node.name,
      at: now,
      facets: readings,
      capabilities: unreachable === null ? CAPABILITIES : {},
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
    const unknown = vendorRefusal(thing, action);
    if (unknown !== null) return { sent: false, failure: unknown };
    const noSession = this.#sessionMissing(node, action, await this.#machine(node));
    if (noSession !== null) return { sent: false, failure: noSession };
    const refused = await context.check();
    if (refused !== null) return { sent: false, failure: refused };
    if (context.signal?.aborted === true) {
      return { sent: false, failure: socketFault(thing, "IW_ABORTED") };
    }
    const performed = await this.#act(node, action, context.sender);
    await this.#delay(node, context.signal);
    return performed;
  }

  async readVendor(
    node: FleetNode,
    call: VendorCall,
    signal?: AbortSignal,
  ): Promise<Result<unknown>> {
    const seen = await this.observe(node, ["vendor"], signal);
    if (seen.unreachable !== null) return { ok: false, failure: seen.unreachable };
    return vendorAnswer(thingOf(node), await this.#machine(node), call);
  }

  async close(): Promise<void> {
    for (const { node, session } of this.#opened.values()) {
      const machine = await this.#machine(node);
      const sessions = machine.sessions.filter((one) => one !== session);
      if (sessions.length < machine.sessions.length) {
        await this.#keep(node.name, { ...machine, sessions });
      }
    }
    this.#opened.clear();
    this.#kept.clear();
  }

  #sessionMissing(node: FleetNode, action: DriverAction, machine: FakeMachine): Failure | null {
    if (isSessionAct(action)) return null;
    const session = this.#opened.get(node.name)?.session;
    if (session !== undefined && machine.sessions.includes(session)) return null;
    const fact = `${thingOf(node)}: no session is open for the act`;
    return failure("conflict", "IW-B14", `${fact}; session.open comes first`);
  }

  /** In the turn in which the check was answered: nothing is waited for until the machine has changed. */
  async #act(node: FleetNode, action: DriverAction, sender: Sender): Promise<Performed> {
    const scene = { node, now: this.#ports.clock.now() };
    const machine = settled(this.#kept.get(node.name)?.machine ?? newFakeMachine(node), scene);
    const entry = failureOn(machine, node, failureNames(action));
    const outcome = outcomeOf(entry);
    if (outcome === "unsent" || outcome === "refused") {
      if (entry?.once === true) await this.#keep(node.name, usedUp(machine, entry));
      return outcome === "refused"
        ? { sent: "refused", failure: refusedByGit(node, action) }
        : { sent: false, failure: socketFault(thingOf(node), "ECONNREFUSED") };
    }
    if (action.verb === "step.run" && !isKnownRun(machine, action)) {
      const why = stepRefusal(machine, action, scene);
      if (why !== null) return { sent: "refused", failure: why };
    }
    const session = nextSession(machine, scene);
    const after = acted(machine, action, { ...scene, sender, ignored: outcome === "ignored" });
    await this.#keep(node.name, outcome === undefined ? after : usedUp(after, entry));
    if (action.verb === "session.open") this.#opened.set(node.name, { node, session });
    if (outcome === "lost") return { sent: "unknown", failure: answerLost(node, action) };
    return action.verb === "session.open" ? { sent: true, session } : { sent: true };
  }

  /**
   * Read anew for every call where it is stored, since another process may have moved it, but taken apart
   * only when the text is another one than before.
   */
  async #machine(node: FleetNode): Promise<FakeMachine> {
    const stored = this.#ports.fakeState;
    const before = this.#kept.get(node.name);
    if (before !== undefined && (stored === undefined || before.writing)) return before.machine;
    const text = stored === undefined ? null : await stored.read(node.name);
    const after = this.#kept.get(node.name);
    // Somebody here acted while it was read, or nobody did.
    if (after !== undefined && (after !== before || after.text === text)) return after.machine;
    const machine = parseFakeMachine(text, node);
    this.#kept.set(node.name, { machine, text, writing: false });
    return machine;
  }

  async #keep(name: string, machine: FakeMachine): Promise<void> {
    const stored = this.#ports.fakeState;
    if (stored === undefined) {
      this.#kept.set(name, { machine, text: null, writing: false });
      return;
    }
    const kept = { machine, text: JSON.stringify(machine), writing: true };
    this.#kept.set(name, kept);
    await stored.write(name, kept.text);
    if (this.#kept.get(name) === kept) this.#kept.set(name, { ...kept, writing: false });
  }

  async #delay(node: FleetNode, signal: AbortSignal | undefined): Promise<void> {
    const ms = node.spec.fake?.delayMs ?? 0;
    if (ms > 0) await this.#ports.clock.sleep(ms, signal).catch(() => undefined);
  }
}

function whyUnread(machine: FakeMachine, facet: string, { node, now }: FakeScene): Failure | null {
  if (isHidden(machine, node, facet)) return hiddenFacet(node, facet);
  if (facet !== "agentSteps" || agentRuns(machine, now)) return null;
  const fact = `${thingOf(node)}: no ramdisk's agent runs that could be asked for its steps`;
  return failure("waiting", "IW-B18", `${fact}; boot.ramdisk and power.on come first`);
}

function hiddenFacet(node: FleetNode, facet: string): Failure {
  const fact = `${thingOf(node)} does not say ${facet}`;
  return failure("stalled", "IW-B18", `${fact}; its fake.failures says so`);
}

function refusedByGit(node: FleetNode, { verb }: DriverAction): Failure {
  const fact = `${thingOf(node)} refused ${verb}`;
  return failure("stalled", "IW-B10", `${fact}; its fake.failures says so`);
}

function answerLost(node: FleetNode, { verb }: DriverAction): Failure {
  const fact = `${thingOf(node)} was sent ${verb} and its answer was lost`;
  return failure("ambiguous", "IW-B12", `${fact}; look at the machine before any repeat`);
}
