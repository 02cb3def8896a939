import type { Budget } from "./budget.ts";
import type { Driver } from "../../drivers/driver.ts";
import type { EngineEvent, EventName } from "../../schemas/event.ts";
import { type Failure, failure } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { instantText } from "../../schemas/instant.ts";
import type { PersonAct } from "../../schemas/person-act.ts";
import type { Observation } from "../../schemas/observation.ts";
import type { NodePlan, Plan } from "../../schemas/plan.ts";
import type { Settings } from "../../schemas/settings.ts";
import type { Tree } from "../plan/tree/relatives.ts";
import type { Digest } from "../plan/plan-id.ts";
import type { Limits } from "./limits.ts";
import type { ActingStore, Checkpoint, Clock, Drivers, Grant, Random } from "./ports.ts";

/** What applying needs from outside. */
export interface ApplyPorts {
  readonly store: ActingStore;
  readonly drivers: Drivers;
  readonly clock: Clock;
  readonly random: Random;
  readonly checkpoint: Checkpoint;
  readonly emit: (event: EngineEvent) => void;
  readonly settings: Settings;
  /** Those of a daemon, whose applies run beside each other; an apply has its own. */
  readonly limits?: Limits | undefined;
  /** Where other commits come into force meanwhile; any such ends what runs where it is left out. */
  readonly judge?: Judge | undefined;
}

/**
 * Asked before an act where another commit has come into force since: its place in the register where what runs on the node
 * may go on under it, null where it ends here. `isOpen`: a list of steps is open.
 */
export type Judge = (node: string, isOpen: boolean) => Promise<number | null>;

/** Who approved a plan, and how far. */
export interface Authority {
  readonly who: string;
  readonly ceiling: string;
}

/** Shared by all flows of one apply. */
export interface ApplyContext extends ApplyPorts, Limits {
  readonly plan: Plan;
  /** What a person asks of one node, where that is all; null for an apply. */
  readonly act: PersonAct | null;
  readonly authority: Authority;
  /** The register entry under which every flow begins. */
  readonly registerSeq: number;
  /** SHA-256, lower-case hex. */
  readonly digest: Digest;
  /** Who draws power from whom. */
  readonly tree: Tree;
  readonly budget: Budget;
  readonly stopping: AbortSignal;
  /** What was last seen of each node that was worked on; kept when the apply ends, for `status`. */
  readonly seen: Map<string, Observation>;
}

/** One node on its way: its lease, its driver, what was last seen of it. */
export interface Flow {
  readonly context: ApplyContext;
  readonly node: FleetNode;
  readonly plan: NodePlan;
  readonly grant: Grant;
  readonly driver: Driver;
  /** The register entry under which it runs: a later one once it was judged by that. */
  registerSeq: number;
  /** The newest reading of each facet. */
  observation: Observation;
  /** The session that mutating acts go through; null before it is opened. */
  session: string | null;
  /** True once `session.open` was answered, also where the BMC has no sessions. */
  opened: boolean;
  /** A graceful stop was pressed before a crash and its time is over: it is not pressed again. */
  softOffSpent: boolean;
  /** The list that is open has powered the node on here: children that are on came on with it. */
  broughtUp: boolean;
  /** The planned step that is under way; null before the first and after the last. */
  step: string | null;
}

/** What a step came to. */
export type StepEnd =
  | { readonly kind: "done" }
  /** Nothing is wrong: it goes on when somebody says so. */
  | { readonly kind: "waiting"; readonly message: string }
  /** A person wants to stop; the next apply goes on. */
  | { readonly kind: "interrupted"; readonly message: string }
  /** `at` is the entry of a list that ran; null for a plain step. */
  | { readonly kind: "failed"; readonly why: Failure; readonly at: string | null };

/** What is told with an event of a flow. */
export interface Told {
  readonly code?: string | null;
  readonly step?: string | null;
  readonly action?: string;
  readonly impact?: string;
  readonly durationMs?: number;
}

/** Whose event it is: the node, its lease where it is ours, the step where one is under way. */
export interface At {
  readonly context: ApplyContext;
  readonly node: { readonly name: string };
  readonly grant: Grant | null;
  readonly step?: string | null;
}

/** Says what happens, with everything that a pipeline needs to find it again. */
export function tell(
  { context, node, grant, step: underWay = null }: At,
  event: EventName,
  message: string,
  told: Told = {},
): void {
  const { code = null, step = underWay, ...rest } = told;
  context.emit({
    time: instantText(context.clock.now()),
    code,
    event,
    node: node.name,
    step,
    commit: context.plan.commit,
    instance: context.store.incarnation.name,
    fence: grant?.fence ?? null,
    message,
    ...rest,
  });
}

/** Joins a newer reading to what is known: the newest of each facet counts. */
export function joinReading(flow: Flow, newer: Observation): void {
  if (newer.unreachable !== null) {
    flow.observation = { ...flow.observation, unreachable: newer.unreachable };
    return;
  }
  const { capabilities } = newer;
  flow.observation = {
    ...flow.observation,
    ...newer,
    capabilities:
      Object.keys(capabilities).length > 0 ? capabilities : flow.observation.capabilities,
    facets: { ...flow.observation.facets, ...newer.facets },
  };
}

/**
 * Why an act that runs on the machine is not waited for any longer: its intent stays open, and the next apply looks
 * first what it came to.
 */
export function leftRunning(what: string): Failure {
  return failure("waiting", LEFT, `left running: ${what}; apply again to go on`);
}

/** The code of an act that was left running. */
export const LEFT = "IW-A08";

/** Codes by which a stop, a hold, a moved register, a parent, a child or a lost lease keeps an act from being sent, or seen to its end. */
const WITHHELD = new Set([
  "IW-P01",
  "IW-P11",
  "IW-P17",
  "IW-P28",
  "IW-P32",
  "IW-L01",
  "IW-L02",
  "IW-L03",
  LEFT,
]);

/** True when somebody said no, rather than something broke. */
export function isWithheld(why: Failure): boolean {
  return WITHHELD.has(why.code);
}
