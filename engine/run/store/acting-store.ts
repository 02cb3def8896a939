import { type Failure, fail, ok, type Result } from "../../../schemas/failure.ts";
import type { HoldRecord } from "../../../schemas/record.ts";
import {
  type HistoryEntry,
  type Incarnation,
  type RegisterEntry,
  type StopFile,
  type StoreFile,
  storeFileSchema,
  writtenIn,
} from "../../../schemas/store.ts";
import type {
  ActingStore,
  BudgetScope,
  ClaimOptions,
  Grant,
  HeldSlot,
  NodeAsks,
  Paces,
  ProposedEntry,
  TroubleCounts,
} from "../ports.ts";
import { takeAllocation } from "./allocations.ts";
import { AppliedImages } from "./applied-images.ts";
import { BudgetSlots } from "./budget-slots.ts";
import { ClaimBlanks } from "./claim-blanks.ts";
import { FileTroubleCounts } from "./counts.ts";
import { FileGrant, type FleetFacts, type GrantSite } from "./file-grant.ts";
import { forgetNode } from "./forget-node.ts";
import { grouped } from "./grouped.ts";
import { Histories } from "./histories.ts";
import type { Coroner, LivingIncarnation } from "./incarnation.ts";
import { Journal, OthersJournals } from "./journal.ts";
import { entriesIn, type Layout } from "./layout.ts";
import { FileNodeAsks } from "./node-asks.ts";
import { isFolded } from "./left-behind.ts";
import { raiseFormat } from "./raise-format.ts";
import { FileStoreReader } from "./reader.ts";
import { leaseKey } from "./rewrite-journal.ts";
import { anyStoreFailure, EndUnknown, readJson, type Writer } from "./store-files.ts";
import { clearStop, dropAcknowledged, setStop, type StopSite, stoppedBy } from "./stops.ts";
import type { StorePorts } from "./store-ports.ts";
import { FilePaces } from "./paces.ts";
import { Tidier } from "./tidier.ts";
import { type ClaimSite, ownWork, takeClaim, type TakeOptions } from "./take-claim.ts";
import type { Witness } from "./witness.ts";

/** A store with a living incarnation behind it. */
export class FileActingStore extends FileStoreReader implements ActingStore {
  readonly #me: LivingIncarnation;
  readonly #writer: Writer;
  readonly #coroner: Coroner;
  readonly #witness: Witness;
  readonly #images: AppliedImages;
  readonly #journal: Journal;
  readonly #others: OthersJournals;
  readonly #histories: Histories;
  readonly #blanks: ClaimBlanks;
  readonly counts: TroubleCounts;
  readonly asks: NodeAsks;
  readonly paces: Paces;
  readonly #tidier: Tidier;
  readonly #grants = new Set<FileGrant>();
  /** Nodes whose lease is being taken: two flows of one engine never take one node. */
  readonly #taking = new Set<string>();
  #seq = 0;
  #allSettled = true;

  constructor(
    file: StoreFile,
    layout: Layout,
    ports: StorePorts,
    living: {
      readonly me: LivingIncarnation;
      readonly writer: Writer;
      readonly coroner: Coroner;
      readonly witness: Witness;
    },
  ) {
    const { name, role, inc } = living.me.info;
    super(file, layout, ports, role === "watch" ? name : null);
    this.#me = living.me;
    this.#writer = living.writer;
    this.#coroner = living.coroner;
    this.#witness = living.witness;
    this.#blanks = new ClaimBlanks(ports, living.writer, living.me);
    this.counts = new FileTroubleCounts(ports, layout, living.me.info);
    this.asks = new FileNodeAsks(ports, layout, name);
    this.paces = new FilePaces(ports, layout, { inc, death: living.me.deathSignal });
    this.#tidier = new Tidier({ layout, ports }, living.coroner, name, () => this.#mayTidy());
    this.#images = new AppliedImages(layout, ports.files, living.writer);
    this.#journal = new Journal(ports.files, layout.journal(inc), writtenIn(file), {
      temporary: () => living.writer.temporary("journal"),
      held: () => new Set([...this.#grants].map(leaseKey)),
      isNeeded: async (uuid, fence) => !(await isFolded(ports, layout, uuid, fence)),
    });
    this.#others = new OthersJournals(ports.files, (other) => layout.journal(other));
    this.#histories = new Histories({
      files: ports.files,
      layout,
      temporary: (what) => living.writer.temporary(what),
      read: (uuid) => this.history(uuid),
    });
  }

  get incarnation(): Incarnation {
    return this.#me.now;
  }

  drain(): Promise<void> {
    return this.#me.drain();
  }

  get deathSignal(): AbortSignal {
    return this.#me.deathSignal;
  }

  dead(): Failure | null {
    return this.#me.dead();
  }

  claim(uuid: string, name: string, options: ClaimOptions = {}): Promise<Result<Grant>> {
    return this.#take(uuid, name, { initial: options.initial });
  }

  breakLease(uuid: string, reason: string, holderIsDead: boolean): Promise<Result<Grant>> {
    return this.#take(uuid, uuid, { breakFor: reason, holderIsDead });
  }

  async #take(uuid: string, name: string, options: TakeOptions): Promise<Result<FileGrant>> {
    const dead = this.#me.dead();
    if (dead !== null) return fail(dead);
    if (this.#taking.has(uuid)) return fail(ownWork(name));
    this.#taking.add(uuid);
    try {
      return await this.#takeAlone(uuid, name, options);
    } finally {
      this.#taking.delete(uuid);
    }
  }

  async #takeAlone(uuid: string, name: string, options: TakeOptions): Promise<Result<FileGrant>> {
    const { layout, ports } = this;
    const site: ClaimSite = {
      layout,
      ports,
      writer: this.#writer,
      coroner: this.#coroner,
      me: this.#me,
      journals: this.#others,
      blanks: this.#blanks,
      format: writtenIn(this.file),
      isHeld: (held) => [...this.#grants].some((grant) => grant.uuid === held),
    };
    const taken = await takeClaim(site, uuid, name, options).catch((error: unknown) =>
      fail<never>(anyStoreFailure(layout.dir, error)),
    );
    if (!taken.ok) return taken;
    const grant = new FileGrant(this.#grantSite(), taken.value);
    this.#grants.add(grant);
    return ok(grant);
  }

  #grantSite(): GrantSite {
    return {
      layout: this.layout,
      ports: this.ports,
      writer: this.#writer,
      journal: this.#journal,
      format: writtenIn(this.file),
      images: this.#images,
      me: this.#me,
      nextSeq: () => {
        this.#seq += 1;
        return this.#seq;
      },
      facts: () => this.#facts(""),
      holds: (uuid) => this.holdsOf(uuid),
      // History is for people: a full disk that refuses it refuses the next act by itself.
      addHistory: (uuid, entry) => this.#histories.append(uuid, entry).catch(() => undefined),
      forgetGrant: async (grant) => {
        this.#grants.delete(grant);
        if (grant.hasOpen) this.#allSettled = false;
        await this.#histories.close(grant.uuid).catch(() => undefined);
      },
    };
  }

  /** What stands against every act alike: read once for all that are checked at the same time. */
  readonly #facts = grouped(async (): Promise<FleetFacts> => {
    const { files } = this.ports;
    const [killed, file, names, stop, held] = await Promise.all([
      this.#me.killed(),
      readJson(files, this.layout.storeFile, storeFileSchema),
      files.list(this.layout.register),
      this.stop(),
      files.list(this.layout.allHolds),
    ]);
    return {
      killed,
      isSameStore: this.#isSame(file),
      highestSeq: entriesIn(names).at(-1) ?? 0,
      stops: stop === null ? null : stoppedBy(stop),
      held: new Set(held),
    };
  });

  /** False once a person said that the directory was restored, or replaced it: fences began anew. */
  #isSame(file: StoreFile | null): boolean {
    return file?.id === this.file.id && file.epoch === this.file.epoch;
  }

  /** Also after an end in order, for as long as its lease would have lived: nobody can have gone on from it before. */
  async #mayTidy(): Promise<boolean> {
    const { files, clock } = this.ports;
    if (await this.#me.killed()) return false;
    const file = await readJson(files, this.layout.storeFile, storeFileSchema);
    return this.#isSame(file) && clock.monotonic() < this.#me.deadline;
  }

  takeSlot(
    scope: BudgetScope,
    holder: { readonly uuid: string; readonly node: string },
    confirms = false,
  ): Promise<HeldSlot | "taken" | "mine"> {
    const at = this.ports.clock.now();
    return this.#slots().take(scope, holder, { at, by: this.#me.info.inc, confirms });
  }

  heldSlots(): Promise<readonly HeldSlot[]> {
    return this.#slots().list();
  }

  freeOwnSlots(uuid: string, scopes: readonly string[]): Promise<void> {
    return this.#slots().freeOwn(uuid, this.#me.info.inc, scopes);
  }

  freeSlots(uuid: string): Promise<number> {
    return this.#slots().free(uuid);
  }

  #slots(): BudgetSlots {
    return new BudgetSlots(this.layout, this.ports.files, this.#writer);
  }

  allocateNode(
    allocation: string,
    holder: { readonly uuid: string; readonly node: string },
  ): Promise<string | null> {
    const { layout, ports } = this;
    const site = { layout, files: ports.files, writer: this.#writer };
    return takeAllocation(site, { allocation, holder }, (uuid) =>
      this.freeAllocation(allocation, uuid),
    );
  }

  async freeAllocation(allocation: string, uuid: string): Promise<boolean> {
    const state = (await this.lease(uuid))?.state ?? "released";
    if (state !== "released") return false;
    // Under its lease nobody writes the record whose name this is.
    const taken = await this.#take(uuid, uuid, {});
    if (!taken.ok) return false;
    const isStale = taken.value.record.allocation?.name !== allocation;
    if (isStale) await this.ports.files.remove(this.layout.allocation(allocation));
    await taken.value.release();
    return isStale;
  }

  async propose(entry: ProposedEntry): Promise<Result<RegisterEntry>> {
    const dead = this.#me.dead();
    if (dead !== null) return fail(dead);
    try {
      const inForce = await this.register.propose(entry, {
        writer: this.#writer,
        by: this.#me.info.name,
        at: this.ports.clock.now(),
      });
      if (inForce.ok) await this.#saw(inForce.value.seq);
      return inForce;
    } catch (error) {
      // It may be in force: nothing may be done by the one before it.
      if (error instanceof EndUnknown)
        this.#me.die("it is not known whether its commit is in force");
      return fail(anyStoreFailure(this.layout.dir, error));
    }
  }

  async #saw(seq: number): Promise<void> {
    const revision = await this.ports.files.revision();
    await this.#witness.saw({ epoch: this.file.epoch, seq, revision });
  }

  /** How far an etcd has come with all that was written here. */
  async #sawLast(): Promise<void> {
    if ((await this.ports.files.revision()) === null) return;
    await this.#saw((await this.inForce())?.seq ?? 0);
  }

  async setHold(uuid: string, hold: HoldRecord): Promise<void> {
    await this.ports.files.makeDir(this.layout.holds(uuid));
    await this.#writer.replace(this.layout.hold(uuid, hold.id), hold);
  }

  async releaseHold(uuid: string, id: string | null): Promise<readonly HoldRecord[]> {
    const holds = (await this.holdsOf(uuid)).filter((hold) => id === null || hold.id === id);
    for (const hold of holds) await this.ports.files.remove(this.layout.hold(uuid, hold.id));
    return holds;
  }

  setStop(stop: StopFile): Promise<void> {
    return setStop(this.#stops(), stop);
  }

  clearStop(): Promise<StopFile | null> {
    return clearStop(this.#stops());
  }

  dropAcknowledged(names: readonly string[]): Promise<void> {
    return dropAcknowledged(this.#stops(), names);
  }

  #stops(): StopSite {
    const { layout, ports } = this;
    return { layout, ports, writer: this.#writer, reader: this };
  }

  async forget(uuid: string): Promise<Result<null>> {
    const claimed = await this.#take(uuid, uuid, {});
    if (!claimed.ok) return claimed;
    const { layout, ports } = this;
    const site = {
      layout,
      files: ports.files,
      writer: this.#writer,
      images: this.#images,
      now: ports.clock.now(),
      allocated: () => this.allocated(),
      freeSlots: () => this.freeSlots(uuid),
    };
    const forgotten = await forgetNode(site, claimed.value);
    this.#grants.delete(claimed.value);
    return forgotten;
  }

  appendHistory(uuid: string, entry: HistoryEntry): Promise<void> {
    return this.#histories.appendOnce(uuid, entry);
  }

  tidy(): Promise<void> {
    return this.#tidier.tidy();
  }

  async others(): Promise<readonly Incarnation[]> {
    const found = await this.#strangers();
    const living = await Promise.all(found.map((one) => this.#coroner.lives(one, this.#me)));
    return found.filter((_, index) => living[index]);
  }

  async living(): Promise<readonly Incarnation[]> {
    const found = await this.#strangers();
    const { name } = this.#me.info;
    const deaths = await Promise.all(found.map(({ inc }) => this.#coroner.judge(inc, name)));
    return found.filter((_, index) => deaths[index]?.dead === false);
  }

  async #strangers(): Promise<readonly Incarnation[]> {
    return (await this.engines()).filter(({ inc }) => inc !== this.#me.info.inc);
  }

  raiseFormat(): ReturnType<typeof raiseFormat> {
    const { layout, ports } = this;
    const others = (): Promise<readonly Incarnation[]> => this.others();
    return raiseFormat({
      layout,
      files: ports.files,
      writer: this.#writer,
      others,
      wait: () => ports.clock.sleep(this.file.ttlMs, this.deathSignal).catch(() => undefined),
      dead: () => this.dead(),
    }).catch((error: unknown) => fail(anyStoreFailure(layout.dir, error)));
  }

  async close(): Promise<void> {
    // One claim that can't be given back keeps no other from it; the next holder finds this process gone.
    for (const grant of this.#grants)
      await grant.release().catch(() => {
        this.#allSettled = false;
      });
    await this.lastReadings.flush();
    await this.#journal.close();
    await this.#blanks.close();
    const whole = this.#allSettled && this.#me.dead() === null;
    if (whole) await this.#sawLast().catch(() => undefined);
    await this.#me.close();
    // Records hold all that it said: the journal is needed by nobody.
    if (whole) await this.#journal.remove();
    await this.#tidier.tidyDead().catch(() => undefined);
  }
}
