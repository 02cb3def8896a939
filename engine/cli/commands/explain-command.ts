import { inWords } from "../../plan/durations.ts";
import { explainNode } from "../../plan/explain-node.ts";
import { withRelatives } from "../../plan/tree/relatives.ts";
import { answer } from "../answer.ts";
import { type Command, flag } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { type NodeSight, sightings } from "../view.ts";
import { sayUnvouched } from "../vouched.ts";
import { loadWorld, nodeNamed } from "../world.ts";

/** `explain`: why nothing, or something, happens to a node. */
export const explainCommand: Command = {
  name: "explain",
  arguments: "<node>",
  completes: "node",
  summary:
    "why nothing (or something) happens to a node: hold, lease, backoff, commit, next attempt",
  options: [{ flags: "--offline", description: "from the last readings; its BMC is not asked" }],
  examples: ["ironwright explain r9-n31"],
  async run(input) {
    const world = await loadWorld(input);
    const node = nodeNamed(world.fleet, input.args[0]);
    const select = withRelatives(world.fleet.nodes, new Set([node.name]));
    const { nodes, planned } = await sightings(input, world, {
      live: !flag(input, "offline"),
      select,
    });
    const sight = nodes.find((one) => one.node.name === node.name);
    await sayUnvouched(input, world);
    const now = input.house.clock.now();
    const text = explainNode({
      plan: planned.plan,
      node,
      nodes: world.fleet.nodes,
      record: sight?.record ?? null,
      holder: sight === undefined ? null : holder(sight, now),
      now,
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    });
    answer(input, { node: node.name, plan: sight?.plan, record: sight?.record }, text);
    return EXIT.done;
  },
};

function holder({ lease }: NodeSight, now: number): string | null {
  if (lease?.state !== "held") return null;
  return `held by ${lease.claim.holder} for ${inWords((now - lease.claim.takenAt) / 1000)} (fence ${lease.fence})`;
}
