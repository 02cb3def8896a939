import type { FleetNode } from "../../schemas/fleet.ts";
import { parseInstant } from "../../schemas/instant.ts";
import type { Observation } from "../../schemas/observation.ts";
import type { HoldRecord, NodeRecord } from "../../schemas/record.ts";
import type { NodePlan, Step } from "../../schemas/plan.ts";
import type { UnderLease } from "./budget.ts";
import { sameValue } from "../plan/canonical-json.ts";
import { checkNode } from "../plan/check-plan.ts";
import type { PlanOptions, Surroundings } from "../plan/input.ts";
import { kindOf } from "../plan/machine.ts";
import { tightened } from "../plan/facets/protection.ts";
import { stopsAtGate, stopsAtTraits } from "../plan/gates.ts";
import { whyNoDeploy } from "../plan/lost-lists.ts";
import { agreement } from "../plan/node-view.ts";
import { planNode } from "../plan/plan-node.ts";
import { seeRecord } from "../plan/see-record.ts";
import { type ApplyContext, type Flow, isWithheld, tell } from "./flow.ts";
import { facetsToRead } from "./observe-fleet.ts";
import type { Grant } from "./ports.ts";
import {
  failed,
  failedByStore,
  leftAlone,
  movesState,
  type NodeResult,
  waiting,
  withheld,
} from "./node-result.ts";
import { recover } from "./recover.ts";
import { LeaseLost } from "./store/file-grant.ts";
import { runStep } from "./run-step.ts";
import { look } from "./settle.ts";
import { takeLease } from "./take-lease.ts";

/** What became of it, and how its record was given back; null when its lease was not got. */
export interface NodeEnd {
  readonly result: NodeResult;
  readonly record: NodeRecord | null;
}

/** How nodes are applied, besides the plan. */
export interface NodeOptions {
  readonly plan: PlanOptions;
  /** What else the plan was made from, alike for all nodes. */
  readonly surroundings: Surroundings;
  /** How long a lease held by somebody else is waited for, milliseconds. */
  readonly lockTimeoutMs: number;
}

/** With what was seen of all nodes before: what they agreed on tells drift from intent, as it did in the plan. */
interface NodeWork extends NodeOptions {
  readonly earlier: ReadonlyMap<string, Observation>;
  /** What comes before its first act and only where it can be begun: answers why it was not done (`Turn.first`). */
  readonly first: (() => Promise<string | null>) | null;
  /** What rests on the lease beside the node itself: its place in the budget. */
  readonly budget: UnderLease | null;
}

/** Takes the node's lease, finishes what a crash left open, does the planned steps, gives the lease back. */
export async function applyNode(
  context: ApplyContext,
  node: FleetNode,
  plan: NodePlan,
  options: NodeWork,
): Promise<NodeEnd> {
  const claimed = await takeLease(context, node, plan, options);
  if ("code" in claimed) {
    const { code, message } = claimed;
    return { result: withheld({ context, node, grant: null }, message, code), record: null };
  }
  const grant = claimed;
  const at = { context, node, grant };
  try {
    const done = await underGrant(context, node, plan, { grant, options }).catch((error: unknown) =>
      brokenOff(at, error),
    );
    const kept = await release(at);
    await context.checkpoint("released");
    return kept === null ? done : { ...done, result: kept };
  } finally {
    // Whatever broke that nobody expected, the lease is given back.
    await grant.release().catch(() => undefined);
  }
}

/** A node with its lease. */
type UnderWay = Pick<Flow, "context" | "node" | "grant">;

interface Held {
  readonly grant: Grant;
  readonly options: NodeWork;
}

async function underGrant(
  context: ApplyContext,
  node: FleetNode,
  plan: NodePlan,
  { grant, options }: Held,
): Promise<NodeEnd> {
  const full = (await options.budget?.confirm()) ?? null;
  const result =
    full === null
      ? await withGrant(context, node, plan, { grant, options })
      : withheld({ context, node, grant }, full.message, full.code);
  await options.budget?.giveBack(grant.record);
  return { result, record: grant.record };
}

/** A lost lease, or a store in trouble, ends this node's turn alone. */
function brokenOff(at: UnderWay, error: unknown): NodeEnd {
  if (!(error instanceof LeaseLost)) return { result: failedByStore(at, error), record: null };
  const { code, message } = error.failure;
  tell(at, "lease.lost", message, { code, step: error.step });
  return { result: { node: at.node.name, status: "failed", code, message }, record: null };
}

/** Answers why it can't be given back; a lease that was lost needs no release. */
async function release(at: UnderWay): Promise<NodeResult | null> {
  try {
    await at.grant.release();
    return null;
  } catch (error) {
    return error instanceof LeaseLost ? null : failedByStore(at, error);
  }
}

async function withGrant(
  context: ApplyContext,
  node: FleetNode,
  plan: NodePlan,
  { grant, options }: Held,
): Promise<NodeResult> {
  const driver = context.drivers.driverFor(node);
  if ("code" in driver) {
    await protect(grant, plan);
    return failed({ context, node, grant, step: null }, driver);
  }
  const now = context.clock.now();
  const agreed = options.earlier.get(node.name)?.agreed;
  const empty = {
    ...(agreed === undefined ? {} : { agreed }),
    node: node.name,
    at: now,
    facets: {},
    capabilities: {},
    transport: null,
    unreachable: null,
  };
  const flow: Flow = {
    context,
    node,
    plan,
    grant,
    driver,
    registerSeq: context.registerSeq,
    observation: empty,
    session: null,
    opened: false,
    softOffSpent: false,
    broughtUp: false,
    step: null,
  };
  tell(flow, "node.start", `${plan.steps.length} ${plan.steps.length === 1 ? "step" : "steps"}`);
  try {
    return await work(flow, options);
  } catch (error) {
    if (error instanceof LeaseLost) error.step = flow.step;
    throw error;
  } finally {
    if (flow.observation.unreachable === null) context.seen.set(node.name, flow.observation);
  }
}

/** First what a crash left open, then a look, then what was planned if that still fits. */
async function work(flow: Flow, options: NodeWork): Promise<NodeResult> {
  const { context, node, grant } = flow;
  const left = grant.openIntents.length;
  const why = await recover(flow);
  if (why !== null) {
    await protect(grant, flow.plan);
    return isWithheld(why) ? leftAlone(flow, why) : failed(flow, why);
  }
  await look(flow, facetsToRead(node, storedRecord(grant)));
  const steps = await stepsNow(flow, options, left > 0);
  if ("status" in steps) {
    tell(flow, steps.status === "skipped" ? "node.skipped" : "node.done", steps.message, {
      code: steps.code,
    });
    return steps;
  }
  const notDone = options.first === null ? null : await context.slots.rest(options.first);
  if (notDone !== null) return withheld(flow, notDone, "IW-P32");
  return runSteps(flow, steps, options);
}

/** The planned steps if the node is as it was planned for; after a recovery, those that are left of them. */
async function stepsNow(
  flow: Flow,
  options: NodeOptions,
  recovered: boolean,
): Promise<readonly Step[] | NodeResult> {
  const { node, plan, grant, observation, context } = flow;
  const resolved = { node, uuid: plan.uuid, record: storedRecord(grant), renamedFrom: null };
  const { surroundings } = options;
  const now = context.clock.now();
  const fresh = planNode(
    resolved,
    { observation, holds: await plannedHolds(flow), surroundings, tree: plan.tree },
    { ...options.plan, now },
  );
  if (recovered) return leftSteps(plan, fresh, node.name);
  const checked = checkNode(plan, fresh);
  if (checked.kind === "as-planned") return plan.steps;
  if (checked.kind === "already-done") return nothingLeft(plan, fresh);
  const message = `it moved since it was planned: ${checked.what}; plan again`;
  return { node: node.name, status: "skipped", code: "IW-P16", message };
}

/** Nothing is left to be done; an adoption is still to be written down, or every apply would find it anew. */
function nothingLeft(plan: NodePlan, fresh: NodePlan): readonly Step[] | NodeResult {
  if (fresh.adopts === true) return [];
  const status = plan.steps.length === 0 ? "recorded" : "already-done";
  return { node: plan.node, status, code: null, message: "already done" };
}

/** Holds that the plan knew: a later one is found by the check before each send, which says whose it is. */
async function plannedHolds({ context, plan }: Flow): Promise<readonly HoldRecord[]> {
  const plannedAt = parseInstant(context.plan.createdAt);
  const holds = plan.uuid === null ? [] : await context.store.holdsOf(plan.uuid);
  return holds.filter(({ since }) => since <= plannedAt);
}

/** A node that nobody acted on has a record only since this grant; the plan knew none. */
function storedRecord(grant: Grant): NodeRecord | null {
  return grant.record.revision === 0 && grant.predecessor === null ? null : grant.record;
}

/** After a recovery: only what was approved, on the disks that were named. */
function leftSteps(plan: NodePlan, fresh: NodePlan, node: string): readonly Step[] | NodeResult {
  const planned = (step: Step): boolean =>
    plan.steps.some(
      (one) =>
        sameValue(one.act, step.act) &&
        one.request === step.request &&
        // What was learnt on the way needs a plan that names it.
        one.resumes?.gate === step.resumes?.gate,
    );
  const named = fresh.erases.every(({ serial }) =>
    plan.erases.some((erase) => erase.serial === serial),
  );
  if (named && fresh.steps.every(planned)) return fresh.steps;
  const message = `after the crash other steps are needed than were planned; plan again`;
  return { node, status: "skipped", code: "IW-P16", message };
}

async function runSteps(
  flow: Flow,
  steps: readonly Step[],
  options: NodeOptions,
): Promise<NodeResult> {
  const { context, node, plan, grant } = flow;
  await guard(flow);
  for (const step of steps) {
    if (context.stopping.aborted)
      return withheld(flow, "interrupted: the steps that are left were not begun", null);
    flow.step = step.id;
    const end = await runStep(flow, step);
    if (end.kind === "interrupted") return withheld(flow, end.message, null);
    if (end.kind === "waiting") return waiting(flow, end.message);
    const gate = end.kind === "done" ? gateAfter(flow, step, options) : null;
    if (gate !== null) return waiting(flow, gate);
    if (end.kind === "done") continue;
    const { why, at } = end;
    if (isWithheld(why)) return leftAlone(flow, why);
    return failed(flow, { ...why, at });
  }
  flow.step = null;
  const { record } = grant;
  const resolved = { node, uuid: plan.uuid, record, renamedFrom: null };
  const applied = {
    ...record.applied,
    ...agreement(
      resolved,
      { observation: flow.observation, surroundings: options.surroundings },
      options.plan,
    ),
  };
  const now = context.clock.now();
  await grant.patchRecord({
    name: node.name,
    // An act brings no commit about, and mends no more than what it moved.
    ...(context.act === null
      ? { applied, appliedCommit: context.plan.commit, appliedAt: now }
      : {}),
    ...(context.act === null || movesState(plan) ? wellNow(plan, record) : {}),
    registerSeq: flow.registerSeq,
    revision: record.revision + riseOf(flow),
    lastFlow: {
      commit: context.plan.commit,
      planId: context.plan.id,
      endedAt: now,
      outcome: "done",
    },
  });
  await context.checkpoint("record-written");
  const recorded = plan.steps.length === 0;
  const message = recorded ? "its record was written" : "done";
  tell(flow, "node.done", message);
  return { node: node.name, status: recorded ? "recorded" : "applied", code: null, message };
}

/** Why nothing follows a step that was done; null where nothing stands in the way. */
function gateAfter(
  { context, node, plan, grant: { record } }: Flow,
  { id }: Step,
  { surroundings }: NodeOptions,
): string | null {
  return (
    stopsAtGate(plan, id, record, context.settings) ??
    stopsAtTraits(plan.steps, id, whyNoDeploy(node, record, surroundings.templates))
  );
}

/** What was aborted stays failed, and says why, until a move leaves that state; so does what is left alone. */
function wellNow(
  { steps, blockedBy }: NodePlan,
  { provisionState }: NodeRecord,
): Partial<NodeRecord> {
  const isWell =
    kindOf(provisionState) !== "failed" && (steps.length > 0 || blockedBy.length === 0);
  return isWell ? { lastError: null, fault: null, retryAt: null } : {};
}

/** No plan rests on lights: a person who sets some voids none that was saved. */
function riseOf({ context, plan }: Flow): number {
  const isLight = plan.steps.every(({ action }) => action === "management.setIndicator");
  return context.act !== null && isLight ? 0 : 1;
}

/** What guards the machine is written down before anything is sent to it: protection, traits, an adoption. */
async function guard({ node, plan, grant, observation }: Flow): Promise<void> {
  const { record } = grant;
  const seen = seeRecord(
    { node, uuid: plan.uuid, record, renamedFrom: null },
    observation,
    record.origin,
  );
  const patch: Partial<NodeRecord> = { ...seen.patch, ...plan.records };
  if (Object.keys(patch).length > 0)
    await grant.patchRecord({ ...patch, revision: record.revision + 1 });
}

/** A node that can't be spoken to is guarded all the same. */
async function protect(grant: Grant, plan: NodePlan): Promise<void> {
  const patch = tightened({ ...plan.records });
  if (Object.keys(patch).length > 0 && !grant.record.protected)
    await grant.patchRecord({ ...patch, revision: grant.record.revision + 1 });
}
