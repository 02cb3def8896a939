import { askedIn, isActId, requestText } from "../../schemas/person-act.ts";
import { gravest } from "../../schemas/impact.ts";
import type { Blocked, FlowEntry, Step } from "../../schemas/plan.ts";
import type { ErasedPart } from "../../schemas/steps.ts";
import { erasedBy, knownDisks } from "./erases.ts";
import type { Draft, NodeView } from "./facets/facet.ts";
import { RANKS } from "./facets/facet.ts";
import { type FlowStep, isFlowStep } from "./flow-cursor.ts";
import { type Resolving, resolveList } from "./flow-gate.ts";
import { isBlocked } from "./flows/flow.ts";
import { nextState } from "./machine.ts";
import { nameOf } from "./steps/step-list.ts";

/** What is to be done about a move that is under way: gone on with, ended, or waited for. */
export interface UnderWay {
  readonly drafts: readonly Draft[];
  readonly blocked: readonly Blocked[];
}

/** Seconds for what only the record takes. */
const RECORD_SECONDS = 60;

/**
 * While a move is open every facet belongs to it. It is gone on with under the word that was given when it
 * began, as long as that word stands in git; it stands at a hold until a request says unhold; a request may abort it.
 */
export function underWay(view: NodeView): UnderWay | null {
  const { record, requests } = view;
  const { activity } = record;
  if (activity === null) return null;
  const { step } = activity;
  if (step === null || step.flow === undefined) return { drafts: [], blocked: [stuck(view)] };
  const due = (action: string): string | null =>
    requests.find(({ request, verdict }) => verdict === "due" && request.action === action)?.request
      .id ?? null;
  const asked = due("abort");
  const abort = asked !== null && canAbort(record) ? asked : null;
  if (abort !== null) return { drafts: [abortDraft(view, abort)], blocked: [] };
  const unhold = due("unhold");
  const held = record.provisionState.endsWith(" hold");
  if (held && outOfTime(view)) return { drafts: [abortDraft(view, null)], blocked: [] };
  const withdrawn = withoutRequest(view);
  if (withdrawn !== null) return { drafts: [], blocked: [withdrawn] };
  if (held) return onHold(view, step, unhold);
  const refused = asked === null ? [] : [notAborted(view, asked)];
  return { drafts: [resumed(view, step, null)], blocked: refused };
}

/** At a `hold` step it stands until somebody says unhold; at a gate until a plan names what was learnt. */
function onHold(view: NodeView, step: Step, unhold: string | null): UnderWay {
  const gate = view.record.activity?.gate ?? null;
  if (gate !== null && isFlowStep(step)) return atGate(view, step, unhold);
  if (unhold === null) return { drafts: [], blocked: [standing(view)] };
  return { drafts: [resumed(view, step, unhold)], blocked: [] };
}

/** A verify and a tear-down have no edge by which they could be cut off: they go on to their end. A reboot needs none. */
export function canAbort({ provisionState, activity }: NodeView["record"]): boolean {
  return isReboot(activity) || nextState(provisionState, "abort") !== null;
}

/** True for a reboot that is under way: it moves no state. */
export function isReboot(activity: NodeView["record"]["activity"]): boolean {
  return activity?.step?.action === "power.reboot";
}

function notAborted({ record }: NodeView, request: string): Blocked {
  return {
    kind: "request",
    code: "IW-P22",
    message: `${requestText({ id: request, action: "abort" })} does not run: a node that is ${record.provisionState} can't be aborted; the next apply goes on with it`,
  };
}

/** What git no longer asks for goes no further: the word that it was begun with was taken back. */
function withoutRequest({ node, record }: NodeView): Blocked | null {
  const { flow, request } = record.activity ?? { flow: "", request: null };
  const stands = node.spec.requests?.some(({ id }) => id === request) === true;
  // What a person asked for was never git's to take back.
  if (request === null || stands || isActId(request)) return null;
  return {
    kind: "request",
    code: "IW-P22",
    message: `${flow} is under way as the request ${request} asked, and git no longer holds that request; to go on: put it back with its id; to end it: requests: [ { id: ..., action: abort, expires: ... } ]`,
  };
}

/** What its ramdisk has named is laid over the list, with its disks by name: a plan of its own, to be approved. */
function atGate(view: NodeView, step: FlowStep, request: string | null): UnderWay {
  const { record, settings } = view;
  const { activity, ramdisk } = record;
  if (activity === null || ramdisk === null) return { drafts: [], blocked: [stuck(view)] };
  const named = resolveAnew(view, { step, at: activity, ramdisk, settings });
  if ("message" in named) return { drafts: [], blocked: [named] };
  const draft = resumed(view, { ...step, flow: { ...step.flow, entries: named } }, request);
  const { entry, act } = activity;
  const why = `past its gate: ${activity.gate ?? ""}; ${draft.why}`;
  const acts = named.flatMap((one) => one.acts);
  const seconds = acts.reduce((sum, { timeoutSeconds }) => sum + timeoutSeconds, 0);
  const timeoutSeconds = Math.max(draft.timeoutSeconds, seconds);
  const resumes = { entry, act, gate: true } as const;
  return { drafts: [{ ...draft, why, timeoutSeconds, resumes }], blocked: [] };
}

/** The list with the disks that its ramdisk's steps would touch, or why they can't be named. */
function resolveAnew(view: NodeView, from: Resolving): readonly FlowEntry[] | Blocked {
  const { unnamed } = resolveList(from, () => null);
  // As in a plan of the whole list: what writes the root disk bounds what else is erased.
  const left = from.step.flow.entries.slice(from.at.entry);
  const parts = [...left, ...unnamed].flatMap(({ erases }) => erases ?? []);
  const erased = erasedBy(
    view,
    parts.map((erases) => ({ offer: { erases } })),
    "goes on where it stood",
  );
  if (isBlocked(erased)) return erased;
  if (erased.needsDisks)
    return {
      kind: "gate",
      code: "IW-P18",
      message: `its disks are not known, and ${unnamed.map(nameOf).join(", ")} of its ramdisk would erase them; to end it: requests: [ { id: ..., action: abort, expires: ... } ], and then an inspection`,
    };
  return resolveList(from, () => erased.serials).entries;
}

function resumed(view: NodeView, step: Step, request: string | null): Draft {
  const { activity } = view.record;
  const entry = activity?.entry ?? 0;
  const act = activity?.act ?? 0;
  const left = (step.flow?.entries ?? []).slice(entry);
  const next = left[0];
  const where =
    next === undefined
      ? "all of its steps are done"
      : `at ${nameOf(next)}, ${left.length} of ${step.flow?.entries.length ?? 0} left`;
  const { act: action, after, timeoutSeconds, flow } = step;
  return {
    action,
    // What is done is done: only what is left can still interrupt or erase. An undeploy gives the workload up at its end.
    impact:
      step.act.verb === "provision.undeploy"
        ? "destructive"
        : gravest(left.map(({ impact }) => impact)),
    before: {},
    after,
    timeoutSeconds,
    why: `goes on where it stood: ${where}`,
    rank: RANKS.provision,
    resumes: { entry, act },
    ...(flow === undefined ? {} : { flow }),
    ...lostStill(view, left),
    ...(request === null ? {} : { request }),
  };
}

/** The disks that what is left would touch, by the serials that were approved. */
function lostStill(view: NodeView, left: readonly FlowEntry[]): Pick<Draft, "erases"> {
  const acts = left.flatMap((entry) => entry.acts);
  const serials = new Set(
    acts.flatMap(({ act }) => (act.verb === "step.run" ? (act.disks ?? []) : [])),
  );
  if (serials.size === 0) return {};
  const known = knownDisks(view) ?? [];
  const erases = [...serials].map((serial) => {
    const disk = known.find((one) => one.serial === serial);
    return {
      disk: disk?.name ?? "disk",
      serial,
      sizeBytes: disk?.sizeBytes ?? null,
      cause: "goes on where it stood",
      part: gravestPart(left, serial),
    };
  });
  return { erases };
}

/** The most that is taken from one disk: all of it is more than its metadata. */
function gravestPart(left: readonly FlowEntry[], serial: string): ErasedPart {
  const parts = left
    .filter(({ acts }) =>
      acts.some(({ act }) => act.verb === "step.run" && act.disks?.includes(serial) === true),
    )
    .flatMap(({ erases }) => erases ?? []);
  const order = ["root", "full", "metadata"] as const;
  return order.find((part) => parts.includes(part)) ?? "metadata";
}

/** A hold may be bounded by the settings; without a bound it stands for ever. */
function outOfTime({ record, settings, now }: NodeView): boolean {
  const { holdSeconds } = settings.timeouts;
  const since = record.activity?.enteredAt ?? now;
  return holdSeconds > 0 && now - since > holdSeconds * 1000;
}

/** `request` is null when a hold ran out of time. */
export function abortDraft({ record }: NodeView, request: string | null): Draft {
  const { activity, provisionState } = record;
  const what = isReboot(activity) ? "the reboot that is under way" : provisionState;
  return {
    action: { verb: "provision.abort" },
    impact: "none",
    before: {},
    after: {},
    timeoutSeconds: RECORD_SECONDS,
    why:
      request === null
        ? `${record.provisionState} ran out of time (timeouts.holdSeconds)`
        : `${askedIn(request)}: ${what} is ended as its running step allows`,
    rank: RANKS.provision,
    ...(request === null ? {} : { request }),
  };
}

function standing({ record, node }: NodeView): Blocked {
  return {
    kind: "activity",
    code: "IW-P12",
    message: `it stands at ${record.provisionState}; to go on: ironwright node unhold ${node.name}, or requests: [ { id: ..., action: unhold, expires: ... } ]; to end it, the same with abort`,
  };
}

function stuck({ record }: NodeView): Blocked {
  return {
    kind: "activity",
    code: "IW-P12",
    message: `${record.activity?.flow ?? "a move"} is under way since plan ${record.activity?.planId.slice(7, 15) ?? "?"}`,
  };
}
