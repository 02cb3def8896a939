import { allocate } from "../../engine/plan/allocations/allocate.ts";
import type { PlanInput } from "../../engine/plan/input.ts";
import type { NodeSpec } from "../../schemas/documents.ts";
import type { FleetAllocation } from "../../schemas/fleet.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import { aFleet, aNode, anInput, aRecord, byUuid, NOW, sha256 } from "./a-fleet.ts";

/** What deciding rests on in tests. */
export const DECIDING = { digest: sha256, now: NOW };
export const IMAGE = { name: "d", url: "https://images/d.raw", checksum: "sha256:d" };

/** A wish for a node of the class `large` that runs `IMAGE`. */
export function anAllocation(
  name: string,
  spec: Partial<FleetAllocation["spec"]> = {},
): FleetAllocation {
  const place = { file: "inventory/allocations.yaml", line: 3, column: 1 };
  return {
    name,
    spec: { resourceClass: "large", provision: { state: "active", image: IMAGE }, ...spec },
    place,
    origins: { "/provision/state": place, "/provision/image/name": { ...place, line: 8 } },
    specHash: sha256(JSON.stringify(spec)),
  };
}

/** A node of a pool, where it differs. */
export interface Made {
  readonly spec?: NodeSpec;
  readonly record?: Partial<NodeRecord>;
}

/** A pool of nodes of the class `large`, and what is wished of it. */
export function aPool(
  nodes: Readonly<Record<string, Made>>,
  allocations: readonly FleetAllocation[],
  more: Partial<PlanInput> = {},
): PlanInput {
  const declared = Object.entries(nodes).map(([name, { spec }]) =>
    aNode(name, {
      driver: "fake",
      resourceClass: "large",
      provision: { state: "available" },
      ...spec,
    }),
  );
  const records = Object.entries(nodes).map(([name, { record }]) =>
    aRecord(name, { provisionState: "available", cleaned: "metadata", ...record }),
  );
  return anInput(aFleet(declared, { allocations }), { records: byUuid(records), ...more });
}

/** Allocation -> the node that it has or gets; null where it waits. */
export function given(input: PlanInput): Readonly<Record<string, string | null>> {
  const { allocations } = allocate(input, DECIDING);
  return Object.fromEntries(allocations.map(({ allocation, node }) => [allocation, node]));
}
