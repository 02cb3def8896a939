import { type Failure, failure } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { known, type Observation } from "../../schemas/observation.ts";
import type { Switched } from "../../schemas/tree.ts";
import { contradiction, matchIdentity } from "../plan/facets/identity.ts";
import { switches, SWITCHING } from "../plan/tree/switching.ts";
import type { Flow } from "./flow.ts";

/**
 * Why power is not switched here now, by what was begun at its parent or its children and by a fresh reading of them: null when it
 * may be. Asked once the act's own intent is on disk, right before it is sent: somebody may have switched them since the plan
 * was made, or while the act waited for its turn, and their leases are not ours.
 */
export async function familyForbids(flow: Flow, verb: string): Promise<Failure | null> {
  if (verb === "power.on") return parentIsOff(flow);
  return verb === "power.off" || verb === "power.softOff" ? childIsOn(flow) : null;
}

async function parentIsOff(flow: Flow): Promise<Failure | null> {
  const parent = flow.context.tree.parents.get(flow.node.name);
  if (parent === undefined) return null;
  const begun = await underWay(flow, parent, "off");
  if (begun !== null)
    return inTheWay(`its parent ${parent.name} may be about to go off (${begun})`);
  const seen = await look(flow, parent);
  const stranger = await strangerAs(flow, `its parent ${parent.name}`, parent, seen);
  if (stranger !== null) return stranger;
  const power = known(seen, "power");
  if (power === "on") return null;
  const is = power === undefined ? "does not tell whether it is on" : `is ${power}`;
  return inTheWay(`its parent ${parent.name} ${is}`);
}

/**
 * A child that is silent was seen off when the plan was made, or was powered off by it: its BMC may have lost its power
 * earlier in the same list. One that is on after this list has powered its parent on was off before, and came on with it, as
 * DPUs do: the plan says that it loses its power again.
 */
async function childIsOn(flow: Flow): Promise<Failure | null> {
  const children = flow.context.tree.children.get(flow.node.name) ?? [];
  // A reboot asks no child, as in Ironic.
  if (flow.grant.record.activity?.step?.action === "power.reboot") return null;
  if (flow.context.act?.ignoresChildren === true) return null;
  for (const child of children) {
    const begun = await underWay(flow, child, "on");
    if (begun !== null)
      return inTheWay(`its child ${child.name} may be about to come on (${begun})`);
    const seen = await look(flow, child);
    const stranger = await strangerAs(flow, `its child ${child.name}`, child, seen);
    if (stranger !== null) return stranger;
    const power = known(seen, "power");
    if (power === undefined || power === "off" || flow.broughtUp) continue;
    return inTheWay(`${child.name} draws its power from it, and is ${power}`);
  }
  return null;
}

/**
 * What an engine has begun there that may still switch it so. Who asks has an intent of its own on disk already, and so has
 * who is asked about: one of the two sees the other. What has ended by now is seen by the reading that follows.
 */
async function underWay(
  { context: { store } }: Flow,
  { uuid }: FleetNode,
  to: Switched,
): Promise<string | null> {
  // Whoever gave a lease back left nothing open; and a lease is one file, where its lines are in all journals.
  const lease = uuid === null ? null : await store.lease(uuid);
  if (uuid === null || lease === null || lease.state === "released") return null;
  const standing = await store.standing(uuid);
  const act = standing?.open.find(({ action }) => SWITCHING[to].has(action.verb));
  if (act !== undefined) return `${act.action.verb}, begun and not seen to its end`;
  const { step, entry = 0, act: next = 0 } = standing?.record.activity ?? {};
  if (to === "on" || step === null || step === undefined) return null;
  const goesOff = switches({ ...step, resumes: { entry, act: next } }, to);
  return goesOff ? `${step.action} is under way` : null;
}

/** Undefined where it is silent. */
async function look({ context }: Flow, other: FleetNode): Promise<Observation | undefined> {
  const driver = context.drivers.driverFor(other);
  if ("code" in driver) return undefined;
  const { deathSignal } = context.store;
  const seen = await driver.observe(other, ["power", "identity"], deathSignal);
  return seen.unreachable === null ? seen : undefined;
}

/** What another machine says of its power says nothing of the one that is meant. */
async function strangerAs(
  { context }: Flow,
  who: string,
  other: FleetNode,
  seen: Observation | undefined,
): Promise<Failure | null> {
  const identity = known(seen, "identity");
  // Where git's own word settles it, the record, for which all journals are read, is not asked.
  const isNamed = matchIdentity(other.spec.identity, identity).matches !== null;
  const record = isNamed || other.uuid === null ? null : await context.store.record(other.uuid);
  const differs = contradiction({ node: other, record }, identity);
  if (differs === null) return null;
  return inTheWay(
    `another machine answers as ${who} (${differs.part} ${differs.seen} instead of ${differs.expected})`,
  );
}

function inTheWay(what: string): Failure {
  return failure("waiting", "IW-P32", `${what}; nothing was sent; plan again`);
}
