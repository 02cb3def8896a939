import { type Failure, failure } from "../../schemas/failure.ts";
import type { RecordPatch } from "../../schemas/record.ts";
import type { OutcomeWord } from "../../schemas/store.ts";
import { sameValue } from "../plan/canonical-json.ts";
import { actAt, openList } from "../plan/flow-cursor.ts";
import { nameOf } from "../plan/steps/step-list.ts";
import { passed } from "../plan/flow-gate.ts";
import { failEnding } from "../plan/flow-patches.ts";
import { powerLetGo } from "../plan/step-results.ts";
import { seeRun } from "../plan/signs.ts";
import { firstMismatch, mismatchText } from "../plan/verdict.ts";

import { type Flow, leftRunning, tell } from "./flow.ts";
import type { OpenIntent } from "./ports.ts";
import { look, pass, readingsFor, settle } from "./settle.ts";

/** Two readings this far apart that say the same are a state; one may be a moment. Milliseconds. */
const TWICE_MS = 500;
/** Looks until two readings are alike; a machine that never settles is looked at again by the next apply. */
const MOST_LOOKS = 40;

/** What an open intent came to. */
interface Found {
  readonly outcome: OutcomeWord;
  readonly message: string;
  /** Set when its list can't go on. */
  readonly why?: Failure;
}

/**
 * Observes what an intent that a crash left open came to, and closes it. In a list, what was done moves the
 * cursor on; what was not is done again by the list itself; what can't be told ends the list.
 */
export async function finishIntent(flow: Flow, intent: OpenIntent): Promise<Failure | null> {
  const { line } = intent;
  const { clock } = flow.context;
  const started = clock.monotonic();
  const found = await findOut(flow, intent);
  if ("kind" in found) return found;
  const { outcome, why } = found;
  const message = `left open by an engine that ended; ${found.message}`;
  const durationMs = Math.round(clock.monotonic() - started);
  const detail = { code: why?.code ?? null, message, durationMs };
  await flow.grant.outcome(intent, outcome, detail, patchFor(flow, intent, found));
  tell(flow, "step.resumed", message, { step: line.step, action: line.action.verb });
  return null;
}

function patchFor(flow: Flow, { line }: OpenIntent, { outcome, why }: Found): RecordPatch {
  const { record } = flow.grant;
  if (line.before["forParent"] === true && outcome === "done") return powerLetGo(record);
  // The list's own acts alone move it: `5.2.1`, never the act that began it or the one that cleans up.
  if (record.activity === null || !/^\d+\.\d+\.\d+$/.test(line.step)) return {};
  const { step, activity } = openList(record);
  const next = actAt(step, activity);
  if (next === null) return {};
  if (why !== undefined) return { activity: { ending: failEnding(why, nameOf(next.entry)) } };
  if (outcome !== "done") return {};
  const { observation, context } = flow;
  const { settings, clock } = context;
  return passed(record, next.cursor, { observation, settings }, clock.now());
}

const UNSEEN: Found = {
  outcome: "ambiguous",
  message: "whether it was sent can't be seen; it is not repeated",
};

async function findOut(flow: Flow, intent: OpenIntent): Promise<Found | Failure> {
  const { line } = intent;
  switch (line.action.verb) {
    case "step.run":
      return followRun(flow, intent);
    case "engine.awaitAgent":
      return awaitRest(flow, intent);
    case "engine.wait":
      await flow.context.slots.rest(() => pass(flow, leftOf(flow, intent), true));
      if (flow.context.stopping.aborted && leftOf(flow, intent) > 0) return stillRunning(intent);
      return { outcome: "done", message: "the rest of its time has passed" };
    case "management.injectNmi":
      return UNSEEN;
    case "vendor.call":
      return Object.keys(intent.line.after).length === 0 ? UNSEEN : lookBack(flow, intent);
    default:
      return lookBack(flow, intent);
  }
}

/** Milliseconds that are left of an act's time. */
function leftOf({ context }: Flow, { line }: OpenIntent): number {
  const left = line.at + line.verifyMaxMs - context.clock.now();
  // Another host's clock, or one that was set back, never makes the wait longer than it was meant to be.
  return Math.max(0, Math.min(left, line.verifyMaxMs));
}

async function lookBack(flow: Flow, intent: OpenIntent): Promise<Found | Failure> {
  const { line } = intent;
  const { verb } = line.action;
  if (Object.keys(line.after).length === 0 || isBeginning(verb))
    return {
      outcome: "not-done",
      message: "nothing of it can be seen; it is done again where needed",
    };
  const calm = await observeTwice(flow, intent);
  if (calm !== null) return calm;
  let mismatch = firstMismatch(line.after, flow.observation, flow.grant.record);
  // A graceful stop may still be under way: its own deadline is waited out, it is not pressed again.
  if (mismatch !== null && verb === "power.softOff" && !isForcedNow(flow)) {
    const timeoutMs = leftOf(flow, intent);
    const how = { timeoutMs, step: line.step, waits: false, mayLeave: true };
    const settled = await settle(flow, line.after, how);
    if (settled.kind === "left") return stillRunning(intent);
    mismatch = settled.kind === "unseen" ? settled.mismatch : null;
    flow.softOffSpent = mismatch !== null;
  }
  // Its forced way was begun, so the graceful one had its time.
  if (mismatch !== null && line.attempt > 1) flow.softOffSpent = true;
  if (mismatch === null) return { outcome: "done", message: "observed: it took effect" };
  return { outcome: "not-done", message: `observed: ${mismatchText(mismatch)}` };
}

/** Somebody who wants it off at once doesn't wait for what was asked of it gracefully before. */
function isForcedNow({ plan }: Flow): boolean {
  return plan.steps.some(
    ({ act }) => act.verb === "power.off" || (act.verb === "power.reboot" && !act.soft),
  );
}

/** What opens, holds or ends a list is done with its outcome line, and that was not written. */
function isBeginning(verb: string): boolean {
  return verb.startsWith("provision.") || verb === "engine.hold";
}

/** It goes on being left open: this engine was told to stop as well. */
function stillRunning({ line }: OpenIntent): Failure {
  return leftRunning(line.step.includes(".") ? line.reason : line.action.verb);
}

async function awaitRest(flow: Flow, intent: OpenIntent): Promise<Found | Failure> {
  const { line } = intent;
  const how = { timeoutMs: leftOf(flow, intent), step: line.step, waits: true, mayLeave: true };
  const settled = await settle(flow, line.after, how);
  if (settled.kind === "left") return stillRunning(intent);
  if (settled.kind !== "unseen") return { outcome: "done", message: "observed: the agent answers" };
  const what = `${mismatchText(settled.mismatch)} when its time was over`;
  const why = failure("waiting", "IW-A01", what);
  return { outcome: "not-effective", message: `observed: ${what}`, why };
}

/** A step on the machine is followed for the rest of its time; what it was asked is found again by its id. */
async function followRun(flow: Flow, intent: OpenIntent): Promise<Found | Failure> {
  const { line } = intent;
  const { grant, context } = flow;
  const bootId = typeof line.before["bootId"] === "string" ? line.before["bootId"] : null;
  const deadline = context.clock.monotonic() + leftOf(flow, intent);
  for (;;) {
    await look(flow, readingsFor({ work: "done" }));
    if (flow.observation.unreachable !== null) return flow.observation.unreachable;
    const seen = seeRun(flow.observation, grant.record, bootId);
    const waits = seen.kind === "running" || seen.kind === "silent";
    if (!waits || isCutOff(flow)) return judged(flow, seen);
    const left = deadline - context.clock.monotonic();
    if (left <= 0) {
      const what = `${runName(flow)} was ${seen.kind} when its time was over`;
      const why = failure("stalled", "IW-B11", what);
      return { outcome: "not-effective", message: `observed: ${what}`, why };
    }
    if (context.stopping.aborted) return stillRunning(intent);
    const ms = Math.min(left, context.settings.timeouts.lookSeconds * 1000);
    await context.slots.rest(() => pass(flow, ms, true));
  }
}

/** An abort is asked for, and the step that runs may be cut off. */
function isCutOff({ plan, grant }: Flow): boolean {
  const { step, activity } = openList(grant.record);
  const aborts = plan.steps.some(({ action }) => action === "provision.abort");
  return aborts && actAt(step, activity)?.entry.abortable === true;
}

function runName({ grant }: Flow): string {
  const { step, activity } = openList(grant.record);
  const next = actAt(step, activity);
  return next === null ? "the step" : nameOf(next.entry);
}

function judged(flow: Flow, seen: ReturnType<typeof seeRun>): Found {
  const { step, activity } = openList(flow.grant.record);
  const name = runName(flow);
  switch (seen.kind) {
    case "done":
      return { outcome: "done", message: "observed: the machine says that it is done" };
    case "failed": {
      const why = failure("stalled", "IW-A05", `${name}: ${seen.message}`);
      return { outcome: "not-effective", message: `observed: it failed (${seen.message})`, why };
    }
    case "absent":
      return { outcome: "not-done", message: "observed: the machine was never asked" };
    case "running":
    case "silent":
      return { outcome: "not-done", message: "it runs, and may be cut off: an abort is asked for" };
    case "lost": {
      const what = "the ramdisk that was asked is gone";
      if (actAt(step, activity)?.entry.rerun === true)
        return { outcome: "not-done", message: `observed: ${what}; it is asked again` };
      const why = failure("ambiguous", "IW-A05", `${name}: ${what}, and it may not run twice`);
      return { outcome: "ambiguous", message: `observed: ${what}`, why };
    }
  }
}

/** Looks until the facets of the intent are the same twice, so that no change is under way. */
async function observeTwice(flow: Flow, { line }: OpenIntent): Promise<Failure | null> {
  const { clock, store } = flow.context;
  const facets = readingsFor(line.after);
  if (facets.length === 0) return null;
  let before: unknown;
  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    await look(flow, facets);
    if (flow.observation.unreachable !== null) return flow.observation.unreachable;
    const values = facets.map((facet) => {
      const reading = flow.observation.facets[facet];
      return reading?.known === true ? reading.value : null;
    });
    const moving = values.includes("powering-on") || values.includes("powering-off");
    if (!moving && before !== undefined && sameValue(before, values)) return null;
    before = values;
    await clock.sleep(TWICE_MS, store.deathSignal);
  }
  const message = `its state did not come to rest after a crash; apply again later`;
  return failure("waiting", "IW-A04", message);
}
