import { type Failure, failure } from "../../../schemas/failure.ts";
import type { HoldRecord, NodeRecord, RecordPatch } from "../../../schemas/record.ts";
import { STORE_FORMAT } from "../../../schemas/store-format.ts";
import {
  claimSchema,
  type HistoryEntry,
  type IntentBody,
  type IntentLine,
  type JournalLine,
  type OutcomeWord,
} from "../../../schemas/store.ts";
import { withPatch } from "../../plan/record-patch.ts";
import { holdStops } from "../../plan/obstacles.ts";
import type { CheckedAct, Grant, OpenIntent, OutcomeDetail } from "../ports.ts";
import type { AppliedImages } from "./applied-images.ts";
import type { LivingIncarnation } from "./incarnation.ts";
import type { Journal } from "./journal.ts";
import { fencesIn, type Layout } from "./layout.ts";
import { type OpenEntry, recordDocument, type RecordFile } from "./records.ts";
import { anyStoreFailure, readJson, type Writer } from "./store-files.ts";
import type { StorePorts } from "./store-ports.ts";
import { keyOf } from "./fold-lines.ts";
import type { Taken } from "./take-claim.ts";

/** What a grant needs of its store. */
export interface GrantSite {
  readonly layout: Layout;
  readonly ports: StorePorts;
  readonly writer: Writer;
  readonly journal: Journal;
  /** The one that the store is written in. */
  readonly format: number;
  readonly images: AppliedImages;
  readonly me: LivingIncarnation;
  nextSeq(): number;
  /** Read after it was asked for, as are the holds. */
  facts(): Promise<FleetFacts>;
  holds(uuid: string): Promise<readonly HoldRecord[]>;
  addHistory(uuid: string, entry: HistoryEntry): Promise<void>;
  forgetGrant(grant: FileGrant): Promise<void>;
}

/** What stands against every act of this engine alike. */
export interface FleetFacts {
  /** Somebody declared this engine dead. */
  readonly killed: boolean;
  readonly isSameStore: boolean;
  readonly highestSeq: number;
  readonly stops: Failure | null;
  /** Uuids of nodes that have or had holds. */
  readonly held: ReadonlySet<string>;
}

/** A held lease of one node. Every line and every name that it writes carries its fence. */
export class FileGrant implements Grant {
  readonly uuid: string;
  readonly fence: number;
  readonly predecessor: Grant["predecessor"];
  readonly openIntents: readonly OpenIntent[];
  readonly #site: GrantSite;
  #record: RecordFile;
  /** True once the file, or a line after the one that says it whole, holds the record. */
  #isWritten: boolean;
  /** True when the file says less than the lines. */
  #isNewer = false;
  readonly #named = new Set<string>();
  #released = false;

  constructor(site: GrantSite, taken: Taken) {
    this.#site = site;
    this.uuid = taken.uuid;
    this.fence = taken.fence;
    this.predecessor = taken.predecessor;
    this.#record = taken.record;
    this.#isWritten = taken.isWritten;
    this.openIntents = taken.record.open.map(({ line, task }) => ({ line, task }));
  }

  get record(): NodeRecord {
    return this.#record;
  }

  async intent(line: IntentBody): Promise<OpenIntent> {
    const full: IntentLine = { ...line, ...this.#head(), kind: "intent" };
    await this.#append(full, full.patch);
    const entry: OpenEntry = { line: full, task: null };
    this.#record = { ...this.#record, open: [...this.#record.open, entry] };
    this.#lay(full.patch ?? {});
    return entry;
  }

  async accepted(intent: OpenIntent, task: string | null): Promise<void> {
    const { step, attempt } = intent.line;
    await this.#append({
      ...this.#head(),
      kind: "accepted",
      step,
      attempt,
      task,
      of: keyOf(intent.line),
    });
  }

  async outcome(
    intent: OpenIntent,
    outcome: OutcomeWord,
    detail: OutcomeDetail,
    patch: RecordPatch = {},
  ): Promise<void> {
    const { line } = intent;
    const { step, attempt } = line;
    const full: JournalLine = {
      ...this.#head(),
      kind: "outcome",
      step,
      attempt,
      outcome,
      ...detail,
      ...(Object.keys(patch).length === 0 ? {} : { patch }),
      of: keyOf(line),
    };
    await this.#append(full, patch);
    const open = this.#record.open.filter((entry) => keyOf(entry.line) !== keyOf(line));
    this.#record = { ...this.#record, open };
    this.#lay(patch);
    await this.addHistory({
      event: outcome,
      step,
      action: actionName(line.action),
      commit: line.commit,
      author: line.author,
      by: line.authority.who,
      ...detail,
    });
  }

  async patchRecord(patch: RecordPatch): Promise<void> {
    await this.#append({ ...this.#head(), kind: "fact", patch }, patch);
    this.#lay(patch);
  }

  async addHistory(entry: Omit<HistoryEntry, "at" | "fence">): Promise<void> {
    const at = this.#site.ports.clock.now();
    await this.#site.addHistory(this.uuid, { ...entry, at, fence: this.fence });
  }

  /** In memory at once; the file follows at release, for until then readers fold the journal's lines. */
  #lay(patch: RecordPatch): void {
    this.#record = { ...withPatch(this.#record, patch), fence: this.fence };
  }

  async nameSession(address: string, session: string): Promise<void> {
    const name = `${address} ${session}`;
    if (this.#named.has(name)) return;
    await this.#append({ ...this.#head(), kind: "session", address, session });
    this.#named.add(name);
  }

  async check(act: CheckedAct): Promise<Failure | null> {
    try {
      return await this.#checked(act);
    } catch (error) {
      // What cannot be read cannot be known to allow the act.
      return anyStoreFailure(this.#site.layout.dir, error);
    }
  }

  async #checked(act: CheckedAct): Promise<Failure | null> {
    const { me, ports, layout } = this.#site;
    const dead = me.dead();
    if (dead !== null) return dead;
    // All reads at once: the answer is as fresh as the slowest of them.
    const [facts, names, isOurs] = await Promise.all([
      this.#site.facts(),
      ports.files.list(layout.node(this.uuid)),
      this.#isOurs(),
    ]);
    const { killed, isSameStore, highestSeq, stops } = facts;
    const holds = facts.held.has(this.uuid) ? await this.#site.holds(this.uuid) : [];
    if (!isSameStore) me.die("its store was restored or replaced under it");
    // Also what ended it while the answers were on their way: a failed write, a lease that ran out.
    const ended = me.dead();
    if (killed || ended !== null) return ended;
    if (!isOurs || fencesIn(names, "claim").at(-1) !== this.fence)
      return failure(
        "conflict",
        "IW-L02",
        "the lease was taken by another engine; nothing was sent",
      );
    if (stops !== null) return stops;
    if (highestSeq !== act.registerSeq)
      return failure("conflict", "IW-P17", "another commit was put in force meanwhile; plan again");
    const { pastHolds = [] } = act;
    const hold = holds.find(({ id, scope }) => !pastHolds.includes(id) && holdStops(scope, act));
    if (hold !== undefined && act.verb !== "session.end")
      return failure(
        "waiting",
        "IW-P01",
        `held (${hold.scope}) by ${hold.owner}: "${hold.reason}"`,
      );
    if (ports.clock.monotonic() + act.requestMaxMs >= me.deadline)
      return (
        me.dead() ??
        failure(
          "waiting",
          "IW-L02",
          "too little of the lease is left for this request; apply again",
        )
      );
    return null;
  }

  /**
   * In an etcd that was set back under its engines another may have taken the same number. A directory is known by its inode,
   * and a read of each claim costs it as much as all else that is read here.
   */
  async #isOurs(): Promise<boolean> {
    const { me, ports, layout } = this.#site;
    if (ports.files.backend !== "etcd") return true;
    const claim = await readJson(ports.files, layout.claim(this.uuid, this.fence), claimSchema);
    return claim?.inc === me.info.inc;
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#site.forgetGrant(this);
    if (this.#site.me.dead() !== null) return;
    if (this.#isNewer) await this.#writeRecord();
    // Intents that nobody has looked at stay the claim's own: the next holder must observe them first.
    if (this.#record.open.length > 0) return;
    await this.#orDie(() => this.#giveBack());
  }

  /**
   * Without a sync: a mark that is lost leaves the claim of an engine that ended. A claim that somebody took meanwhile
   * is not ours to give back, and may be gone.
   */
  async #giveBack(): Promise<void> {
    const { ports, layout } = this.#site;
    const { uuid, fence } = this;
    const isOurs = async (): Promise<boolean> =>
      fencesIn(await ports.files.list(layout.node(uuid)), "claim").at(-1) === fence;
    if (!(await isOurs())) return;
    try {
      await ports.files.link(layout.claim(uuid, fence), layout.released(uuid, fence));
    } catch (error) {
      if (await isOurs()) throw error;
    }
  }

  /** True while an intent of it has no outcome: its journal is still needed. */
  get hasOpen(): boolean {
    return this.#record.open.length > 0;
  }

  #head(): Pick<JournalLine, "version" | "node" | "fence" | "seq" | "inc" | "at"> {
    const { me, ports } = this.#site;
    return {
      version: STORE_FORMAT,
      node: this.uuid,
      fence: this.fence,
      seq: this.#site.nextSeq(),
      inc: me.info.inc,
      at: ports.clock.now(),
    };
  }

  async #append(line: JournalLine, patch: RecordPatch = {}): Promise<void> {
    const { me, journal } = this.#site;
    // Before anything of this line is decided: while it waits another line may come first.
    if ("instance" in patch) await this.#orDie(() => this.#keepImages(patch));
    const dead = me.dead();
    if (dead !== null) throw new LeaseLost(dead);
    const whole = this.#isWritten ? null : this.#wholeRecord();
    this.#isWritten = true;
    this.#isNewer = true;
    await this.#orDie(async () => {
      // In order: the second is never there without the first.
      await Promise.all([...(whole === null ? [] : [journal.append(whole)]), journal.append(line)]);
    });
  }

  /** Both that which comes and that which goes: a store of an earlier engine kept none. */
  async #keepImages(patch: RecordPatch): Promise<void> {
    const { images, ports } = this.#site;
    const { instance, name } = this.#record;
    for (const one of [instance, withPatch(this.#record, patch).instance])
      await images.keep(one, name, ports.clock.now());
  }

  /** The first line of a node that has no record: what it is, for whoever folds the lines. */
  #wholeRecord(): JournalLine {
    const { open: _none, version: _lines, ...record } = this.#record;
    return { ...this.#head(), kind: "fact", patch: record };
  }

  /** Then nobody needs the one before it. */
  async #writeRecord(): Promise<void> {
    const { writer, layout, ports, format } = this.#site;
    const path = layout.record(this.uuid, this.fence);
    const document = { initial: this.#record, format };
    await this.#orDie(() => recordDocument(writer, path, document).write());
    const names = await ports.files.list(layout.node(this.uuid));
    for (const old of fencesIn(names, "record"))
      if (old < this.fence) await ports.files.remove(layout.record(this.uuid, old));
  }

  /** What a failed write left on the disk is unknown: this incarnation must not go on. */
  async #orDie(work: () => Promise<void>): Promise<void> {
    const { me, layout } = this.#site;
    try {
      await work();
    } catch (error) {
      me.die(`a write to ${layout.dir} failed`);
      const why = anyStoreFailure(layout.dir, error);
      throw new LeaseLost(why);
    }
  }
}

/** An act in the words of people: `power.on`, `deploy.write_image`. */
function actionName({ verb, ...said }: IntentLine["action"]): string {
  const { interface: where, step, method } = said;
  if (verb === "vendor.call" && typeof method === "string") return `vendor.${method}`;
  return verb === "step.run" && typeof where === "string" && typeof step === "string"
    ? `${where}.${step}`
    : verb;
}

/** Ends a flow whose incarnation died under it; carries the reason. */
export class LeaseLost extends Error {
  readonly failure: Failure;
  /** The step that was under way. */
  step: string | null = null;

  constructor(why: Failure) {
    super(why.message);
    this.failure = why;
  }
}
