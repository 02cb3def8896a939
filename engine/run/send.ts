import type { Performed, Sender } from "../../drivers/driver.ts";
import type { Action, DriverAction } from "../../schemas/action.ts";
import { type Failure, failure } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { Impact } from "../../schemas/impact.ts";
import { familyForbids } from "./family-power.ts";
import type { Flow } from "./flow.ts";
import { withConfigDrive } from "./hand-over.ts";

/** What the check before a send is told of an act. */
export interface Sent {
  readonly action: Action;
  readonly impact: Impact;
}

/** The BMC that is spoken to; a node that declares none is its own. */
export function addressOf({ name, spec }: FleetNode): string {
  return spec.bmc?.address ?? name;
}

/** Sends the act; what the engine itself does is only checked, for nothing goes over the wire. */
export async function send(flow: Flow, sent: Sent): Promise<Performed> {
  const { action } = sent;
  if (isOurs(action)) {
    const why = (await check(flow, sent)) ?? (await takeName(flow, action));
    return why === null ? { sent: true } : { sent: false, failure: why };
  }
  const named = withConfigDrive(flow, withRunId(flow, action));
  if (!named.ok) return { sent: false, failure: named.failure };
  const { context, node, driver } = flow;
  const address = addressOf(node);
  return context.turns.run(address, async () => {
    // In its turn, and before the socket is opened: a child that has lost its power answers nothing for a while.
    const forbidden = await familyForbids(flow, action.verb);
    if (forbidden !== null) return { sent: false, failure: forbidden };
    return driver.perform(node, named.value, {
      sender: senderOf(flow),
      check: () => check(flow, sent),
      requestMaxMs: requestMaxMs(flow),
      signal: context.store.deathSignal,
    });
  });
}

/** The name of an Allocation comes before the record: two engines never take two nodes for one. */
async function takeName({ context, grant, node }: Flow, action: Action): Promise<Failure | null> {
  if (action.verb !== "engine.allocate") return null;
  const { allocation } = action;
  const { uuid } = grant;
  const other = await context.store.allocateNode(allocation, { uuid, node: node.name });
  if (other === null) return null;
  const message = `${other} was taken for the Allocation ${allocation} meanwhile; plan again`;
  return failure("conflict", "IW-P28", message);
}

/** A step is remembered by the machine under the name of this run of its list. */
function withRunId({ grant }: Flow, action: DriverAction): DriverAction {
  const { activity } = grant.record;
  if (action.verb !== "step.run" || activity === null) return action;
  return { ...action, id: `${activity.id}/${action.id}` };
}

/** True for what the engine does without a word to the machine. */
export function isOurs(action: Action): action is Exclude<Action, DriverAction> {
  return isOursByName(action.verb);
}

/** The same of a verb as a journal names it. */
export function isOursByName(verb: string): boolean {
  return verb.startsWith("provision.") || verb.startsWith("engine.") || verb === "power.reboot";
}

/** Who acts, as a BMC's log is to name it. */
export function senderOf({ context, grant }: Flow): Sender {
  const { incarnation, file } = context.store;
  return {
    engine: incarnation.name,
    incarnation: incarnation.inc,
    epoch: file.epoch,
    fence: grant.fence,
  };
}

/** A request must end well inside the lease, also when it is sent just before a renewal. */
const SHARE_OF_TTL = 0.4;

/** Milliseconds that one mutating request may take. */
export function requestMaxMs({ context }: Flow): number {
  const { settings, store } = context;
  return Math.min(settings.limits.requestSeconds * 1000, store.file.ttlMs * SHARE_OF_TTL);
}

/** The last look before a send: lease, deadline, stop, holds, register. */
async function check(flow: Flow, { impact, action }: Sent): Promise<Failure | null> {
  const { grant, context, node } = flow;
  for (;;) {
    const why = await grant.check({
      impact,
      verb: action.verb,
      requestMaxMs: requestMaxMs(flow),
      registerSeq: flow.registerSeq,
      pastHolds: context.act?.pastHolds ?? [],
    });
    await context.checkpoint("checked");
    if (why?.code !== MOVED || context.judge === undefined) return why;
    const seq = await context.judge(node.name, grant.record.activity !== null);
    if (seq === null || seq <= flow.registerSeq) return why;
    flow.registerSeq = seq;
  }
}

/** The code of a register that moved. */
const MOVED = "IW-P17";

/** A login is an act: its session is durable in the claim before the session's first mutating request. */
export async function openSession(flow: Flow, sent: Sent): Promise<Failure | null> {
  if (flow.opened || isOurs(sent.action)) return null;
  const { context, grant, node, driver } = flow;
  const address = addressOf(node);
  const performed = await context.turns.run(address, () =>
    driver.perform(
      node,
      { verb: "session.open" },
      {
        sender: senderOf(flow),
        check: () => check(flow, sent),
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

/** Nothing was waited for, so nothing is over. */
const NOTHING = (): Promise<void> => Promise.resolve();

/**
 * Power supplies, disks and breakers need rest between switchings. What it answers says that the act was sent, or never will
 * be: only then the next machine of the rack may be powered on, by whichever engine.
 */
export async function space(flow: Flow, { action }: Sent): Promise<() => Promise<void>> {
  if (!action.verb.startsWith("power.")) return NOTHING;
  const { context, node } = flow;
  const { resetSpacingSeconds, powerOnSpacingSeconds } = context.settings.limits;
  await context.resets.wait(node.name, resetSpacingSeconds * 1000);
  const { rack } = flow.plan;
  if (action.verb !== "power.on" || rack === null || powerOnSpacingSeconds === 0) return NOTHING;
  const pace = { restMs: powerOnSpacingSeconds * 1000, actMs: requestMaxMs(flow) };
  return context.store.paces.enter(`power-on.${rack}`, pace);
}
