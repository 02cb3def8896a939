import type { NodePlan } from "../../../schemas/plan.ts";
import type { Catalog } from "../../../schemas/steps.ts";
import type { Digest } from "../../plan/plan-id.ts";
import type { ApplyPorts } from "../flow.ts";
import type { Drivers } from "../ports.ts";
import type { CommitPorts } from "./commits.ts";
import type { Declared, RefusedCommit } from "./declared.ts";

/** What a daemon needs from outside. */
export interface WatchPorts
  extends CommitPorts, Omit<ApplyPorts, "settings" | "drivers" | "limits" | keyof CommitPorts> {
  readonly catalog: Catalog;
  readonly digest: Digest;
  /** The drivers for these settings; asked for again when they change. */
  readonly drivers: (declared: Declared) => Drivers;
}

/** How far it has come, for whoever asks. */
export interface WatchState {
  readonly commit: string | null;
  /** When that commit came into force here, milliseconds since the epoch. */
  readonly commitAt: number | null;
  readonly refused: RefusedCommit | null;
  readonly members: readonly string[];
  readonly owned: number;
  readonly busy: number;
  readonly waiting: number;
  readonly rounds: number;
  /** Its last sign of life, milliseconds since the epoch. */
  readonly beatAt: number;
  /** Nodes whose work failed since it began. */
  readonly failed: number;
  /** True where a plan was not applied: stopped, refused, or the world moved. */
  readonly withheld: boolean;
  /** How each node that it owns stood when it was planned last. */
  readonly nodes: ReadonlyMap<string, NodeStanding>;
}

/** What is counted of a node's plan: the plans themselves of a large fleet are hundreds of megabytes. */
export interface NodeStanding {
  readonly provisionState: NodePlan["provisionState"];
  /** Facets that drifted. */
  readonly drifted: readonly string[];
  /** Kinds of what blocks it. */
  readonly blocked: readonly string[];
}

export function standingOf({ provisionState, changes, blockedBy }: NodePlan): NodeStanding {
  const drifted = changes.flatMap(({ cause, facet }) => (cause === "drift" ? [facet] : []));
  return { provisionState, drifted, blocked: blockedBy.map(({ kind }) => kind) };
}
