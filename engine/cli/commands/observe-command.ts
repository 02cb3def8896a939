import { known } from "../../../schemas/observation.ts";
import { type Command } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { sightings } from "../view.ts";
import { loadWorld, nodeNamed } from "../world.ts";

/** `observe`: reads one node's BMC now. */
export const observeCommand: Command = {
  name: "observe",
  arguments: "<node>",
  completes: "node",
  summary: "read one node's BMC now and print what it says",
  options: [],
  examples: ["ironwright observe r7-n01"],
  async run(input) {
    const world = await loadWorld(input);
    const node = nodeNamed(world.fleet, input.args[0]);
    const { nodes } = await sightings(input, world, { live: true, select: new Set([node.name]) });
    const observation = nodes[0]?.observation;
    if (input.common.json) input.io.out(`${JSON.stringify(observation ?? null, null, 2)}\n`);
    else if (observation?.unreachable != null)
      input.io.out(
        `${node.name}: ${observation.unreachable.message}   ${observation.unreachable.code}\n`,
      );
    else
      for (const [facet, reading] of Object.entries(observation?.facets ?? {}))
        input.io.out(
          `${facet.padEnd(12)} ${reading.known ? JSON.stringify(reading.value) : `unknown: ${reading.why?.message ?? "not reported"}`}\n`,
        );
    if (observation === undefined || observation.unreachable !== null) return EXIT.failed;
    return known(observation, "power") === undefined ? EXIT.failed : EXIT.done;
  },
};
