import type { NodePlan } from "../../../schemas/plan.ts";
import { surroundingsOf } from "../../plan/input.ts";
import { apply } from "../apply.ts";
import { type Limits, limitsOf } from "../limits.ts";
import type { Planned } from "../plan-fleet.ts";
import { type Declared, isAsBefore, mayEnd } from "./declared.ts";
import type { Obeyed } from "./commits.ts";
import type { Planner } from "./planner.ts";
import type { WatchPorts } from "./ports.ts";
import type { Schedule } from "./schedule.ts";
import type { Teller } from "./teller.ts";

/** Until nodes are planned again whose world moved between the plan and the lease; longer each time in a row. Milliseconds. */
const MOVED_MS = 2000;
const MOVED_MAX_MS = 60_000;
/** The same where something broke that nobody expected. */
const BROKEN_MS = 60_000;
const BROKEN_MAX_MS = 10 * 60_000;

interface Parts {
  readonly teller: Teller;
  readonly schedule: Schedule;
  readonly planner: Planner;
  /** Told whenever an apply has ended. */
  readonly ended: () => void;
  /** What is in force, once this engine obeys it; null where it does not soon. */
  readonly obeyed: (signal: AbortSignal) => Promise<Obeyed | null>;
}

/** A daemon's applies, which run beside its rounds: each has its nodes to itself until it ends. */
export class Applies {
  readonly #ports: WatchPorts;
  readonly #parts: Parts;
  readonly #busy = new Map<string, Promise<void>>();
  /** For life: what runs under one commit shares them with what runs under the next. */
  #limits: Limits | null = null;
  /** Nodes whose work failed since it began. */
  failed = 0;
  /** True where a plan was not applied: stopped, refused, or the world moved. */
  withheld = false;
  /** In the one round of `once` nobody is waited for. */
  isOnce = false;

  constructor(ports: WatchPorts, parts: Parts) {
    this.#ports = ports;
    this.#parts = parts;
  }

  isBusy(name: string): boolean {
    return this.#busy.has(name);
  }

  get count(): number {
    return this.#busy.size;
  }

  /** Each ends when what runs on a node has. */
  get running(): readonly Promise<void>[] {
    return [...new Set(this.#busy.values())];
  }

  /** Begins a plan's work on these nodes; the promise ends with it. */
  begin(
    declared: Declared,
    planned: Planned,
    busy: readonly NodePlan[],
    stopping: AbortSignal,
  ): Promise<void> {
    const work = busy.map(({ node }) => node);
    const running = this.#apply(declared, planned, stopping)
      .catch((error: unknown) => this.broke(work, error))
      .finally(() => {
        for (const name of work) this.#busy.delete(name);
        this.#parts.ended();
      });
    for (const name of work) this.#busy.set(name, running);
    return running;
  }

  /** What nobody expected ends one apply, or one look, never the others. */
  broke(names: readonly string[], error: unknown): void {
    if (this.#ports.store.dead() !== null) return;
    const { teller, schedule } = this.#parts;
    this.failed += names.length;
    const message = error instanceof Error ? error.message : String(error);
    teller.tell("watch.failed", `${message}; these are planned again: ${names.join(", ")}`);
    schedule.later(names, BROKEN_MS, BROKEN_MAX_MS);
  }

  /** What was begun under one commit, by the one that is in force now. */
  async #judge(
    began: Declared,
    node: string,
    isOpen: boolean,
    stopping: AbortSignal,
  ): Promise<number | null> {
    const now = await this.#parts.obeyed(stopping);
    if (now === null) return null;
    const { declared, seq } = now;
    const goesOn = isAsBefore(began, declared, node) || (isOpen && mayEnd(began, declared, node));
    return goesOn ? seq : null;
  }

  async #apply(
    declared: Declared,
    { plan, input, whole }: Planned,
    stopping: AbortSignal,
  ): Promise<void> {
    const { settings, fleet } = declared;
    const { drivers, store, clock } = this.#ports;
    const { planner, schedule, teller } = this.#parts;
    this.#limits ??= limitsOf(clock, settings.concurrency);
    const judge = (node: string, isOpen: boolean): Promise<number | null> =>
      this.#judge(declared, node, isOpen, stopping);
    const limits = this.#limits;
    const ports = { ...this.#ports, settings, drivers: drivers(declared), limits, judge };
    const ceiling = settings.watch.maxImpact;
    const applied = await apply(plan, fleet, ports, {
      plan: planner.options(declared),
      surroundings: surroundingsOf(input, whole),
      lockTimeoutMs: 0,
      authority: { who: `watch ${store.incarnation.name}`, ceiling },
      why: "watch",
      stopping,
      follows: true,
    });
    // The world moved between the plan and the lease: these nodes are planned again.
    if (!applied.ok) {
      this.withheld = true;
      teller.once("watch.withheld", applied.failure.message, applied.failure.code);
      const names = plan.nodes.map(({ node }) => node);
      return schedule.later(names, MOVED_MS, MOVED_MAX_MS);
    }
    this.failed += applied.value.failed;
    for (const { node, status, code } of applied.value.nodes) {
      // Whoever has it finishes, and gives it back: nobody's lease need run out.
      if (code === "IW-L01" && this.isOnce) this.withheld = true;
      if (code === "IW-L01") schedule.later([node], MOVED_MS, MOVED_MAX_MS);
      else schedule.done(node);
      // What follows on it, and what waited for it, is seen at once.
      if (status === "applied" || status === "recorded") schedule.soon([node]);
    }
  }
}
