import type { Sender } from "../../../drivers/driver.ts";
import type { LoggedCall } from "../../../drivers/simulator/exchange.ts";
import { groupBy } from "./group-by.ts";
import { PHYSICS } from "./simulated-hall.ts";

/** A call that names its lease. */
interface Signed extends LoggedCall {
  readonly sender: Sender;
}

/** Effects that take time, and for how long the machine is on its way, milliseconds. */
const ON_ITS_WAY: Readonly<Record<string, number>> = {
  "powering on": PHYSICS.powerOnMs,
  "powering off": PHYSICS.powerOffMs,
  "shutting down": PHYSICS.gracefulMs,
};

/**
 * What BMCs wrote down, held against what leases promise; each sentence is a broken promise. A call of nobody, a fence that
 * goes back, one fence of two processes, an act while another engine's act is still on its way, a switch that was not needed.
 */
export function brokenPromises(record: readonly LoggedCall[]): readonly string[] {
  const acts = record.filter(({ machine }) => machine !== null);
  const nameless = acts
    .filter(({ sender }) => sender === null)
    .map((call) => say(call, "nobody's"));
  const needless = acts
    .filter(({ effect }) => effect.endsWith(" already"))
    .map((call) => say(call, call.effect));
  const byBmc = groupBy(record.filter(isSigned), ({ address }) => address);
  return [...nameless, ...needless, ...[...byBmc.values()].flatMap(ofOneBmc)];
}

function isSigned(call: LoggedCall): call is Signed {
  return call.sender !== null;
}

function ofOneBmc(calls: readonly Signed[]): readonly string[] {
  const broken: string[] = [];
  let before: Signed | null = null;
  let restsAt = 0;
  for (const call of calls) {
    if (before !== null) {
      const order = compareFences(call.sender, before.sender);
      const isOther = call.sender.incarnation !== before.sender.incarnation;
      if (order < 0) broken.push(say(call, `after ${nameOf(before.sender)}: its fence went back`));
      if (order === 0 && isOther) broken.push(say(call, `a second holder of one fence`));
      const early = restsAt - Date.parse(call.time);
      if (isOther && call.machine !== null && early > 0)
        broken.push(say(call, `${early} ms before what ${nameOf(before.sender)} did was over`));
    }
    restsAt = Math.max(restsAt, Date.parse(call.time) + (ON_ITS_WAY[call.effect] ?? 0));
    before = call;
  }
  return broken;
}

function compareFences(a: Sender, b: Sender): number {
  return a.epoch - b.epoch || a.fence - b.fence;
}

function nameOf({ engine, incarnation, epoch, fence }: Sender): string {
  return `${engine} (${incarnation.slice(0, 6)}, fence ${epoch}.${fence})`;
}

function say({ time, machine, address, method, path, sender }: LoggedCall, what: string): string {
  const who = sender === null ? "" : ` by ${nameOf(sender)}`;
  return `${time} ${machine ?? address} ${method} ${path}${who}: ${what}`;
}
