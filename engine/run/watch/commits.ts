import type { Failure } from "../../../schemas/failure.ts";
import type { ActingStore, Clock } from "../ports.ts";
import {
  type Declared,
  type LoadCommit,
  type RefusedCommit,
  type Repository,
  whyNotNext,
} from "./declared.ts";
import type { Teller } from "./teller.ts";

/** Between two looks while no settings are known. Seconds. */
const FIRST_POLL_SECONDS = 5;

/** The commit that a daemon obeys, and the next one on its way there. */
export class Commits {
  readonly #ports: {
    readonly repository: Repository;
    readonly load: LoadCommit;
    readonly store: ActingStore;
    readonly clock: Clock;
  };
  readonly #teller: Teller;
  #nextPoll = 0;
  /** In force here; null before the first. */
  declared: Declared | null = null;
  /** Read whole, and not yet planned. */
  candidate: Declared | null = null;
  refused: RefusedCommit | null = null;
  /** When `declared` came into force here, milliseconds since the epoch. */
  since: number | null = null;

  constructor(
    ports: {
      readonly repository: Repository;
      readonly load: LoadCommit;
      readonly store: ActingStore;
      readonly clock: Clock;
    },
    teller: Teller,
  ) {
    this.#ports = ports;
    this.#teller = teller;
  }

  /** Looks in the next round. */
  wake(): void {
    this.#nextPoll = 0;
  }

  /** Until the next look, milliseconds. */
  get untilPoll(): number {
    return Math.max(0, this.#nextPoll - this.#ports.clock.monotonic());
  }

  /** Is there a newer commit? Read whole, it is the candidate. */
  async look(stopping: AbortSignal): Promise<void> {
    if (this.untilPoll > 0) return;
    const { clock, repository, store } = this.#ports;
    const seconds = this.declared?.settings.git.pollSeconds ?? FIRST_POLL_SECONDS;
    this.#nextPoll = clock.monotonic() + seconds * 1000;
    const newest = await repository.newest(stopping);
    if (stopping.aborted) return;
    const inForce = (await store.inForce())?.commit ?? null;
    if (newest.ok) await this.#consider(newest.value, inForce);
    else this.#teller.once("watch.waiting", newest.failure.message, newest.failure.code);
    if (this.candidate === null && inForce !== null) await this.#catchUp(inForce);
  }

  async #consider(commit: string, inForce: string | null): Promise<void> {
    if (commit === this.declared?.commit) return;
    // What somebody has put in force all the same is no longer refused.
    if (commit === this.refused?.commit && commit !== inForce) return;
    const late = await this.whyNot(commit, inForce);
    if (late !== null) return this.#teller.once("watch.waiting", late, "IW-P17");
    const loaded = await this.#ports.load(commit);
    if (loaded.ok) this.candidate = loaded.value;
    else this.refuse(commit, loaded.failure);
  }

  /** What another has put in force is obeyed, and so is the last good commit by who was started over a bad one. */
  async #catchUp(inForce: string): Promise<void> {
    if (inForce === this.declared?.commit || inForce === this.refused?.commit) return;
    if (this.declared !== null) {
      const stands = await this.#ports.repository.relation(inForce, this.declared.commit);
      if (stands !== "ahead") return;
    }
    const loaded = await this.#ports.load(inForce);
    if (loaded.ok) this.candidate = loaded.value;
    else this.#teller.once("watch.waiting", loaded.failure.message, loaded.failure.code);
  }

  /** Why a commit is not put in force over the one that is: it does not come after it; null where it does. */
  whyNot(commit: string, inForce: string | null): Promise<string | null> {
    return whyNotNext(this.#ports.repository, commit, inForce);
  }

  refuse(commit: string, why: Failure): void {
    this.candidate = null;
    this.refused = { commit, why };
    const stays = this.declared?.commit.slice(0, 7) ?? "what is in force";
    const message = `commit ${commit.slice(0, 7)} is refused, ${stays} stays in force: ${why.message}`;
    this.#teller.once("watch.refused", message, why.code);
  }

  /** From now on it is obeyed. */
  take(candidate: Declared): void {
    this.candidate = null;
    if (this.refused?.commit === candidate.commit) this.refused = null;
    this.declared = candidate;
    this.since = this.#ports.clock.now();
    this.#teller.over("watch.waiting");
  }
}
