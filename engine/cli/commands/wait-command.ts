import { known } from "../../../schemas/observation.ts";
import { PROVISION_STATES } from "../../../schemas/provision-state.ts";
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

/** `wait`: until a node is as asked. */
export const waitCommand: Command = {
  name: "wait",
  arguments: "<node>",
  completes: "node",
  summary: "wait until a node is in a state",
  options: [
    {
      flags: "--for <state>",
      description: `${Object.keys(CONDITIONS).join(", ")}, or a provision state (graph machine)`,
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
      (PROVISION_STATES.some((state) => state === wanted)
        ? ({ plan }: NodeSight) => plan.provisionState === wanted
        : null);
    if (met === null)
      throw new CommandError(
        EXIT.usage,
        `--for "${wanted}" is none of ${[...Object.keys(CONDITIONS), ...PROVISION_STATES].join(", ")}`,
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
        const after = io.stopping.aborted ? "yet (interrupted)" : `after ${seconds} s`;
        io.log("error", `${node.name} is not ${wanted} ${after}: ${asItIs(node.name, sight)}`);
        return EXIT.failed;
      }
      await house.clock.sleep(LOOK_MS, io.stopping).catch(() => undefined);
    }
  },
};

function asItIs(name: string, sight: NodeSight | undefined): string {
  const power = known(sight?.observation, "power") ?? "unknown";
  const state = sight?.plan.provisionState ?? "unknown";
  return `provision state ${state}, power ${power}; see: ironwright explain ${name}`;
}
