import type { NodeRequest, NodeSpec } from "../../schemas/documents.ts";
import type { Fleet } from "../../schemas/fleet.ts";
import { LifeWorld } from "../engine/simulation/life-world.ts";
import type { SeenAct } from "../engine/simulation/machine-hall.ts";
import { aFleet, aNode } from "./a-fleet.ts";

/** What a member of a family is: `on` and `off` are its power at first sight. */
export interface Member {
  readonly is: "on" | "off";
  readonly spec?: NodeSpec;
  readonly failures?: readonly string[];
  readonly rack?: string;
}
export type Members = Readonly<Record<string, Member>>;

export function fleetOf(members: Members): Fleet {
  return aFleet(
    Object.entries(members).map(([name, { spec, rack }]) =>
      aNode(
        name,
        {
          driver: "fake",
          identity: { serial: name },
          provision: { state: "adopted" },
          drift: { power: "enforce" },
          ...spec,
        },
        // A rack of its own: what is tested is the order of the tree, and not that of budgets.
        { rack: rack ?? `rack-${name}` },
      ),
    ),
  );
}

/** A world whose nodes are adopted; `wire` holds every act that a machine took from then on. */
export async function aWorld(members: Members): Promise<{ world: LifeWorld; wire: string[] }> {
  const known = Object.entries(members).map(([name, { spec, ...rest }]): [string, Member] => [
    name,
    { ...rest, spec: { ...spec, power: "unmanaged", requests: [] } },
  ]);
  const world = new LifeWorld(fleetOf(Object.fromEntries(known)), "existing");
  for (const [name, { is, failures = [] }] of Object.entries(members))
    world.hall.slots.set(name, {
      serial: name,
      fake: {
        serial: name,
        power: is,
        powerMs: 10_000,
        agentMs: 60_000,
        stepMs: 60_000,
        failures: [...failures],
      },
      text: null,
      cuts: 0,
      robbed: false,
    });
  await world.init();
  await world.apply();
  const wire: string[] = [];
  world.watch = ({ node, action }) => void wire.push(`${node.name} ${action.verb}`);
  world.fleet = fleetOf(members);
  return { world, wire };
}

export const child = (spec: NodeSpec = {}): NodeSpec => ({ parent: "srv", ...spec });
export const SERVICE: NodeRequest = {
  id: "burnin",
  action: "service",
  expires: "2026-11-30T00:00:00Z",
  steps: [{ interface: "deploy", step: "burnin_cpu" }],
};

export const statuses = (
  applied: Awaited<ReturnType<LifeWorld["apply"]>>,
): Record<string, string> =>
  Object.fromEntries(
    (applied.result?.ok === true ? applied.result.value.nodes : []).map((one) => [
      one.node,
      one.status,
    ]),
  );
export const messageOf = (
  applied: Awaited<ReturnType<LifeWorld["apply"]>>,
  name: string,
): string | undefined =>
  applied.result?.ok === true
    ? applied.result.value.nodes.find(({ node }) => node === name)?.message
    : undefined;

/** Somebody presses the power button of a node. */
export function press(world: LifeWorld, name: string): void {
  for (const node of world.fleet.nodes) if (node.name === name) world.hall.press(node);
}

/** Where a node's power is, or is on its way to. */
export function powerOf(world: LifeWorld, name: string): "on" | "off" | "nobody" {
  const node = world.fleet.nodes.find((one) => one.name === name);
  if (node === undefined) return "nobody";
  const { power, powering } = world.hall.look(node);
  return powering?.to ?? power;
}

/** Cards that come on by themselves with their host, and lose their power with it; answers those that came on. */
export function feed(
  world: LifeWorld,
  { node, action }: SeenAct,
  cards: ReadonlySet<string>,
): readonly string[] {
  if (!action.verb.startsWith("power.")) return [];
  const to = action.verb === "power.on" ? "on" : "off";
  const its = world.fleet.nodes.filter(
    ({ name, spec }) => spec.parent === node.name && cards.has(name) && powerOf(world, name) !== to,
  );
  for (const card of its) world.hall.press(card);
  return to === "on" ? its.map(({ name }) => name) : [];
}
