import {
  INDICATOR_COMPONENTS,
  INDICATOR_STATES,
  type IndicatorComponent,
  type Indicators,
  type IndicatorState,
} from "../../../schemas/indicators.ts";
import { known, type Observation } from "../../../schemas/observation.ts";
import { nextApply } from "../../plan/next-apply.ts";
import { answer } from "../answer.ts";
import { type Command, CommandError, type CommandInput, textOption } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { loadDriversIfAny } from "../load-drivers.ts";
import { table } from "../table.ts";
import { driverOptions, loadWorld, nodeNamed } from "../world.ts";
import { type ActWish, wordsTyped } from "./act-wish.ts";
import { runAct } from "./run-act.ts";

/** `node led`: the lights that a machine is found by. */
export const ledAct: Command = {
  name: "led",
  group: "node",
  arguments: "<node> [state]",
  completes: "node",
  words: INDICATOR_STATES,
  summary: "the lights of one node; with on, off or blinking sets one of them",
  options: [
    {
      flags: "--component <component>",
      description: `${INDICATOR_COMPONENTS.join(", ")} (default: all to be read, system to be set)`,
    },
    {
      flags: "--id <id>",
      description: "which of its lights (default: every one of the component)",
    },
  ],
  examples: [
    "ironwright node led r2-n17",
    "ironwright node led r2-n17 on",
    "ironwright node led r2-n17 blinking --component disk --id 1:0",
  ],
  run(input) {
    const component = componentOption(input);
    const id = textOption(input, "id");
    if (id !== undefined && component === null)
      throw new CommandError(EXIT.usage, "--id needs its component: --component disk --id 1:0");
    const [, text] = input.args;
    return text === undefined
      ? read(input, component, id)
      : runAct(input, wishOf(input, component));
  },
};

function componentOption(input: CommandInput): IndicatorComponent | null {
  const text = textOption(input, "component");
  if (text === undefined) return null;
  const component = INDICATOR_COMPONENTS.find((one) => one === text);
  if (component !== undefined) return component;
  const words = INDICATOR_COMPONENTS.join(", ");
  throw new CommandError(EXIT.usage, `--component "${text}" is none of ${words}`);
}

function wishOf(input: CommandInput, asked: IndicatorComponent | null): ActWish {
  const [node, text = ""] = input.args;
  const state = INDICATOR_STATES.find((one) => one === text);
  if (state === undefined)
    throw new CommandError(
      EXIT.usage,
      `node led "${text}" is none of ${INDICATOR_STATES.join(", ")}`,
    );
  const component = asked ?? "system";
  const id = textOption(input, "id") ?? null;
  const light = id === null ? `the light of its ${component}` : `its light ${component}/${id}`;
  return {
    typed: `node led ${state}`,
    command: `node led ${wordsTyped(input, ledAct.options)}`,
    node,
    ask: { kind: "indicator", component, id, state },
    timeoutSeconds: null,
    question: (name) => `Set ${light} of ${name} to ${state}`,
    asks: false,
    already: `${light} is ${state}`,
    hold: null,
    follows: (seen) =>
      agrees(seen.node.spec.indicators?.[component], id, state)
        ? null
        : `git says indicators.${component}: ${nextApply("indicators", seen.node.spec.indicators, seen)}`,
  };
}

/** True where git says nothing of these lights, or the same. */
function agrees(
  said: Indicators[IndicatorComponent],
  id: string | null,
  state: IndicatorState,
): boolean {
  if (said === undefined || typeof said === "string") return said === undefined || said === state;
  const states = id === null ? Object.values(said) : [said[id] ?? state];
  return states.every((one) => one === state);
}

async function read(
  input: CommandInput,
  component: IndicatorComponent | null,
  id: string | undefined,
): Promise<ExitCode> {
  const world = await loadWorld(input);
  const node = nodeNamed(world.fleet, input.args[0]);
  await loadDriversIfAny(input, world);
  const drivers = input.house.openDrivers(driverOptions(input, world));
  try {
    const driver = drivers.driverFor(node);
    if ("code" in driver) throw new CommandError(EXIT.failed, driver.message, driver.code);
    const indicators =
      component === null ? { chassis: {}, system: {}, disk: {} } : { [component]: {} };
    const asked = { ...node, spec: { ...node.spec, indicators } };
    const seen = await driver.observe(asked, ["indicators"], input.io.stopping);
    const why = seen.unreachable ?? unread(seen);
    if (why !== null) throw new CommandError(EXIT.failed, `${node.name}: ${why.message}`, why.code);
    const lights = Object.entries(known(seen, "indicators") ?? {})
      .filter(([name]) => component === null || name.startsWith(`${component}/`))
      .filter(([name]) => id === undefined || name === `${component ?? ""}/${id}`)
      .map(([light, reading]) => ({ light, ...reading }));
    const none = `${node.name}: its BMC offers no such indicator.\n`;
    answer(input, { node: node.name, lights }, () =>
      lights.length === 0
        ? none
        : table(
            ["LIGHT", "STATE", "CAN BE SET TO"],
            lights.map(({ light, state, states, shared }) => [
              light,
              state,
              `${states.join(", ") || "(read only)"}${shared === true ? " (shared: by --id alone)" : ""}`,
            ]),
            input.io.columns,
          ),
    );
    return EXIT.done;
  } finally {
    await drivers.close();
  }
}

function unread({
  facets,
}: Observation): { readonly message: string; readonly code: string } | null {
  const reading = facets.indicators;
  if (reading?.known === true) return null;
  return reading?.why ?? { message: "its driver reads no indicators", code: "IW-B18" };
}
