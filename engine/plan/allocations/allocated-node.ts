import type { FleetAllocation, FleetNode } from "../../../schemas/fleet.ts";

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
