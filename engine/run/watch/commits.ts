import type { Failure } from "../../../schemas/failure.ts";
import type { RegisterEntry } from "../../../schemas/store.ts";
import type { ActingStore, Clock } from "../ports.ts";
import {
  type Declared,
  type LoadCommit,
  type RefusedCommit,
  type Repository,
  type VouchFor,
  whyNotNext,
} from "./declared.ts";
import type { Teller } from "./teller.ts";

/** Between two looks while no settings are known. Seconds. */
const FIRST_POLL_SECONDS = 5;

/** Why a commit is refused by `git.verify`. */
const SIGNATURE_CODES = new Set(["IW-G10", "IW-G11", "IW-G12", "IW-G13", "IW-G14"]);

/** How long one waits until a commit that others put in force is obeyed here, and between two looks whether it is. Milliseconds. */
const OBEY_MS = 20_000;
const OBEY_STEP_MS = 500;

/** A commit that is obeyed here and in force, and its place in the register. */
export interface Obeyed {
  readonly declared: Declared;
  readonly seq: number;
}

/** What commits are read by. */
export interface CommitPorts {
  readonly repository: Repository;
  readonly load: LoadCommit;
  readonly vouchFor: VouchFor;
  readonly store: ActingStore;
  readonly clock: Clock;
}

/** The commit that a daemon obeys, and the next one on its way there. */
export class Commits {
  readonly #ports: CommitPorts;
  readonly #teller: Teller;
  #nextPoll = 0;
  /** In force here; null before the first. */
  declared: Declared | null = null;
  /** Read whole, and not yet planned. */
  candidate: Declared | null = null;
  refused: RefusedCommit | null = null;
  /** What was in force when a commit was looked at last. */
  #lookedUnder: string | null = null;
  /** When `declared` came into force here, milliseconds since the epoch. */
  since: number | null = null;
  /** True where the commit in force is taken up first, and a newer one is still to be looked at. */
  isBehind = false;
  /** When the repository last answered which commit is the newest; by the monotonic clock. */
  answeredAt = 0;

  constructor(ports: CommitPorts, teller: Teller) {
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
    this.answeredAt = clock.monotonic();
    const entry = await store.inForce();
    this.isBehind = newest.ok && (await this.#beginsWith(entry, newest.value));
    if (this.isBehind) return this.wake();
    if (newest.ok) await this.#consider(newest.value, entry);
    else this.#teller.once("watch.waiting", newest.failure.message, newest.failure.code);
    if (this.candidate === null && entry?.commit != null) await this.#catchUp(entry.commit);
  }

  /** Who begins obeys what is in force, and knows then what the newest one changes; true where that is another one. */
  async #beginsWith(entry: RegisterEntry | null, newest: string): Promise<boolean> {
    const inForce = entry?.commit ?? null;
    if (this.declared !== null || inForce === null || inForce === newest) return false;
    await this.#catchUp(inForce);
    return this.candidate !== null;
  }

  async #consider(commit: string, entry: RegisterEntry | null): Promise<void> {
    const inForce = entry?.commit ?? null;
    if (commit === this.declared?.commit) return;
    // What somebody has put in force all the same is no longer refused.
    if (this.#isRefused(commit) && commit !== inForce) return;
    this.#lookedUnder = inForce;
    // What init found is no commit, and what is obeyed since is its successor all the same.
    const late = await this.#whyNot(commit, inForce ?? this.declared?.commit ?? null);
    if (late !== null) return this.#teller.once("watch.waiting", late, "IW-P17");
    const unsigned = await this.#whyUnsigned(commit, entry);
    if (unsigned !== null) return this.refuse(commit, unsigned);
    const loaded = await this.#ports.load(commit);
    if (loaded.ok) this.candidate = loaded.value;
    else this.refuse(commit, loaded.failure);
  }

  /** Of a signature that is asked again: a key may have come into force since, or to this host. */
  #isRefused(commit: string): boolean {
    return this.refused?.commit === commit && !SIGNATURE_CODES.has(this.refused.why.code);
  }

  /** What is in force was judged by whoever put it there. */
  async #whyUnsigned(commit: string, entry: RegisterEntry | null): Promise<Failure | null> {
    return commit === entry?.commit ? null : this.#ports.vouchFor(commit, entry);
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
  #whyNot(commit: string, inForce: string | null): Promise<string | null> {
    return whyNotNext(this.#ports.repository, commit, inForce);
  }

  /** Why the obeyed one is not put in force now; another may have put a commit in force since it was looked at, with other keys. */
  async whyNotNow(
    commit: string,
    inForce: string | null,
  ): Promise<Pick<Failure, "code" | "message"> | null> {
    const late = await this.#whyNot(commit, inForce);
    if (late !== null) return { code: "IW-P17", message: late };
    const entry = await this.#ports.store.inForce();
    const isSame = (entry?.commit ?? null) === this.#lookedUnder;
    return isSame ? null : this.#whyUnsigned(commit, entry);
  }

  refuse(commit: string, why: Failure): void {
    this.candidate = null;
    this.refused = { commit, why };
    const stands = this.declared?.commit ?? this.#lookedUnder;
    const stays = stands?.slice(0, 7) ?? "what is in force";
    const message = `commit ${commit.slice(0, 7)} is refused, ${stays} stays in force: ${why.message}`;
    this.#teller.once("watch.refused", message, why.code);
  }

  /**
   * What is in force, once it is what is obeyed here: where another member has put a commit in force this one comes to it in a
   * round or two. Null where it does not; `isPatient`: there are further rounds.
   */
  async obeyed(isPatient: boolean, signal: AbortSignal): Promise<Obeyed | null> {
    const { clock, store } = this.#ports;
    const by = clock.monotonic() + (isPatient ? OBEY_MS : 0);
    for (;;) {
      const entry = await store.inForce();
      const { declared } = this;
      if (entry !== null && declared?.fleet.tree === entry.tree)
        return { declared, seq: entry.seq };
      const left = by - clock.monotonic();
      if (left <= 0 || signal.aborted || store.dead() !== null) return null;
      this.wake();
      await clock.sleep(Math.min(left, OBEY_STEP_MS), signal).catch(() => undefined);
    }
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
