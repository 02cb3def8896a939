import { type Failure, failure } from "../../schemas/failure.ts";
import type { Step } from "../../schemas/plan.ts";
import type { RecordPatch } from "../../schemas/record.ts";
import { canAbort } from "../plan/activity.ts";
import { passed } from "../plan/flow-gate.ts";
import { actAt, entryThatRuns, type FlowStep, openList } from "../plan/flow-cursor.ts";
import { nameOf } from "../plan/steps/step-list.ts";
import {
  abortAsked,
  abortEnding,
  begun,
  failEnding,
  finished,
  held,
  intending,
  isHeldState,
  namedAnew,
  putOff,
  unheld,
} from "../plan/flow-patches.ts";
import { learntBy } from "../plan/flow-results.ts";
import { nextState } from "../plan/machine.ts";
import { joinPatches, withPatch } from "../plan/record-patch.ts";
import { isAtGate } from "./at-gate.ts";
import { endList, tellEnd } from "./end-list.ts";
import { type Asked, type Ended, runAct } from "./five-acts.ts";
import { type Flow, isWithheld, type StepEnd } from "./flow.ts";
import { look } from "./settle.ts";

/**
 * Makes one move of the provision state machine: begins its list, or goes on where it was cut off, act by
 * act. Who stopped in the middle left a record that says where.
 */
export async function runFlow(flow: Flow, step: FlowStep): Promise<StepEnd> {
  const { record } = flow.grant;
  flow.broughtUp = false;
  const why = record.activity === null ? await begin(flow, step) : await goOn(flow, step);
  return why ?? goThrough(flow);
}

/** The step's own intent; its outcome opens the list, or, where the list is empty, ends it with the same line. */
async function begin(flow: Flow, step: FlowStep): Promise<StepEnd | null> {
  const { grant, context } = flow;
  if (step.resumes !== undefined)
    return failed(failure("conflict", "IW-A03", `its list has ended meanwhile; plan again`));
  const open = (): RecordPatch => {
    const now = context.clock.now();
    const first = begun(grant.record, step, beginningOf(flow), now);
    if (!isOneLine(step)) return first;
    const record = withPatch(grant.record, first);
    const learnt = learntBy(step.action, flow, record, now);
    return joinPatches(first, finished(record, learnt, now));
  };
  const { why } = await runAct(flow, {
    ...ofStep(flow, step),
    before: { ...step.before, provision: step.flow.from },
    opens: !isOneLine(step),
    ended: (outcome) => (outcome === "done" ? open() : null),
  });
  if (why !== null) return failed(why);
  if (grant.record.activity === null) return { kind: "done" };
  return null;
}

/** An empty list is over as soon as it is open, but for what is still to be read. */
function isOneLine({ flow, action }: FlowStep): boolean {
  return flow.entries.length === 0 && action !== "provision.inspect";
}

function beginningOf({ context }: Flow): Parameters<typeof begun>[2] {
  const { plan, registerSeq, authority, random } = context;
  return {
    id: random.hex(RUN_ID_BYTES),
    planId: plan.id,
    registerSeq,
    commit: plan.commit,
    authority: { ...authority },
  };
}

/** Enough that no two runs of any store ever share a name. */
const RUN_ID_BYTES = 8;

/** A list that is open goes on by the word that was given when it began; from a hold only by one of its own. */
async function goOn(flow: Flow, step: FlowStep): Promise<StepEnd | null> {
  const { grant, context } = flow;
  const { activity } = openList(grant.record);
  if (!isHeldState(grant.record.provisionState)) return null;
  if (activity.gate !== null)
    return step.resumes?.gate === true ? passGate(flow, step) : standing(flow);
  if (step.request === undefined || step.request === activity.request) return standing(flow);
  const { why } = await runAct(flow, {
    ...ofStep(flow, step),
    reason: `unhold, as the request ${step.request} says`,
    ended: (outcome) =>
      outcome === "done"
        ? unheld(grant.record, step.request, context.plan.commit, context.clock.now())
        : null,
  });
  return why === null ? null : failed(why);
}

/** A plan names what stopped it, and was approved: the list goes on as that plan has it. */
async function passGate(flow: Flow, step: FlowStep): Promise<StepEnd | null> {
  const { grant, context } = flow;
  const { plan, authority } = context;
  const said = { step, planId: plan.id, commit: plan.commit, authority };
  const { why } = await runAct(flow, {
    ...ofStep(flow, step),
    reason: "past its gate: the plan names what its ramdisk has named",
    ended: (outcome) =>
      outcome === "done" ? namedAnew(grant.record, said, context.clock.now()) : null,
  });
  return why === null ? null : failed(why);
}

function standing({ grant, node }: Flow): StepEnd {
  const { gate } = openList(grant.record).activity;
  const where = grant.record.provisionState;
  if (gate !== null)
    return {
      kind: "waiting",
      message: `at the gate (${where}): ${gate}; it is planned again and asked for again`,
    };
  const message = `it stands at a hold step (${grant.record.provisionState}); to go on: ironwright node unhold ${node.name}, or a request unhold`;
  return { kind: "waiting", message };
}

/** Ends a list that is open: at once, or after the entry that runs where that can't be cut off. */
export async function abort(flow: Flow, step: Step): Promise<StepEnd> {
  const { grant, context } = flow;
  if (grant.record.activity === null)
    return failed(failure("conflict", "IW-A03", "what was to be aborted has ended; plan again"));
  const { provisionState: state } = grant.record;
  if (!canAbort(grant.record))
    return failed(failure("conflict", "IW-P12", `a node that is ${state} can't be aborted`));
  const at = entryThatRuns(grant.record)?.abortable === false ? "entry" : "once";
  const { commit } = context.plan;
  const { why } = await runAct(flow, {
    ...ofStep(flow, step),
    ended: (outcome) =>
      outcome === "done"
        ? abortAsked(grant.record, { step, commit, at }, context.clock.now())
        : null,
  });
  return why === null ? goThrough(flow) : failed(why);
}

/** The act that stands for the step itself: nothing is sent, but it is checked and written down as any other. */
function ofStep({ context }: Flow, step: Step): Asked {
  return {
    id: step.id,
    action: step.act,
    name: step.action,
    impact: step.impact,
    before: {},
    after: {},
    timeoutSeconds: step.timeoutSeconds,
    reason: step.reason,
    authority: context.authority,
    waits: false,
  };
}

/** Every act from the cursor on, then the end. */
async function goThrough(flow: Flow): Promise<StepEnd> {
  const { grant } = flow;
  for (;;) {
    const { activity, step } = openList(grant.record);
    if (activity.ending !== null) return endList(flow);
    if (isHeldState(grant.record.provisionState)) return standing(flow);
    if (activity.abortAfter && activity.act === 0) {
      await grant.patchRecord({ activity: { ending: abortEnding(grant.record) } });
      continue;
    }
    const next = actAt(step, activity);
    if (next === null) return finish(flow, step);
    const at = nameOf(next.entry);
    if (await isAtGate(flow, next)) continue;
    const cut = interrupted(flow, step, next);
    if (cut !== null) return cut;
    const { outcome, why } = await runAct(flow, insideOf(flow, step, next));
    if (outcome === "already") await grant.patchRecord(passedNow(flow, next.cursor));
    if (why !== null && staysOpen(flow, next, outcome, why)) return failed(why, at);
    // What broke before its intent has no outcome line that could say so.
    if (why !== null && openList(grant.record).activity.ending === null)
      await grant.patchRecord({ activity: { ending: failEnding(why, at) } });
    if (why === null) await learn(flow, step);
  }
}

type Next = NonNullable<ReturnType<typeof actAt>>;

/** A reboot that was begun ends with the machine on: it is a matter of seconds, and off it would serve nobody. */
function interrupted({ context }: Flow, { action }: FlowStep, next: Next): StepEnd | null {
  const bringsBack = action === "power.reboot" && next.act.act.verb === "power.on";
  if (!context.stopping.aborted || bringsBack) return null;
  const at = nameOf(next.entry);
  return {
    kind: "interrupted",
    message: `interrupted before ${at}; the next apply goes on there`,
  };
}

function passedNow(flow: Flow, cursor: Next["cursor"]): RecordPatch {
  const { grant, observation, context } = flow;
  const { settings, clock } = context;
  return passed(grant.record, cursor, { observation, settings }, clock.now());
}

function insideOf(flow: Flow, step: FlowStep, next: Next): Asked {
  const { grant, context } = flow;
  const { cursor, entry, act } = next;
  const now = (): number => context.clock.now();
  const { authority } = openList(grant.record).activity;
  const name = nameOf(entry);
  return {
    id: `${step.id}.${cursor.entry + 1}.${cursor.act + 1}`,
    action: act.act,
    name: act.act.verb === "step.run" ? name : act.act.verb,
    impact: act.impact,
    before: {},
    after: act.after,
    timeoutSeconds: act.timeoutSeconds,
    reason: `${name}, ${cursor.entry + 1} of ${step.flow.entries.length} of ${step.action}`,
    authority: authority ?? context.authority,
    fallback: act.fallback,
    waits: act.waits,
    intending: () => intending(grant.record, cursor, now()),
    ended(outcome, why) {
      if (outcome === "done") {
        if (act.act.verb === "power.on") flow.broughtUp = true;
        const holds = act.act.verb === "engine.hold";
        return holds ? held(grant.record, now()) : passedNow(flow, cursor);
      }
      const again = act.fallback !== undefined && why?.code === "IW-A01";
      if (why === null || again) return null;
      if (staysOpen(flow, next, outcome, why)) return putOff(grant.record, now());
      return { activity: { ending: failEnding(why, name) } };
    },
  };
}

/** True when nothing is lost by it: the list stays where it is, and the next apply goes on there. */
function staysOpen(flow: Flow, next: Next, outcome: Ended["outcome"], why: Failure): boolean {
  if (isWithheld(why) || why.code === "IW-P04") return true;
  // Where nobody could abort it, a list that stays open could never be left.
  if (nextState(flow.grant.record.provisionState, "abort") === null) return false;
  if (outcome === "not-sent") return why.kind !== "stalled";
  if (outcome !== "ambiguous") return false;
  const { verb } = next.act.act;
  return verb === "step.run" ? next.entry.rerun : verb.startsWith("boot.");
}

/** An inspection reads while its ramdisk is there to be asked. */
async function learn(flow: Flow, step: FlowStep): Promise<void> {
  if (step.action !== "provision.inspect" || hasLearnt(flow)) return;
  await look(flow, ["inventory"]);
}

/** What was read before the list began may be of another time. */
function hasLearnt({ observation, grant }: Flow): boolean {
  const reading = observation.facets.inventory;
  return reading?.known === true && reading.at >= openList(grant.record).activity.startedAt;
}

async function finish(flow: Flow, step: FlowStep): Promise<StepEnd> {
  const { grant, context } = flow;
  await learn(flow, step);
  if (step.action === "provision.inspect" && !hasLearnt(flow)) {
    const why = failure("stalled", "IW-A04", "its inventory could not be read");
    await grant.patchRecord({ activity: { ending: failEnding(why, null) } });
    return endList(flow);
  }
  const { record } = grant;
  const now = context.clock.now();
  const learnt = learntBy(step.action, flow, record, now);
  await grant.patchRecord(finished(record, learnt, now));
  await context.checkpoint("record-written");
  await tellEnd(flow, record, null);
  return { kind: "done" };
}

function failed(why: Failure, at: string | null = null): StepEnd {
  return { kind: "failed", why, at };
}
