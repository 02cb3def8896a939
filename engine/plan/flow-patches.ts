import type { Failure } from "../../schemas/failure.ts";
import { gravest } from "../../schemas/impact.ts";
import type { FlowPlan, Step } from "../../schemas/plan.ts";
import type { ProvisionState } from "../../schemas/provision-state.ts";
import type { Activity, Ending, NodeRecord, RecordPatch } from "../../schemas/record.ts";
import { actAt, type Cursor, cursorAfter, type FlowStep, openList } from "./flow-cursor.ts";
import { nextState, TRANSITIONS } from "./machine.ts";

/** What a list says of itself when it begins. */
export interface Beginning {
  /** Names this run for ever; no other run of any node has it. */
  readonly id: string;
  readonly planId: string;
  readonly registerSeq: number;
  readonly commit: string | null;
  readonly authority: { readonly who: string; readonly ceiling: string };
}

/** Where an event leads; an edge that is not in the table is a bug. */
export function moved(from: ProvisionState, event: string): ProvisionState {
  const to = nextState(from, event);
  if (to === null) throw new Error(`the machine has no edge from ${from} by ${event}`);
  return to;
}

/** The other end of an edge, whatever its event; an edge that is not in the table is a bug. */
function entered(from: ProvisionState, to: ProvisionState): ProvisionState {
  if (!TRANSITIONS.some((edge) => edge.from === from && edge.to === to))
    throw new Error(`the machine has no edge from ${from} to ${to}`);
  return to;
}

/** Of a waiting state the one that works; all others are their own. */
function awake(state: ProvisionState): ProvisionState {
  return nextState(state, "resume") ?? state;
}

/** The list begins: its state, the step as it was approved, its request used for ever. */
export function begun(
  record: NodeRecord,
  step: FlowStep,
  beginning: Beginning,
  now: number,
): RecordPatch {
  const { via } = step.flow;
  const { id, ...rest } = beginning;
  const state = via === null ? record.provisionState : entered(record.provisionState, via);
  return {
    ...inState(record, state, now),
    activity: {
      flow: step.action,
      id,
      ...rest,
      stepId: step.id,
      startedAt: now,
      request: step.request ?? null,
      step,
      entry: 0,
      act: 0,
      abortAfter: false,
      enteredAt: now,
      ending: null,
      gate: null,
    },
    ...used(step.request, { action: step.action, at: now, commit: rest.commit, outcome: "begun" }),
    revision: record.revision + 1,
  };
}

/** An act is about to be done: the state that its entry works or waits in, and the cursor at it. */
export function intending(record: NodeRecord, cursor: Cursor, now: number): RecordPatch {
  const { activity, step } = openList(record);
  const at = actAt(step, cursor);
  if (at === null) throw new Error("the list is at its end");
  const from = record.provisionState;
  const state = stateFor(from, at.entry.enters, at.act.waits && step.flow.via !== null);
  const patch = inState(record, state, now);
  const stays = cursor.entry === activity.entry && cursor.act === activity.act;
  return stays ? patch : { ...patch, activity: { ...patch.activity, ...cursor } };
}

function stateFor(
  from: ProvisionState,
  enters: ProvisionState | undefined,
  waits: boolean,
): ProvisionState {
  const working = awake(from);
  const base = enters === undefined || enters === working ? working : entered(working, enters);
  if (!waits) return base;
  // Where the machine has no waiting state, the node works while it waits.
  return nextState(base, "wait") ?? base;
}

/** The act was seen to be done: what waited works again, and the cursor is past it. */
export function advanced(record: NodeRecord, cursor: Cursor, now: number): RecordPatch {
  const { step } = openList(record);
  const state = step.flow.via === null ? record.provisionState : awake(record.provisionState);
  const patch = inState(record, state, now);
  return { ...patch, activity: { ...patch.activity, ...cursorAfter(step, cursor) } };
}

/** The act was not done, and the list goes on with it later: nothing is waited for meanwhile. */
export function putOff(record: NodeRecord, now: number): RecordPatch {
  const direct = openList(record).step.flow.via === null;
  return direct ? {} : inState(record, awake(record.provisionState), now);
}

/** The list stands at a `hold` step, past it. */
export function held(record: NodeRecord, now: number): RecordPatch {
  const { activity, step } = openList(record);
  const patch = inState(record, moved(record.provisionState, "hold"), now);
  return {
    ...patch,
    activity: { ...patch.activity, ...cursorAfter(step, activity) },
    revision: record.revision + 1,
  };
}

/** The list stands at what its ramdisk has named, until a plan names that too. */
export function gated(record: NodeRecord, why: string, now: number): RecordPatch {
  const patch = inState(record, moved(record.provisionState, "hold"), now);
  return { ...patch, activity: { ...patch.activity, gate: why }, revision: record.revision + 1 };
}

/** What a plan says that names what its ramdisk has named. */
export interface NamedAnew {
  readonly step: FlowStep;
  readonly planId: string;
  readonly commit: string | null;
  readonly authority: Beginning["authority"];
}

/** Somebody approved a plan that names it: the list is pinned anew, from where it stands. */
export function namedAnew(
  record: NodeRecord,
  { step: said, planId, commit, authority }: NamedAnew,
  now: number,
): RecordPatch {
  const { activity, step } = openList(record);
  const { impact, flow } = said;
  const entries = { ...step.flow, entries: flow.entries };
  const pinned = { ...step, impact: gravest([step.impact, impact]), flow: entries };
  const on = unheld(record, said.request, commit, now);
  const opened = { ...on.activity, step: pinned, planId, authority: { ...authority }, gate: null };
  return { ...on, activity: { ...opened, enteredAt: now, entry: activity.entry } };
}

/** Somebody said unhold. */
export function unheld(
  record: NodeRecord,
  request: string | undefined,
  commit: string | null,
  now: number,
): RecordPatch {
  return {
    ...inState(record, moved(record.provisionState, "unhold"), now),
    ...used(request, { action: "unhold", at: now, commit, outcome: "done" }),
    revision: record.revision + 1,
  };
}

/** True where the table knows `hold` states by their way out. */
export function isHeldState(state: ProvisionState): boolean {
  return nextState(state, "unhold") !== null;
}

/** An abort was asked for: at once, or once the entry that runs and can't be cut off is done. */
export function abortAsked(
  record: NodeRecord,
  asked: { readonly step: Step; readonly commit: string | null; readonly at: "once" | "entry" },
  now: number,
): RecordPatch {
  const { step, commit, at } = asked;
  return {
    activity: at === "once" ? { ending: abortEnding(record) } : { abortAfter: true },
    ...used(step.request, { action: "provision.abort", at: now, commit, outcome: "done" }),
    revision: record.revision + 1,
  };
}

/** How a list ends that was aborted. */
export function abortEnding({ activity }: NodeRecord): Ending {
  const message = `${activity?.flow ?? "it"} was aborted`;
  return { event: "abort", code: "IW-A06", message, step: null };
}

/** How a list ends because an act of it did; durable before the machine is put back. */
export function failEnding(why: Failure, step: string | null): Ending {
  return { event: "fail", code: why.code, message: why.message, step };
}

/** How a list that did not come to its own end leaves the machine, and under which declaration. */
export interface LeftAs {
  /** What could not be put back; null when all was. */
  readonly left: string | null;
  readonly specHash: string;
}

/** The end of a list that did not come to its own. */
export function endedBadly(
  record: NodeRecord,
  { left, specHash }: LeftAs,
  now: number,
): RecordPatch {
  const { activity, step } = openList(record);
  const { ending } = activity;
  if (ending === null) throw new Error("the list has no reason to end");
  const { event, code } = ending;
  const message = left === null ? ending.message : `${ending.message}; then ${left}`;
  const direct = step.flow.via === null;
  const state = direct ? record.provisionState : moved(record.provisionState, event);
  const kind = faultOf(state, ending, left);
  const { bind } = step.flow;
  return {
    ...inState(record, state, now),
    activity: null,
    lastError: { at: now, code, message, step: ending.step },
    ...(kind === null ? {} : { fault: { kind, message, at: now, specHash } }),
    ...(bind === undefined || event === "abort" ? {} : { deployTries: triedAgain(record, bind) }),
    ...outcomeOf(record, activity, event === "abort" ? "aborted" : code),
    revision: record.revision + 1,
  };
}

function triedAgain({ deployTries }: NodeRecord, bind: string): NodeRecord["deployTries"] {
  return { bind, count: deployTries?.bind === bind ? deployTries.count + 1 : 1 };
}

/** Faults as Ironic sets them: only where a step had begun, and where a rescue could not be taken back. */
function faultOf(state: ProvisionState, ending: Ending, left: string | null): string | null {
  const { event, step } = ending;
  if (event === "abort")
    return state === "rescue failed" && left !== null ? "rescue abort failure" : null;
  if (step === null) return null;
  if (state === "clean failed") return "clean failure";
  return state === "service failed" ? "service failure" : null;
}

/** The list is done: the state that was approved with it, and what it has learnt and made. */
export function finished(record: NodeRecord, learnt: RecordPatch, now: number): RecordPatch {
  const { activity, step } = openList(record);
  const { flow } = step;
  const state = flow.via === null ? record.provisionState : awake(record.provisionState);
  const { instance, ...results } = resultsOf(flow);
  const by = activity.authority?.who ?? "";
  return {
    ...results,
    ...(instance === undefined ? {} : { instance: stamped(instance, activity, by, now) }),
    ...learnt,
    ...inState(record, arrived(state, flow.to), now),
    activity: null,
    fault: null,
    lastError: null,
    retryAt: null,
    ...outcomeOf(record, activity, "done"),
    revision: record.revision + 1,
  };
}

/** The ways in which a list can end well, in events; an undeploy without a clean passes through it. */
const ENDS: readonly (readonly string[])[] = [
  ["done"],
  ["manage"],
  ["clean", "done"],
  ["clean", "manage"],
];

/** The state that was pinned when the list began: no pause on the way can change where it ends. */
function arrived(from: ProvisionState, to: ProvisionState): ProvisionState {
  // A list that moves no state, such as a reboot.
  if (from === to) return to;
  const walk = (events: readonly string[]): ProvisionState | null =>
    events.reduce<ProvisionState | null>(
      (state, event) => (state === null ? null : nextState(state, event)),
      from,
    );
  return ENDS.some((events) => walk(events) === to) ? to : entered(from, to);
}

/** Fields of the record by name, as the planner has decided them. */
function resultsOf({ results }: FlowPlan): RecordPatch {
  return results;
}

function stamped(
  instance: NodeRecord["instance"],
  { commit }: Activity,
  by: string,
  now: number,
): NodeRecord["instance"] {
  return instance === null ? null : { ...instance, since: now, commit, by };
}

function inState(record: NodeRecord, provisionState: ProvisionState, now: number): RecordPatch {
  if (provisionState === record.provisionState) return {};
  return {
    provisionState,
    stateSince: now,
    ...(record.activity === null ? {} : { activity: { enteredAt: now } }),
  };
}

type Used = NodeRecord["usedRequests"][string];

function used(request: string | undefined, use: Used): RecordPatch {
  return request === undefined ? {} : { usedRequests: { [request]: use } };
}

function outcomeOf(
  { usedRequests }: NodeRecord,
  { request }: Activity,
  outcome: string,
): RecordPatch {
  const use = request === null ? undefined : usedRequests[request];
  return request === null || use === undefined
    ? {}
    : { usedRequests: { [request]: { ...use, outcome } } };
}
