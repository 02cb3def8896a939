import { type Failure, fail, ok, type Result } from "../../../schemas/failure.ts";
import type { ConsoleHolder, ConsoleHow, ConsoleOpened, DriverPorts } from "../../driver.ts";
import { socketFault } from "../../net/fault-table.ts";
import { completionFault } from "../ipmi-faults.ts";
import type { IpmiWire, Timings } from "../ipmi-wire.ts";
import { Session20 } from "../live-session.ts";
import { ACTIVATE_COMPLETIONS, ALREADY_INACTIVE, decodeSolActivated } from "../packets/sol.ts";
import type { SolActivated } from "../packets/sol.ts";
import type { SessionKeeper } from "../session-keeper.ts";
import { activateFault, solFault } from "./sol-faults.ts";
import type { SolTimings } from "./sol-flow.ts";
import { SolLink } from "./sol-link.ts";
import { activateSol, deactivateSol, holderOf, holdingSession, type SolAt } from "./sol-session.ts";

/** What a console is opened with; the keeper is its own. */
export interface SolPlan {
  readonly wire: IpmiWire;
  readonly keeper: SessionKeeper;
  readonly ports: DriverPorts;
  readonly timings: Timings;
  readonly solTimings: SolTimings;
}

/** A console that was opened, or why not; `session`: the one that has it now, to be known again when it is lost. */
export interface SolOpened {
  readonly opened: ConsoleOpened;
  readonly session: number | null;
}

/** Tries to take it: whoever is thrown out may come back by itself once. */
const TAKINGS_MAX = 3;
/** Before it is asked for again. Milliseconds. */
const TAKING_PAUSE_MS = 500;

/**
 * Logs in and asks for the console. `lost`: a session of ours that was lost with the console and may have it yet, for a
 * BMC keeps a session for a minute: from that it is taken without a word.
 */
export async function openSol(
  plan: SolPlan,
  how: ConsoleHow,
  lost: number | null,
): Promise<SolOpened> {
  const { wire, keeper, ports, timings } = plan;
  const { clock, settings } = ports;
  const end = clock.monotonic() + settings.limits.requestSeconds * 1000;
  const made = await keeper.logIn(() => end - clock.monotonic(), how.signal);
  if ("failure" in made) return failed(made.failure);
  if (!(made instanceof Session20)) {
    await keeper.close(true);
    return failed(solFault(wire.thing, "notIpmi20"));
  }
  const at: SolAt = { wire, keeper, ports, timings, session: made, signal: how.signal };
  const got = await obtain(at, how, lost);
  if (got.kind !== "got") {
    await keeper.close(true);
    return { opened: got, session: null };
  }
  // The opening may be aborted; what is open is closed.
  const { signal: _, ...open } = at;
  const console = new SolLink(open, got.activated, { ears: how.ears, timings: plan.solTimings });
  return { opened: { kind: "open", console, takenFrom: got.takenFrom }, session: made.id };
}

function failed(failure: Failure): SolOpened {
  return { opened: { kind: "failed", failure }, session: null };
}

type Got =
  | {
      readonly kind: "got";
      readonly activated: SolActivated;
      readonly takenFrom: ConsoleHolder | null;
    }
  | Exclude<ConsoleOpened, { readonly kind: "open" }>;

async function obtain(at: SolAt, how: ConsoleHow, lost: number | null): Promise<Got> {
  const { wire, ports, signal } = at;
  let takenFrom: ConsoleHolder | null = null;
  for (let taking = 0; taking <= TAKINGS_MAX; taking += 1) {
    const asked = await activateSol(at);
    if (!asked.ok) return { kind: "failed", failure: asked.failure };
    const { completion, data } = asked.value;
    if (completion === 0) return gotFrom(wire.thing, data, takenFrom);
    if (!HELD.has(completion))
      return { kind: "failed", failure: activateFault(wire.thing, completion) };
    const holder = await otherHolder(at, lost);
    if (holder !== null && !how.takesOver) return { kind: "held", holder };
    takenFrom = holder ?? takenFrom;
    const ended = await endOther(at);
    if (!ended.ok) return { kind: "failed", failure: ended.failure };
    if (taking > 0) await ports.clock.sleep(TAKING_PAUSE_MS, signal).catch(() => undefined);
    if (signal?.aborted === true)
      return { kind: "failed", failure: socketFault(wire.thing, "IW_ABORTED") };
  }
  return { kind: "failed", failure: solFault(wire.thing, "taken") };
}

function gotFrom(thing: string, data: Buffer, takenFrom: ConsoleHolder | null): Got {
  const activated = decodeSolActivated(data);
  if (activated.ok) return { kind: "got", activated: activated.value, takenFrom };
  return { kind: "failed", failure: solFault(thing, "unreadable", activated.reason) };
}

/** Who has it; null where it is we: the answer to our asking was lost and it came again, or a session of before has it yet. */
async function otherHolder(at: SolAt, lost: number | null): Promise<ConsoleHolder | null> {
  const holding = await holdingSession(at);
  if (holding !== null && (holding === at.session.id || holding === lost)) return null;
  return holderOf(at, holding);
}

/** Somebody has it, or all that there are (24.1). */
const HELD: ReadonlySet<number> = new Set([
  ACTIVATE_COMPLETIONS.alreadyActive,
  ACTIVATE_COMPLETIONS.limitReached,
]);

async function endOther(at: SolAt): Promise<Result<null>> {
  const asked = await deactivateSol(at);
  if (!asked.ok) return fail(asked.failure);
  const { completion } = asked.value;
  if (completion === 0 || completion === ALREADY_INACTIVE) return ok(null);
  return fail(completionFault(at.wire.thing, completion));
}
