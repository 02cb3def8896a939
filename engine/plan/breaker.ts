import type { NodePlan, Refusal } from "../../schemas/plan.ts";
import type { Settings } from "../../schemas/settings.ts";

/** Nodes in trouble that nobody acknowledged yet: drifted, silent, or refusing the login. */
export function inTrouble(
  nodes: readonly NodePlan[],
  acknowledged: ReadonlySet<string>,
): readonly string[] {
  return nodes
    .filter((node) => node.unreachable || node.changes.some((change) => change.cause === "drift"))
    .map((node) => node.node)
    .filter((name) => !acknowledged.has(name));
}

/**
 * Opens when more than a share of the fleet turned to trouble in one round: then the cause is likelier a
 * switch, a password or a clock than the machines, and enforcing would make it worse.
 */
export function breakerRefusal(
  troubled: readonly string[],
  fleetSize: number,
  { percent, nodes }: Settings["breaker"],
): Refusal | null {
  const allowed = Math.max(Math.floor((fleetSize * percent) / 100), nodes);
  if (troubled.length <= allowed) return null;
  return {
    code: "IW-P11",
    message:
      `the breaker is open: ${troubled.length} of ${fleetSize} nodes drifted or do not answer, more than ${allowed} ` +
      "(breaker.percent, breaker.nodes). Look at the network and the credentials first; when it is meant: ironwright resume",
    declaredAt: null,
  };
}
