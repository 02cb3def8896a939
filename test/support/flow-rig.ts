import { treeOf } from "../../engine/plan/tree/relatives.ts";
import { defaultSettings } from "../../schemas/settings.ts";
import type { EngineEvent } from "../../schemas/event.ts";
import type { Plan, Step } from "../../schemas/plan.ts";
import { emptyRecord, type NodeRecord } from "../../schemas/record.ts";
import type { HistoryEntry } from "../../schemas/store.ts";
import { Budget } from "../../engine/run/budget.ts";
import type { ApplyContext, Flow, StepEnd } from "../../engine/run/flow.ts";
import { Slots, Spacing, Turns } from "../../engine/run/limits.ts";
import type { CheckpointName, Grant } from "../../engine/run/ports.ts";
import { recover } from "../../engine/run/recover.ts";
import { runStep } from "../../engine/run/run-step.ts";
import { initStore } from "../../engine/run/store/init-store.ts";
import { openActing, openReader } from "../../engine/run/store/open-store.ts";
import type { StorePorts } from "../../engine/run/store/store-ports.ts";
import { aNode, planOf, seen, sha256 } from "./a-fleet.ts";
import { STORE } from "./a-store.ts";
import { seededRandom } from "./fake-clock.ts";
import { MemoryFiles } from "./memory-files.ts";
import { type Behaviour, SmallMachine } from "./small-machine.ts";
import { type VirtualClock, VirtualTime } from "./virtual-time.ts";

/** How far one process came. */
export interface Came {
  /** Null when it was killed, or when a takeover found that it can't go on. */
  readonly end: StepEnd | null;
  readonly killed: boolean;
  /** Checkpoints that it came by, in order. */
  readonly points: readonly CheckpointName[];
  readonly events: readonly EngineEvent[];
}

/** Where a process is killed: at the count-th time that it comes by a point, or by any point. */
export interface StopAt {
  readonly point?: CheckpointName;
  readonly count: number;
}

/** One node, its machine and its store; each `run` is a process of its own. */
export class FlowRig {
  readonly node;
  readonly machine: SmallMachine;
  readonly time: VirtualTime;
  readonly slots: Slots;
  /** First SIGINT of the process that runs; another one for each. */
  stopping = new AbortController();
  readonly #disk = new MemoryFiles();
  readonly #initial: NodeRecord;
  readonly #gone = new Set<number>();
  #pid = 1;

  constructor(
    record: Partial<NodeRecord>,
    behaviour: Behaviour = {},
    shared: { readonly name?: string; readonly time?: VirtualTime; readonly slots?: Slots } = {},
  ) {
    const name = shared.name ?? "n1";
    this.time = shared.time ?? new VirtualTime();
    this.slots = shared.slots ?? new Slots(4);
    this.node = aNode(name, {});
    this.machine = new SmallMachine(name, () => this.time.now, behaviour);
    this.#initial = { ...emptyRecord(this.node.uuid ?? "", name, "new"), ...record };
  }

  async init(): Promise<this> {
    const store = { ...STORE, id: "s", nodes: "new" } as const;
    const made = await initStore("/s", store, this.#ports(this.time.clock(), 1));
    if (!made.ok) throw new Error(made.failure.message);
    return this;
  }

  /** The record as `status` shows it. */
  async record(): Promise<NodeRecord> {
    const reader = await openReader("/s", { store: "s" }, this.#ports(this.time.clock(), 1));
    if (!reader.ok) throw new Error(reader.failure.message);
    const { uuid } = this.node;
    const all = await reader.value.records();
    return all.get(uuid ?? "") ?? this.#initial;
  }

  async history(): Promise<readonly HistoryEntry[]> {
    const reader = await openReader("/s", { store: "s" }, this.#ports(this.time.clock(), 1));
    if (!reader.ok) throw new Error(reader.failure.message);
    return reader.value.history(this.node.uuid ?? "");
  }

  /** What the journals hold, line by line. */
  journal(): readonly string[] {
    return [...this.#disk.files]
      .filter(([path]) => path.includes("/journal/"))
      .flatMap(([, text]) => text.split("\n").filter((line) => line !== ""));
  }

  /** The step as it is planned now: resumed while its list is open, anew while its request was not used. */
  async next(step: Step): Promise<Step | null> {
    const { activity, provisionState, usedRequests } = await this.record();
    if (activity !== null)
      return { ...step, resumes: { entry: activity.entry, act: activity.act } };
    if (step.request !== undefined && step.request in usedRequests) return null;
    return provisionState === step.flow?.from ? step : null;
  }

  /** One process: lease, recovery, the step, release; ended by SIGKILL where `stop` says. */
  async run(step: Step | null, stop: StopAt | null = null): Promise<Came> {
    this.#pid += 1;
    const pid = this.#pid;
    const clock = this.time.clock();
    const points: CheckpointName[] = [];
    const events: EngineEvent[] = [];
    let kill = (): void => undefined;
    const death = new Promise<"killed">((die) => (kill = () => die("killed")));
    const checkpoint = (point: CheckpointName): Promise<void> => {
      points.push(point);
      const passed = points.filter((one) => one === (stop?.point ?? one)).length;
      if (stop === null || (stop.point ?? point) !== point || passed !== stop.count)
        return Promise.resolve();
      clock.stop();
      this.#gone.add(pid);
      kill();
      return new Promise(() => undefined);
    };
    const ports = { ...this.#ports(clock, pid), checkpoint };
    const work = this.#work(step, ports, events);
    const end = await this.time.run(Promise.race([work, death]));
    clock.stop();
    this.#gone.add(pid);
    return { end: end === "killed" ? null : end, killed: end === "killed", points, events };
  }

  async #work(
    step: Step | null,
    ports: StorePorts,
    events: EngineEvent[],
  ): Promise<StepEnd | null> {
    const opened = await openActing(
      "/s",
      { store: "s" },
      { name: "e", role: "apply", host: "h" },
      ports,
    );
    if (!opened.ok) throw new Error(opened.failure.message);
    const store = opened.value;
    const claimed = await store.claim(this.node.uuid ?? "", this.node.name, {
      initial: this.#initial,
    });
    if (!claimed.ok) throw new Error(claimed.failure.message);
    const grant = claimed.value;
    await ports.checkpoint("claimed");
    const flow = this.#flow(step, grant, { ports, store, events });
    const why = await recover(flow);
    const end =
      why !== null
        ? ({ kind: "failed", why, at: null } as const)
        : step === null
          ? null
          : await runStep(flow, step);
    await grant.release();
    await ports.checkpoint("released");
    await store.close();
    return end;
  }

  #flow(
    step: Step | null,
    grant: Grant,
    at: {
      readonly ports: StorePorts;
      readonly store: ApplyContext["store"];
      readonly events: EngineEvent[];
    },
  ): Flow {
    const { ports, store, events } = at;
    const observation = seen(this.node.name);
    const whole: Plan = planOf(this.node, observation);
    const [first] = whole.nodes;
    if (first === undefined) throw new Error("not planned");
    const context: ApplyContext = {
      act: null,
      store,
      drivers: { driverFor: () => this.machine, secretVersion: () => Promise.resolve(null) },
      clock: ports.clock,
      random: ports.random,
      checkpoint: ports.checkpoint,
      emit: (event) => events.push(event),
      settings: { ...defaultSettings() },
      plan: whole,
      authority: { who: "ops", ceiling: "destructive" },
      registerSeq: 1,
      digest: sha256,
      tree: treeOf([]),
      slots: this.slots,
      budget: new Budget(store, ports.clock, []),
      turns: new Turns(),
      resets: new Spacing(ports.clock),
      stopping: this.stopping.signal,
      seen: new Map(),
    };
    return {
      context,
      node: this.node,
      plan: { ...first, steps: step === null ? [] : [step] },
      grant,
      driver: this.machine,
      registerSeq: 1,
      observation: { ...observation, facets: {} },
      session: null,
      opened: false,
      softOffSpent: false,
      broughtUp: false,
      step: null,
    };
  }

  #ports(clock: VirtualClock, pid: number): StorePorts {
    return {
      files: this.#disk,
      processes: {
        self: () => ({ pid, startTicks: "1", bootId: "b", pidNamespace: "n" }),
        fate: (other) => Promise.resolve(this.#gone.has(other.pid) ? "gone" : "alive"),
      },
      clock,
      random: seededRandom(pid),
      checkpoint: () => Promise.resolve(),
    };
  }
}

/** A rig whose machine runs where the node has a workload. */
export async function aRig(
  record: Partial<NodeRecord>,
  behaviour: Behaviour = {},
): Promise<FlowRig> {
  const rig = await new FlowRig(record, behaviour).init();
  if (record.provisionState === "active") rig.machine.power = "on";
  return rig;
}
