import { failure } from "../../schemas/failure.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import { openList, ramdiskIsSet } from "../plan/flow-cursor.ts";
import { nameOf } from "../plan/steps/step-list.ts";
import { endedBadly } from "../plan/flow-patches.ts";
import { type Ended, runAct } from "./five-acts.ts";
import { type Flow, isWithheld, type StepEnd, tell } from "./flow.ts";

/**
 * Ends a list that failed or was aborted: the ramdisk's boot is taken away first, so that the machine comes
 * back as its own; only then does the record say where it stands. Cut off between, it is ended again.
 */
export async function endList(flow: Flow): Promise<StepEnd> {
  const { grant, context } = flow;
  const { ending } = openList(grant.record).activity;
  if (ending === null) throw new Error("the list has no reason to end");
  const back = ramdiskIsSet(grant.record) ? await takeAway(flow) : null;
  const why = back?.why ?? null;
  if (why !== null && isWithheld(why)) return { kind: "failed", why, at: ending.step };
  const left = why === null ? null : `the ramdisk's boot could not be taken away (${why.message})`;
  const { record } = grant;
  await grant.patchRecord(
    endedBadly(record, { left, specHash: flow.node.specHash }, context.clock.now()),
  );
  await context.checkpoint("record-written");
  await tellEnd(flow, record, ending.code);
  if (ending.event === "abort") return { kind: "done" };
  const { code, message } = grant.record.lastError ?? ending;
  return { kind: "failed", why: failure("stalled", code, message), at: ending.step };
}

function takeAway(flow: Flow): Promise<Ended> {
  const { activity, step } = openList(flow.grant.record);
  const { settings, authority } = flow.context;
  return runAct(flow, {
    id: `${step.id}.end`,
    action: { verb: "boot.instance" },
    name: "boot.instance",
    impact: "in-place",
    before: {},
    after: { nextBoot: "instance" },
    timeoutSeconds: settings.timeouts.settingSeconds,
    reason: `${step.action} has ended; its ramdisk is taken away`,
    authority: activity.authority ?? authority,
    waits: false,
  });
}

/** A whole list in the node's history: from where to where, which steps, how long. */
export async function tellEnd(flow: Flow, before: NodeRecord, code: string | null): Promise<void> {
  const { activity, step } = openList(before);
  const { grant, context } = flow;
  const { entries, from } = step.flow;
  const done = code === null ? entries : entries.slice(0, activity.entry);
  const names = done.map(nameOf).join(", ");
  const { provisionState, lastError } = grant.record;
  const why = code === null ? "" : `; ${lastError?.message ?? code}`;
  const durationMs = context.clock.now() - activity.startedAt;
  const told = { step: step.id, action: step.action, impact: step.impact, code, durationMs };
  if (code === null) tell(flow, "step.done", "seen", told);
  else tell(flow, "step.failed", lastError?.message ?? code, told);
  await grant.addHistory({
    event: code === null ? "done" : code === "IW-A06" ? "aborted" : "failed",
    step: step.id,
    action: step.action,
    commit: activity.commit,
    by: activity.authority?.who ?? "",
    author: context.plan.commit === activity.commit ? context.plan.commitAuthor : null,
    code,
    message: `${from} to ${provisionState}${names === "" ? "" : `: ${names}`}${why}`,
    durationMs,
  });
}
