import { unitOf } from "../../schemas/bmc-unit.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { known, type Observation } from "../../schemas/observation.ts";
import type { NodeRecord, RecordPatch } from "../../schemas/record.ts";

/** What a list that is done has learnt from the machine, besides what the planner knew before. */
export function learntBy(
  verb: string,
  { node, observation }: { readonly node: FleetNode; readonly observation: Observation },
  record: NodeRecord,
  now: number,
): RecordPatch {
  switch (verb) {
    case "provision.manage": {
      const address = node.spec.bmc?.address;
      const system = unitOf(node.spec.bmc ?? {}) ?? null;
      return {
        identity: known(observation, "identity") ?? record.identity,
        bmc: address === undefined ? record.bmc : { address, system },
      };
    }
    case "provision.inspect": {
      const inventory = known(observation, "inventory");
      return inventory === undefined ? {} : { inventory: { ...inventory }, inspectedAt: now };
    }
    case "provision.undeploy":
      return { instance: null };
    default:
      return {};
  }
}
