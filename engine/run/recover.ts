import { type Failure, failure } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { sameValue } from "../plan/canonical-json.ts";
import { firstMismatch, mismatchText } from "../plan/verdict.ts";
import { type Flow, tell } from "./flow.ts";
import type { OpenIntent } from "./ports.ts";
import { requestMaxMs } from "./run-step.ts";
import { look, readingsFor, settle } from "./settle.ts";

/** Two readings this far apart that say the same are a state; one may be a moment. Milliseconds. */
const TWICE_MS = 500;
/** Looks until two readings are alike; a machine that never settles is looked at again by the next apply. */
const MOST_LOOKS = 40;

/**
 * Finishes what a holder left that did not give its lease back: its sessions are ended at the BMC,
 * requests it may still have under way get their settle time, and every open intent is observed
 * before anything else is done. Nothing is repeated here: what did not take effect is planned anew.
 */
export async function recover(flow: Flow): Promise<Failure | null> {
  const { predecessor, openIntents } = flow.grant;
  if (predecessor === null || predecessor.claim.released) return null;
  const fenced = await fence(flow, predecessor);
  if (fenced !== null) return fenced;
  for (const intent of openIntents) {
    const why = await finish(flow, intent);
    if (why !== null) return why;
  }
  return null;
}

/** Makes sure that nothing of the old holder can still reach the machine. */
async function fence(
  flow: Flow,
  predecessor: NonNullable<Flow["grant"]["predecessor"]>,
): Promise<Failure | null> {
  const { context, node, grant } = flow;
  const { sessions, holder } = predecessor.claim;
  if (sessions.length === 0 && grant.openIntents.length === 0) return null;
  for (const { address, session } of sessions) {
    const why = await endSession(flow, address, session);
    // A BMC that the node was moved away from may be gone for good; a holder that is gone needs no fence.
    const elsewhere = address !== addressOf(node);
    if (why !== null && elsewhere && predecessor.provenDead === true) continue;
    if (why !== null) return why;
    tell(flow, "session.ended", `the session of ${holder} at the BMC was ended`);
  }
  const onTheWire = grant.openIntents.some(
    ({ line }) => !line.action.verb.startsWith("provision."),
  );
  if (sessions.length === 0 && onTheWire && predecessor.provenDead === false) {
    const message = `its last holder ${holder} used no session and may only be paused; when it is dead for certain: ironwright lease break ${node.name} --holder-is-dead`;
    return failure("waiting", "IW-L03", message);
  }
  await context.clock.sleep(context.settings.limits.settleSeconds * 1000);
  return null;
}

function addressOf({ name, spec }: FleetNode): string {
  return spec.bmc?.address ?? name;
}

/** Where it was opened: a session of the same number at another BMC is somebody else's. */
async function endSession(flow: Flow, address: string, session: string): Promise<Failure | null> {
  const { context, driver, grant } = flow;
  const { bmc } = flow.node.spec;
  const node: FleetNode =
    bmc === undefined
      ? flow.node
      : { ...flow.node, spec: { ...flow.node.spec, bmc: { ...bmc, address } } };
  const { registerSeq, store } = context;
  const maxMs = requestMaxMs(flow);
  const performed = await driver.perform(
    node,
    { verb: "session.end", session },
    {
      check: () =>
        grant.check({ impact: "none", verb: "session.end", requestMaxMs: maxMs, registerSeq }),
      requestMaxMs: maxMs,
      signal: store.deathSignal,
    },
  );
  return performed.sent === true ? null : performed.failure;
}

/** Observes what an open intent came to, and closes it. */
async function finish(flow: Flow, intent: OpenIntent): Promise<Failure | null> {
  const { line } = intent;
  const { clock } = flow.context;
  const started = clock.monotonic();
  const calm = await observeTwice(flow, intent);
  if (calm !== null) return calm;
  let mismatch = firstMismatch(line.after, flow.observation, flow.grant.record);
  // Another host's clock, or one that was set back, never makes the wait longer than it was meant to be.
  const left = Math.min(line.at + line.verifyMaxMs - clock.now(), line.verifyMaxMs);
  // A graceful stop may still be under way: its own deadline is waited out, it is not pressed again.
  if (mismatch !== null && line.action.verb === "power.softOff") {
    const settled = await settle(flow, line.after, Math.max(0, left), line.step);
    mismatch = settled.kind === "seen" ? null : settled.mismatch;
    flow.softOffSpent = mismatch !== null;
  }
  const message =
    mismatch === null
      ? "left open by a crash; observed: it took effect"
      : `left open by a crash; observed: ${mismatchText(mismatch)}`;
  const durationMs = Math.round(clock.monotonic() - started);
  const word = mismatch === null ? "done" : "not-done";
  await flow.grant.outcome(intent, word, { code: null, message, durationMs });
  tell(flow, "step.resumed", message, { step: line.step, action: line.action.verb });
  return null;
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
