import type { FleetNode } from "../../schemas/fleet.ts";
import type { Observation } from "../../schemas/observation.ts";
import type { NodePlan } from "../../schemas/plan.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import { nodesAsPlanned } from "../plan/allocations/allocated-node.ts";
import { resolveNodes, type ResolvedNode } from "../plan/match-records.ts";
import type { LeaseInfo, StoreReader } from "../run/ports.ts";
import type { CommandInput } from "./command.ts";
import { loadDriversIfAny } from "./load-drivers.ts";
import { planWorld } from "./plan-world.ts";
import { driverOptions, nodeNamed, reader, type World } from "./world.ts";

/** All that is known of one node, as `status`, `show` and `explain` print it. */
export interface NodeSight {
  readonly node: FleetNode;
  readonly uuid: string | null;
  readonly record: NodeRecord | null;
  readonly observation: Observation | undefined;
  readonly plan: NodePlan;
  readonly lease: LeaseInfo | undefined;
}

/** Looks at nodes: the declared, the recorded, the observed, and what would be done. */
export async function sightings(
  input: CommandInput,
  world: World,
  how: { readonly live: boolean; readonly select?: ReadonlySet<string> },
): Promise<{
  readonly nodes: readonly NodeSight[];
  readonly planned: Awaited<ReturnType<typeof planWorld>>;
}> {
  const { store, why } = await reader(input, world);
  if (why !== null) input.io.log("warn", why.message, { code: why.code });
  await loadDriversIfAny(input, world);
  const drivers = input.house.openDrivers(driverOptions(input, world));
  try {
    const planned = await planWorld(
      input,
      world,
      { store, drivers },
      { offline: !how.live, ...(how.select === undefined ? {} : { select: how.select }) },
    );
    const resolved = resolveNodes(world.fleet, planned.input.records);
    // A node that an Allocation has is shown as that has it.
    const asPlanned = new Map(
      nodesAsPlanned(world.fleet, planned.plan).map((node) => [node.name, node]),
    );
    const leases = new Map(
      (store === null ? [] : await store.leases()).map((lease) => [lease.uuid, lease]),
    );
    const nodes = planned.plan.nodes.flatMap((plan): readonly NodeSight[] => {
      const its = resolved.nodes.get(plan.node);
      if (its === undefined) return [];
      const observation = planned.input.observations.get(plan.node);
      return [
        {
          node: asPlanned.get(plan.node) ?? its.node,
          uuid: its.uuid,
          record: its.record,
          observation,
          plan,
          lease: leases.get(its.uuid ?? ""),
        },
      ];
    });
    return { nodes, planned };
  } finally {
    await drivers.close();
  }
}

/** The declared node of that name with its uuid and record. */
export async function resolvedNode(
  world: World,
  store: StoreReader,
  name: string | undefined,
): Promise<ResolvedNode & { readonly uuid: string }> {
  const node = nodeNamed(world.fleet, name);
  const resolved = resolveNodes(world.fleet, await store.records()).nodes.get(node.name);
  return {
    node,
    record: resolved?.record ?? null,
    renamedFrom: resolved?.renamedFrom ?? null,
    uuid: resolved?.uuid ?? node.uuid ?? "",
  };
}
