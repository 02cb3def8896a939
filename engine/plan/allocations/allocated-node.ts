import type { Fleet, FleetAllocation, FleetNode } from "../../../schemas/fleet.ts";
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

/** The node as the Allocation has it that it was given to: its own `available` gives way to what is to run. */
export function withAllocation(node: FleetNode, allocation: FleetAllocation): FleetNode {
  const { name, spec, place, origins, specHash } = allocation;
  const provision = spec.provision ?? {};
  const isOver = (pointer: string): boolean => {
    const [, root, key = ""] = pointer.split("/");
    return spec.provision !== undefined && root === "provision" && OVER_THE_NODE.includes(key);
  };
  const own = Object.entries(node.origins).filter(([pointer]) => !isOver(pointer));
  const its = Object.entries(origins).filter(([pointer]) => isOver(pointer));
  const { image: _image, configDrive: _drive, ...rest } = node.spec.provision ?? {};
  const kept = spec.provision === undefined ? node.spec.provision : { ...rest, ...provision };
  return {
    ...node,
    allocation: name,
    spec: { ...node.spec, provision: kept },
    origins: { ...Object.fromEntries([...own, ...its]), "/allocation": place },
    specHash: `${node.specHash}+${specHash}`,
  };
}
