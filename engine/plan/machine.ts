import type { ProvisionVerb } from "../../schemas/action.ts";
import type { ProvisionState } from "../../schemas/provision-state.ts";

/** stable: a place of rest. transient: work is going on. failed: work ended badly and waits. */
export type StateKind = "stable" | "transient" | "failed";

/** One provision state, with the state that it is on its way to. */
export interface MachineState {
  readonly name: ProvisionState;
  readonly kind: StateKind;
  /** Ironic's default target; null where a state is its own place of rest. */
  readonly target: ProvisionState | null;
}

/** One edge: in `from`, `event` leads to `to`. `ours` marks what Ironic's table does not have. */
export interface Transition {
  readonly from: ProvisionState;
  readonly event: string;
  readonly to: ProvisionState;
  readonly ours: boolean;
  /** Why we added it; null for Ironic's own. */
  readonly why: string | null;
}

function state(name: ProvisionState, kind: StateKind, target: ProvisionState | null): MachineState {
  return { name, kind, target };
}

/** Ironic's 30 provision states (ironic/common/states.py), with default targets. */
export const STATES: readonly MachineState[] = [
  state("enroll", "stable", null),
  state("verifying", "transient", "manageable"),
  state("manageable", "stable", null),
  state("available", "stable", null),
  state("active", "stable", null),
  state("error", "stable", null),
  state("rescue", "stable", null),
  state("deploying", "transient", "active"),
  state("wait call-back", "transient", "active"),
  state("deploy hold", "transient", "active"),
  state("deploy failed", "failed", "active"),
  state("deleting", "transient", "available"),
  state("cleaning", "transient", "available"),
  state("clean wait", "transient", "available"),
  state("clean hold", "transient", "available"),
  state("clean failed", "failed", "available"),
  state("inspecting", "transient", "manageable"),
  state("inspect wait", "transient", "manageable"),
  state("inspect failed", "failed", "manageable"),
  state("adopting", "transient", "active"),
  state("adopt failed", "failed", "active"),
  state("rescuing", "transient", "rescue"),
  state("rescue wait", "transient", "rescue"),
  state("rescue failed", "failed", "rescue"),
  state("unrescuing", "transient", "active"),
  state("unrescue failed", "failed", "active"),
  state("servicing", "transient", "active"),
  state("service wait", "transient", "active"),
  state("service hold", "transient", "active"),
  state("service failed", "failed", "active"),
];

type Row = readonly [from: ProvisionState, event: string, to: ProvisionState];

/** Ironic's 93 transitions (ironic/common/state_machine.py), in its order. */
const IRONIC: readonly Row[] = [
  ["verifying", "done", "manageable"],
  ["verifying", "fail", "enroll"],
  ["deploying", "fail", "deploy failed"],
  ["deploying", "wait", "wait call-back"],
  ["deploying", "hold", "deploy hold"],
  ["deploying", "done", "active"],
  ["wait call-back", "hold", "deploy hold"],
  ["wait call-back", "resume", "deploying"],
  ["wait call-back", "fail", "deploy failed"],
  ["wait call-back", "abort", "deploy failed"],
  ["wait call-back", "delete", "deleting"],
  ["deploy failed", "rebuild", "deploying"],
  ["deploy failed", "deploy", "deploying"],
  ["deploy failed", "delete", "deleting"],
  ["deploy hold", "unhold", "wait call-back"],
  ["deploy hold", "abort", "deploy failed"],
  ["cleaning", "done", "available"],
  ["cleaning", "fail", "clean failed"],
  ["cleaning", "wait", "clean wait"],
  ["cleaning", "hold", "clean hold"],
  ["cleaning", "manage", "manageable"],
  ["clean wait", "fail", "clean failed"],
  ["clean wait", "abort", "clean failed"],
  ["clean wait", "hold", "clean hold"],
  ["clean wait", "resume", "cleaning"],
  ["clean failed", "manage", "manageable"],
  ["clean hold", "abort", "clean failed"],
  ["clean hold", "unhold", "clean wait"],
  ["deleting", "fail", "error"],
  ["deleting", "clean", "cleaning"],
  ["inspecting", "done", "manageable"],
  ["inspecting", "fail", "inspect failed"],
  ["inspecting", "wait", "inspect wait"],
  ["inspect failed", "manage", "manageable"],
  ["inspect failed", "inspect", "inspecting"],
  ["inspect wait", "done", "manageable"],
  ["inspect wait", "fail", "inspect failed"],
  ["inspect wait", "abort", "inspect failed"],
  ["inspect wait", "resume", "inspecting"],
  ["adopting", "done", "active"],
  ["adopting", "fail", "adopt failed"],
  ["adopt failed", "adopt", "adopting"],
  ["adopt failed", "manage", "manageable"],
  ["rescuing", "done", "rescue"],
  ["rescuing", "wait", "rescue wait"],
  ["rescuing", "fail", "rescue failed"],
  ["rescue wait", "resume", "rescuing"],
  ["rescue wait", "fail", "rescue failed"],
  ["rescue wait", "abort", "rescue failed"],
  ["rescue wait", "delete", "deleting"],
  ["rescue failed", "rescue", "rescuing"],
  ["rescue failed", "unrescue", "unrescuing"],
  ["rescue failed", "delete", "deleting"],
  ["unrescuing", "done", "active"],
  ["unrescuing", "fail", "unrescue failed"],
  ["unrescue failed", "rescue", "rescuing"],
  ["unrescue failed", "unrescue", "unrescuing"],
  ["unrescue failed", "delete", "deleting"],
  ["servicing", "done", "active"],
  ["servicing", "fail", "service failed"],
  ["servicing", "wait", "service wait"],
  ["servicing", "hold", "service hold"],
  ["service wait", "hold", "service hold"],
  ["service wait", "resume", "servicing"],
  ["service wait", "fail", "service failed"],
  ["service wait", "abort", "service failed"],
  ["service wait", "delete", "deleting"],
  ["service failed", "service", "servicing"],
  ["service failed", "rescue", "rescuing"],
  ["service failed", "wait", "service wait"],
  ["service failed", "hold", "service hold"],
  ["service failed", "delete", "deleting"],
  ["service failed", "abort", "active"],
  ["service hold", "service", "servicing"],
  ["service hold", "unhold", "service wait"],
  ["service hold", "fail", "service failed"],
  ["service hold", "abort", "service failed"],
  ["manageable", "provide", "cleaning"],
  ["manageable", "clean", "cleaning"],
  ["manageable", "inspect", "inspecting"],
  ["manageable", "adopt", "adopting"],
  ["available", "deploy", "deploying"],
  ["available", "manage", "manageable"],
  ["active", "rebuild", "deploying"],
  ["active", "delete", "deleting"],
  ["active", "rescue", "rescuing"],
  ["active", "service", "servicing"],
  ["error", "rebuild", "deploying"],
  ["error", "delete", "deleting"],
  ["rescue", "rescue", "rescuing"],
  ["rescue", "delete", "deleting"],
  ["rescue", "unrescue", "unrescuing"],
  ["enroll", "manage", "verifying"],
];

type OurRow = readonly [...Row, why: string];

/** What Ironic's table lacks: every failed or held state gets a way out that erases nothing. */
const OURS: readonly OurRow[] = [
  ["clean hold", "fail", "clean failed", "a hold can run out of time"],
  ["deploy hold", "fail", "deploy failed", "a hold can run out of time"],
  ["deploying", "abort", "deploy failed", "a stuck worker can be ended"],
  ["cleaning", "abort", "clean failed", "a stuck worker can be ended"],
  ["inspecting", "abort", "inspect failed", "a stuck worker can be ended"],
  ["servicing", "abort", "service failed", "a stuck worker can be ended"],
  ["rescuing", "abort", "rescue failed", "a stuck worker can be ended"],
  ["unrescuing", "abort", "unrescue failed", "a stuck worker can be ended"],
  ["adopting", "abort", "adopt failed", "a stuck worker can be ended"],
  ["servicing", "resume", "servicing", "a second heartbeat is not an error"],
  ["deploy failed", "clean", "cleaning", "an aborted deploy ends in cleaning, not in an error"],
  ["deploy failed", "manage", "manageable", "a way out that deletes nothing"],
  ["error", "manage", "manageable", "a way out that deletes nothing"],
  ["rescue failed", "abort", "active", "the instance was never touched"],
  ["unrescue failed", "abort", "rescue", "the ramdisk still runs"],
  ["adopt failed", "abort", "manageable", "adoption changes nothing on the machine"],
  ["inspect failed", "abort", "manageable", "what was known before still holds"],
];

/** Every edge of the machine: Ironic's 93, then ours. */
export const TRANSITIONS: readonly Transition[] = [
  ...IRONIC.map(([from, event, to]) => ({ from, event, to, ours: false, why: null })),
  ...OURS.map(([from, event, to, why]) => ({ from, event, to, ours: true, why })),
];

const KIND = new Map(STATES.map((s) => [s.name, s.kind]));

/** What kind of state it is. */
export function kindOf(name: ProvisionState): StateKind {
  return KIND.get(name) ?? "stable";
}

/** The event that each provision verb asks for. */
const EVENTS = {
  "provision.manage": "manage",
  "provision.inspect": "inspect",
  "provision.clean": "clean",
  "provision.provide": "provide",
  "provision.adopt": "adopt",
  "provision.deploy": "deploy",
  "provision.rebuild": "rebuild",
  "provision.rescue": "rescue",
  "provision.unrescue": "unrescue",
  "provision.service": "service",
  "provision.undeploy": "delete",
  "provision.abort": "abort",
} as const satisfies Record<ProvisionVerb, string>;

/** Every provision verb, in the order in which a path prefers them when they cost the same. */
export const PROVISION_VERBS: readonly ProvisionVerb[] = Object.keys(EVENTS).filter(isVerb);

function isVerb(name: string): name is ProvisionVerb {
  return Object.hasOwn(EVENTS, name);
}

/** One whole move: a verb asked at a place of rest, and the place of rest where it ends when all goes well. */
export interface Move {
  readonly verb: ProvisionVerb;
  readonly from: ProvisionState;
  /** The transient state on the way; null when the edge is direct. */
  readonly via: ProvisionState | null;
  /** Where it waits for the machine; null where the table has no such state. */
  readonly wait: ProvisionState | null;
  /** Where it stands at a `hold` step; null where the table has none. */
  readonly hold: ProvisionState | null;
  /** Where it ends when it fails; null for direct edges. */
  readonly failed: ProvisionState | null;
  readonly to: ProvisionState;
}

/** Where an event leads from a state; null when the table does not have it. */
export function nextState(from: ProvisionState, event: string): ProvisionState | null {
  return TRANSITIONS.find((t) => t.from === from && t.event === event)?.to ?? null;
}

/** A manual clean ends where it began; an undeploy goes through cleaning; all else ends at `done`. */
function restAfter(verb: ProvisionVerb, via: ProvisionState): ProvisionState | null {
  if (verb === "provision.clean") return nextState(via, "manage");
  if (verb === "provision.undeploy") return nextState("cleaning", "done");
  return nextState(via, "done");
}

function move(verb: ProvisionVerb, edge: Transition): Move | null {
  const direct = kindOf(edge.to) !== "transient";
  const to = direct ? edge.to : restAfter(verb, edge.to);
  if (to === null || kindOf(to) !== "stable") return null;
  const via = direct ? null : edge.to;
  // An undeploy does its waiting, and may be held, while it cleans.
  const works = verb === "provision.undeploy" ? "cleaning" : via;
  return {
    verb,
    from: edge.from,
    via,
    wait: works === null ? null : nextState(works, "wait"),
    hold: works === null ? null : nextState(works, "hold"),
    failed: via === null ? null : nextState(via, "fail"),
    to,
  };
}

/** All moves from a place where nothing runs; `abort` there takes back a failure. */
export const MOVES: readonly Move[] = PROVISION_VERBS.flatMap((verb) =>
  TRANSITIONS.filter(
    (t) => t.event === EVENTS[verb] && kindOf(t.from) !== "transient" && !t.from.endsWith(" hold"),
  ).flatMap((edge) => move(verb, edge) ?? []),
);
