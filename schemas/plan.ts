import type { Action, Verb } from "./action.ts";
import type { Impact } from "./impact.ts";
import type { ErasedPart, InterfaceName, RamdiskWord } from "./steps.ts";
import type { Identity } from "./documents.ts";
import type { TreeTerms } from "./tree.ts";
import type { ProvisionState } from "./provision-state.ts";

/** The version of the printed and saved plan. */
export const PLAN_FORMAT_VERSION = 1;

/** The planner's own version: two planners may plan differently, so it is in the plan's id. */
export const PLANNER_VERSION = 3;

/** Every facet of a node; the list in `engine/plan/facets/` has one file for each. */
export const FACETS = [
  "identity",
  "protection",
  "provision",
  "image",
  "configDrive",
  "bootMode",
  "secureBoot",
  "bios",
  "bootDevice",
  "indicators",
  "power",
  "traits",
  "allocation",
  "ports",
  "network",
  "volumes",
] as const;
export type FacetName = (typeof FACETS)[number];

/** One difference in one facet. */
export interface Change {
  readonly facet: FacetName;
  /** JSON pointer below `spec`, such as `/boot/mode`. */
  readonly path: string;
  readonly desired: unknown;
  /** Null when it is unknown or unset. */
  readonly observed: unknown;
  readonly cause: "intent" | "drift";
  /** `file:line:column`; null when the value was not declared but inferred. */
  readonly declaredAt: string | null;
  /** Why no step follows, when none does: `drift.bios is report`, `(no step)` ... */
  readonly noStep?: string | undefined;
  /** When the observed value was read, milliseconds since the epoch. */
  readonly observedAt?: number | undefined;
  /** Since when it differs, where earlier readings know. */
  readonly since?: number | undefined;
  /** A line of the machine's event log that explains it. */
  readonly evidence?: string | undefined;
}

/** One act, decided in full: nothing is left to choose while applying. */
export interface Step {
  /** Counts from "1" within its node. */
  readonly id: string;
  readonly action: Verb;
  /** The verb with its frozen arguments. */
  readonly act: Action;
  readonly interface: string;
  readonly impact: Impact;
  /** Facet values that must hold just before the act; compared by value after a fresh read. */
  readonly before: Readonly<Record<string, unknown>>;
  /** Facet values that must be seen for the step to be done. */
  readonly after: Readonly<Record<string, unknown>>;
  readonly timeoutSeconds: number;
  readonly reason: string;
  readonly dependsOn: readonly string[];
  /** What may keep a machine from booting is marked. */
  readonly mayNotBoot?: boolean | undefined;
  /** What follows, with an intent of its own, when `after` is not seen in time. */
  readonly fallback?: Action | undefined;
  /** For a move of the provision state machine: its states and its list, decided in full. */
  readonly flow?: FlowPlan | undefined;
  /** The request that this step needs and uses up. */
  readonly request?: string | undefined;
  /**
   * Goes on where an earlier apply was cut off, under the word that was given then; with `gate` past what was
   * learnt on the way, which needs a word of its own.
   */
  readonly resumes?:
    | { readonly entry: number; readonly act: number; readonly gate?: true | undefined }
    | undefined;
}

/** True for what goes on under the word that was given when it began. */
export function isApprovedBefore({ resumes }: Pick<Step, "resumes">): boolean {
  return resumes !== undefined && resumes.gate !== true;
}

/** What the ramdisk of a list may add to it: pinned, so that its answer is judged as the list was approved. */
export interface RamdiskTerms {
  /** Null where the list only learns, as an inspection does. */
  readonly flow: "clean" | "deploy" | "service" | null;
  /** Interfaces of which it may name steps. */
  readonly interfaces: readonly InterfaceName[];
  /** Steps of those interfaces that are known without it (`deploy.erase_devices`): they stay what they are. */
  readonly taken: readonly string[];
  /** How steps join it that nobody named; null for a list that runs as it is written. */
  readonly own: {
    /** `interface.step` -> priority, as git moves it; 0 switches a step off. */
    readonly priorities: Readonly<Record<string, number>>;
    /** What a step may erase to be among them at all. */
    readonly mayErase: readonly ErasedPart[];
  } | null;
}

/** One move through the provision state machine. */
export interface FlowPlan {
  readonly from: ProvisionState;
  /** The state while it works; null when the move only writes the record. */
  readonly via: ProvisionState | null;
  /** The state while it waits for the machine; null where the machine has none. */
  readonly wait: ProvisionState | null;
  /** The state at a `hold` step; null where the machine has none. */
  readonly hold: ProvisionState | null;
  readonly failed: ProvisionState | null;
  readonly to: ProvisionState;
  readonly entries: readonly FlowEntry[];
  /** What the machine is left as, by facet: `{ power: "on" }`; a facet that is left out is as before. */
  readonly ends: Readonly<Record<string, unknown>>;
  /** What the record says once it is done, besides the state. */
  readonly results: Readonly<Record<string, unknown>>;
  /** Names what is deployed: only failed tries of the same are counted together. */
  readonly bind?: string | undefined;
  /** For a list whose ramdisk may name steps. */
  readonly ramdisk?: RamdiskTerms | undefined;
}

/** One step of a list. */
export interface FlowEntry {
  readonly interface: InterfaceName;
  readonly step: string;
  /** Null in lists that run as written. */
  readonly priority: number | null;
  readonly args: Readonly<Record<string, unknown>>;
  readonly impact: Impact;
  readonly abortable: boolean;
  readonly requiresRamdisk: boolean;
  /** True when a reboot was composed behind it. */
  readonly reboots?: true | undefined;
  readonly rerun: boolean;
  /** What of the disks it destroys; left out where it destroys nothing. */
  readonly erases?: ErasedPart | undefined;
  /** Set where only the ramdisk names it; an `unknown` one never runs before it was asked. */
  readonly ramdisk?: RamdiskWord | undefined;
  /** Who asked for it: `driver`, `ramdisk`, `template gpu`, `runbook burnin`, `request 2026-11-24-a`, `node`. */
  readonly source: string;
  readonly acts: readonly FlowAct[];
  /** The state that the node is in from this entry on: an undeploy goes on to cleaning. */
  readonly enters?: ProvisionState | undefined;
}

/** One act of an entry: intent, check, perform, look, outcome. */
export interface FlowAct {
  readonly act: Action;
  readonly impact: Impact;
  readonly after: Readonly<Record<string, unknown>>;
  readonly timeoutSeconds: number;
  /** True while the node is in its waiting state. */
  readonly waits: boolean;
  readonly fallback?: Action | undefined;
}

/** Something that can only be learnt on the way; past it no disk is touched that the plan did not name. */
export interface Gate {
  /** The id of the step that learns it: `disks` at its end, `steps` in its midst, once its ramdisk runs. */
  readonly after: string;
  readonly learns: "disks" | "steps";
  readonly allows: string;
  /** What stops it there; left out where `allows` says so. */
  readonly stops?: string | undefined;
  /** Serials of the disks that were known when the plan was made: another one stops it there. */
  readonly known: readonly string[];
}

/** One disk that would lose its content. */
export interface Erase {
  readonly disk: string;
  readonly serial: string | null;
  readonly sizeBytes: number | null;
  readonly cause: string;
  /** What is lost: its metadata, all of it, or all of it by being the root disk. */
  readonly part: ErasedPart;
}

/** A difference that waits for a request or for the next power-on. */
export interface Staged {
  readonly path: string;
  readonly until: string;
}

/** A request that a plan would use up. */
export interface AskedFor {
  readonly id: string;
  readonly action: string;
  readonly expires: string | null;
  /** `file:line`. */
  readonly declaredAt: string;
}

/** Why something is not done. */
export interface Blocked {
  readonly kind:
    | "hold"
    | "maintenance"
    | "protected"
    | "identity"
    | "unreachable"
    | "unauthorised"
    | "activity"
    | "request"
    | "observe"
    | "unsupported"
    | "not-built"
    | "impact"
    | "backoff"
    | "task"
    | "fault"
    | "budget"
    | "claim"
    | "gate"
    | "retired"
    | "failed"
    | "unverified"
    | "state"
    | "tree";
  readonly code: string;
  readonly message: string;
  /** Since when, milliseconds since the epoch, where it is known. */
  readonly since?: number | undefined;
  /** The next attempt, milliseconds since the epoch, where one is due. */
  readonly nextTry?: number | undefined;
}

/** How many nodes in service may be interrupted at once: by a Policy, or built in. */
export interface PlanBudget {
  /** The Policy's name; null for the one that is built in. */
  readonly policy: string | null;
  readonly destructive: number;
  readonly reboot: number;
  readonly perRack: number;
  readonly overBudget: "refuse" | "queue";
  /** `file:line:column`; null for the one that is built in. */
  readonly declaredAt: string | null;
}

/** What becomes of one Allocation. */
export interface AllocationPlan {
  readonly allocation: string;
  /** `picked`: this plan gives it the node; `waiting`: none fits. */
  readonly state: "allocated" | "picked" | "waiting";
  readonly node: string | null;
  /** The node that it names itself (`node:`), where that is not the one that it has. */
  readonly names?: string | undefined;
  /** The node that it had before anything ran there, which is retired: another one is looked for once it is free. */
  readonly givesBack?: string | undefined;
  /** Why this plan does not give that node back; left out where it does. */
  readonly keptBy?: string | undefined;
  /** A node that it would fit and that an Allocation still has which left git, by another name of it perhaps. */
  readonly left?: { readonly node: string; readonly allocation: string } | undefined;
  /** Where none fits: the nodes that nearly do, and what each fails. */
  readonly nearest: readonly { readonly node: string; readonly why: readonly string[] }[];
  readonly declaredAt: string;
}

/** The plan for one node. */
export interface NodePlan {
  readonly node: string;
  readonly uuid: string | null;
  readonly rack: string | null;
  /** The Policies that count it; none where the built-in budget does. */
  readonly policies?: readonly string[] | undefined;
  /** The Allocation whose `provision` was planned in the place of its own. */
  readonly allocation?: string | undefined;
  readonly provisionState: ProvisionState;
  readonly targetProvisionState: ProvisionState;
  readonly identity: { readonly serial: string | null; readonly matches: boolean | null };
  readonly changes: readonly Change[];
  readonly steps: readonly Step[];
  readonly gates: readonly Gate[];
  readonly erases: readonly Erase[];
  /** The workload that the steps give up, in a few words; left out where none is. */
  readonly lost?: string | undefined;
  /** The requests that its steps use up. */
  readonly asked?: readonly AskedFor[] | undefined;
  readonly staged: readonly Staged[];
  readonly blockedBy: readonly Blocked[];
  /**
   * What apply writes into the record besides the steps (traits; adoption by declaration), under a
   * lease. A plan whose nodes have neither steps nor `records` is empty.
   */
  readonly records?: Readonly<Record<string, unknown>> | undefined;
  /**
   * True when git's word and the machine's own let it be seen as adopted, and no record says so yet: the
   * next apply writes it down, so that leaving that state is never mistaken for a new machine's way.
   */
  readonly adopts?: true | undefined;
  /** An engine ended in the middle of its work here: the next apply looks at it before anything else. */
  readonly unfinished?: true | undefined;
  /** True when everything declared is as observed and nothing is blocked. */
  readonly inSync: boolean;
  readonly unreachable: boolean;
  /** True while a workload is on it, or may be since before we knew the machine: budgets count it. */
  readonly inService: boolean;
  /** What this node's plan was made from; apply compares it (leases-and-journal P1). */
  readonly basis: NodeBasis;
  /** How the wire is secured, when it is not a verified session. */
  readonly notes: readonly string[];
  /** What its parent and its children make of its plan; left out where they make nothing of it. */
  readonly tree?: TreeTerms | undefined;
  /** Last time all was in sync, milliseconds since the epoch, where the record or earlier readings know. */
  readonly inSyncUntil?: number | undefined;
}

/** The staleness vector of one node: values, never ages. */
export interface NodeBasis {
  readonly recordRevision: number;
  readonly specHash: string;
  /** As people are shown it: with whom the BMC passes on to for this node. */
  readonly bmcAddress: string | null;
  readonly identity: Identity | null;
  /** The observed values of the facets that the steps' `before`s name. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** Why the plan as a whole is refused. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly declaredAt: string | null;
}

export interface RackTotals {
  readonly nodes: number;
  readonly steps: number;
  readonly reboots: number;
  readonly erased: number;
  readonly blocked: number;
  readonly reported: number;
  readonly unreachable: number;
}

export interface PlanSummary {
  readonly nodes: number;
  /** Nodes with steps. */
  readonly changedNodes: number;
  readonly steps: number;
  readonly byImpact: Readonly<Record<Impact, number>>;
  readonly reboots: number;
  readonly erasedNodes: number;
  readonly blockedNodes: number;
  readonly unreachableNodes: number;
  readonly byRack: Readonly<Record<string, RackTotals>>;
}

/** Steps for every node, with nothing else left to decide while applying. */
export interface Plan {
  readonly formatVersion: typeof PLAN_FORMAT_VERSION;
  readonly plannerVersion: number;
  /** `sha256:` and the hash of all else but `createdAt` (`engine/plan/plan-id.ts`). */
  readonly id: string;
  readonly commit: string | null;
  /** What git says of it, for the headline. */
  readonly commitSubject: string | null;
  readonly commitAuthor: string | null;
  readonly commitTime: number | null;
  readonly tree: string;
  readonly settingsHash: string;
  readonly store: string | null;
  readonly storeEpoch: number | null;
  /** Seq and time of the register entry in force when it was made; null without a store. */
  readonly inForce: {
    readonly seq: number;
    readonly commit: string | null;
    readonly since: number;
  } | null;
  readonly createdAt: string;
  /** How many nodes were observed, and the oldest reading's age in milliseconds. */
  readonly observed: {
    readonly nodes: number;
    readonly of: number;
    readonly oldestMs: number | null;
  };
  /** True when made from readings on disk only. */
  readonly offline: boolean;
  readonly nodes: readonly NodePlan[];
  /** Those of this plan's nodes. */
  readonly budgets: readonly PlanBudget[];
  /** By name; every one that git holds. */
  readonly allocations: readonly AllocationPlan[];
  readonly orphans: readonly string[];
  readonly refused: readonly Refusal[];
  readonly summary: PlanSummary;
}
