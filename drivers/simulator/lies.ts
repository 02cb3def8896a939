import type { Fault, FaultKind } from "./faults.ts";
import type { Machine, Shown } from "./machine.ts";

/** A fault that was set. */
interface Told {
  readonly fault: Fault;
  readonly since: number;
  /** How often it comes up yet. */
  left: number;
}

/** The faults that the machines of a simulation have now, whichever face of their BMC is asked. */
export class Lies {
  readonly #now: () => number;
  readonly #told = new Map<string, Map<FaultKind, Told>>();
  /** What a stale BMC goes on showing, and until when. */
  readonly #stale = new Map<string, { readonly shown: Shown; readonly until: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  add(fault: Fault): void {
    const its = this.#told.get(fault.machine) ?? new Map<FaultKind, Told>();
    its.set(fault.kind, { fault, since: this.#now(), left: fault.times ?? Infinity });
    this.#told.set(fault.machine, its);
  }

  clear(machine: string): void {
    this.#told.delete(machine);
    this.#stale.delete(machine);
  }

  /** A fault with the moment when it was set, whether its time is over or not. */
  told(machine: string, kind: FaultKind): Told | undefined {
    return this.#told.get(machine)?.get(kind);
  }

  /** The fault where it comes up now. */
  of(machine: string, kind: FaultKind): Fault | null {
    const told = this.told(machine, kind);
    if (told === undefined) return null;
    const { fault, since } = told;
    if (kind === "busy" && fault.ms !== null && this.#now() - since > fault.ms) return null;
    return fault;
  }

  /** The same, and counts that it came up; one that comes up so many times is gone after the last. */
  take(machine: string, kind: FaultKind): Fault | null {
    const told = this.told(machine, kind);
    if (told === undefined) return null;
    told.left -= 1;
    if (told.left <= 0) this.#told.get(machine)?.delete(kind);
    return told.fault;
  }

  /** Goes on showing the values of before. */
  freeze(machine: string, shown: Shown, until: number): void {
    this.#stale.set(machine, { shown, until });
  }

  /** What its BMC shows of a machine. */
  shown(machine: Machine): Shown {
    const now = this.#now();
    const stale = this.#stale.get(machine.spec.name);
    return stale !== undefined && now < stale.until ? stale.shown : machine.shown(now);
  }
}
