import type { Failure } from "../../../schemas/failure.ts";
import { isBusy } from "../apply.ts";
import { firstOf } from "../first-of.ts";
import type { Planned } from "../plan-fleet.ts";
import { Applies } from "./applies.ts";
import { ASKED_MS, hearPeople } from "./asked.ts";
import { Commits } from "./commits.ts";
import { askedIn, type Declared, intervalMsOf } from "./declared.ts";
import { hear } from "./hear.ts";
import { Judging } from "./judging.ts";
import { Known } from "./known.ts";
import { Looks } from "./looks.ts";
import { Members, NO_RING, type Ring } from "./members.ts";
import { Planner } from "./planner.ts";
import { type NodeStanding, standingOf, type WatchPorts, type WatchState } from "./ports.ts";
import { Schedule } from "./schedule.ts";
import { Silence } from "./silence.ts";
import { Teller } from "./teller.ts";
import { tellRing } from "./tell-ring.ts";
import { Trouble } from "./trouble.ts";

/** Between two rounds, at least: many pushes and many due nodes make one. Milliseconds. */
const ROUND_MS = 250;

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
  readonly #planner: Planner;
  readonly #applies: Applies;
  readonly #standing = new Map<string, NodeStanding>();
  /** Null before the first commit says how many at once. */
  #looks: Looks | null = null;
  /** The commit that is on its way into force. */
  #judging: Judging | null = null;
  #ring: Ring = NO_RING;
  #beatAt: number;
  #isOnce = false;
  #rounds = 0;
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
    this.#planner = new Planner(ports, this.#known, () => this.#beat());
    this.#applies = new Applies(ports, {
      teller: this.#teller,
      schedule: this.#schedule,
      planner: this.#planner,
      ended: () => this.#resting?.(),
      obeyed: (signal) => this.#commits.obeyed(!this.#isOnce, signal),
    });
    this.#beatAt = ports.clock.now();
  }

  get state(): WatchState {
    return {
      commit: this.#commits.declared?.commit ?? null,
      commitAt: this.#commits.since,
      refused: this.#commits.refused,
      members: this.#ring.members,
      owned: this.#ring.owned.size,
      busy: this.#applies.count,
      waiting: this.#schedule.waiting,
      rounds: this.#rounds,
      beatAt: this.#beatAt,
      failed: this.#applies.failed,
      withheld: this.#applies.withheld,
      nodes: this.#standing,
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
    this.#applies.isOnce = true;
    await this.#rounding(stopping, async () => {
      do {
        await this.round(stopping);
        if (this.#mayRest && this.#isAtWork)
          await new Promise<void>((ends) => (this.#resting = ends));
      } while (
        !stopping.aborted &&
        store.dead() === null &&
        (this.#judging !== null || this.#commits.declared !== null) &&
        (this.#isAtWork || this.#schedule.waiting > 0)
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
    do {
      if (this.#judging === null) await this.#commits.look(stopping);
      if (stopping.aborted || store.dead() !== null) return;
      const { candidate } = this.#commits;
      if (candidate !== null) await this.#takeOver(candidate, stopping);
    } while (this.#commits.isBehind && this.#judging === null);
    const obeyed = this.#commits.declared;
    if (obeyed === null || stopping.aborted) return;
    await this.#follow(await this.#members.ringOf(obeyed.fleet));
    const asked = await hearPeople(store, this.#schedule, this.#ring.owned);
    if (asked.length > 0) await this.#known.take(asked);
    await this.#work(obeyed, stopping);
    this.#rounds += 1;
    this.#beat();
  }

  /** True where something runs beside the rounds. */
  get #isAtWork(): boolean {
    return this.#applies.count + (this.#looks?.count ?? 0) > 0 || this.#judging !== null;
  }

  /** True where nothing has come of it yet. */
  get #mayRest(): boolean {
    return this.#looks?.hasEnded(this.#isOnce) !== true && this.#judging?.isReady !== true;
  }

  /** Its nodes that nobody works on, nor a commit on its way has a word on. */
  #isFree(name: string): boolean {
    const { owned } = this.#ring;
    return (
      owned.has(name) && !this.#applies.isBusy(name) && this.#judging?.changed.has(name) !== true
    );
  }

  #beat(): void {
    this.#beatAt = this.#ports.clock.now();
  }

  /** Until all that was begun has ended, or its time is up: acts that still run stay for whoever comes next. */
  async #drain(): Promise<void> {
    const { clock } = this.#ports;
    const seconds = this.#commits.declared?.settings.watch.drainSeconds ?? 0;
    const over = new AbortController();
    const ended = Promise.all(this.#applies.running).then(() => over.abort());
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
    for (const name of this.#standing.keys())
      if (!ring.owned.has(name)) this.#standing.delete(name);
    tellRing(this.#teller, this.#ports.store.incarnation.name, { before, now: ring });
  }

  /** A newer commit: judged beside the rounds, then refused or obeyed. */
  async #takeOver(candidate: Declared, stopping: AbortSignal): Promise<void> {
    const ring = await this.#members.ringOf(candidate.fleet);
    this.#judging ??= await Judging.begin(candidate, this.#commits.declared, {
      planner: this.#planner,
      known: this.#known,
      ring,
      isFree: (name) => !this.#applies.isBusy(name),
      ended: () => this.#resting?.(),
      broke: (names, error) => this.#applies.broke(names, error),
      signal: stopping,
      inForce: () => this.#ports.store.inForce(),
    });
    const judging = this.#judging;
    const durationMs = Math.round(this.#ports.clock.monotonic() - this.#commits.answeredAt);
    judging.durationMs ??= durationMs;
    if (!judging.isReady) return;
    this.#judging = null;
    const why = await judging.refusal();
    if (stopping.aborted) return;
    if (why !== null) return this.#commits.refuse(candidate.commit, why);
    this.#commits.take(candidate);
    // Nobody's turn comes twice in the one round of `once`.
    this.#schedule.intervalMs = this.#isOnce ? Infinity : intervalMsOf(candidate);
    await this.#follow(ring);
    const { mine, changed, isJudged } = judging;
    this.#tellCommit(candidate, judging);
    // What is being worked on is planned under the new commit right after it.
    this.#schedule.soon(changed, "commit");
    this.#schedule.soon(askedIn(candidate, changed), "person");
    // Where it asks nothing of this engine's nodes nobody else would put it in force.
    if (mine.length > 0 || isJudged) return;
    const nothing = await this.#planner.judge(candidate, [], [], { signal: stopping });
    await this.#begin(candidate, nothing, stopping);
  }

  #tellCommit({ commit, fleet }: Declared, { changed, durationMs }: Judging): void {
    const { owned } = this.#ring;
    const subject = fleet.commit.subject ?? "";
    const count = `${[...changed].filter((name) => owned.has(name)).length} of its ${owned.size} nodes changed`;
    const message = `commit ${commit.slice(0, 7)} "${subject}": ${count}`;
    this.#teller.tell("watch.commit", message, { durationMs: durationMs ?? 0 });
  }

  /** Begins to read those whose turn it is, and to do what follows from all that was read since. */
  async #work(declared: Declared, signal: AbortSignal): Promise<void> {
    const { concurrency } = declared.settings;
    const isFree = (name: string): boolean => this.#isFree(name);
    this.#looks ??= new Looks(concurrency, {
      ended: () => this.#resting?.(),
      broke: (names, error) => this.#applies.broke(names, error),
    });
    const looks = this.#looks;
    // The one round of `once` is planned as one.
    const all = looks.hasEnded(this.#isOnce) ? looks.take() : [];
    const ended = all.filter(({ names }) => names.every(isFree));
    const taken = new Set(all.flatMap(({ names }) => names));
    const isDue = (name: string): boolean => isFree(name) && !taken.has(name);
    const turn = looks.turn(this.#schedule, isDue, this.#known.silent);
    if (turn.length > 0) await this.#planner.begin(looks, declared, turn, { isFree, signal });
    if (ended.length === 0 || signal.aborted) return;
    const { planned, doubted } = await this.#planner.planLooks(declared, ended, { signal });
    if (doubted.length > 0)
      await this.#planner.begin(looks, declared, doubted, { isFree, signal, isAfresh: true });
    if (planned === null) return;
    for (const plan of planned.plan.nodes) this.#standing.set(plan.node, standingOf(plan));
    this.#trouble.see(planned.plan.nodes);
    const { store } = this.#ports;
    const to = { store, teller: this.#teller, schedule: this.#schedule };
    // A fault is a word in the store, and who only looks writes none.
    if (declared.settings.mode !== "observe") await hear(this.#silence, to, { declared, planned });
    if (!signal.aborted) await this.#begin(declared, planned, signal);
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
    const work = new Set(busy.map(({ node }) => node));
    for (const { node } of plan.nodes) if (!work.has(node)) this.#schedule.done(node);
    if (why !== null) {
      this.#applies.withheld = true;
      return this.#teller.once("watch.withheld", why.message, why.code);
    }
    this.#teller.over("watch.withheld");
    const isInForce = plan.inForce !== null && plan.inForce.commit === plan.commit;
    if (!this.#ring.isMember || (busy.length === 0 && isInForce)) return;
    const running = this.#applies.begin(declared, planned, busy, stopping);
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

  /** Until something may be due: a node's turn, the next poll, a push, the end of what runs. */
  async #rest(stopping: AbortSignal): Promise<void> {
    const { clock, repository, store } = this.#ports;
    if (stopping.aborted || store.deathSignal.aborted) return;
    const ends = firstOf(stopping, store.deathSignal);
    // Whatever ends meanwhile ends the rest, too.
    this.#resting = ends.end;
    const isTurn = (name: string): boolean => this.#isFree(name) && this.#looks?.has(name) !== true;
    const untilTurn = this.#schedule.untilNext(isTurn);
    const next = Math.min(untilTurn, this.#commits.untilPoll, ASKED_MS);
    const wait = this.#mayRest ? Math.max(ROUND_MS, next) : 0;
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
