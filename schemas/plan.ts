import type { Action, Impact, Verb } from "./action.ts";
import type { Identity } from "./documents.ts";
import type { ProvisionState } from "./record.ts";

/** The version of the printed and saved plan. */
export const PLAN_FORMAT_VERSION = 1;

/** The planner's own version: two planners may plan differently, so it is in the plan's id. */
export const PLANNER_VERSION = 1;

/** Every facet of a node; the list in `engine/plan/facets/` has one file for each. */
export const FACETS = [
  "identity",
  "provision",
  "bootMode",
  "secureBoot",
  "bios",
  "bootDevice",
  "power",
  "traits",
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
}

/** Something that can only be learnt on the way. */
export interface Gate {
  readonly after: string;
  readonly learns: string;
  readonly allows: string;
}

/** One disk that would lose its content. */
export interface Erase {
  readonly disk: string;
  readonly serial: string | null;
  readonly sizeBytes: number | null;
  readonly cause: string;
}

/** A difference that waits for a request or for the next power-on. */
export interface Staged {
  readonly path: string;
  readonly until: string;
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
    | "unverified";
  readonly code: string;
  readonly message: string;
  /** Since when, milliseconds since the epoch, where it is known. */
  readonly since?: number | undefined;
  /** The next attempt, milliseconds since the epoch, where one is due. */
  readonly nextTry?: number | undefined;
}

/** The plan for one node. */
export interface NodePlan {
  readonly node: string;
  readonly uuid: string | null;
  readonly rack: string | null;
  readonly provisionState: ProvisionState;
  readonly targetProvisionState: ProvisionState;
  readonly identity: { readonly serial: string | null; readonly matches: boolean | null };
  readonly changes: readonly Change[];
  readonly steps: readonly Step[];
  readonly gates: readonly Gate[];
  readonly erases: readonly Erase[];
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
  /** What this node's plan was made from; apply compares it (leases-and-journal P1). */
  readonly basis: NodeBasis;
  /** How the wire is secured, when it is not a verified session. */
  readonly notes: readonly string[];
  /** Last time all was in sync, milliseconds since the epoch, where the record or earlier readings know. */
  readonly inSyncUntil?: number | undefined;
}

/** The staleness vector of one node: values, never ages. */
export interface NodeBasis {
  readonly recordRevision: number;
  readonly specHash: string;
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
  readonly orphans: readonly string[];
  readonly refused: readonly Refusal[];
  readonly summary: PlanSummary;
}
