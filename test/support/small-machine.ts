import type { Driver, PerformContext, Performed } from "../../drivers/driver.ts";
import type { DriverAction, RamdiskPurpose } from "../../schemas/action.ts";
import { failure } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type {
  Observation,
  ObservedFacet,
  ObservedFacets,
  WorkReading,
} from "../../schemas/observation.ts";

/** How one small machine behaves; names are `deploy.write_image`. */
export interface Behaviour {
  /** Milliseconds until the ramdisk's agent answers after a power-on. */
  readonly agentMs?: number;
  /** Milliseconds that each step runs. */
  readonly stepMs?: number;
  readonly failing?: Readonly<Record<string, string>>;
  /** Verbs or steps that its BMC refuses. */
  readonly refuses?: readonly string[];
  /** Verbs or steps that never reach it. */
  readonly unsent?: readonly string[];
  readonly inventory?: Readonly<Record<string, unknown>>;
  readonly ignoresSoftOff?: boolean;
  /** What its ramdisk's agent answers when it is asked for its steps; read only while it runs. */
  readonly agentSteps?: unknown;
}

/** A machine with a BMC and a ramdisk that outlives every engine: what was done to it is in its log. */
export class SmallMachine implements Driver {
  /** Each act that took effect, sessions left out. */
  readonly log: string[] = [];
  behaviour: Behaviour;
  serial: string;
  power: "on" | "off";
  /** The ramdisk that would be booted; null: its own system. */
  nextBoot: RamdiskPurpose | null = null;
  readonly #now: () => number;
  #bootedAt: number | null = null;
  #boots = 0;
  #device: ObservedFacets["bootDevice"] = { device: "none", persistent: false };
  #work: { readonly id: string; readonly name: string; readonly until: number } | null = null;
  #sessions = 0;

  constructor(name: string, now: () => number, behaviour: Behaviour = {}) {
    this.serial = `S-${name}`;
    this.#now = now;
    this.behaviour = behaviour;
    this.power = "off";
  }

  /** The ramdisk is started anew, as by a power cut; it knows nothing of what it was asked. */
  rebootRamdisk(): void {
    this.#work = null;
    this.#boots += 1;
    this.#bootedAt = this.#now();
  }

  observe(node: FleetNode, facets: readonly ObservedFacet[]): Promise<Observation> {
    const at = this.#now();
    const values: Partial<Record<string, unknown>> = {
      identity: { manufacturer: "Small", serial: this.serial },
      power: this.power,
      bootDevice: this.#device,
      bootMode: "uefi",
      tasks: [],
      agent: this.#agent(),
      work: this.#reading(),
      nextBoot: this.nextBoot ?? "instance",
      inventory: this.behaviour.inventory,
      agentSteps: this.#agentSteps(),
    };
    const read = facets.map((facet) => [
      facet,
      values[facet] === undefined
        ? { known: false, at, why: null }
        : { known: true, value: values[facet], at },
    ]);
    return Promise.resolve({
      node: node.name,
      at,
      facets: Object.fromEntries(read) as Observation["facets"],
      capabilities: {},
      transport: { tls: "verified", fence: "session" },
      unreachable: null,
    });
  }

  async perform(
    _node: FleetNode,
    action: DriverAction,
    context: PerformContext,
  ): Promise<Performed> {
    const name = action.verb === "step.run" ? `${action.interface}.${action.step}` : action.verb;
    if (this.behaviour.unsent?.includes(name) === true)
      return { sent: false, failure: failure("transient", "IW-B01", `${name} did not reach it`) };
    const why = await context.check();
    if (why !== null) return { sent: false, failure: why };
    if (action.verb === "session.open") {
      this.#sessions += 1;
      return { sent: true, session: `session-${this.#sessions}` };
    }
    if (action.verb === "session.end") return { sent: true };
    const noAgent = action.verb === "step.run" && action.inBand && !this.#agent().running;
    if (noAgent || this.behaviour.refuses?.includes(name) === true)
      return { sent: "refused", failure: failure("stalled", "IW-B10", `it refuses ${name}`) };
    this.log.push(name);
    this.#act(action);
    return { sent: true };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #act(action: DriverAction): void {
    if (action.verb === "power.on") this.#powerOn();
    if (action.verb === "power.off") this.#powerOff();
    if (action.verb === "power.softOff" && this.behaviour.ignoresSoftOff !== true) this.#powerOff();
    if (action.verb === "boot.ramdisk") this.nextBoot = action.purpose;
    if (action.verb === "boot.instance") this.nextBoot = null;
    if (action.verb === "management.setBootDevice")
      this.#device = { device: action.device, persistent: true };
    if (action.verb === "step.run") {
      const until = this.#now() + (this.behaviour.stepMs ?? 3_000);
      this.#work = { id: action.id, name: `${action.interface}.${action.step}`, until };
    }
  }

  #powerOn(): void {
    if (this.power === "on") return;
    this.power = "on";
    if (this.nextBoot === null) return;
    this.#boots += 1;
    this.#bootedAt = this.#now() + (this.behaviour.agentMs ?? 60_000);
  }

  #powerOff(): void {
    this.power = "off";
    this.#bootedAt = null;
    this.#work = null;
  }

  #agent(): ObservedFacets["agent"] {
    const running = this.#bootedAt !== null && this.#now() >= this.#bootedAt;
    return { running, bootId: running ? `boot-${this.#boots}` : null };
  }

  #agentSteps(): ObservedFacets["agentSteps"] | undefined {
    const { running, bootId } = this.#agent();
    const { agentSteps: steps } = this.behaviour;
    return running && steps !== undefined ? { bootId, version: "7", steps } : undefined;
  }

  #reading(): WorkReading {
    if (this.#work === null) return { id: null, state: "none", message: null };
    const { id, name, until } = this.#work;
    if (this.#now() < until) return { id, state: "running", message: null };
    const message = this.behaviour.failing?.[name] ?? null;
    return { id, state: message === null ? "done" : "failed", message };
  }
}
