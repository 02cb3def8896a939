import { jsonSchema } from "../../../inventory/json-schema.ts";
import { formatDiagnostics } from "../../../inventory/format-diagnostics.ts";
import { loadFleet } from "../../../inventory/load-fleet.ts";
import { originOf } from "../../../schemas/fleet.ts";
import { drawMachine, GRAPH_FORMATS } from "../../plan/draw-machine.ts";
import { drawPlan } from "../../plan/draw-plan.ts";
import { answer } from "../answer.ts";
import { type Command, CommandError, type CommandInput, flag, textOption } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { planWorld } from "../plan-world.ts";
import { driverOptions, loadPlace, loadWorld, reader } from "../world.ts";

/** `graph machine`, `graph plan`. */
export const graphCommand: Command = {
  name: "graph",
  arguments: "<what>",
  completes: "words",
  words: ["machine", "plan"],
  summary: "draw the provision state machine, or the steps of the plan",
  options: [{ flags: "--format <form>", description: GRAPH_FORMATS.join(", ") }],
  forms: ["json"],
  examples: [
    "ironwright graph machine",
    "ironwright graph machine --format dot | dot -Tsvg > machine.svg",
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
      const { store } = await reader(input, world);
      const drivers = input.house.openDrivers(driverOptions(input, world));
      try {
        const { plan } = await planWorld(input, world, { store, drivers });
        input.io.out(drawPlan(plan, format));
      } finally {
        await drivers.close();
      }
    } else throw new CommandError(EXIT.usage, `graph "${what ?? ""}" is none of machine, plan`);
    return EXIT.done;
  },
};

/** `schema [kind]`. */
export const schemaCommand: Command = {
  name: "schema",
  arguments: "[kind]",
  completes: "words",
  words: ["Node", "NodeList", "Profile", "Conductor"],
  summary: "JSON Schema of the documents, for editors",
  options: [],
  examples: ["ironwright schema > ironwright.schema.json", "ironwright schema Node"],
  run(input) {
    const [kind] = input.args;
    const schema = jsonSchema(kind);
    if (schema === null)
      throw new CommandError(
        EXIT.usage,
        `schema "${kind ?? ""}" is none of Node, NodeList, Profile, Conductor`,
      );
    answer(input, schema, `${JSON.stringify(schema, null, 2)}\n`);
    return Promise.resolve(EXIT.done);
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

const VALIDATE_FORMATS = ["text", "json", "github", "sarif"] as const;

/** `validate`: checks documents; with `--live` also every driver's view of its nodes. */
export const validateCommand: Command = {
  name: "validate",
  summary: "check the documents and settings; no BMC is asked",
  forms: ["json"],
  options: [
    { flags: "--format <form>", description: VALIDATE_FORMATS.join(", ") },
    { flags: "--live", description: "also read every node's BMC" },
  ],
  examples: ["ironwright validate", "ironwright validate --ref HEAD --format github"],
  async run(input) {
    const asked = textOption(input, "format") ?? (input.common.json ? "json" : "text");
    const format = VALIDATE_FORMATS.find((form) => form === asked);
    if (format === undefined)
      throw new CommandError(
        EXIT.usage,
        `--format "${asked}" is none of ${VALIDATE_FORMATS.join(", ")}`,
      );
    const place = await loadPlace(input);
    const { fleet, diagnostics } = await loadFleet({
      dir: place.root,
      ref: input.common.ref,
      settings: place.settings,
      settingsPath: place.settingsPath ?? undefined,
      cacheDir: place.cacheDir,
    });
    const all = [...diagnostics, ...driverFindings(input, fleet?.nodes ?? [])];
    printFindings(input, all, format, fleet?.nodes.length ?? 0);
    if (all.some(({ severity }) => severity === "error")) return EXIT.invalid;
    return flag(input, "live") ? validateLive(input) : EXIT.done;
  },
};

function printFindings(
  { io }: CommandInput,
  all: Parameters<typeof formatDiagnostics>[0],
  format: (typeof VALIDATE_FORMATS)[number],
  nodes: number,
): void {
  if (format !== "text" || all.length > 0) io.out(formatDiagnostics(all, format));
  if (format !== "text" || all.some(({ severity }) => severity === "error")) return;
  io.out(`valid: ${nodes} ${nodes === 1 ? "node" : "nodes"}, ${all.length} warnings\n`);
}

type Nodes = NonNullable<Awaited<ReturnType<typeof loadFleet>>["fleet"]>["nodes"];

/** Each hardware type judges its own nodes' settings, without a wire. */
function driverFindings(
  { house }: CommandInput,
  nodes: Nodes,
): Parameters<typeof formatDiagnostics>[0] {
  return nodes.flatMap((node) => {
    const { driver = "" } = node.spec;
    const type = house.hardwareTypes.get(driver);
    if (type === undefined) return [unknownDriver(node, [...house.hardwareTypes.keys()])];
    return type.validate(node).map(({ path, message }) => ({
      ...originOf(node, path),
      code: "IW-I04",
      severity: "error" as const,
      message: `${node.name}: ${message}`,
    }));
  });
}

function unknownDriver(
  node: Nodes[number],
  known: readonly string[],
): Parameters<typeof formatDiagnostics>[0][number] {
  const { driver = "" } = node.spec;
  return {
    ...originOf(node, "/driver"),
    code: "IW-I06",
    severity: "error",
    message: `${node.name}: there is no hardware type ${driver}; there are ${known.join(", ")}`,
  };
}

async function validateLive(input: CommandInput): Promise<typeof EXIT.done | typeof EXIT.failed> {
  const world = await loadWorld(input);
  const { store } = await reader(input, world);
  const drivers = input.house.openDrivers(driverOptions(input, world));
  try {
    const { plan } = await planWorld(input, world, { store, drivers });
    const silent = plan.nodes.filter((node) => node.unreachable);
    for (const node of silent)
      input.io.out(
        `${node.node}: ${node.blockedBy[0]?.message ?? "does not answer"}   ${node.blockedBy[0]?.code ?? ""}\n`,
      );
    input.io.out(`${plan.nodes.length - silent.length} of ${plan.nodes.length} BMCs answer\n`);
    return silent.length === 0 ? EXIT.done : EXIT.failed;
  } finally {
    await drivers.close();
  }
}
