import { type Command, CommandError, flag, listOption, textOption } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { countOption } from "../plan-world.ts";
import { loadWorld } from "../world.ts";

/** TCP has no more ports (RFC 9293). */
const PORT_MAX = 65_535;

/** `simulate`: BMCs that speak Redfish, for an inventory or made up. */
export const simulateCommand: Command = {
  name: "simulate",
  summary: "start simulated BMCs that speak Redfish; they run until Ctrl-C",
  forms: [],
  options: [
    { flags: "--nodes <n>", description: "make up so many machines and print their documents" },
    { flags: "--port <p>", description: "port (default: one that is free)", default: "0" },
    { flags: "--https", description: "HTTPS with a certificate of its own" },
    { flags: "--port-per-bmc", description: "one port a BMC, instead of one for all" },
    {
      flags: "--fault <spec>",
      description: "a lie, NODE=FAULT: no-effect:Reset, hang, busy:30s, drop, swap=a,b ...",
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
    "ironwright simulate --fault r1-n02=no-effect:Reset",
  ],
  async run(input) {
    const nodes = countOption(input, "nodes", "--nodes");
    const fleetNodes = nodes === undefined ? (await loadWorld(input)).fleet.nodes : null;
    if (nodes === 0) throw new CommandError(EXIT.usage, "--nodes 0 simulates nothing");
    const port = countOption(input, "port", "--port") ?? 0;
    if (port > PORT_MAX)
      throw new CommandError(EXIT.usage, `--port ${port} is no port; the last one is ${PORT_MAX}`);
    const passwordEnv = textOption(input, "passwordEnv");
    const number = (name: string, flags: string): number => countOption(input, name, flags) ?? 0;
    const started = await input.house.simulate({
      fleetNodes,
      nodes: nodes ?? 0,
      port,
      https: flag(input, "https"),
      portPerBmc: flag(input, "portPerBmc"),
      faults: listOption(input, "fault"),
      username: textOption(input, "username") ?? "admin",
      password: (passwordEnv === undefined ? undefined : input.io.env[passwordEnv]) ?? "password",
      logFile: textOption(input, "logFile"),
      seed: number("seed", "--seed"),
      timing: {
        powerOnMs: number("powerOnMs", "--power-on-ms"),
        powerOffMs: number("powerOffMs", "--power-off-ms"),
        gracefulMs: number("gracefulMs", "--graceful-ms"),
      },
    });
    if (!started.ok)
      throw new CommandError(EXIT.usage, started.failure.message, started.failure.code);
    const simulation = started.value;
    if (nodes !== undefined) input.io.out(simulation.inventory);
    for (const line of simulation.lines) input.io.log("info", line);
    await untilStopped(input.io.stopping);
    await simulation.close();
    return EXIT.done;
  },
};

function untilStopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}
