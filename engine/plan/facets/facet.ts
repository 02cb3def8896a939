import { type Action, formatOf } from "../../../schemas/action.ts";
import type { Impact } from "../../../schemas/impact.ts";
import type { DriftWord, Identity } from "../../../schemas/documents.ts";
import type { Fleet, FleetNode } from "../../../schemas/fleet.ts";
import type { Observation, ObservedFacet } from "../../../schemas/observation.ts";
import type { PersonAct } from "../../../schemas/person-act.ts";
import type { Blocked, Erase, FacetName, FlowPlan, Gate, Step } from "../../../schemas/plan.ts";
import type { ProvisionState } from "../../../schemas/provision-state.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import type { Settings } from "../../../schemas/settings.ts";
import { kindOf } from "../machine.ts";
import type { Contradicted } from "../contradicted-traits.ts";
import type { Digest } from "../plan-id.ts";
import type { JudgedRequest } from "../requests.ts";
import type { Offers } from "../steps/offers-of.ts";

/** A node of this store with the machine that it is. */
export interface KnownMachine {
  readonly name: string;
  readonly uuid: string | null;
  readonly identity: Partial<Identity>;
  /** False for an orphan: nobody speaks for it but its record. */
  readonly declared: boolean;
  readonly protected: boolean;
  /** True where its record says that a workload is on its disks. */
  readonly inService: boolean;
}

/** All that is known of one node while it is planned. */
export interface NodeView {
  /** Without the traits that its hardware contradicts. */
  readonly node: FleetNode;
  readonly contradicted: readonly Contradicted[];
  /** As stored, or as the declaration and the machine's own word let it be seen (`seeRecord`). */
  readonly record: NodeRecord;
  readonly observation: Observation | undefined;
  /** Where provisioning is to end, in Ironic's word. */
  readonly target: ProvisionState;
  readonly settings: Settings;
  readonly now: number;
  /** The interfaces that it composes, and what each offers. */
  readonly offers: Offers;
  readonly templates: Fleet["templates"];
  readonly runbooks: Fleet["runbooks"];
  readonly requests: readonly JudgedRequest[];
  /** What a person asks of it at the command line; then nothing else is planned. */
  readonly act: PersonAct | null;
  /** True when a person gave the machine up to be erased with this plan. */
  readonly claimed: boolean;
  /** True where the store was made anew or restored: what was agreed with the hardware before is lost. */
  readonly remade: boolean;
  /** The format that the store is written in: engines of it must know every act. */
  readonly format: number;
  /** True when the machine that answers was in the inventory when the store was made, or in a record that was forgotten. */
  readonly wasHere: boolean;
  /** The Image that it names was applied with another content; null where it was not. */
  readonly imageMoved: {
    readonly node: string;
    readonly checksum: string;
    readonly at: number | null;
  } | null;
  /** MACs that other nodes' records still have: with the name of each. */
  readonly macsElsewhere: (mac: string) => string | null;
  /** What else in this store is the machine that answers, the declared ones first. */
  readonly others: readonly KnownMachine[];
  /** The register entry under which this plan would run. */
  readonly seq: number;
  readonly digest: Digest;
}

/** One difference inside a facet. */
export interface Difference {
  /** JSON pointer below `spec`. */
  readonly path: string;
  readonly desired: unknown;
  /** Null when unset. */
  readonly observed: unknown;
}

/** How desired and observed compare. */
export type Comparison =
  | { readonly kind: "undeclared" }
  | { readonly kind: "same"; readonly desired: unknown }
  | { readonly kind: "suspended"; readonly why: string }
  | { readonly kind: "unknown"; readonly desired: unknown; readonly why: string }
  | {
      readonly kind: "differs";
      readonly desired: unknown;
      readonly differences: readonly Difference[];
    };

/** One step before it has a number. */
export interface Draft {
  readonly action: Action;
  readonly impact: Impact;
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
  readonly timeoutSeconds: number;
  readonly why: string;
  /** Steps of a node run in order of rank, then in the order in which they were drafted. */
  readonly rank: number;
  readonly mayNotBoot?: boolean;
  readonly fallback?: Action;
  /** For a move of the provision state machine. */
  readonly flow?: FlowPlan;
  /** The request that it uses up. */
  readonly request?: string;
  readonly erases?: readonly Erase[];
  /** What it learns, and what may follow. */
  readonly gates?: readonly Gate[];
  /** Nothing after it is planned: what follows must be named first. */
  readonly endsPlan?: true;
  readonly resumes?: Step["resumes"];
}

/** The order of `contract` 2: credentials, settings that need a power-on, provision, boot device, power. */
export const RANKS = {
  guard: 0,
  verify: 1,
  settings: 2,
  provision: 3,
  bootDevice: 4,
  power: 5,
  request: 6,
} as const;

/** What closes a difference. */
export type Closing =
  | {
      readonly kind: "steps";
      readonly drafts: readonly Draft[];
      /** What the machine takes over only at its next power-on. */
      readonly staged?: string;
    }
  /** Written into the record by apply; nothing goes over the wire. */
  | { readonly kind: "record"; readonly patch: Partial<NodeRecord> }
  /** Known and waiting for a person's request. */
  | { readonly kind: "staged"; readonly until: string; readonly why: string }
  /** Nothing does, and that is meant. */
  | { readonly kind: "nothing"; readonly why: string }
  | { readonly kind: "blocked"; readonly blocked: Blocked };

/**
 * One comparable aspect of a node. A new facet is a new file of this shape and a row in `all-facets.ts`.
 */
export interface Facet {
  readonly name: FacetName;
  /** What must be read for it. */
  readonly observes: readonly ObservedFacet[];
  compare(view: NodeView): Comparison;
  /** What is done about drift where the node does not say. */
  driftDefault(record: NodeRecord): DriftWord;
  close(view: NodeView, difference: Difference): Closing;
  /** The current value, in the words of a step's `before` and `after`; undefined when it is unknown. */
  value(observation: Observation | undefined, record: NodeRecord): unknown;
}

/** Why a facet is left alone while provisioning owns the machine; null when it does not. */
export function suspendedBy(record: NodeRecord): string | null {
  const { provisionState: state } = record;
  if (state !== "rescue" && kindOf(state) !== "transient") return null;
  return `suspended while the node is ${state}`;
}

/** Why a facet could not be read, in one clause. */
export function whyUnknown(observation: Observation | undefined, facet: ObservedFacet): string {
  if (observation === undefined) return "it was not observed";
  const reading = observation.facets[facet];
  if (reading === undefined || reading.known) return "the BMC does not report it";
  return reading.why?.message ?? "the BMC does not report it";
}

/** Why an act is not done while engines that do not know it share the store; null where all know it. */
export function unknownToOthers(
  { format }: Pick<NodeView, "format">,
  verb: string,
): Blocked | null {
  if (formatOf(verb) <= format) return null;
  const message = `the store is written in format ${format}, for engines of the version before, which don't know ${verb}; once none is needed: ironwright migrate store`;
  return { kind: "unsupported", code: "IW-P33", message };
}

/** The hardware says that it can't. */
export function unsupported(message: string): Closing {
  return { kind: "blocked", blocked: { kind: "unsupported", code: "IW-P13", message } };
}

/** The rules of the field allow it in other states. */
export function notInThisState(path: string, why: string): Closing {
  const what = path.slice(1).replaceAll("/", ".");
  const message = `${what} stays as it is: ${why}`;
  return { kind: "blocked", blocked: { kind: "state", code: "IW-P23", message } };
}

/** This version can't. */
export function notBuilt(message: string): Closing {
  return { kind: "blocked", blocked: { kind: "not-built", code: "IW-P08", message } };
}

/** Power and boot are held to the declaration by default only where we installed what runs. */
export function enforceOwnDeploys(record: NodeRecord): DriftWord {
  return record.instance?.origin === "deployed" ? "enforce" : "report";
}
