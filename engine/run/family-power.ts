import { type Failure, failure } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { known, type Observation } from "../../schemas/observation.ts";
import { contradiction } from "../plan/facets/identity.ts";
import type { Flow } from "./flow.ts";

/**
 * Why power is not switched here now, by a fresh reading of its parent's or its children's: null when it may be. Somebody may
 * have switched them since the plan was made, and their leases are not ours.
 */
export async function familyForbids(flow: Flow, verb: string): Promise<Failure | null> {
  if (verb === "power.on") return parentIsOff(flow);
  return verb === "power.off" || verb === "power.softOff" ? childIsOn(flow) : null;
}

async function parentIsOff(flow: Flow): Promise<Failure | null> {
  const parent = flow.context.tree.parents.get(flow.node.name);
  if (parent === undefined) return null;
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
  for (const child of children) {
    const seen = await look(flow, child);
    const stranger = await strangerAs(flow, `its child ${child.name}`, child, seen);
    if (stranger !== null) return stranger;
    const power = known(seen, "power");
    if (power === undefined || power === "off" || flow.broughtUp) continue;
    return inTheWay(`${child.name} draws its power from it, and is ${power}`);
  }
  return null;
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
  const record = other.uuid === null ? null : await context.store.record(other.uuid);
  const differs = contradiction({ node: other, record }, known(seen, "identity"));
  if (differs === null) return null;
  return inTheWay(
    `another machine answers as ${who} (${differs.part} ${differs.seen} instead of ${differs.expected})`,
  );
}

function inTheWay(what: string): Failure {
  return failure("waiting", "IW-P32", `${what}; nothing was sent; plan again`);
}
