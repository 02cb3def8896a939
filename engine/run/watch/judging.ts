import { type Failure, failure } from "../../../schemas/failure.ts";
import type { RegisterEntry } from "../../../schemas/store.ts";
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
  readonly inForce: () => Promise<RegisterEntry | null>;
}

/**
 * A commit on its way into force. What it changes in the whole fleet is planned from the last readings, and what is this
 * engine's also from the hardware, as far as it was not read of late: that goes on beside the rounds under the commit before.
 * Refused in either, it leaves no trace but that it was refused. What was put in force is judged already.
 */
export class Judging {
  readonly candidate: Declared;
  readonly changed: ReadonlySet<string>;
  /** Of these this engine's, as far as they are free. */
  readonly mine: readonly string[];
  readonly isJudged: boolean;
  /** From the newest commit's name to the plan of what it changes, milliseconds. */
  durationMs: number | null = null;
  readonly #parts: JudgingParts;
  readonly #looks: Looks;
  #refusal: Failure | null = null;
  /** Whether anything of this engine's had to be read. */
  #isUnread = false;

  private constructor(
    candidate: Declared,
    parts: JudgingParts,
    its: {
      readonly changed: ReadonlySet<string>;
      readonly mine: readonly string[];
      readonly isJudged: boolean;
    },
  ) {
    this.candidate = candidate;
    this.changed = its.changed;
    this.mine = its.mine;
    this.isJudged = its.isJudged;
    this.#parts = parts;
    this.#looks = new Looks(candidate.settings.concurrency, parts);
  }

  static async begin(
    candidate: Declared,
    before: Declared | null,
    parts: JudgingParts,
  ): Promise<Judging> {
    const { known, ring, isFree } = parts;
    const changed = changedNodes(before, candidate);
    if (namesMove(before, candidate)) await known.refresh();
    const mine = [...changed].filter((name) => ring.owned.has(name) && isFree(name));
    // Of other members' nodes as they were last seen by these, not when this engine last owned them.
    if (mine.length < changed.size) await known.refreshReadings();
    const isJudged = (await parts.inForce())?.commit === candidate.commit;
    const judging = new Judging(candidate, parts, { changed, mine, isJudged });
    if (!isJudged) await judging.#offline(before);
    return judging;
  }

  async #offline(before: Declared | null): Promise<void> {
    const { planner, isFree, signal } = this.#parts;
    const { candidate } = this;
    this.#refusal = refusedIn(
      await planner.judge(candidate, [...this.changed], [], { offline: true, signal }),
    );
    if (this.#refusal !== null) return;
    const unread = planner.unread(candidate, before, this.mine);
    this.#isUnread = unread.length > 0;
    await planner.begin(this.#looks, candidate, unread, { isFree, signal });
  }

  /** True once all is known that it is judged by. */
  get isReady(): boolean {
    return this.#looks.areAllEnded;
  }

  /** Why it is refused; null where it is not. */
  async refusal(): Promise<Failure | null> {
    const { planner, known, signal } = this.#parts;
    if (this.isJudged || this.#refusal !== null || !this.#isUnread) return this.#refusal;
    const why = refusedIn(
      await planner.judge(this.candidate, this.mine, this.#looks.take(), { signal }),
    );
    // What was seen where it says that they are is no word on the nodes in force.
    if (why !== null) await known.take(this.mine);
    return why;
  }
}

/** A stop or a breaker refuses no commit: it is obeyed once they are over. */
function refusedIn({ plan }: Planned): Failure | null {
  const refusal = plan.refused.find(({ code }) => code !== "IW-P11");
  return refusal === undefined ? null : failure("stalled", refusal.code, refusal.message);
}
