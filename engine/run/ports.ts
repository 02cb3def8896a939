import type { Failure, Result } from "../../schemas/failure.ts";
import type { Driver } from "../../drivers/driver.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { Impact } from "../../schemas/impact.ts";
import type { ForgottenUses, HoldRecord, NodeRecord, RecordPatch } from "../../schemas/record.ts";
import type { Observation } from "../../schemas/observation.ts";
import type {
  AppliedImage,
  Claim,
  HistoryEntry,
  Incarnation,
  IntentBody,
  IntentLine,
  OutcomeWord,
  RegisterEntry,
  StopFile,
  StoreFile,
} from "../../schemas/store.ts";

/** Time, as the engine sees it; a fake in tests. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch: windows, expiries and what people read. */
  now(): number;
  /**
   * Milliseconds that only rise and that count a suspend: the larger movement of hrtime and the
   * machine's uptime. Leases and deadlines rest on this one alone.
   */
  monotonic(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Randomness; seeded in tests. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** Lower-case hex of that many random bytes. */
  hex(bytes: number): string;
}

/** The drivers of one run, opened when first asked for. */
export interface Drivers {
  driverFor(node: FleetNode): Driver | Failure;
  /**
   * A fingerprint of the node's secret, to know whether it changed since it was refused. It lies in the store (readings,
   * refused logins), so it is no bare hash, by which a weak password is guessed offline as fast as one can count: each guess
   * costs a key derivation, and none can be made without a key that only the store's owner may read.
   */
  secretVersion(node: FleetNode): Promise<string | null>;
}

/** Named points between the acts of a step: a test stops the process at each in turn. Does nothing otherwise. */
export type Checkpoint = (point: CheckpointName) => Promise<void>;
export const CHECKPOINTS = [
  "claimed",
  "record-copied",
  "session-written",
  "before-intent",
  "intent-durable",
  "checked",
  "performed",
  "looked",
  "outcome-durable",
  "record-written",
  "released",
] as const;
/** A point before any lease: the inventory was read, and nothing was planned from it yet. */
export const INVENTORY_READ = "inventory-read";
export type CheckpointName = (typeof CHECKPOINTS)[number] | typeof INVENTORY_READ;

/** What a store tells without acting: `plan`, `status`, `show`, `explain`, `history` need no more. */
export interface StoreReader {
  readonly file: StoreFile;
  readonly dir: string;
  /** Every node's record, by uuid; a node that nobody acted on has none. */
  records(): Promise<ReadonlyMap<string, NodeRecord>>;
  record(uuid: string): Promise<NodeRecord | null>;
  /** Those of these nodes, by uuid; costs what they cost, however many there are. */
  recordsOf(uuids: Iterable<string>): Promise<ReadonlyMap<string, NodeRecord>>;
  /** The same, with what was begun there and has no outcome yet, by whichever engine. */
  standing(uuid: string): Promise<Standing | null>;
  /** Holds set at the command line, by uuid; expired ones are left out. */
  holds(): Promise<ReadonlyMap<string, readonly HoldRecord[]>>;
  /** The same of one node. */
  holdsOf(uuid: string): Promise<readonly HoldRecord[]>;
  stop(): Promise<StopFile | null>;
  /** Nodes whose trouble a person acknowledged by `resume`; breakers don't count them again. */
  acknowledged(): Promise<ReadonlySet<string>>;
  /** The highest register entry; null before the first. */
  inForce(): Promise<RegisterEntry | null>;
  /** Nodes that were there when the store was made or restored, or were forgotten: by name, and by `keysOf` their machines. */
  existingNames(): Promise<ReadonlySet<string>>;
  /** Allocation -> uuid of the node that was taken for it. */
  allocated(): Promise<ReadonlyMap<string, string>>;
  /** Uuids of nodes whose last holder ended in the middle of its work: apply looks at them first. */
  unfinished(): Promise<ReadonlySet<string>>;
  /** Request ids that count as used on every node; null when the history was too short to tell. */
  spentRequests(): Promise<ReadonlySet<string> | null>;
  /** What ran on nodes that were forgotten: each id runs once, for ever. */
  forgottenUses(): Promise<readonly ForgottenUses[]>;
  /** With which checksum each of these Images was applied first; those that never were are left out. */
  appliedImages(names: readonly string[]): Promise<ReadonlyMap<string, AppliedImage>>;
  leases(): Promise<readonly LeaseInfo[]>;
  /** The same of one node; null for one that was never taken. */
  lease(uuid: string): Promise<LeaseInfo | null>;
  /** Engines that live, or may: of another host one look can't tell. */
  engines(): Promise<readonly Incarnation[]>;
  history(uuid: string): Promise<readonly HistoryEntry[]>;
  /** Last readings by node name; a cache, lost without harm. */
  readings(): Promise<ReadonlyMap<string, Observation>>;
  /** Those of some nodes beside all others; of those that are not `isDeclared` none is kept. */
  saveReadings(
    readings: ReadonlyMap<string, Observation>,
    isDeclared?: (name: string) => boolean,
  ): Promise<void>;
  /** For a daemon, which keeps its readings in memory: what others have read since is read from disk. */
  refreshReadings(): Promise<void>;
  /** Also who only reads the store logs in to BMCs. */
  readonly logins: LoginSlots;
}

/** One login that is about to be tried. */
export interface LoginAt {
  /** The reference, as it is declared. */
  readonly secret: string;
  readonly node: string;
  readonly address: string;
  /** `Drivers.secretVersion` of it; asked only where it must be compared. */
  readonly version: () => Promise<string | null>;
}

export interface LoginLimits {
  /** Refusals, and so tries at once, of one secret. */
  readonly most: number;
  /** No try lasts longer; milliseconds. */
  readonly tryMaxMs: number;
}

/** `refused`: by that BMC, or by as many as may refuse it; `by` are nodes of these. */
export type LoginAnswer =
  | { readonly kind: "go" }
  | { readonly kind: "wait" }
  | { readonly kind: "refused"; readonly here: boolean; readonly by: readonly string[] };

/** Refused logins of each secret, over all engines of a store. */
export interface LoginSlots {
  /** A secret of the store, made when first asked for: without it what is compared of passwords tells nothing. */
  key(): Promise<string>;
  /** Takes a place for a login with a secret that is not known to be good (`isProven`); `end` says what came of it. */
  begin(login: LoginAt, limits: LoginLimits, isProven: boolean): Promise<LoginAnswer>;
  end(login: LoginAt, verdict: "accepted" | "refused" | "other"): Promise<void>;
  /** A person says so: what was refused of the secret (of all where it is null) may be tried again, and at that BMC, too. */
  forgive(
    secret: string | null,
    bmc: { readonly node: string; readonly address: string } | null,
  ): Promise<number>;
}

/** How a node stands in the store. */
export interface Standing {
  readonly record: NodeRecord;
  /** Intents without outcome, oldest first. */
  readonly open: readonly IntentLine[];
}

/** One lease as `lease list` and `explain` show it. */
export interface LeaseInfo {
  readonly uuid: string;
  readonly fence: number;
  readonly claim: Claim;
  /** Null when its incarnation file is gone. */
  readonly holder: Incarnation | null;
  readonly state: "held" | "released" | "dead";
}

/** How acts at one place follow each other. */
export interface Pace {
  /** From the end of one to the beginning of the next. Milliseconds. */
  readonly restMs: number;
  /** What one may take: who takes longer was lost on the way. Milliseconds. */
  readonly actMs: number;
}

/** A least time between two acts of one place, over all engines of the store: power-ons of a rack. */
export interface Paces {
  /** Waits for the place and takes it; what it answers says that the act is over, and may be called twice. */
  enter(place: string, pace: Pace): Promise<() => Promise<void>>;
}

/** A store with a living incarnation behind it: what `apply`, `hold`, `stop` and `lease break` use. */
export interface ActingStore extends StoreReader {
  /** With its newest counter. */
  readonly incarnation: Incarnation;
  readonly asks: NodeAsks;
  readonly counts: TroubleCounts;
  readonly paces: Paces;
  /** Tells all others at once that this engine takes no node any more. */
  drain(): Promise<void>;
  /** Null while this incarnation may act; the reason once it is dead, which is for ever. */
  dead(): Failure | null;
  /** Aborted when this incarnation dies: sockets are destroyed on it. */
  readonly deathSignal: AbortSignal;
  /**
   * Takes the node's lease: N+1 by link(), the predecessor's record and open intents copied forward
   * and synced. IW-L01 (`waiting`) when a living engine holds it, saying who and since when.
   */
  claim(uuid: string, name: string, options?: ClaimOptions): Promise<Result<Grant>>;
  /** Takes the lease of a living holder (`lease break`): its next check fails. */
  breakLease(uuid: string, reason: string, holderIsDead: boolean): Promise<Result<Grant>>;
  /** Makes the commit the one in force; the same tree again answers the entry that is. */
  propose(entry: ProposedEntry): Promise<Result<RegisterEntry>>;
  setHold(uuid: string, hold: HoldRecord): Promise<void>;
  /** Answers the released holds; `id` null releases all of the node. */
  releaseHold(uuid: string, id: string | null): Promise<readonly HoldRecord[]>;
  /** A breaker never takes the place of a stop that is in force: a person's word stays. */
  setStop(stop: StopFile): Promise<void>;
  /** Removes the stop and acknowledges its nodes; answers what was in force. */
  clearStop(): Promise<StopFile | null>;
  /** Their trouble is over: breakers count them again. */
  dropAcknowledged(names: readonly string[]): Promise<void>;
  /** Drops an orphan's record, holds and history, under its lease, and keeps which requests ran on it: IW-L01 while somebody works on it. */
  forget(uuid: string): Promise<Result<null>>;
  /**
   * Takes a slot of a budget for the node, unless it has one; answers who holds one when all are taken. Under the node's lease
   * (`confirms`) one that it has becomes this engine's own.
   */
  takeSlot(
    scope: BudgetScope,
    holder: { readonly uuid: string; readonly node: string },
    confirms?: boolean,
  ): Promise<HeldSlot | "taken" | "mine">;
  /** Every slot that is taken. */
  heldSlots(): Promise<readonly HeldSlot[]>;
  /** Under the node's lease: gives back what this engine took for it in these scopes, and nobody confirmed since. */
  freeOwnSlots(uuid: string, scopes: readonly string[]): Promise<void>;
  /** Gives back every slot of the node; answers how many there were. */
  freeSlots(uuid: string): Promise<number>;
  /** Takes a node for an Allocation; answers the name of the one that was taken before, null when it is this one. */
  allocateNode(
    allocation: string,
    holder: { readonly uuid: string; readonly node: string },
  ): Promise<string | null>;
  /**
   * Gives its name back where the record of the node that was taken for it does not say so, under that node's lease;
   * false while somebody works there, or where it does.
   */
  freeAllocation(allocation: string, uuid: string): Promise<boolean>;
  appendHistory(uuid: string, entry: HistoryEntry): Promise<void>;
  /**
   * Lets the store be written in the newest format from the next opening on; `conflict` while an engine is at work that
   * cannot read it.
   */
  raiseFormat(): Promise<Result<{ readonly from: number; readonly to: number }>>;
  /**
   * Engines besides this one that were not seen to be dead so far; answers at once, and declares dead whose counter stood
   * still for a ttl while it was asked again and again.
   */
  living(): Promise<readonly Incarnation[]>;
  /** Living incarnations besides this one, for certain: of another host it waits up to a ttl to know. */
  others(): Promise<readonly Incarnation[]>;
  /** Removes what engines left behind that nobody needs; what must be seen twice goes at a later call. */
  tidy(): Promise<void>;
  /** Ends the incarnation: nothing waits for a ttl. */
  close(): Promise<void>;
}

/** Nodes that may be interrupted at once, under one name. */
export interface BudgetScope {
  readonly name: string;
  readonly count: number;
}

/** What people ask daemons for. */
export interface NodeAsks {
  /** A person has said something of these nodes: whichever daemon owns one looks at it first. Nothing where none is there. */
  ask(nodes: readonly string[]): Promise<void>;
  /** Those of these that were asked for: answered from now on. */
  take(owned: ReadonlySet<string>): Promise<readonly string[]>;
}

/** What each daemon tells the others of nodes in trouble. */
export interface TroubleCounts {
  /** Which nodes this engine saw in trouble, and how long ago, in milliseconds. */
  save(troubled: ReadonlyMap<string, number>): Promise<void>;
  /** What the other daemons, also those that are gone, wrote last. */
  others(): Promise<readonly TroubleCount[]>;
}

/** Nodes that one daemon saw in trouble. */
export interface TroubleCount {
  /** The name of its file: one for each daemon. */
  readonly file: string;
  /** Which write it is: another one with each. */
  readonly write: string;
  /** By node name, how long before that write it was seen; milliseconds on the writer's clock. */
  readonly troubled: ReadonlyMap<string, number>;
}

/** A slot that is taken. */
export interface HeldSlot {
  readonly scope: string;
  readonly place: number;
  readonly uuid: string;
  readonly node: string;
  readonly at: number;
  readonly by?: string | undefined;
}

export interface ClaimOptions {
  /** What a node that has no record yet is; the record is made from it. */
  readonly initial?: NodeRecord | undefined;
}

export interface ProposedEntry {
  readonly commit: string | null;
  readonly subject: string | null;
  readonly tree: string;
  readonly why: string;
  readonly verify?: boolean;
  readonly names: readonly string[];
  /** When each request came into force. */
  readonly requests: RegisterEntry["requests"];
  readonly allocations: RegisterEntry["allocations"];
  /** The seq that was in force before the commit was read: if it moved since, IW-P17. */
  readonly readAtSeq: number;
}

/** A held lease of one node. Every write names its fence. */
export interface Grant {
  readonly uuid: string;
  readonly fence: number;
  /** As copied forward, then as last written under this grant. */
  readonly record: NodeRecord;
  /** The claim before this one, and whether its holder gave it back; null for the first. */
  readonly predecessor: {
    readonly claim: Claim;
    readonly fence: number;
    /** True when its process was seen to be gone; false when only its lease ran out, or a person said so. */
    readonly provenDead?: boolean | undefined;
  } | null;
  /** Intents of the predecessor that have no outcome, oldest first; each is observed before anything else. */
  readonly openIntents: readonly OpenIntent[];
  /** Appends the intent and makes it durable. */
  intent(line: IntentBody): Promise<OpenIntent>;
  accepted(intent: OpenIntent, task: string | null): Promise<void>;
  /** Closes the intent; `patch` is what the record says from here on. */
  outcome(
    intent: OpenIntent,
    outcome: OutcomeWord,
    detail: OutcomeDetail,
    patch?: RecordPatch,
  ): Promise<void>;
  /** A fact that guards the machine: durable by its line; the record's file follows, at the latest at release. */
  patchRecord(patch: RecordPatch): Promise<void>;
  /** For people: what a whole list came to. */
  addHistory(entry: Omit<HistoryEntry, "at" | "fence">): Promise<void>;
  /** Rewrites the claim so that it names the session, synced. */
  nameSession(address: string, session: string): Promise<void>;
  /**
   * The check just before a send: incarnation alive, deadline not within `requestMaxMs`, generation
   * still the highest, no stop, no hold that covers `impact` and `verb`, register not moved past `registerSeq`.
   */
  check(act: CheckedAct): Promise<Failure | null>;
  /** Record synced, claim rewritten as released. */
  release(): Promise<void>;
}

export interface CheckedAct {
  readonly impact: Impact;
  readonly verb: string;
  readonly requestMaxMs: number;
  readonly registerSeq: number;
  /** Ids of holds that a person's act goes past, for they were set by acts of its kind. */
  readonly pastHolds?: readonly string[];
}

export interface OpenIntent {
  readonly line: IntentLine;
  /** The task named by `accepted`, when there was one. */
  readonly task: string | null;
}

export interface OutcomeDetail {
  readonly code: string | null;
  readonly message: string;
  readonly durationMs: number;
}
