import { formatDiagnostics } from "../../../inventory/format-diagnostics.ts";
import { loadFleet } from "../../../inventory/load-fleet.ts";
import { originOf } from "../../../schemas/fleet.ts";
import { type Command, CommandError, type CommandInput, flag, textOption } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { planWorld } from "../plan-world.ts";
import { driverOptions, findingsOf, loadPlace, reader, type World } from "../world.ts";

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
    const nodes = fleet?.nodes ?? [];
    const declared = fleet === null ? [] : findingsOf(input, place.root, fleet);
    const all = [...diagnostics, ...driverFindings(input, nodes), ...declared];
    const isWrong = all.some(({ severity }) => severity === "error");
    if (fleet === null || isWrong || !flag(input, "live")) {
      printFindings(input, all, format, nodes.length);
      return isWrong ? EXIT.invalid : EXIT.done;
    }
    const { count, silent } = await askAll(input, { ...place, fleet });
    printFindings(input, [...all, ...silent], format, nodes.length);
    if (format === "text") input.io.out(`${count - silent.length} of ${count} BMCs answer\n`);
    return silent.length === 0 ? EXIT.done : EXIT.failed;
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

type Findings = Parameters<typeof formatDiagnostics>[0];
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

function unknownDriver(node: Nodes[number], known: readonly string[]): Findings[number] {
  const { driver = "" } = node.spec;
  return {
    ...originOf(node, "/driver"),
    code: "IW-I06",
    severity: "error",
    message: `${node.name}: there is no hardware type ${driver}; there are ${known.join(", ")}`,
  };
}

/** A BMC that does not answer is a finding at the node that declares it. */
async function askAll(
  input: CommandInput,
  world: World,
): Promise<{ readonly count: number; readonly silent: Findings }> {
  const { store } = await reader(input, world);
  const drivers = input.house.openDrivers(driverOptions(input, world));
  try {
    const { plan } = await planWorld(input, world, { store, drivers });
    const places = new Map(world.fleet.nodes.map(({ name, place }) => [name, place]));
    const silent = plan.nodes.flatMap(({ node, unreachable, blockedBy: [why] }) => {
      const place = places.get(node);
      if (!unreachable || place === undefined) return [];
      const message = `${node}: ${why?.message ?? "its BMC does not answer"}`;
      return [{ ...place, code: why?.code ?? "IW-B01", severity: "error" as const, message }];
    });
    return { count: plan.nodes.length, silent };
  } finally {
    await drivers.close();
  }
}
