import {
  type Command,
  CommandError,
  type CommandInput,
  flag,
  listOption,
  refuseOptions,
  textOption,
} from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { countOption } from "../plan-world.ts";
import type { SimulateRequest, SimulatedIpmi } from "../house.ts";
import { driverOptions, loadWorld } from "../world.ts";

/** TCP and UDP have no more ports (RFC 9293, RFC 768). */
const PORT_MAX = 65_535;

/** `simulate`: BMCs that speak Redfish and IPMI, for an inventory or made up. */
export const simulateCommand: Command = {
  name: "simulate",
  summary: "start simulated BMCs that speak Redfish or IPMI; they run until Ctrl-C",
  forms: [],
  options: [
    { flags: "--nodes <n>", description: "make up so many machines and print their documents" },
    { flags: "--port <p>", description: "port (default: one that is free)", default: "0" },
    { flags: "--https", description: "HTTPS with a certificate of its own" },
    { flags: "--port-per-bmc", description: "one port a BMC, instead of one for all" },
    {
      flags: "--ipmi",
      description: "with --nodes: they speak IPMI too, and are declared with driver: ipmi",
    },
    {
      flags: "--ipmi-port <p>",
      description: "UDP port of the first; the others count up from it (default: free ones)",
    },
    {
      flags: "--ipmi-chassis",
      description: "behind one chassis's BMC, at one UDP port (bmc.bridging)",
    },
    {
      flags: "--ipmi-suites <ids>",
      description: "cipher suites where no document says (17,3), or none: IPMI 1.5 alone",
    },
    { flags: "--ipmi-slots <n>", description: "IPMI sessions that a BMC holds (default: 5)" },
    { flags: "--ipmi-kg-env <name>", description: "variable that holds the Kg of their BMCs" },
    {
      flags: "--fault <spec>",
      description:
        "a lie, NODE=FAULT or swap=A,B: no-effect:Reset, hang, busy:30s, ipmi-lose-answer:3 ...; a wrong one tells all",
      repeat: true,
    },
    { flags: "--username <name>", description: "user of the BMCs", default: "admin" },
    {
      flags: "--password-env <name>",
      description: "variable that holds their password (default: it is 'password')",
    },
    { flags: "--log-file <file>", description: "append every mutating call as a JSON line" },
    { flags: "--seed <n>", description: "for what is random", default: "1" },
    { flags: "--power-on-ms <n>", description: "time to power on", default: "3000" },
    { flags: "--power-off-ms <n>", description: "time to power off, forced", default: "1000" },
    { flags: "--graceful-ms <n>", description: "time to shut down", default: "4000" },
  ],
  examples: [
    "ironwright simulate --nodes 4 --port 8000 > inventory/simulated.yaml",
    "ironwright simulate --nodes 4 --ipmi > inventory/simulated.yaml",
    "ironwright simulate --nodes 8 --ipmi --ipmi-chassis > inventory/blades.yaml",
    "ironwright simulate --fault r1-n02=no-effect:Reset --fault r1-n03=ipmi-lose-answer:3",
  ],
  async run(input) {
    const started = await input.house.simulate(await requestOf(input));
    if (!started.ok)
      throw new CommandError(EXIT.usage, started.failure.message, started.failure.code);
    const simulation = started.value;
    if (simulation.inventory !== "") input.io.out(simulation.inventory);
    for (const line of simulation.lines) input.io.log("info", line);
    await untilStopped(input.io.stopping);
    await simulation.close();
    return EXIT.done;
  },
};

async function requestOf(input: CommandInput): Promise<SimulateRequest> {
  const nodes = countOption(input, "nodes", "--nodes");
  if (nodes === 0) throw new CommandError(EXIT.usage, "--nodes 0 simulates nothing");
  const ipmi = ipmiOf(input, nodes);
  const number = (name: string, flags: string): number => countOption(input, name, flags) ?? 0;
  return {
    declared: nodes === undefined ? await declaredOf(input) : null,
    nodes: nodes ?? 0,
    port: portOf(input, "port", "--port"),
    https: flag(input, "https"),
    portPerBmc: flag(input, "portPerBmc"),
    ipmi,
    faults: listOption(input, "fault"),
    username: textOption(input, "username") ?? "admin",
    password: passwordOf(input),
    logFile: textOption(input, "logFile"),
    seed: number("seed", "--seed"),
    timing: {
      powerOnMs: number("powerOnMs", "--power-on-ms"),
      powerOffMs: number("powerOffMs", "--power-off-ms"),
      gracefulMs: number("gracefulMs", "--graceful-ms"),
    },
  };
}

function passwordOf(input: CommandInput): string {
  const env = textOption(input, "passwordEnv");
  if (env === undefined) return "password";
  return fromEnv(input, "--password-env", env);
}

function fromEnv({ io }: CommandInput, flags: string, env: string): string {
  const value = io.env[env] ?? "";
  if (value !== "") return value;
  throw new CommandError(EXIT.usage, `${flags} ${env}: that variable is not set`);
}

async function declaredOf(input: CommandInput): Promise<SimulateRequest["declared"]> {
  const world = await loadWorld(input);
  return { nodes: world.fleet.nodes, options: driverOptions(input, world) };
}

/** Of made-up machines what the flags say; of declared ones what no document says. */
function ipmiOf(input: CommandInput, nodes: number | undefined): SimulatedIpmi | null {
  if (nodes === undefined)
    refuseOptions(
      input,
      ["ipmi", "ipmiPort", "ipmiKgEnv", "ipmiChassis"],
      "is for machines of --nodes; declared ones speak as their documents say (driver: ipmi)",
    );
  else if (!flag(input, "ipmi"))
    refuseOptions(
      input,
      ["ipmiPort", "ipmiSuites", "ipmiSlots", "ipmiKgEnv", "ipmiChassis"],
      "means nothing with --nodes and without --ipmi",
    );
  if (nodes !== undefined && !flag(input, "ipmi")) return null;
  const sessionLimit = countOption(input, "ipmiSlots", "--ipmi-slots");
  if (sessionLimit === 0) throw new CommandError(EXIT.usage, "--ipmi-slots 0 lets nobody in");
  const port = portOf(input, "ipmiPort", "--ipmi-port");
  const isChassis = flag(input, "ipmiChassis");
  const last = port + (isChassis ? 1 : Math.max(1, nodes ?? 1)) - 1;
  if (port > 0 && last > PORT_MAX) {
    const fact = `--ipmi-port ${port} leaves ${PORT_MAX - port + 1} ports, and there are ${nodes} machines`;
    throw new CommandError(EXIT.usage, `${fact}; choose a lower one`);
  }
  return { port, isChassis, suites: suitesOf(input), sessionLimit, kg: kgOf(input) };
}

/** Ids of the cipher suites that simulated BMCs know. */
const SUITES = ["17", "3"];

function suitesOf(input: CommandInput): readonly number[] | undefined {
  const text = textOption(input, "ipmiSuites");
  if (text === undefined) return undefined;
  const ids = text === "none" ? [] : text.split(",").map((id) => id.trim());
  const strange = ids.find((id) => !SUITES.includes(id));
  if (strange === undefined) return ids.map(Number);
  const fact = `--ipmi-suites ${text}: "${strange}" is no suite that is spoken here`;
  throw new CommandError(EXIT.usage, `${fact}; write 17, 3, 17,3 or none`);
}

function kgOf(input: CommandInput): SimulatedIpmi["kg"] {
  const env = textOption(input, "ipmiKgEnv");
  if (env === undefined) return null;
  return { env, value: fromEnv(input, "--ipmi-kg-env", env) };
}

function portOf(input: CommandInput, name: string, flags: string): number {
  const port = countOption(input, name, flags) ?? 0;
  if (port <= PORT_MAX) return port;
  throw new CommandError(EXIT.usage, `${flags} ${port} is no port; the last one is ${PORT_MAX}`);
}

function untilStopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}
