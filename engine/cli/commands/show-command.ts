import { stringify } from "yaml";
import { renderNode } from "../../../inventory/render-node.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { instantText } from "../../../schemas/instant.ts";
import { withRelatives } from "../../plan/tree/relatives.ts";
import { answer } from "../answer.ts";
import { type Command, flag } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { nodeNamed, loadWorld } from "../world.ts";
import { type NodeSight, sightings } from "../view.ts";

/** `show`: one node in full. */
export const showCommand: Command = {
  name: "show",
  alias: "describe",
  arguments: "<node>",
  completes: "node",
  summary: "one node in full: declared, recorded, observed, and what would be done",
  options: [
    { flags: "--rendered", description: "the folded document, with file:line of every value" },
    { flags: "--live", description: "read its BMC now" },
  ],
  examples: [
    "ironwright show r7-n01",
    "ironwright show r7-n01 --rendered",
    "ironwright show r7-n01 --json",
  ],
  async run(input) {
    const world = await loadWorld(input);
    const node = nodeNamed(world.fleet, input.args[0]);
    if (flag(input, "rendered")) {
      const { name, uuid, labels, annotations, spec, origins } = node;
      const data = { metadata: { name, uuid, labels, annotations }, spec, origins };
      answer(input, data, () => renderNode(world.fleet, node));
      return EXIT.done;
    }
    const select = withRelatives(world.fleet.nodes, new Set([node.name]));
    const { nodes } = await sightings(input, world, { live: flag(input, "live"), select });
    for (const sight of nodes.filter((one) => one.node.name === node.name)) {
      const data = inFull(sight, world.fleet.nodes);
      answer(input, data, () => stringify(data, { lineWidth: 0 }));
    }
    return EXIT.done;
  },
};

function inFull(
  { node, uuid, record, observation, plan, lease }: NodeSight,
  nodes: readonly FleetNode[],
): unknown {
  const readings = Object.entries(observation?.facets ?? {}).map(([facet, reading]) => [
    facet,
    reading.known ? reading.value : { unknown: reading.why?.message ?? "not reported" },
  ]);
  return {
    node: node.name,
    uuid,
    declaredAt: `${node.place.file}:${node.place.line}`,
    provisionState: plan.provisionState,
    targetProvisionState: plan.targetProvisionState,
    allocation: plan.allocation ?? null,
    parent: node.spec.parent ?? null,
    children: nodes.flatMap(({ name, spec }) => (spec.parent === node.name ? [name] : [])),
    inSync: plan.inSync,
    blockedBy: plan.blockedBy,
    changes: plan.changes,
    after: plan.tree?.after ?? [],
    steps: plan.steps.map(({ id, action, impact, reason }) => ({ id, action, impact, reason })),
    observed:
      observation === undefined
        ? null
        : {
            at: instantText(observation.at),
            vendor: observation.vendor ?? null,
            model: observation.model ?? null,
            bmcFirmware: observation.bmcFirmware ?? null,
            transport: observation.transport,
            unreachable: observation.unreachable?.message ?? null,
            ...Object.fromEntries(readings),
          },
    record,
    lease:
      lease === undefined
        ? null
        : { holder: lease.claim.holder, fence: lease.fence, state: lease.state },
    spec: node.spec,
  };
}
