import { type Failure, failure } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { finishIntent } from "./finish-intent.ts";
import { type Flow, tell } from "./flow.ts";
import { addressOf, isOursByName, requestMaxMs, senderOf } from "./send.ts";

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
    const why = await finishIntent(flow, intent);
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
  const onTheWire = grant.openIntents.some(({ line }) => !isOursByName(line.action.verb));
  if (sessions.length === 0 && onTheWire && predecessor.provenDead === false) {
    const message = `its last holder ${holder} left no session that could be ended, and may only be paused; when it is dead for certain: ironwright lease break ${node.name} --holder-is-dead`;
    return failure("waiting", "IW-L03", message);
  }
  await context.clock.sleep(context.settings.limits.settleSeconds * 1000);
  return null;
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
      sender: senderOf(flow),
      check: () =>
        grant.check({ impact: "none", verb: "session.end", requestMaxMs: maxMs, registerSeq }),
      requestMaxMs: maxMs,
      signal: store.deathSignal,
    },
  );
  return performed.sent === true ? null : performed.failure;
}
