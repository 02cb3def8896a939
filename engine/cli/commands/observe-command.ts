import { valueText } from "../../plan/verdict.ts";
import { known, type Observation } from "../../../schemas/observation.ts";
import { answer } from "../answer.ts";
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
    answer(input, observation ?? null, () => inWords(node.name, observation));
    if (observation === undefined || observation.unreachable !== null) return EXIT.failed;
    return known(observation, "power") === undefined ? EXIT.failed : EXIT.done;
  },
};

function inWords(name: string, observation: Observation | undefined): string {
  const silent = observation?.unreachable;
  if (silent != null) return `${name}: ${silent.message}   ${silent.code}\n`;
  return Object.entries(observation?.facets ?? {})
    .map(([facet, reading]) => {
      const value = reading.known
        ? valueText(reading.value)
        : `unknown: ${reading.why?.message ?? "not reported"}`;
      return `${facet.padEnd(12)} ${value}\n`;
    })
    .join("");
}
