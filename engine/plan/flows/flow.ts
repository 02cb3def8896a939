import type { ProvisionVerb } from "../../../schemas/action.ts";
import type { Impact } from "../../../schemas/impact.ts";
import type { Blocked, Erase, FlowEntry, RamdiskTerms } from "../../../schemas/plan.ts";
import type { NodeView } from "../facets/facet.ts";
import type { Move } from "../machine.ts";
import type { JudgedRequest } from "../requests.ts";
import { AT_COMMAND_LINE, isActId } from "../../../schemas/person-act.ts";
import { placeText } from "../../../schemas/diagnostic.ts";
import { type FleetNode, originOf } from "../../../schemas/fleet.ts";
import type { ListedStep, StepList, Where } from "../steps/step-list.ts";

/** What one move would do to one node. */
export interface FlowDraft {
  readonly entries: readonly FlowEntry[];
  readonly impact: Impact;
  /** What the machine is left as, by facet. */
  readonly ends: Readonly<Record<string, unknown>>;
  /** What the record says once it is done, besides the state. */
  readonly results: Readonly<Record<string, unknown>>;
  readonly erases: readonly Erase[];
  readonly why: string;
  /** True when its disks can only be named once the node was inspected: nothing after the inspection is planned yet. */
  readonly needsDisks?: true | undefined;
  /** For a list whose ramdisk may name steps. */
  readonly ramdisk?: RamdiskTerms | undefined;
}

/** Every verb of the provision state machine is a file of this shape. */
export interface Flow {
  readonly verb: ProvisionVerb;
  /** The list for this node, or why it can't be made. `request` is the one that asks for it, where one does. */
  draft(view: NodeView, move: Move, request: JudgedRequest | null): FlowDraft | Blocked;
}

/** True for the reason why a list can't be made. */
export function isBlocked(draft: object): draft is Blocked {
  return "message" in draft;
}

/** A move that only writes the record. */
export function recordOnly(why: string, results: FlowDraft["results"] = {}): FlowDraft {
  return { entries: [], impact: "none", ends: {}, results, erases: [], why };
}

/** The steps of a list that has no errors; else the first of them, with its place. */
export function checkedList(
  { steps, findings }: StepList,
  node: FleetNode,
): readonly ListedStep[] | Blocked {
  const wrong = findings.find(({ severity }) => severity === "error");
  if (wrong === undefined) return steps;
  const kind = wrong.code === "IW-P08" ? "not-built" : "unsupported";
  return cannot(kind, wrong.code, `${wrong.message} (${placeOf(wrong.where, node)})`);
}

/** Where a document says it: `inventory/n1.yaml:8`, or the other document that the node's list comes from. */
function placeOf({ kind, name, pointer }: Where, node: FleetNode): string {
  const [, index = ""] = /^\/requests\/(\d+)/.exec(pointer) ?? [];
  const request = kind === "Node" && index !== "" ? node.spec.requests?.[Number(index)] : undefined;
  if (request !== undefined && isActId(request.id)) return AT_COMMAND_LINE;
  if (kind === "Node") return placeText(originOf(node, pointer), false);
  return `${kind} ${name}, at ${pointer}`;
}

/** Why a list can't be made. */
export function cannot(kind: Blocked["kind"], code: string, message: string): Blocked {
  return { kind, code, message };
}
