import type { Fleet, FleetAllocation, FleetNode } from "../../../schemas/fleet.ts";
import { fillPlaceholders } from "../../../schemas/placeholders.ts";
import type { Plan } from "../../../schemas/plan.ts";

/** The nodes of a fleet as a plan has them: each that an Allocation has, or gets by it, with what is to run there. */
export function nodesAsPlanned(
  { nodes, allocations }: Pick<Fleet, "nodes" | "allocations">,
  plan: Pick<Plan, "allocations">,
): readonly FleetNode[] {
  if (allocations.length === 0) return nodes;
  const byName = new Map(allocations.map((one) => [one.name, one]));
  const given = new Map(plan.allocations.map(({ node, allocation }) => [node, allocation]));
  return nodes.map((node) => {
    const allocation = byName.get(given.get(node.name) ?? "");
    return allocation === undefined ? node : withAllocation(node, allocation);
  });
}

/** What an Allocation says in the place of the node that it was given. */
const OVER_THE_NODE = ["state", "image", "configDrive"];

/** States of a node's own that leave it to the Allocation what runs there. */
const GIVES_WAY = ["available", "rescue"];

/** What runs there is the node's own word: an Allocation that leaves git leaves nothing behind there. */
export function runsByItself({ spec }: FleetNode): boolean {
  const { state } = spec.provision ?? {};
  return state === "active" || state === "adopted";
}

/**
 * The node as the Allocation has it that it was given to: its own `available` gives way to what is to run, and a
 * rescue is one of that. A node that says anything else of itself is left to its own word (`ownWord`).
 */
export function withAllocation(node: FleetNode, allocation: FleetAllocation): FleetNode {
  const { name, spec, place, origins } = allocation;
  const given = { ...node, allocation: name, origins: { ...node.origins, "/allocation": place } };
  const own = node.spec.provision?.state ?? "available";
  if (spec.provision === undefined) return given;
  if (!GIVES_WAY.includes(own)) return { ...given, ownWord: own };
  const isOver = (pointer: string): boolean => {
    const [, root, key = ""] = pointer.split("/");
    const rescued = key === "state" && own === "rescue";
    return root === "provision" && OVER_THE_NODE.includes(key) && !rescued;
  };
  const kept = Object.entries(node.origins).filter(([pointer]) => !isOver(pointer));
  const its = Object.entries(origins).filter(([pointer]) => isOver(pointer));
  const { image: _image, configDrive: _drive, ...rest } = node.spec.provision ?? {};
  const state = own === "rescue" ? own : spec.provision.state;
  const whole = { ...node.spec, provision: { ...rest, ...spec.provision, state } };
  return {
    ...given,
    spec: fillPlaceholders(whole, node),
    origins: { ...Object.fromEntries([...kept, ...its]), "/allocation": place },
    specHash: `${node.specHash}+${allocation.specHash}`,
  };
}
