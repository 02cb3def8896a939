import { fakeOffer } from "../../../drivers/fake/fake-offer.ts";
import { hasWork, planExit } from "../../../engine/cli/plan-world.ts";
import { explainNode } from "../../../engine/plan/explain-node.ts";
import { type PlanOptions, surroundingsOf } from "../../../engine/plan/input.ts";
import { apply, type ApplyResult } from "../../../engine/run/apply.ts";
import { type Planned, planFleet } from "../../../engine/run/plan-fleet.ts";
import type { ActingStore, Checkpoint, Clock, StoreReader } from "../../../engine/run/ports.ts";
import { initStore } from "../../../engine/run/store/init-store.ts";
import { openActing, openReader } from "../../../engine/run/store/open-store.ts";
import type { StorePorts } from "../../../engine/run/store/store-ports.ts";
import type { HoldScope } from "../../../schemas/documents.ts";
import type { EngineEvent } from "../../../schemas/event.ts";
import type { Result } from "../../../schemas/failure.ts";
import type { Fleet } from "../../../schemas/fleet.ts";
import type { Plan } from "../../../schemas/plan.ts";
import { emptyRecord, type NodeRecord } from "../../../schemas/record.ts";
import { settingsSchema } from "../../../schemas/settings.ts";
import { sha256 } from "../../support/a-fleet.ts";
import { seededRandom } from "../../support/fake-clock.ts";
import { type VirtualClock, VirtualTime } from "../../support/virtual-time.ts";
import { Laws } from "./laws.ts";
import { LifeFiles } from "./life-files.ts";
import { MachineHall, type SeenAct } from "./machine-hall.ts";

export const CATALOG = { fake: fakeOffer };

/** Long leases and rare looks, for time is virtual and each look is work; what they bound is tested elsewhere. */
const SETTINGS = settingsSchema.parse({
  lease: { ttlSeconds: 600 },
  timeouts: { lookSeconds: 120 },
});
/** Longer than all that an engine may wait for, added up: past it, it hangs. Days. */
const HUNG_DAYS = 20;
const DAY_MS = 24 * 60 * 60_000;
/** Writes to the disk that a killed process may have been about to do; reads change nothing. */
const WRITES = new Set(["create", "append", "link", "rename", "remove"]);

/** What happens in the middle of an apply: at the so-manieth moment, a checkpoint or a write, something is done. */
export interface Mishap {
  readonly moment: number;
  readonly what: "kill" | (() => void);
}

/** How one apply is asked for. */
export interface Asked {
  /** How the engine sees its store: as it is when left out. */
  readonly store?: (store: ActingStore) => ActingStore;
  readonly claims?: PlanOptions["claims"];
  readonly select?: ReadonlySet<string> | undefined;
  readonly acceptRemoval?: number | undefined;
  readonly mishap?: Mishap | null;
  /** Nodes worked on at once. */
  readonly concurrency?: number;
  /** What somebody does to the machines between the plan and the apply. */
  readonly meanwhile?: () => void;
}

/** What one apply came to. */
export interface Applied {
  readonly killed: boolean;
  /** Null where it was killed before it had one. */
  readonly plan: Plan | null;
  /** Null where nothing was to be done, or all was refused. */
  readonly result: Result<ApplyResult> | null;
}

interface Process {
  readonly ports: StorePorts;
  readonly clock: VirtualClock;
  readonly isDead: () => boolean;
  readonly checkpoint: Checkpoint;
}

/** A fleet, its store, its machines and the time that passes; every command is a process of its own. */
export class LifeWorld {
  readonly time = new VirtualTime();
  readonly laws: Laws;
  readonly hall: MachineHall;
  fleet: Fleet;
  /** Sees every act that a machine took. */
  watch: (act: SeenAct) => void = () => undefined;
  /** Hears every event of an apply. */
  hear: (event: EngineEvent) => void = () => undefined;
  /** Names of nodes that were there when the store was made. */
  readonly #existing: ReadonlySet<string>;
  readonly #disk = new Map<string, string>();
  readonly #gone = new Set<number>();
  #pid = 0;

  /** What the nodes of the first commit are. */
  readonly nodes: "existing" | "new";

  constructor(fleet: Fleet, nodes: "existing" | "new") {
    this.fleet = fleet;
    this.nodes = nodes;
    this.#existing = new Set(nodes === "existing" ? fleet.nodes.map(({ name }) => name) : []);
    this.laws = new Laws({
      initial: (uuid) => this.#initial(uuid),
      declared: (uuid) => this.fleet.nodes.find((node) => node.uuid === uuid) ?? null,
      serialAt: (name) => this.hall.at(name).serial,
      now: () => this.time.now,
    });
    this.hall = new MachineHall(
      () => this.time.now,
      (act) => {
        this.laws.act(act);
        this.watch(act);
      },
    );
  }

  async init(): Promise<void> {
    const { fleet, nodes } = this;
    const made = await this.#process(({ ports }) =>
      initStore(
        "/s",
        {
          id: "s",
          fleet: "f",
          ttlSeconds: SETTINGS.lease.ttlSeconds,
          nodes,
          names: fleet.nodes.map(({ name }) => name),
          machines: [],
          tree: fleet.tree,
          commit: fleet.commit.id,
          by: "test",
          spentRequests: [],
        },
        ports,
      ),
    );
    if (made === "killed" || !made.ok) throw new Error("no store was made");
  }

  /** Lets time pass while nobody works. */
  async pass(ms: number): Promise<void> {
    const clock = this.time.clock();
    await this.time.run(clock.sleep(ms));
    clock.stop();
  }

  /** Reads and plans, and changes nothing. */
  async plan(): Promise<{
    readonly planned: Planned;
    readonly records: ReadonlyMap<string, NodeRecord>;
  }> {
    const seen = await this.#process(async (process) => {
      const opened = await openReader("/s", { store: "s" }, process.ports);
      if (!opened.ok) throw new Error(opened.failure.message);
      const planned = await this.#planned(opened.value, process, {});
      return { planned, records: await opened.value.records() };
    });
    if (seen === "killed") throw new Error("a plan is never killed");
    return seen;
  }

  /** The words of `explain` for one node of a plan. */
  explain(plan: Plan, name: string, records: ReadonlyMap<string, NodeRecord>): string {
    const node = this.fleet.nodes.find((one) => one.name === name);
    if (node === undefined) throw new Error(`${name} is not declared`);
    const record = records.get(node.uuid ?? "") ?? null;
    return explainNode({ plan, node, nodes: [node], record, holder: null, now: this.time.now });
  }

  /** `apply --yes --allow-erase all`, as the command does it. */
  async apply(asked: Asked = {}): Promise<Applied> {
    const at: { plan: Plan | null } = { plan: null };
    const ended = await this.#process(async (process) => {
      const store = (asked.store ?? ((it) => it))(await this.#acting(process, "apply"));
      const drivers = this.hall.drivers(process.clock, process.isDead);
      const planned = await this.#planned(store, process, asked, drivers);
      at.plan = planned.plan;
      asked.meanwhile?.();
      const result = await this.#applied(store, process, { planned, asked, drivers });
      await store.close();
      await drivers.close();
      return result;
    }, asked.mishap ?? null);
    this.laws.left(null);
    return ended === "killed"
      ? { killed: true, plan: at.plan, result: null }
      : { killed: false, plan: at.plan, result: ended };
  }

  async hold(uuid: string, scope: HoldScope): Promise<void> {
    const since = this.time.now;
    const hold = { id: "h", scope, reason: "work on it", owner: "ops", since, until: null };
    await this.#command((store) => store.setHold(uuid, hold));
  }

  /** `release NODE`: its holds end, and its slots of the budget are given back. */
  async release(uuid: string, name: string): Promise<void> {
    await this.#command(async (store) => {
      await store.releaseHold(uuid, null);
      await store.freeSlots(uuid);
    });
    this.laws.forgive(name);
  }

  /** `retry NODE`. */
  async retry(uuid: string, name: string): Promise<void> {
    await this.#command(async (store) => {
      if ((await store.record(uuid)) === null) return;
      const claimed = await store.claim(uuid, name);
      if (!claimed.ok) throw new Error(claimed.failure.message);
      await claimed.value.patchRecord({ lastError: null, retryAt: null, fault: null });
      await claimed.value.release();
    });
  }

  #initial(uuid: string): NodeRecord {
    const name = this.fleet.nodes.find((node) => node.uuid === uuid)?.name ?? uuid;
    return emptyRecord(uuid, name, this.#existing.has(name) ? "existing" : "new");
  }

  async #applied(
    store: ActingStore,
    process: Process,
    from: {
      readonly planned: Planned;
      readonly asked: Asked;
      readonly drivers: ReturnType<MachineHall["drivers"]>;
    },
  ): Promise<Result<ApplyResult> | null> {
    const { planned, asked, drivers } = from;
    const { plan } = planned;
    if (plan.refused.length > 0) return null;
    const entry = await store.inForce();
    const adopts = plan.nodes.some((node) => node.adopts === true);
    if (planExit(plan, { strict: false, detailed: false }) === 4) return null;
    if (!hasWork(plan) && !adopts && entry?.tree === plan.tree) return null;
    this.laws.approved(plan);
    const { ports, clock, checkpoint } = process;
    const applyPorts = {
      store,
      drivers,
      clock,
      random: ports.random,
      checkpoint,
      emit: (told: EngineEvent) => {
        const { event, node } = told;
        this.hear(told);
        if (ENDS.has(event) && node !== null) this.laws.left(node);
      },
      settings: { ...SETTINGS, concurrency: asked.concurrency ?? SETTINGS.concurrency },
    };
    return apply(plan, this.fleet, applyPorts, {
      plan: this.#options(asked),
      surroundings: surroundingsOf(planned.input),
      lockTimeoutMs: 0,
      authority: { who: "ops", ceiling: "destructive" },
      why: "apply",
      stopping: new AbortController().signal,
    });
  }

  #planned(
    store: StoreReader,
    process: Process,
    asked: Asked,
    drivers = this.hall.drivers(process.clock, process.isDead),
  ): Promise<Planned> {
    const ports = { drivers, clock: process.clock, concurrency: 8 };
    return planFleet(this.fleet, store, ports, { plan: this.#options(asked), catalog: CATALOG });
  }

  #options({ claims, select, acceptRemoval }: Asked): PlanOptions {
    return {
      now: this.time.now,
      settings: SETTINGS,
      settingsHash: "settings",
      digest: sha256,
      offline: false,
      maxImpact: "destructive",
      claims,
      select,
      acceptRemoval,
    };
  }

  async #command(work: (store: ActingStore) => Promise<void>): Promise<void> {
    await this.#process(async (process) => {
      const store = await this.#acting(process, "command");
      await work(store);
      await store.close();
    });
  }

  async #acting({ ports }: Process, role: "apply" | "command"): Promise<ActingStore> {
    const opened = await openActing("/s", { store: "s" }, { name: "e", role, host: "h" }, ports);
    if (!opened.ok) throw new Error(opened.failure.message);
    return opened.value;
  }

  /** One process from its start to its end, or to the moment at which it is killed. */
  async #process<T>(
    work: (process: Process) => Promise<T>,
    mishap: Mishap | null = null,
  ): Promise<T | "killed"> {
    this.#pid += 1;
    const pid = this.#pid;
    const clock = this.time.clock();
    const life = { moments: 0, dead: false };
    let kill = (): void => undefined;
    const death = new Promise<"killed">((die) => (kill = () => die("killed")));
    const moment = async (): Promise<void> => {
      life.moments += life.dead ? 0 : 1;
      if (mishap !== null && mishap.moment === life.moments && !life.dead) {
        if (mishap.what === "kill") {
          life.dead = true;
          clock.stop();
          kill();
        } else mishap.what();
      }
      if (life.dead) await new Promise(() => undefined);
    };
    const before = (operation: string): Promise<void> =>
      WRITES.has(operation) || life.dead ? moment() : Promise.resolve();
    const checkpoint: Checkpoint = () => moment();
    const files = new LifeFiles(this.#disk, before, (line) => this.laws.line(line));
    const processes = this.#processes(pid);
    const ports = { files, processes, clock, random: seededRandom(pid), checkpoint };
    const running = work({ ports, clock, isDead: () => life.dead, checkpoint });
    const guard = this.time.clock();
    const ended = await this.time.run(Promise.race([running, death, hung(guard)]));
    guard.stop();
    clock.stop();
    life.dead = true;
    this.#gone.add(pid);
    this.hall.busy.clear();
    return ended;
  }

  #processes(pid: number): StorePorts["processes"] {
    return {
      self: () => ({ pid, startTicks: "1", bootId: "b", pidNamespace: "n" }),
      fate: (other) => Promise.resolve(this.#gone.has(other.pid) ? "gone" : "alive"),
    };
  }
}

/** Events after which an engine does nothing more to a node. */
const ENDS = new Set(["node.done", "node.failed", "node.skipped", "node.waiting"]);

async function hung(clock: Clock): Promise<never> {
  await clock.sleep(HUNG_DAYS * DAY_MS);
  throw new Error(`an engine hung: it had not ended after ${HUNG_DAYS} days`);
}
