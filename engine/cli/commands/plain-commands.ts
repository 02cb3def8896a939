import { drawMachine, GRAPH_FORMATS } from "../../plan/draw-machine.ts";
import { drawPlan } from "../../plan/draw-plan.ts";
import { drawRing } from "../../plan/draw-ring.ts";
import { ownersOf } from "../../plan/ring.ts";
import { answer } from "../answer.ts";
import { type Command, CommandError, textOption } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { loadDrivers } from "../load-drivers.ts";
import { planWorld } from "../plan-world.ts";
import { ringNow } from "../ring-now.ts";
import { driverOptions, loadWorld, reader } from "../world.ts";

/** `graph machine`, `graph plan`, `graph ring`. */
export const graphCommand: Command = {
  name: "graph",
  arguments: "<what>",
  completes: "words",
  words: ["machine", "plan", "ring"],
  summary:
    "draw the provision state machine, the steps of the plan, or which engine owns which nodes",
  options: [{ flags: "--format <form>", description: GRAPH_FORMATS.join(", ") }],
  forms: ["json"],
  examples: [
    "ironwright graph machine",
    "ironwright graph machine --format svg > machine.svg",
    "ironwright graph plan --format dot | dot -Tpng > plan.png",
  ],
  async run(input) {
    const asked = textOption(input, "format") ?? (input.common.json ? "json" : "text");
    const format = GRAPH_FORMATS.find((form) => form === asked);
    if (format === undefined)
      throw new CommandError(
        EXIT.usage,
        `--format "${asked}" is none of ${GRAPH_FORMATS.join(", ")}`,
      );
    const [what] = input.args;
    if (what === "machine") input.io.out(drawMachine(format));
    else if (what === "plan") {
      const world = await loadWorld(input);
      await loadDrivers(input, world);
      const { store } = await reader(input, world);
      const drivers = input.house.openDrivers(driverOptions(input, world));
      try {
        const { plan } = await planWorld(input, world, { store, drivers });
        input.io.out(drawPlan(plan, format));
      } finally {
        await drivers.close();
      }
    } else if (what === "ring") {
      const world = await loadWorld(input);
      const { members } = await ringNow(input, world);
      input.io.out(drawRing({ members, owners: ownersOf(world.fleet.nodes, members) }, format));
    } else
      throw new CommandError(EXIT.usage, `graph "${what ?? ""}" is none of machine, plan, ring`);
    return EXIT.done;
  },
};

/** `version`. */
export const versionCommand: Command = {
  name: "version",
  summary: "this version",
  options: [],
  examples: ["ironwright version"],
  run(input) {
    const { version } = input.house;
    answer(input, { version }, `ironwright ${version}\n`);
    return Promise.resolve(EXIT.done);
  },
};
