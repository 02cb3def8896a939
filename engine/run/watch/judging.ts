import type { Failure } from "../../../schemas/failure.ts";
import { failure } from "../../../schemas/failure.ts";
import type { Planned } from "../plan-fleet.ts";
import { changedNodes, type Declared, namesMove } from "./declared.ts";
import type { Known } from "./known.ts";
import { Looks } from "./looks.ts";
import type { Ring } from "./members.ts";
import type { Planner } from "./planner.ts";

/** What a commit is judged with. */
export interface JudgingParts {
  readonly planner: Planner;
  readonly known: Known;
  readonly ring: Ring;
  /** Its nodes, as far as nobody works on them. */
  readonly isFree: (name: string) => boolean;
  /** Told whenever a look has ended. */
  readonly ended: () => void;
  readonly broke: (names: readonly string[], error: unknown) => void;
  readonly signal: AbortSignal;
}

/**
 * A commit on its way into force. What it changes in the whole fleet is planned from the last readings, and what is this
 * engine's also from the hardware, as far as it was not read of late: that goes on beside the rounds under the commit before.
 * Refused in either, it leaves no trace but that it was refused.
 */
export class Judging {
  readonly candidate: Declared;
  readonly changed: ReadonlySet<string>;
  /** Of these this engine's, as far as they are free. */
  readonly mine: readonly string[];
  /** What was put in force is judged by whoever put it there. */
  readonly isJudged: boolean;
  /** From the newest commit's name to the plan of what it changes, milliseconds. */
  durationMs: number | null = null;
  readonly #parts: JudgingParts;
  readonly #looks: Looks;
  #whole: Planned;

  private constructor(
    candidate: Declared,
    parts: JudgingParts,
    its: {
      readonly changed: ReadonlySet<string>;
      readonly mine: readonly string[];
      readonly whole: Planned;
    },
  ) {
    this.candidate = candidate;
    this.changed = its.changed;
    this.mine = its.mine;
    this.#whole = its.whole;
    this.isJudged = its.whole.plan.inForce?.commit === candidate.commit;
    this.#parts = parts;
    this.#looks = new Looks(candidate.settings.concurrency, parts);
  }

  static async begin(
    candidate: Declared,
    before: Declared | null,
    parts: JudgingParts,
  ): Promise<Judging> {
    const { known, planner, ring, isFree, signal } = parts;
    const changed = changedNodes(before, candidate);
    if (namesMove(before, candidate)) await known.refresh();
    const mine = [...changed].filter((name) => ring.owned.has(name) && isFree(name));
    // Of other members' nodes as they were last seen by these, not when this engine last owned them.
    if (mine.length < changed.size) await known.refreshReadings();
    const whole = await planner.offline(candidate, [...changed], signal);
    const judging = new Judging(candidate, parts, { changed, mine, whole });
    if (!judging.isJudged && judging.#refusedIn(whole) === null) {
      const unread = planner.unread(candidate, before, mine);
      await planner.begin(judging.#looks, candidate, unread, { isFree, signal });
    }
    return judging;
  }

  /** True once all is known that it is judged by. */
  get isReady(): boolean {
    return this.#looks.areAllEnded;
  }

  /** Why it is refused; else what is planned of this engine's nodes. Once it is ready. */
  async verdict(): Promise<Failure | Planned> {
    const { planner, known, signal } = this.#parts;
    if (this.isJudged) return this.#whole;
    const ended = this.#looks.take();
    const early = this.#refusedIn(this.#whole);
    if (early !== null) return early;
    const planned = await planner.judge(this.candidate, this.mine, ended, signal);
    const why = this.#refusedIn(planned);
    // What was seen where it says that they are is no word on the nodes in force.
    if (why !== null) await known.take(this.mine);
    return why ?? planned;
  }

  /** A stop or a breaker refuses no commit: it is obeyed once they are over. */
  #refusedIn({ plan }: Planned): Failure | null {
    const refusal = plan.refused.find(({ code }) => code !== "IW-P11");
    return refusal === undefined ? null : failure("stalled", refusal.code, refusal.message);
  }
}
