import type { Performed } from "../../drivers/driver.ts";
import { type Action, compareImpact, type DriverAction } from "../../schemas/action.ts";
import { type Failure, failure } from "../../schemas/failure.ts";
import { known } from "../../schemas/observation.ts";
import type { Step } from "../../schemas/plan.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import type { OutcomeWord } from "../../schemas/store.ts";
import { expectedIdentity, matchIdentity } from "../plan/facets/identity.ts";
import { firstMismatch, mismatchText } from "../plan/verdict.ts";
import { type Flow, tell } from "./flow.ts";
import type { OpenIntent } from "./ports.ts";
import { look, readingsFor, settle } from "./settle.ts";

/**
 * Runs one step by the five acts: intent (durable), check, perform, look, outcome (durable).
 * Answers null when its after-state was seen, the failure otherwise.
 */
export async function runStep(flow: Flow, step: Step): Promise<Failure | null> {
  const ready = await makeReady(flow, step);
  if (ready !== null) return ready === "already" ? null : ready;
  if (flow.softOffSpent && step.fallback !== undefined) return fallBack(flow, step, step.fallback);
  const why = await act(flow, step, 1);
  if (why === null || step.fallback === undefined || why.code !== "IW-A01") return why;
  tell(flow, "step.look", `${why.message}; now ${step.fallback.verb}`, { step: step.id });
  return fallBack(flow, step, step.fallback);
}

/**
 * The planned forced way, with an intent of its own. Minutes have passed since the first: the machine that answers
 * now is looked at again, and may have done it meanwhile.
 */
async function fallBack(flow: Flow, step: Step, action: Action): Promise<Failure | null> {
  await look(flow, [...readingsFor(step.after), "identity"]);
  if (flow.observation.unreachable !== null) return flow.observation.unreachable;
  const stranger = checkIdentity(flow);
  if (stranger !== null) return stranger;
  if (firstMismatch(step.after, flow.observation, flow.grant.record) === null) return null;
  const { powerSeconds } = flow.context.settings.timeouts;
  const { fallback: _spent, ...rest } = step;
  return act(flow, { ...rest, act: action, action: action.verb, timeoutSeconds: powerSeconds }, 2);
}

/** Before the intent: is it done already, is the world as planned, and is it the right machine? */
async function makeReady(flow: Flow, step: Step): Promise<Failure | "already" | null> {
  const grave = compareImpact(step.impact, "reboot") >= 0;
  const facets = new Set([...readingsFor(step.before), ...readingsFor(step.after)]);
  if (grave || step.action === "provision.manage") facets.add("identity");
  await look(flow, [...facets]);
  const { observation, grant } = flow;
  if (observation.unreachable !== null) return observation.unreachable;
  const stranger = checkIdentity(flow);
  if (stranger !== null) return stranger;
  if (firstMismatch(step.after, observation, grant.record) === null) {
    tell(flow, "step.done", "it is so already; nothing was sent", {
      step: step.id,
      action: step.action,
    });
    return "already";
  }
  const moved = firstMismatch(step.before, observation, grant.record);
  if (moved === null) return null;
  const message = `${mismatchText(moved)}, as ${step.action} expects; plan again`;
  return failure("conflict", "IW-A03", message);
}

/** In the same session, just before: the machine that answers must be the one that git names. */
function checkIdentity({ node, grant, observation }: Flow): Failure | null {
  const seen = known(observation, "identity");
  const { differs } = matchIdentity(expectedIdentity({ node, record: grant.record }), seen);
  if (differs === null) return null;
  const message = `another machine answers: ${differs.part} ${differs.seen} instead of ${differs.expected}; nothing was sent to it`;
  return failure("stalled", "IW-P04", message);
}

async function act(flow: Flow, step: Step, attempt: number): Promise<Failure | null> {
  const { context, grant } = flow;
  const started = context.clock.monotonic();
  const opened = await openSession(flow, step);
  if (opened !== null) return opened;
  await space(flow, step);
  await context.checkpoint("before-intent");
  const intent = await grant.intent(intentOf(flow, step, attempt));
  await context.checkpoint("intent-durable");
  tell(flow, "step.intent", step.reason, told(step));
  const ended = await performAndLook(flow, step, intent);
  const durationMs = Math.round(context.clock.monotonic() - started);
  const { outcome, why } = ended;
  const message = why?.message ?? "seen";
  await grant.outcome(intent, outcome, { code: why?.code ?? null, message, durationMs });
  await context.checkpoint("outcome-durable");
  const event =
    outcome === "done"
      ? "step.done"
      : outcome === "not-sent"
        ? "step.not-sent"
        : outcome === "ambiguous"
          ? "step.ambiguous"
          : "step.failed";
  tell(flow, event, message, { ...told(step), code: why?.code ?? null, durationMs });
  return why;
}

function told(step: Step): { step: string; action: string; impact: string } {
  return { step: step.id, action: step.act.verb, impact: step.impact };
}

interface Ended {
  readonly outcome: OutcomeWord;
  readonly why: Failure | null;
}

async function performAndLook(flow: Flow, step: Step, intent: OpenIntent): Promise<Ended> {
  const { context, grant } = flow;
  const performed = await perform(flow, step);
  await context.checkpoint("performed");
  if (performed.sent === false) return { outcome: "not-sent", why: performed.failure };
  if (performed.sent === "refused") return { outcome: "not-done", why: performed.failure };
  tell(
    flow,
    "step.sent",
    performed.sent === true ? "accepted" : performed.failure.message,
    told(step),
  );
  if (performed.sent === true && performed.task !== undefined)
    await grant.accepted(intent, performed.task);
  const patch = recordPatch(flow, step);
  if (patch !== null) await grant.patchRecord(patch);
  const settled = await settle(flow, step.after, step.timeoutSeconds * 1000, step.id);
  await context.checkpoint("looked");
  if (settled.kind === "seen") return { outcome: "done", why: null };
  return unseen(step, performed, mismatchText(settled.mismatch));
}

/** The three ways in which an act can be sent and not be seen. */
function unseen(step: Step, performed: Performed, what: string): Ended {
  const time = `${step.timeoutSeconds} s after ${step.act.verb}`;
  if (performed.sent === "unknown") {
    const message = `the answer to ${step.act.verb} was lost, and ${what}; plan again to see what it came to`;
    return {
      outcome: "ambiguous",
      why: failure("ambiguous", "IW-B12", message, performed.failure.message),
    };
  }
  if (step.fallback !== undefined)
    return {
      outcome: "not-effective",
      why: failure("waiting", "IW-A01", `${what} ${time}`),
    };
  const message = `its BMC accepted ${step.act.verb} and ${what} ${time}; look at the machine`;
  return { outcome: "not-effective", why: failure("stalled", "IW-B11", message) };
}

/** Sends the act, or, for a provision verb, does what the engine itself does for it. */
async function perform(flow: Flow, step: Step): Promise<Performed> {
  const { act: action } = step;
  if (isProvision(action)) {
    const why = await check(flow, step);
    return why === null ? { sent: true } : { sent: false, failure: why };
  }
  const { context, node, driver } = flow;
  const address = node.spec.bmc?.address ?? node.name;
  return context.turns.run(address, () =>
    driver.perform(node, action, {
      check: () => check(flow, step),
      requestMaxMs: requestMaxMs(flow),
      signal: context.store.deathSignal,
    }),
  );
}

function isProvision(action: Action): action is Exclude<Action, DriverAction> {
  return action.verb.startsWith("provision.");
}

/** A request must end well inside the lease, also when it is sent just before a renewal. */
const SHARE_OF_TTL = 0.4;

/** Milliseconds that one mutating request may take. */
export function requestMaxMs({ context }: Flow): number {
  const { settings, store } = context;
  return Math.min(settings.limits.requestSeconds * 1000, store.file.ttlMs * SHARE_OF_TTL);
}

/** The last look before a send: lease, deadline, stop, holds, register. */
async function check(flow: Flow, step: Pick<Step, "impact" | "act">): Promise<Failure | null> {
  const { grant, context } = flow;
  const why = await grant.check({
    impact: step.impact,
    verb: step.act.verb,
    requestMaxMs: requestMaxMs(flow),
    registerSeq: context.registerSeq,
  });
  await context.checkpoint("checked");
  return why;
}

/** A login is an act: its session is durable in the claim before the session's first mutating request. */
async function openSession(flow: Flow, step: Step): Promise<Failure | null> {
  if (flow.opened || isProvision(step.act)) return null;
  const { context, grant, node, driver } = flow;
  const address = node.spec.bmc?.address ?? node.name;
  const performed = await context.turns.run(address, () =>
    driver.perform(
      node,
      { verb: "session.open" },
      {
        check: () => check(flow, step),
        requestMaxMs: requestMaxMs(flow),
        signal: context.store.deathSignal,
      },
    ),
  );
  if (performed.sent !== true) return performed.failure;
  if (performed.session !== undefined) {
    await grant.nameSession(address, performed.session);
    await context.checkpoint("session-written");
    flow.session = performed.session;
  }
  flow.opened = true;
  return null;
}

/** Power supplies, disks and breakers need rest between switchings. */
async function space(flow: Flow, step: Step): Promise<void> {
  if (!step.act.verb.startsWith("power.")) return;
  const { context, node } = flow;
  const { resetSpacingSeconds, powerOnSpacingSeconds } = context.settings.limits;
  await context.resets.wait(node.name, resetSpacingSeconds * 1000);
  const { rack } = flow.plan;
  if (step.act.verb === "power.on" && rack !== null)
    await context.powerOns.wait(rack, powerOnSpacingSeconds * 1000);
}

function intentOf(flow: Flow, step: Step, attempt: number): Parameters<Flow["grant"]["intent"]>[0] {
  const { context, node, observation, session } = flow;
  const before = firstMismatch(step.before, observation, flow.grant.record);
  return {
    planId: context.plan.id,
    registerSeq: context.registerSeq,
    commit: context.plan.commit,
    step: step.id,
    attempt,
    action: { ...step.act },
    impact: step.impact,
    authority: { ...context.authority },
    bmc: node.spec.bmc?.address ?? null,
    system: node.spec.bmc?.system ?? null,
    identity: known(observation, "identity") ?? null,
    session,
    before: before === null ? { ...step.before } : {},
    after: { ...step.after },
    requestMaxMs: requestMaxMs(flow),
    verifyMaxMs: step.timeoutSeconds * 1000,
    reason: step.reason,
  };
}

/** What a provision verb writes: the fact that guards the machine, durable before it counts. */
function recordPatch({ grant, node, observation }: Flow, step: Step): Partial<NodeRecord> | null {
  const { record } = grant;
  const revision = record.revision + 1;
  switch (step.act.verb) {
    case "provision.manage": {
      const identity = known(observation, "identity") ?? record.identity;
      const address = node.spec.bmc?.address;
      const system = node.spec.bmc?.system ?? null;
      const bmc = address === undefined ? record.bmc : { address, system };
      return { provisionState: "manageable", activeBy: null, identity, bmc, revision };
    }
    case "provision.provide":
      return { provisionState: "available", revision };
    case "provision.adopt":
      return { provisionState: "active", activeBy: "adopted", revision };
    case "power.on":
    case "power.off":
    case "power.softOff":
    case "management.setBootDevice":
    case "management.setBootMode":
    case "management.setSecureBoot":
      return null;
  }
}
