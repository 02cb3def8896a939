import { type Failure, failure } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { known, type ObservedFacets } from "../../schemas/observation.ts";
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
  const power = await readPower(flow, parent);
  if (power === "on") return null;
  const is = power === undefined ? "does not tell whether it is on" : `is ${power}`;
  return inTheWay(`its parent ${parent.name} ${is}`);
}

/**
 * A child that is silent was seen off when the plan was made, or was powered off by it: its BMC may have lost its power
 * earlier in the same list.
 */
async function childIsOn(flow: Flow): Promise<Failure | null> {
  const children = flow.context.tree.children.get(flow.node.name) ?? [];
  // A reboot asks no child, as in Ironic.
  if (flow.grant.record.activity?.step?.action === "power.reboot") return null;
  for (const child of children) {
    const power = await readPower(flow, child);
    if (power === undefined || power === "off") continue;
    return inTheWay(`${child.name} draws its power from it, and is ${power}`);
  }
  return null;
}

async function readPower(
  { context }: Flow,
  other: FleetNode,
): Promise<ObservedFacets["power"] | undefined> {
  const driver = context.drivers.driverFor(other);
  if ("code" in driver) return undefined;
  const observation = await driver.observe(other, ["power"], context.store.deathSignal);
  return observation.unreachable === null ? known(observation, "power") : undefined;
}

function inTheWay(what: string): Failure {
  return failure("waiting", "IW-P32", `${what}; nothing was sent; plan again`);
}
