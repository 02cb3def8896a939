import { type Failure, failure } from "../../../schemas/failure.ts";
import type { NodePlan } from "../../../schemas/plan.ts";
import type { Catalog } from "../../../schemas/steps.ts";
import { breakerRefusal, inTrouble } from "../../plan/breaker.ts";
import { surroundingsOf } from "../../plan/input.ts";
import type { Digest } from "../../plan/plan-id.ts";
import { membersOf, ownersOf } from "../../plan/ring.ts";
import { apply } from "../apply.ts";
import type { ApplyPorts } from "../flow.ts";
import { type Limits, limitsOf } from "../limits.ts";
import { planFleet, type Planned } from "../plan-fleet.ts";
import type { Drivers } from "../ports.ts";
import {
  changedNodes,
  type Declared,
  type LoadCommit,
  type RefusedCommit,
  type Repository,
} from "./declared.ts";
import { Commits } from "./commits.ts";
import { Schedule } from "./schedule.ts";
import { Silence } from "./silence.ts";
import { Teller } from "./teller.ts";

/** What a daemon needs from outside. */
export interface WatchPorts extends Omit<ApplyPorts, "settings" | "drivers" | "limits"> {
  readonly repository: Repository;
  readonly load: LoadCommit;
  readonly catalog: Catalog;
  readonly digest: Digest;
  /** The drivers for these settings; asked for again when they change. */
  readonly drivers: (declared: Declared) => Drivers;
}

/** How far it has come, for whoever asks. */
export interface WatchState {
  readonly commit: string | null;
  /** When that commit came into force here, milliseconds since the epoch. */
  readonly commitAt: number | null;
  readonly refused: RefusedCommit | null;
  readonly members: readonly string[];
  readonly owned: number;
  readonly busy: number;
  readonly waiting: number;
  readonly rounds: number;
  readonly lastRoundAt: number | null;
  /** What was planned of each node that it owns, as it was last seen. */
  readonly nodes: ReadonlyMap<string, NodePlan>;
}

/** Between two rounds, at least: many pushes and many due nodes make one. Milliseconds. */
const ROUND_MS = 250;

/** Until nodes are planned again whose world moved between the plan and the lease. Milliseconds. */
const MOVED_MS = 2000;

/**
 * Follows a repository and keeps what git says true on the nodes that it owns. One round: is there a newer commit, who are the
 * members, whose turn is it; these are read and planned together, and what has work is applied beside the next rounds. A
 * commit that is refused leaves the last good one in force. Leases, not the ring, say who may act.
 */
export class Daemon {
  readonly #ports: WatchPorts;
  readonly #teller: Teller;
  readonly #commits: Commits;
  readonly #schedule: Schedule;
  readonly #silence = new Silence();
  readonly #busy = new Map<string, Promise<void>>();
  readonly #plans = new Map<string, NodePlan>();
  /** When each was last seen in trouble. */
  readonly #trouble = new Map<string, number>();
  #limits: Limits;
  #owned: ReadonlySet<string> = new Set();
  #members: readonly string[] = [];
  #lastRoundAt: number | null = null;
  #isOnce = false;
  #rounds = 0;

  constructor(ports: WatchPorts) {
    this.#ports = ports;
    this.#teller = new Teller(ports, () => this.#commits.declared?.commit ?? null);
    this.#commits = new Commits(ports, this.#teller);
    this.#schedule = new Schedule(ports.clock, 60_000);
    this.#limits = limitsOf(ports.clock, 64);
  }

  get state(): WatchState {
    return {
      commit: this.#commits.declared?.commit ?? null,
      commitAt: this.#commits.since,
      refused: this.#commits.refused,
      members: this.#members,
      owned: this.#owned.size,
      busy: this.#busy.size,
      waiting: this.#schedule.waiting,
      rounds: this.#rounds,
      lastRoundAt: this.#lastRoundAt,
      nodes: this.#plans,
    };
  }

  /** Until `stopping`, or until its lease is lost, which is answered: then nothing more is done, and it must be started anew. */
  async run(stopping: AbortSignal): Promise<Failure | null> {
    const { store, repository } = this.#ports;
    this.#teller.tell("watch.start", `follows ${repository.what}`);
    while (!stopping.aborted && store.dead() === null) {
      await this.round(stopping);
      await this.#rest(stopping);
    }
    await this.drain();
    const dead = store.dead();
    this.#teller.tell("watch.stop", dead?.message ?? "told to leave; what ran has come to its end");
    return dead;
  }

  /** One full round: every node that it owns once, and all that follows from it, to its end. */
  async once(stopping: AbortSignal): Promise<Failure | null> {
    const { store } = this.#ports;
    this.#isOnce = true;
    do {
      await this.round(stopping);
      if (this.#busy.size > 0) await Promise.race(this.#busy.values());
    } while (
      !stopping.aborted &&
      store.dead() === null &&
      this.#busy.size + this.#schedule.waiting > 0
    );
    await this.drain();
    return store.dead();
  }

  /** Everything that is due now: begun, not ended. */
  async round(stopping: AbortSignal): Promise<void> {
    const { clock, store } = this.#ports;
    await this.#commits.look(stopping);
    const { candidate, declared } = this.#commits;
    const at = candidate ?? declared;
    if (at === null || store.dead() !== null) return;
    await this.#followMembers(at);
    if (candidate !== null) await this.#takeOver(candidate, stopping);
    const obeyed = this.#commits.declared;
    if (obeyed !== null) await this.#work(obeyed, stopping);
    this.#rounds += 1;
    this.#lastRoundAt = clock.now();
  }

  /** Until all that was begun has ended, or its time is up: acts that still run stay for whoever comes next. */
  async drain(): Promise<void> {
    const { clock } = this.#ports;
    const seconds = this.#commits.declared?.settings.watch.drainSeconds ?? 0;
    const over = new AbortController();
    const ended = Promise.all(this.#busy.values()).then(() => over.abort());
    await Promise.race([ended, clock.sleep(seconds * 1000, over.signal).catch(() => undefined)]);
  }

  /** Looks at the repository in the next round, and reads the settings anew. */
  wake(): void {
    this.#commits.wake();
  }

  /** Who lives, and so who owns what; alike in every member that sees the same. */
  async #followMembers({ fleet }: Declared): Promise<void> {
    const { store } = this.#ports;
    const { name: me } = store.incarnation;
    const daemons = (await store.living()).filter(({ role }) => role === "watch");
    const members = membersOf(fleet.conductors, [me, ...daemons.map(({ name }) => name)]);
    this.#members = members.map(({ name }) => name);
    const owners = ownersOf(fleet.nodes, members);
    this.#owned = new Set([...owners].flatMap(([node, owner]) => (owner === me ? [node] : [])));
    this.#schedule.follow(this.#owned);
    this.#silence.forget(this.#owned);
    for (const name of this.#plans.keys()) if (!this.#owned.has(name)) this.#plans.delete(name);
    const who = this.#members.join(", ");
    const stranger = this.#members.includes(me) ? "" : `; ${me} is not declared and owns nothing`;
    this.#teller.once("watch.members", `members: ${who === "" ? "none" : who}${stranger}`);
  }

  /** A newer commit: its changed nodes are planned under it, and it is in force unless that plan is refused. */
  async #takeOver(candidate: Declared, stopping: AbortSignal): Promise<void> {
    const changed = changedNodes(this.#commits.declared, candidate);
    const mine = [...changed].filter((name) => this.#owned.has(name) && !this.#busy.has(name));
    const planned = await this.#plan(candidate, mine, stopping);
    const [refusal] = planned.plan.refused.filter(({ code }) => code !== "IW-P11");
    if (refusal !== undefined)
      return this.#commits.refuse(
        candidate.commit,
        failure("stalled", refusal.code, refusal.message),
      );
    this.#commits.take(candidate);
    // Nobody's turn comes twice in the one round of `once`.
    const seconds = this.#isOnce ? Infinity : candidate.settings.powerSync.intervalSeconds;
    this.#schedule.intervalMs = seconds * 1000;
    this.#limits = limitsOf(this.#ports.clock, candidate.settings.concurrency);
    const subject = candidate.fleet.commit.subject ?? "";
    const count = `${mine.length} of its ${this.#owned.size} nodes changed`;
    this.#teller.tell(
      "watch.commit",
      `commit ${candidate.commit.slice(0, 7)} "${subject}": ${count}`,
    );
    // What waits for the end of its work is planned under the new commit right after it.
    this.#schedule.soon([...changed].filter((name) => this.#busy.has(name)));
    await this.#begin(candidate, planned, stopping);
  }

  async #work(declared: Declared, stopping: AbortSignal): Promise<void> {
    const free = (name: string): boolean => this.#owned.has(name) && !this.#busy.has(name);
    const due = this.#schedule.due(declared.settings.concurrency, free);
    if (due.length === 0) return;
    await this.#begin(declared, await this.#plan(declared, due, stopping), stopping);
  }

  async #plan(declared: Declared, names: readonly string[], signal: AbortSignal): Promise<Planned> {
    const { store, clock, catalog, digest, drivers } = this.#ports;
    const { fleet, settings, settingsHash } = declared;
    const ports = { drivers: drivers(declared), clock, concurrency: settings.concurrency };
    const planned = await planFleet(fleet, store, ports, {
      plan: {
        now: clock.now(),
        settings,
        settingsHash,
        digest,
        offline: false,
        select: new Set(names),
        maxImpact: settings.watch.maxImpact,
        obeyBackoff: true,
      },
      catalog,
      signal,
    });
    for (const plan of planned.plan.nodes) this.#plans.set(plan.node, plan);
    for (const name of inTrouble(planned.plan.nodes, new Set()))
      this.#trouble.set(name, clock.monotonic());
    await this.#hear(declared, planned);
    return planned;
  }

  /** Silent BMCs and those that answer again. */
  async #hear({ fleet, settings }: Declared, { plan, input }: Planned): Promise<void> {
    const { store } = this.#ports;
    const declared = new Map(fleet.nodes.map((node) => [node.name, node]));
    for (const { node: name, uuid } of plan.nodes) {
      const [node, observation] = [declared.get(name), input.observations.get(name)];
      if (node === undefined || observation === undefined) continue;
      const record = input.records.get(uuid ?? "") ?? null;
      const seen = { node, record, observation };
      const heard = await this.#silence.look(store, seen, settings.watch.silentLooks);
      if (heard === null) continue;
      const text =
        heard === "silent"
          ? "its BMC is silent: nothing is done until it answers"
          : "its BMC answers again";
      this.#teller.tell(`node.${heard}`, text, { node: name });
      if (heard === "answers") this.#schedule.soon([name]);
    }
  }

  /** Begins what the plan holds; nodes that have nothing to do had their turn. */
  async #begin(declared: Declared, planned: Planned, stopping: AbortSignal): Promise<void> {
    const { plan } = planned;
    const isStopped = await this.#isStopped(
      declared,
      plan.refused.find(({ code }) => code === "IW-P11"),
    );
    const busy = isStopped ? [] : plan.nodes.filter(hasWork);
    const [refusal] = plan.refused;
    const work = new Set(refusal === undefined ? busy.map(({ node }) => node) : []);
    for (const { node } of plan.nodes) if (!work.has(node)) this.#schedule.done(node);
    if (refusal !== undefined)
      return this.#teller.once("watch.refused", refusal.message, refusal.code);
    this.#teller.over("watch.refused");
    const isInForce = plan.inForce !== null && plan.inForce.commit === plan.commit;
    if (isStopped || (busy.length === 0 && isInForce)) return;
    const running = this.#apply(declared, planned, stopping).finally(() => {
      for (const name of work) this.#busy.delete(name);
    });
    for (const name of work) this.#busy.set(name, running);
    if (busy.length === 0) await running;
  }

  async #apply(declared: Declared, { plan, input }: Planned, stopping: AbortSignal): Promise<void> {
    const { settings, settingsHash, fleet } = declared;
    const { drivers, digest, clock } = this.#ports;
    const ports = { ...this.#ports, settings, drivers: drivers(declared), limits: this.#limits };
    const applied = await apply(plan, fleet, ports, {
      plan: {
        now: clock.now(),
        settings,
        settingsHash,
        digest,
        offline: false,
        maxImpact: settings.watch.maxImpact,
        obeyBackoff: true,
      },
      surroundings: surroundingsOf(input),
      lockTimeoutMs: 0,
      authority: {
        who: `watch ${this.#ports.store.incarnation.name}`,
        ceiling: settings.watch.maxImpact,
      },
      why: "watch",
      stopping,
      follows: true,
    });
    // The world moved between the plan and the lease: these nodes are planned again.
    if (!applied.ok) {
      this.#teller.once("watch.waiting", applied.failure.message, applied.failure.code);
      const names = plan.nodes.map(({ node }) => node);
      return this.#schedule.later(names, MOVED_MS);
    }
    for (const { node, status } of applied.value.nodes) {
      this.#schedule.done(node);
      // What follows on it, and what waited for it, is seen at once.
      if (status === "applied" || status === "recorded") this.#schedule.soon([node]);
    }
  }

  /** Nodes that were in trouble in the last interval, also those that were mended since: a room that goes dark is seen bit by bit. */
  #troubledLately({ settings }: Declared, acknowledged: ReadonlySet<string>): readonly string[] {
    const since = this.#ports.clock.monotonic() - settings.powerSync.intervalSeconds * 1000;
    for (const [name, at] of this.#trouble) if (at < since) this.#trouble.delete(name);
    return [...this.#trouble.keys()].filter((name) => !acknowledged.has(name));
  }

  /** True while a stop or a breaker is in force; opens the breaker where too many of its nodes are in trouble. */
  async #isStopped(
    declared: Declared,
    stop: { readonly message: string } | undefined,
  ): Promise<boolean> {
    const { store, clock } = this.#ports;
    if (stop !== undefined) return true;
    const troubled = this.#troubledLately(declared, await store.acknowledged());
    const open = breakerRefusal(troubled, this.#owned.size, declared.settings.breaker);
    if (open === null) return false;
    const { name } = store.incarnation;
    const nodes = [...troubled];
    await store.setStop({
      reason: open.message,
      by: name,
      at: clock.now(),
      kind: "breaker",
      nodes,
    });
    this.#teller.tell("breaker.open", open.message, { code: open.code });
    return true;
  }

  async #wokenBy(signal: AbortSignal): Promise<void> {
    await this.#ports.repository.changed(signal);
    if (!signal.aborted) this.wake();
  }

  /** Until something may be due: a node's turn, the next poll, a push, the end of what runs. */
  async #rest(stopping: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    const over = new AbortController();
    const end = (): void => over.abort();
    stopping.addEventListener("abort", end, { once: true });
    const wait = Math.max(ROUND_MS, Math.min(this.#schedule.untilNext, this.#commits.untilPoll));
    const pushed = this.#wokenBy(over.signal);
    await Promise.race([
      clock.sleep(wait, over.signal).catch(() => undefined),
      pushed,
      ...this.#busy.values(),
    ]);
    over.abort();
    stopping.removeEventListener("abort", end);
    // A burst of pushes, or of nodes that end one after the other, is one round.
    if (!stopping.aborted) await clock.sleep(ROUND_MS, stopping).catch(() => undefined);
  }
}

/** Steps to do, a record to write, or work of a dead engine to end. */
function hasWork({ steps, records, unfinished, adopts }: NodePlan): boolean {
  return steps.length > 0 || records !== undefined || unfinished === true || adopts === true;
}
