import type { FlowAct, FlowEntry, FlowPlan, Step } from "../../schemas/plan.ts";
import type { Activity, NodeRecord } from "../../schemas/record.ts";

/** A step that is a move of the provision state machine. */
export type FlowStep = Step & { readonly flow: FlowPlan };

/** The entry and the act in it that come next. */
export interface Cursor {
  readonly entry: number;
  readonly act: number;
}

/** True for a step that brings its list with it. */
export function isFlowStep(step: Step): step is FlowStep {
  return step.flow !== undefined;
}

/** The list that is open on a node, as it was approved. */
export function openList({ activity }: NodeRecord): {
  readonly activity: Activity;
  readonly step: FlowStep;
} {
  const step = activity?.step;
  if (activity === null || step === null || step === undefined || !isFlowStep(step))
    throw new Error("no list is open on this node");
  return { activity, step };
}

/** What comes at the cursor; null when the list is at its end. An entry without acts is passed by. */
export function actAt(
  { flow }: FlowStep,
  at: Cursor,
): { readonly cursor: Cursor; readonly entry: FlowEntry; readonly act: FlowAct } | null {
  for (let index = at.entry; index < flow.entries.length; index += 1) {
    const entry = flow.entries[index];
    const cursor = { entry: index, act: index === at.entry ? at.act : 0 };
    const act = entry?.acts[cursor.act];
    if (entry !== undefined && act !== undefined) return { cursor, entry, act };
  }
  return null;
}

/** Past the act at the cursor. */
export function cursorAfter({ flow }: FlowStep, { entry, act }: Cursor): Cursor {
  const last = act + 1 >= (flow.entries[entry]?.acts.length ?? 0);
  return last ? { entry: entry + 1, act: 0 } : { entry, act: act + 1 };
}

/** The entry at the cursor, when an act of it was begun or `asked` says that one is; null between two entries. */
export function entryThatRuns(record: NodeRecord): FlowEntry | null {
  const { activity, step } = openList(record);
  return activity.act === 0 ? null : (step.flow.entries[activity.entry] ?? null);
}

/** True when a ramdisk was set up to be booted and was not taken away since, the act at the cursor included. */
export function ramdiskIsSet(record: NodeRecord): boolean {
  const { activity, step } = openList(record);
  let set = false;
  for (const [index, { acts }] of step.flow.entries.entries()) {
    if (index > activity.entry) break;
    const begun = index === activity.entry ? acts.slice(0, activity.act + 1) : acts;
    for (const { act } of begun) {
      if (act.verb === "boot.ramdisk") set = true;
      if (act.verb === "boot.instance") set = false;
    }
  }
  return set;
}
