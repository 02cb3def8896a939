import type { Driver, DriverClock, DriverPorts, Performed } from "../../../drivers/driver.ts";
import { acted } from "../../../drivers/fake/fake-act.ts";
import { FakeDriver } from "../../../drivers/fake/fake-driver.ts";
import { settled } from "../../../drivers/fake/fake-life.ts";
import { type FakeMachine, parseFakeMachine } from "../../../drivers/fake/fake-machine.ts";
import type { DriverAction } from "../../../schemas/action.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import { failure } from "../../../schemas/failure.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { defaultSettings } from "../../../schemas/settings.ts";
import type { Drivers } from "../../../engine/run/ports.ts";

type Fake = NonNullable<NodeSpec["fake"]>;

/** One machine, as it stands in the hall whatever git says of it. */
export interface Machine {
  readonly serial: string;
  /** What it is made of and what is broken in it. */
  fake: Fake;
  /** Its state as the fake driver keeps it; null before it was first touched. */
  text: string | null;
  /** How often its power was cut by somebody who is not the engine. */
  cuts: number;
  /** True once a disk was pulled out of it. */
  robbed: boolean;
}

/** One act that a machine took, as the machine saw it. */
export interface SeenAct {
  readonly node: FleetNode;
  readonly action: DriverAction;
  readonly machine: Machine;
  readonly before: FakeMachine;
  readonly after: FakeMachine;
  readonly at: number;
}

/** The machines and the places that they stand in: a cable of each node leads to one of them. */
export class MachineHall {
  readonly slots = new Map<string, Machine>();
  readonly #now: () => number;
  readonly #saw: (act: SeenAct) => void;
  /** Nodes whose machine an engine is just acting on: it is not touched by others in that moment. */
  readonly busy = new Set<string>();

  constructor(now: () => number, saw: (act: SeenAct) => void) {
    this.#now = now;
    this.#saw = saw;
  }

  at(name: string): Machine {
    const found = this.slots.get(name);
    if (found === undefined) throw new Error(`no machine stands at ${name}`);
    return found;
  }

  /** The node as its machine is: git's declaration over the hardware that is there. */
  seenBy(node: FleetNode): FleetNode {
    const { fake } = this.at(node.name);
    return { ...node, spec: { ...node.spec, fake } };
  }

  /** The machine as it is now. */
  look(node: FleetNode): FakeMachine {
    const real = this.seenBy(node);
    const { text } = this.at(node.name);
    return settled(parseFakeMachine(text, real), { node: real, now: this.#now() });
  }

  /** Somebody presses the power button. */
  press(node: FleetNode): void {
    if (this.busy.has(node.name)) return;
    const real = this.seenBy(node);
    const scene = { node: real, now: this.#now(), ignored: false, sender: null };
    const machine = this.look(node);
    const verb = machine.power === "on" ? "power.off" : "power.on";
    const there = this.at(node.name);
    there.cuts += 1;
    there.text = JSON.stringify(acted(machine, { verb }, scene));
  }

  /** Two cables, or two machines, change places. */
  swap(one: string, other: string): void {
    if (this.busy.has(one) || this.busy.has(other)) return;
    const [a, b] = [this.at(one), this.at(other)];
    this.slots.set(one, b);
    this.slots.set(other, a);
  }

  /** What an engine reaches the machines with; nothing reaches them once it is dead. */
  drivers(clock: DriverClock, isDead: () => boolean): Drivers & Pick<Driver, "close"> {
    const inner = new FakeDriver(this.#ports(clock));
    const driver = this.#watched(inner, isDead);
    return {
      driverFor: () => driver,
      secretVersion: () => Promise.resolve(null),
      close: () => inner.close(),
    };
  }

  #watched(inner: FakeDriver, isDead: () => boolean): Driver {
    const alive = async (): Promise<void> => {
      if (isDead()) await new Promise(() => undefined);
    };
    return {
      observe: async (node, facets, signal) => {
        await alive();
        return inner.observe(this.seenBy(node), facets, signal);
      },
      perform: async (node, action, context) => {
        await alive();
        const before = this.look(node);
        const machine = this.at(node.name);
        this.busy.add(node.name);
        const check = async (): ReturnType<typeof context.check> => {
          const why = await context.check();
          await alive();
          return why;
        };
        const ended = await inner.perform(this.seenBy(node), action, { ...context, check });
        this.busy.delete(node.name);
        if (took(ended) && !action.verb.startsWith("session."))
          this.#saw({ node, action, machine, before, after: this.look(node), at: this.#now() });
        return ended;
      },
      close: () => inner.close(),
    };
  }

  #ports(clock: DriverClock): DriverPorts {
    return {
      clock,
      settings: defaultSettings(),
      resolveSecret: () => Promise.resolve(failure("stalled", "IW-S09", "there are no secrets")),
      readFile: () => Promise.resolve(failure("stalled", "IW-S09", "there are no files")),
      readOnly: false,
      random: () => 0.5,
      debug: () => undefined,
      fakeState: {
        read: (name) => Promise.resolve(this.at(name).text),
        write: (name, text) => {
          this.at(name).text = text;
          return Promise.resolve();
        },
      },
    };
  }
}

function took({ sent }: Performed): boolean {
  return sent === true || sent === "unknown";
}
