import type { Step } from "../../schemas/plan.ts";
import type { RecordPatch } from "../../schemas/record.ts";
import { isFlowStep } from "../plan/flow-cursor.ts";
import { powerLetGo, requestUsed, stepResults } from "../plan/step-results.ts";
import { type Asked, runAct } from "./five-acts.ts";
import type { Flow, StepEnd } from "./flow.ts";
import { abort, runFlow } from "./run-flow.ts";

/** Runs one step: a plain one by the five acts, a move of the state machine act by act. */
export async function runStep(flow: Flow, step: Step): Promise<StepEnd> {
  if (isFlowStep(step)) return runFlow(flow, step);
  // Without a list of its own it ends the one that is open.
  if (step.action === "provision.abort") return abort(flow, step);
  const { why, outcome } = await runAct(flow, askedBy(flow, step));
  // Nothing was sent and so nothing written; but what was asked for is so, and is not asked for again.
  if (outcome === "already" && step.request !== undefined) {
    const { context, grant } = flow;
    await grant.patchRecord(requestUsed(step, context.plan.commit, "done", context.clock.now()));
  }
  return why === null ? { kind: "done" } : { kind: "failed", why, at: null };
}

function askedBy(flow: Flow, step: Step): Asked {
  const { context } = flow;
  const { id, act, impact, before, after, timeoutSeconds, reason, fallback } = step;
  const now = (): number => context.clock.now();
  const use = (outcome: string | null): RecordPatch =>
    requestUsed(step, context.plan.commit, outcome, now());
  return {
    id,
    action: act,
    name: act.verb === "vendor.call" ? `vendor.${act.method}` : act.verb,
    impact,
    before,
    after,
    timeoutSeconds,
    reason,
    authority: context.authority,
    fallback,
    waits: false,
    ...(isForParent(flow, after) ? { forParent: true } : {}),
    intending: () => use("begun"),
    ended: (outcome, why) => {
      if (outcome === "done")
        return {
          ...stepResults(act, { ...flow, ...context, now: now() }),
          ...use("done"),
          ...(isForParent(flow, after) ? powerLetGo(flow.grant.record) : {}),
        };
      // What was not sent leaves its request to the next apply.
      return use(outcome === "not-sent" ? null : (why?.code ?? outcome));
    },
  };
}

/** Powered off for its parent's sake: nobody wanted it off. */
function isForParent({ plan }: Flow, after: Step["after"]): boolean {
  return plan.tree?.power?.to === "off" && after["power"] === "off";
}
