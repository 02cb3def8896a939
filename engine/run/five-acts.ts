import type { Performed } from "../../drivers/driver.ts";
import { unitOf } from "../../schemas/bmc-unit.ts";
import type { Action } from "../../schemas/action.ts";
import type { EventName } from "../../schemas/event.ts";
import { type Failure, failure } from "../../schemas/failure.ts";
import { compareImpact, type Impact } from "../../schemas/impact.ts";
import { known } from "../../schemas/observation.ts";
import type { RecordPatch } from "../../schemas/record.ts";
import type { IntentBody, OutcomeWord } from "../../schemas/store.ts";
import { contradiction, isNameless } from "../plan/facets/identity.ts";
import { seeRun } from "../plan/signs.ts";
import { firstMismatch, mismatchText } from "../plan/verdict.ts";
import { type Authority, type Flow, leftRunning, tell } from "./flow.ts";
import type { OpenIntent } from "./ports.ts";
import { isOurs, openSession, requestMaxMs, send, space } from "./send.ts";
import { look, pass, readingsFor, type Settled, settle } from "./settle.ts";

/** One act as it is asked for: a plain step, or an act inside a list. */
export interface Asked {
  /** `5`, or `5.2.1` inside a list. */
  readonly id: string;
  readonly action: Action;
  /** As people are told of it: its verb, or the step of an interface. */
  readonly name: string;
  readonly impact: Impact;
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
  readonly timeoutSeconds: number;
  readonly reason: string;
  readonly authority: Authority;
  readonly fallback?: Action | undefined;
  /** True where it powers a child off for its parent: whoever finishes it after a crash must know. */
  readonly forParent?: boolean;
  /** True where its outcome only opens a list, which is not done yet. */
  readonly opens?: boolean;
  /** True while it holds no worker: others go on while it sleeps. */
  readonly waits: boolean;
  /** What the record says from the intent on. */
  readonly intending?: () => RecordPatch;
  /** What it says from the outcome on; null where that is as before. */
  readonly ended?: (outcome: OutcomeWord, why: Failure | null) => RecordPatch | null;
}

/** What an act came to. */
export interface Ended {
  /** `already`: it was so before, and nothing was sent. `left`: it runs, and its intent stays open. */
  readonly outcome: OutcomeWord | "already" | "left";
  /** Null when its after-state was seen. */
  readonly why: Failure | null;
}

/** Runs an act by the five acts: intent (durable), check, perform, look, outcome (durable). */
export async function runAct(flow: Flow, asked: Asked): Promise<Ended> {
  const unready = await makeReady(flow, asked);
  if (unready !== null) return unready;
  const spent = flow.softOffSpent && asked.fallback !== undefined;
  if (spent) {
    flow.softOffSpent = false;
    return attempt(flow, forced(flow, asked), 2);
  }
  const ended = await attempt(flow, asked, 1);
  if (asked.fallback === undefined || ended.why?.code !== "IW-A01") return ended;
  tell(flow, "step.look", `${ended.why.message}; now ${asked.fallback.verb}`, { step: asked.id });
  // Minutes have passed: the machine that answers now is looked at again, and may have done it meanwhile.
  const again = { ...forced(flow, asked), before: {} };
  return (await makeReady(flow, again)) ?? attempt(flow, again, 2);
}

/** The planned forced way, with an intent of its own. */
function forced({ context }: Flow, { fallback, ...asked }: Asked): Asked {
  const action = fallback ?? asked.action;
  const { powerSeconds } = context.settings.timeouts;
  return { ...asked, action, name: action.verb, timeoutSeconds: powerSeconds };
}

/** Before the intent: is it the right machine, is it done already, and is the world as planned? */
async function makeReady(flow: Flow, asked: Asked): Promise<Ended | null> {
  const { action, before, after } = asked;
  const facets = new Set([...readingsFor(before), ...readingsFor(after)]);
  if (compareImpact(asked.impact, "reboot") >= 0 || isOfRecord(action)) facets.add("identity");
  await look(flow, [...facets]);
  const { observation, grant } = flow;
  if (observation.unreachable !== null)
    return { outcome: "not-sent", why: observation.unreachable };
  const stranger = action.verb === "engine.replace" ? null : checkIdentity(flow, asked.impact);
  if (stranger !== null) return { outcome: "not-sent", why: stranger };
  if (canBeSo(asked) && firstMismatch(after, observation, grant.record) === null) {
    const what = { step: asked.id, action: asked.name };
    tell(flow, "step.done", "it is so already; nothing was sent", what);
    return { outcome: "already", why: null };
  }
  const moved = firstMismatch(before, observation, grant.record);
  if (moved === null) return null;
  const message = `${mismatchText(moved)}, as ${asked.name} expects; plan again`;
  return { outcome: "not-sent", why: failure("conflict", "IW-A03", message) };
}

/** A move of the record rests on knowing which machine answers. */
function isOfRecord({ verb }: Action): boolean {
  return verb.startsWith("provision.") || verb === "engine.replace";
}

/** Acts whose effect is a state may have been done before; a run of a step, a wait or a hold never was. */
function canBeSo({ action, after }: Asked): boolean {
  if (Object.keys(after).length === 0) return false;
  // What is left of another list's ramdisk is not this one's: its boot is set up, and taken away, each time.
  const isAnew = action.verb.startsWith("boot.");
  return !isAnew && !["step.run", "management.injectNmi"].includes(action.verb);
}

/** In the same session, just before: the machine that answers must be the one that git names. */
function checkIdentity({ node, grant, observation }: Flow, impact: Impact): Failure | null {
  const seen = known(observation, "identity");
  const view = { node, record: grant.record };
  const differs = contradiction(view, seen);
  if (differs === null) {
    const grave = compareImpact(impact, "reboot") >= 0;
    return grave && isNameless(view, seen) ? failure("stalled", "IW-P04", NAMELESS) : null;
  }
  const message = `another machine answers: ${differs.part} ${differs.seen} instead of ${differs.expected}; nothing was sent to it`;
  return failure("stalled", "IW-P04", message);
}

const NAMELESS =
  "the machine no longer says who it is (blank serial and uuid), and it did before; nothing was sent to it";

const EVENTS: Readonly<Record<OutcomeWord, EventName>> = {
  done: "step.done",
  "not-sent": "step.not-sent",
  ambiguous: "step.ambiguous",
  "not-done": "step.failed",
  "not-effective": "step.failed",
};

async function attempt(flow: Flow, asked: Asked, count: number): Promise<Ended> {
  const started = flow.context.clock.monotonic();
  const opened = await openSession(flow, asked);
  if (opened !== null) return { outcome: "not-sent", why: opened };
  const over = await space(flow, asked);
  try {
    return await attemptNow(flow, asked, { count, started, over });
  } finally {
    await over();
  }
}

/** One attempt in its turn: `over` says that nothing more is sent. */
interface Turn {
  readonly count: number;
  /** Monotonic milliseconds. */
  readonly started: number;
  readonly over: () => Promise<void>;
}

async function attemptNow(flow: Flow, asked: Asked, turn: Turn): Promise<Ended> {
  const { context, grant } = flow;
  const { count, started, over } = turn;
  await context.checkpoint("before-intent");
  const intent = await grant.intent(intentOf(flow, asked, count));
  await context.checkpoint("intent-durable");
  tell(flow, "step.intent", asked.reason, told(asked));
  const { outcome, why, said } = await performAndLook(flow, asked, { intent, over });
  if (outcome === "left") return { outcome, why };
  const durationMs = Math.round(context.clock.monotonic() - started);
  const message = why?.message ?? (asked.opens === true ? "begun" : seenText(asked, said));
  const code = why?.code ?? null;
  const patch = asked.ended?.(outcome, why) ?? undefined;
  await grant.outcome(intent, outcome, { code, message, durationMs }, patch);
  await context.checkpoint("outcome-durable");
  const event = outcome === "done" && asked.opens === true ? "step.sent" : EVENTS[outcome];
  tell(flow, event, message, { ...told(asked), code, durationMs });
  return { outcome, why };
}

/** Of what nobody can see, nothing was seen. */
function seenText({ action, after }: Asked, said: string | undefined): string {
  const isUnseen = !isOurs(action) && Object.keys(after).length === 0;
  if (!isUnseen) return "seen";
  const answer = said === undefined ? "" : ` and answered ${said}`;
  return `its BMC accepted it${answer}; its effect can't be seen`;
}

function told({ id, name, impact }: Asked): { step: string; action: string; impact: string } {
  return { step: id, action: name, impact };
}

interface Sighted {
  readonly outcome: OutcomeWord | "left";
  readonly why: Failure | null;
  /** What the machine answered beside yes. */
  readonly said?: string | undefined;
}

async function performAndLook(
  flow: Flow,
  asked: Asked,
  { intent, over }: Pick<Turn, "over"> & { readonly intent: OpenIntent },
): Promise<Sighted> {
  const { context, grant } = flow;
  const performed = await send(flow, asked);
  await over();
  await context.checkpoint("performed");
  if (performed.sent === false) return { outcome: "not-sent", why: performed.failure };
  if (performed.sent === "refused") return { outcome: "not-done", why: performed.failure };
  const answer = performed.sent === true ? "accepted" : performed.failure.message;
  if (!isOurs(asked.action)) tell(flow, "step.sent", answer, told(asked));
  if (performed.sent === true && performed.task !== undefined)
    await grant.accepted(intent, performed.task);
  const settled = await lookFor(flow, asked);
  await context.checkpoint("looked");
  if (settled.kind === "left") return { outcome: "left", why: leftRunning(nameInList(asked)) };
  const said = performed.sent === true ? performed.said : undefined;
  return { ...sighted(asked, performed, settled), said };
}

/** `deploy.burnin_cpu, 2 of 3 of provision.clean`; a plain step has its name alone. */
function nameInList({ id, name, reason }: Asked): string {
  return id.includes(".") ? reason : name;
}

/** What the machine does by itself, for minutes or hours, is left to it; all else is seen to its end. */
function isLong({ waits, fallback, action }: Asked): boolean {
  return waits || fallback !== undefined || action.verb === "power.softOff";
}

async function lookFor(flow: Flow, asked: Asked): Promise<Settled> {
  const { action, after, timeoutSeconds, id, waits } = asked;
  const mayLeave = isLong(asked);
  if (action.verb === "engine.wait") {
    await flow.context.slots.rest(() => pass(flow, action.seconds * 1000, mayLeave));
    return flow.context.stopping.aborted ? { kind: "left" } : { kind: "seen" };
  }
  // What the engine itself brings about is written with its outcome; only an agent is waited for.
  if (isOurs(action) && action.verb !== "engine.awaitAgent") return { kind: "seen" };
  const bootId = known(flow.observation, "agent")?.bootId ?? null;
  const asker = action.verb === "step.run" && action.inBand ? bootId : null;
  const early = action.verb === "step.run" ? () => runEnded(flow, asker) : undefined;
  return settle(flow, after, {
    timeoutMs: timeoutSeconds * 1000,
    step: id,
    waits,
    mayLeave,
    early,
  });
}

/** A step that failed, or whose ramdisk is gone, is not waited for. */
function runEnded({ observation, grant }: Flow, bootId: string | null): Failure | null {
  const seen = seeRun(observation, grant.record, bootId);
  if (seen.kind === "failed") return failure("stalled", "IW-A05", seen.message);
  if (seen.kind !== "lost") return null;
  return failure("ambiguous", "IW-A05", "the ramdisk that ran it was started anew meanwhile");
}

/** The ways in which an act that was sent can end. */
function sighted(
  asked: Asked,
  performed: Performed,
  settled: Exclude<Settled, { readonly kind: "left" }>,
): Sighted {
  const unseen = Object.keys(asked.after).length === 0;
  if (settled.kind === "seen" && !(performed.sent === "unknown" && unseen))
    return { outcome: "done", why: null };
  if (settled.kind === "ended") {
    const { why } = settled;
    const outcome = why.kind === "ambiguous" ? "ambiguous" : "not-effective";
    return { outcome, why: { ...why, message: `${asked.name}: ${why.message}` } };
  }
  const what =
    settled.kind === "seen" ? "its effect can't be seen" : mismatchText(settled.mismatch);
  if (performed.sent === "unknown") {
    const message = `the answer to ${asked.name} was lost, and ${what}; plan again to see what it came to`;
    const why = failure("ambiguous", "IW-B12", message, performed.failure.message);
    return { outcome: "ambiguous", why };
  }
  const late = `${what} ${asked.timeoutSeconds} s after ${asked.name}`;
  if (asked.fallback !== undefined || isOurs(asked.action))
    return { outcome: "not-effective", why: failure("waiting", "IW-A01", late) };
  const message = `its BMC accepted ${asked.name} and ${late}; look at the machine`;
  return { outcome: "not-effective", why: failure("stalled", "IW-B11", message) };
}

function intentOf(flow: Flow, asked: Asked, count: number): IntentBody {
  const { context, node, observation, session, grant } = flow;
  const before = firstMismatch(asked.before, observation, grant.record);
  const bootId = known(observation, "agent")?.bootId ?? null;
  const asker = asked.action.verb === "step.run" && asked.action.inBand ? { bootId } : {};
  const lent = asked.forParent === true ? { forParent: true } : {};
  const patch = asked.intending?.();
  return {
    planId: context.plan.id,
    registerSeq: flow.registerSeq,
    author: context.plan.commitAuthor,
    commit: context.plan.commit,
    step: asked.id,
    attempt: count,
    action: { ...asked.action },
    impact: asked.impact,
    authority: { ...asked.authority },
    bmc: node.spec.bmc?.address ?? null,
    system: unitOf(node.spec.bmc ?? {}) ?? null,
    identity: known(observation, "identity") ?? null,
    session,
    before: { ...(before === null ? asked.before : {}), ...asker, ...lent },
    after: { ...asked.after },
    requestMaxMs: requestMaxMs(flow),
    verifyMaxMs: asked.timeoutSeconds * 1000,
    reason: asked.reason,
    ...(patch === undefined || Object.keys(patch).length === 0 ? {} : { patch: { ...patch } }),
  };
}
