import { type Failure, failure } from "../../../schemas/failure.ts";
import type { NodePlan } from "../../../schemas/plan.ts";
import { type PlanOptions, surroundingsOf } from "../../plan/input.ts";
import { withRelatives } from "../../plan/tree/relatives.ts";
import { apply, isBusy } from "../apply.ts";
import { firstOf } from "../first-of.ts";
import { type Limits, limitsOf } from "../limits.ts";
import { planWhole, type Planned } from "../plan-fleet.ts";
import { ASKED_MS, hearPeople } from "./asked.ts";
import { askedIn, changedNodes, type Declared, namesMove } from "./declared.ts";
import { Commits } from "./commits.ts";
import { hear } from "./hear.ts";
import { Known } from "./known.ts";
import { Members, NO_RING, type Ring } from "./members.ts";
import type { WatchPorts, WatchState } from "./ports.ts";
import { Schedule } from "./schedule.ts";
import { Silence } from "./silence.ts";
import { Teller } from "./teller.ts";
import { tellRing } from "./tell-ring.ts";
import { Trouble } from "./trouble.ts";

/** Between two rounds, at least: many pushes and many due nodes make one. Milliseconds. */
const ROUND_MS = 250;

/** Until nodes are planned again whose world moved between the plan and the lease; longer each time in a row. Milliseconds. */
const MOVED_MS = 2000;
const MOVED_MAX_MS = 60_000;
/** The same where something broke that nobody expected. */
const BROKEN_MS = 60_000;
const BROKEN_MAX_MS = 10 * 60_000;

const ONLY_LOOKS =
  "mode is observe for the whole fleet (settings): nothing is done, and no commit is put in force";

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
  readonly #trouble: Trouble;
  readonly #members: Members;
  readonly #known: Known;
  readonly #silence = new Silence();
  readonly #busy = new Map<string, Promise<void>>();
  readonly #plans = new Map<string, NodePlan>();
  /** For life: what runs under one commit shares them with what runs under the next. */
  #limits: Limits | null = null;
  #ring: Ring = NO_RING;
  #beatAt: number;
  #isOnce = false;
  #rounds = 0;
  #failed = 0;
  #withheld = false;
  /** Ends the rest between two rounds. */
  #resting: (() => void) | null = null;

  constructor(ports: WatchPorts) {
    this.#ports = ports;
    this.#teller = new Teller(ports, () => this.#commits.declared?.commit ?? null);
    this.#commits = new Commits(ports, this.#teller);
    this.#schedule = new Schedule(ports.clock, 60_000);
    this.#trouble = new Trouble(ports.store, ports.clock, this.#teller);
    this.#members = new Members(ports.store);
    this.#known = new Known(ports.store, ports.clock);
    this.#beatAt = ports.clock.now();
  }

  get state(): WatchState {
    return {
      commit: this.#commits.declared?.commit ?? null,
      commitAt: this.#commits.since,
      refused: this.#commits.refused,
      members: this.#ring.members,
      owned: this.#ring.owned.size,
      busy: this.#busy.size,
      waiting: this.#schedule.waiting,
      rounds: this.#rounds,
      beatAt: this.#beatAt,
      failed: this.#failed,
      withheld: this.#withheld,
      nodes: this.#plans,
    };
  }

  /** Until `stopping`, or until its lease is lost, which is answered: then nothing more is done, and it must be started anew. */
  async run(stopping: AbortSignal): Promise<Failure | null> {
    const { store, repository } = this.#ports;
    this.#teller.tell("watch.start", `follows ${repository.what}`);
    await this.#rounding(stopping, async () => {
      while (!stopping.aborted && store.dead() === null) {
        await this.round(stopping);
        await this.#rest(stopping);
      }
    });
    const dead = store.dead();
    this.#teller.tell("watch.stop", dead?.message ?? "told to leave; what ran has come to its end");
    return dead;
  }

  /** One full round: every node that it owns once, and all that follows from it, to its end. */
  async once(stopping: AbortSignal): Promise<Failure | null> {
    const { store } = this.#ports;
    this.#isOnce = true;
    await this.#rounding(stopping, async () => {
      do {
        await this.round(stopping);
        if (this.#busy.size > 0) await Promise.race(this.#busy.values());
      } while (
        !stopping.aborted &&
        store.dead() === null &&
        this.#commits.declared !== null &&
        this.#busy.size + this.#schedule.waiting > 0
      );
    });
    return store.dead();
  }

  /** Whatever ends the rounds, what was begun comes to its end. A lost lease shows in many ways, and is none but one. */
  async #rounding(stopping: AbortSignal, rounds: () => Promise<void>): Promise<void> {
    // At once, while a round may still wait for BMCs.
    const drain = (): void => void this.#ports.store.drain();
    stopping.addEventListener("abort", drain, { once: true });
    try {
      await this.#trouble.arrive();
      await rounds();
    } catch (error) {
      if (this.#ports.store.dead() === null && !stopping.aborted) throw error;
    } finally {
      await this.#drain();
      if (this.#ports.store.dead() === null) await this.#trouble.leave();
    }
  }

  /** Everything that is due now: begun, not ended. */
  async round(stopping: AbortSignal): Promise<void> {
    const { store } = this.#ports;
    this.#beat();
    await this.#commits.look(stopping);
    const { candidate } = this.#commits;
    if (stopping.aborted || store.dead() !== null) return;
    if (candidate !== null) await this.#takeOver(candidate, stopping);
    const obeyed = this.#commits.declared;
    if (obeyed === null || stopping.aborted) return;
    await this.#follow(await this.#members.ringOf(obeyed.fleet));
    const asked = await hearPeople(store, this.#schedule, this.#ring.owned);
    if (asked.length > 0) await this.#known.take(asked);
    await this.#work(obeyed, stopping);
    this.#rounds += 1;
    this.#beat();
  }

  #beat(): void {
    this.#beatAt = this.#ports.clock.now();
  }

  /** Until all that was begun has ended, or its time is up: acts that still run stay for whoever comes next. */
  async #drain(): Promise<void> {
    const { clock } = this.#ports;
    const seconds = this.#commits.declared?.settings.watch.drainSeconds ?? 0;
    const over = new AbortController();
    const ended = Promise.all(this.#busy.values()).then(() => over.abort());
    await Promise.race([ended, clock.sleep(seconds * 1000, over.signal).catch(() => undefined)]);
  }

  /** Looks at the repository now. */
  wake(): void {
    this.#commits.wake();
    this.#resting?.();
  }

  async #follow(ring: Ring): Promise<void> {
    if (ring === this.#ring) return;
    const before = this.#ring;
    const came = [...ring.owned].some((name) => !before.owned.has(name));
    this.#ring = ring;
    // What these nodes agreed on was seen by whoever had them.
    if (came) await this.#known.refreshReadings();
    this.#schedule.follow(ring.owned);
    this.#silence.forget(ring.owned);
    this.#trouble.follow(ring.owned);
    for (const name of this.#plans.keys()) if (!ring.owned.has(name)) this.#plans.delete(name);
    tellRing(this.#teller, this.#ports.store.incarnation.name, { before, now: ring });
  }

  /**
   * A newer commit. What it changes in the whole fleet is planned from the last readings, and what is this engine's from the
   * hardware: refused in either, it leaves no trace but that it was refused.
   */
  async #takeOver(candidate: Declared, stopping: AbortSignal): Promise<void> {
    const changed = changedNodes(this.#commits.declared, candidate);
    const ring = await this.#members.ringOf(candidate.fleet);
    if (namesMove(this.#commits.declared, candidate)) await this.#known.refresh();
    const mine = [...changed].filter((name) => ring.owned.has(name) && !this.#busy.has(name));
    // Of other members' nodes as they were last seen by these, not when this engine last owned them.
    if (mine.length < changed.size) await this.#known.refreshReadings();
    const whole = await this.#planned(candidate, [...changed], { offline: true, signal: stopping });
    const durationMs = Math.round(this.#ports.clock.monotonic() - this.#commits.answeredAt);
    // What is in force was judged by whoever put it there.
    const isJudged = whole.plan.inForce?.commit === candidate.commit;
    const planned = isJudged
      ? whole
      : await this.#planned(candidate, mine, { keeps: false, signal: stopping });
    if (stopping.aborted) return;
    const [refusal] = [...whole.plan.refused, ...planned.plan.refused].filter(
      ({ code }) => code !== "IW-P11",
    );
    if (refusal !== undefined && !isJudged) {
      // What was seen where it says that they are is no word on the nodes in force.
      await this.#known.take(mine);
      const why = failure("stalled", refusal.code, refusal.message);
      return this.#commits.refuse(candidate.commit, why);
    }
    this.#commits.take(candidate);
    const { powerSync, concurrency } = candidate.settings;
    // Nobody's turn comes twice in the one round of `once`.
    this.#schedule.intervalMs = this.#isOnce ? Infinity : powerSync.intervalSeconds * 1000;
    this.#limits ??= limitsOf(this.#ports.clock, concurrency);
    await this.#follow(ring);
    const subject = candidate.fleet.commit.subject ?? "";
    const count = `${mine.length} of its ${ring.owned.size} nodes changed`;
    this.#teller.tell(
      "watch.commit",
      `commit ${candidate.commit.slice(0, 7)} "${subject}": ${count}`,
      { durationMs },
    );
    // What is being worked on is planned under the new commit right after it.
    this.#schedule.soon(changed, "commit");
    this.#schedule.soon(askedIn(candidate, changed), "person");
    if (mine.length === 0 && !isJudged) await this.#begin(candidate, planned, stopping);
  }

  async #work(declared: Declared, stopping: AbortSignal): Promise<void> {
    const { owned } = this.#ring;
    const free = (name: string): boolean => owned.has(name) && !this.#busy.has(name);
    const turn = this.#schedule.due(declared.settings.concurrency, free);
    if (turn.length === 0) return;
    // What a parent's power makes of its children is planned with them.
    const due = [...withRelatives(declared.fleet.nodes, new Set(turn))].filter(free);
    const planned = await this.#planned(declared, due, { signal: stopping });
    for (const plan of planned.plan.nodes) this.#plans.set(plan.node, plan);
    this.#trouble.see(planned.plan.nodes);
    const { store } = this.#ports;
    const to = { store, teller: this.#teller, schedule: this.#schedule };
    // A fault is a word in the store, and who only looks writes none.
    if (declared.settings.mode !== "observe") await hear(this.#silence, to, { declared, planned });
    if (!stopping.aborted) await this.#begin(declared, planned, stopping);
  }

  async #planned(
    declared: Declared,
    names: readonly string[],
    how: { readonly offline?: boolean; readonly keeps?: boolean; readonly signal: AbortSignal },
  ): Promise<Planned> {
    const { store, clock, catalog, drivers } = this.#ports;
    const { fleet, settings } = declared;
    const ports = { drivers: drivers(declared), clock, concurrency: settings.concurrency };
    const intervalMs = settings.powerSync.intervalSeconds * 1000;
    const whole = await this.#known.of(fleet, names, intervalMs);
    return planWhole(whole, store, ports, {
      plan: {
        ...this.#planOptions(declared),
        offline: how.offline ?? false,
        select: new Set(names),
      },
      catalog,
      ...how,
      facetSeconds: settings.watch.facetSeconds,
      isOld: (plan) => this.#known.refreshFor(plan),
      onRead: () => this.#beat(),
    });
  }

  #planOptions({ settings, settingsHash }: Declared): PlanOptions {
    return {
      now: this.#ports.clock.now(),
      settings,
      settingsHash,
      digest: this.#ports.digest,
      offline: false,
      maxImpact: settings.watch.maxImpact,
      obeyBackoff: true,
    };
  }

  /** Begins what the plan holds; nodes that have nothing to do had their turn. */
  async #begin(declared: Declared, planned: Planned, stopping: AbortSignal): Promise<void> {
    const { plan } = planned;
    if (declared.settings.mode === "observe") {
      for (const { node } of plan.nodes) this.#schedule.done(node);
      return this.#teller.once("watch.withheld", ONLY_LOOKS, "IW-P09");
    }
    const why = await this.#whyWithheld(declared, planned);
    const busy = why === null ? plan.nodes.filter(isBusy) : [];
    const work = busy.map(({ node }) => node);
    for (const { node } of plan.nodes) if (!work.includes(node)) this.#schedule.done(node);
    if (why !== null) {
      this.#withheld = true;
      return this.#teller.once("watch.withheld", why.message, why.code);
    }
    this.#teller.over("watch.withheld");
    const isInForce = plan.inForce !== null && plan.inForce.commit === plan.commit;
    if (!this.#ring.isMember || (busy.length === 0 && isInForce)) return;
    const running = this.#apply(declared, planned, stopping)
      .catch((error: unknown) => this.#broke(work, error))
      .finally(() => {
        for (const name of work) this.#busy.delete(name);
        this.#resting?.();
      });
    for (const name of work) this.#busy.set(name, running);
    if (busy.length === 0) await running;
  }

  /** A stop, a refusal of the whole plan, or a commit that does not come after the one in force; null where nothing is. */
  async #whyWithheld(
    declared: Declared,
    planned: Planned,
  ): Promise<{ readonly code: string; readonly message: string } | null> {
    const { refused, inForce } = planned.plan;
    const late = await this.#commits.whyNotNow(declared.commit, inForce?.commit ?? null);
    if (late !== null) return late;
    const isStopped = await this.#trouble.isStopped(planned, declared);
    const stop = isStopped ? await this.#ports.store.stop() : null;
    if (stop !== null) return { code: "IW-P11", message: `stopped: ${stop.reason}` };
    return refused[0] ?? null;
  }

  /** What nobody expected ends one apply, never the others. */
  #broke(names: readonly string[], error: unknown): void {
    if (this.#ports.store.dead() !== null) return;
    this.#failed += names.length;
    const message = error instanceof Error ? error.message : String(error);
    this.#teller.tell("watch.failed", `${message}; these are planned again: ${names.join(", ")}`);
    this.#schedule.later(names, BROKEN_MS, BROKEN_MAX_MS);
  }

  async #apply(
    declared: Declared,
    { plan, input, whole }: Planned,
    stopping: AbortSignal,
  ): Promise<void> {
    const { settings, fleet } = declared;
    const { drivers, store } = this.#ports;
    const limits = this.#limits ?? undefined;
    const ports = { ...this.#ports, settings, drivers: drivers(declared), limits };
    const ceiling = settings.watch.maxImpact;
    const applied = await apply(plan, fleet, ports, {
      plan: this.#planOptions(declared),
      surroundings: surroundingsOf(input, whole),
      lockTimeoutMs: 0,
      authority: { who: `watch ${store.incarnation.name}`, ceiling },
      why: "watch",
      stopping,
      follows: true,
    });
    // The world moved between the plan and the lease: these nodes are planned again.
    if (!applied.ok) {
      this.#withheld = true;
      this.#teller.once("watch.withheld", applied.failure.message, applied.failure.code);
      const names = plan.nodes.map(({ node }) => node);
      return this.#schedule.later(names, MOVED_MS, MOVED_MAX_MS);
    }
    this.#failed += applied.value.failed;
    for (const { node, status, code } of applied.value.nodes) {
      // Whoever has it finishes, and gives it back: nobody's lease need run out.
      if (code === "IW-L01" && this.#isOnce) this.#withheld = true;
      if (code === "IW-L01") this.#schedule.later([node], MOVED_MS, MOVED_MAX_MS);
      else this.#schedule.done(node);
      // What follows on it, and what waited for it, is seen at once.
      if (status === "applied" || status === "recorded") this.#schedule.soon([node]);
    }
  }

  /** Until something may be due: a node's turn, the next poll, a push, the end of what runs. */
  async #rest(stopping: AbortSignal): Promise<void> {
    const { clock, repository, store } = this.#ports;
    if (stopping.aborted || store.deathSignal.aborted) return;
    const ends = firstOf(stopping, store.deathSignal);
    // Whatever ends meanwhile ends the rest, too.
    this.#resting = ends.end;
    const next = Math.min(this.#schedule.untilNext, this.#commits.untilPoll, ASKED_MS);
    const wait = Math.max(ROUND_MS, next);
    const pushed = async (): Promise<void> => {
      await repository.changed(ends.signal);
      if (!ends.signal.aborted) this.#commits.wake();
    };
    await Promise.race([clock.sleep(wait, ends.signal).catch(() => undefined), pushed()]);
    this.#resting = null;
    ends.end();
    ends.letGo();
    // A burst of pushes, or of nodes that end one after the other, is one round.
    if (!stopping.aborted) await clock.sleep(ROUND_MS, stopping).catch(() => undefined);
  }
}
