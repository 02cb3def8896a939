import { canonicalJson } from "../../../engine/plan/canonical-json.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import type { LifeWorld } from "./life-world.ts";
import { hasWayOut } from "./ways-out.ts";

/** The laws of a world in which nobody works just now; each answers what is broken. */

const COMPARED = [
  "provisionState",
  "usedRequests",
  "protected",
  "instance",
  "claim",
  "identity",
  "activity",
  "fault",
] as const satisfies readonly (keyof NodeRecord)[];

/** The files say what the lines in the journals came to. */
export async function recordsLaw(world: LifeWorld): Promise<readonly string[]> {
  const { records } = await world.plan();
  return [...records].flatMap(([uuid, record]) => {
    const told = world.laws.record(uuid);
    return COMPARED.flatMap((key) => {
      const [a, b] = [canonicalJson(record[key]), canonicalJson(told[key])];
      return a === b ? [] : [`${record.name}: its file says ${key} ${a}, its journal ${b}`];
    });
  });
}

/** Planned again it is the same plan, and each node is in sync or says what would make it so. */
export async function plansLaw(world: LifeWorld): Promise<readonly string[]> {
  const first = await world.plan();
  const again = await world.plan();
  const { plan } = first.planned;
  const twice = again.planned.plan.id === plan.id ? [] : ["planned twice, it is two plans"];
  const silent = plan.nodes.flatMap((node) => {
    const text = world.explain(plan, node.node, first.records);
    if (node.inSync || hasWayOut(node, text)) return [];
    return [`${node.node} is not in sync, and no way out is said:\n${text}`];
  });
  return [...twice, ...silent];
}

/** What a record says of a workload is what is on a disk. */
export function workloadsLaw(world: LifeWorld): readonly string[] {
  return world.fleet.nodes.flatMap((node) => {
    const { instance, provisionState } = world.laws.record(node.uuid ?? "");
    const image = instance?.image?.["name"];
    if (provisionState !== "active" || instance?.origin !== "deployed") return [];
    if (!isUntouched(world, node)) return [];
    if (world.hall.look(node).disks.some(({ content }) => content === image)) return [];
    return [`${node.name} is active with ${String(image)}, which is on none of its disks`];
  });
}

/** False once somebody put another machine there, or pulled a disk out of it. */
function isUntouched({ laws, hall }: LifeWorld, { name, uuid }: FleetNode): boolean {
  const { serial, robbed } = hall.at(name);
  return (
    !robbed &&
    !laws.isReplaced(uuid ?? "") &&
    !laws.isServedAway(uuid ?? "") &&
    laws.record(uuid ?? "").identity?.serial === serial
  );
}
