import { known } from "../../../schemas/observation.ts";
import { answer } from "../answer.ts";
import { type Command, CommandError, textOption } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { countOption } from "../plan-world.ts";
import { type NodeSight, sightings } from "../view.ts";
import { loadWorld, nodeNamed } from "../world.ts";

/** Between two looks. Milliseconds. */
const LOOK_MS = 2000;

/** What can be waited for, besides provision states. */
const CONDITIONS: Readonly<Record<string, (sight: NodeSight) => boolean>> = {
  "in-sync": ({ plan }) => plan.inSync,
  on: ({ observation }) => known(observation, "power") === "on",
  off: ({ observation }) => known(observation, "power") === "off",
  reachable: ({ plan }) => !plan.unreachable,
};
const STATES = ["enroll", "manageable", "available", "active"];

/** `wait`: until a node is as asked. */
export const waitCommand: Command = {
  name: "wait",
  arguments: "<node>",
  completes: "node",
  summary: "wait until a node is in a state",
  options: [
    {
      flags: "--for <state>",
      description: [...STATES, ...Object.keys(CONDITIONS)].join(", "),
      default: "in-sync",
    },
    { flags: "--timeout <seconds>", description: "give up after", default: "600" },
  ],
  examples: [
    "ironwright wait r7-n01 --for in-sync --timeout 300",
    "ironwright wait r7-n01 --for on",
  ],
  async run(input) {
    const { io, house } = input;
    const wanted = textOption(input, "for") ?? "in-sync";
    const met =
      CONDITIONS[wanted] ??
      (STATES.includes(wanted) ? ({ plan }: NodeSight) => plan.provisionState === wanted : null);
    if (met === null)
      throw new CommandError(
        EXIT.usage,
        `--for "${wanted}" is none of ${[...STATES, ...Object.keys(CONDITIONS)].join(", ")}`,
      );
    const seconds = countOption(input, "timeout", "--timeout") ?? 600;
    const world = await loadWorld(input);
    const node = nodeNamed(world.fleet, input.args[0]);
    const deadline = house.clock.monotonic() + seconds * 1000;
    for (;;) {
      const { nodes } = await sightings(input, world, { live: true, select: new Set([node.name]) });
      const [sight] = nodes;
      if (sight !== undefined && met(sight)) {
        answer(input, { node: node.name, for: wanted, met: true }, `${node.name} is ${wanted}\n`);
        return EXIT.done;
      }
      if (house.clock.monotonic() >= deadline || io.stopping.aborted) {
        const power = known(sight?.observation, "power") ?? "unknown";
        const state = sight?.plan.provisionState ?? "unknown";
        io.log(
          "error",
          `${node.name} is not ${wanted} after ${seconds} s: provision state ${state}, power ${power}; see: ironwright explain ${node.name}`,
        );
        return EXIT.failed;
      }
      await house.clock.sleep(LOOK_MS, io.stopping).catch(() => undefined);
    }
  },
};
