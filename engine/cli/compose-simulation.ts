import { madeUpMachines, machinesFor } from "../../drivers/simulator/machines-for.ts";
import { inventoryOf } from "../../drivers/simulator/inventory-of.ts";
import {
  FaultError,
  type Simulator,
  startSimulator,
} from "../../drivers/simulator/start-simulator.ts";
import { fail, failure, ok, type Result } from "../../schemas/failure.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { Clock } from "../run/ports.ts";
import type { SimulateRequest, Simulation } from "./house.ts";

/** Starts simulated BMCs: made-up machines, or those of an inventory whose addresses are on loopback. */
export async function simulate(
  request: SimulateRequest,
  clock: Clock,
): Promise<Result<Simulation>> {
  try {
    if (request.fleetNodes === null) return ok(simulation(await startMadeUp(request, clock)));
    return await startDeclared(request.fleetNodes, request, clock);
  } catch (error) {
    if (error instanceof FaultError) return fail(error.failure);
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE")
      return fail(failure("stalled", "IW-I04", `${error.message}; choose another --port`));
    throw error;
  }
}

function common(
  request: SimulateRequest,
  clock: Clock,
): Omit<Parameters<typeof startSimulator>[0], "machines"> {
  const { faults, username, password, logFile, seed, timing, https } = request;
  return { clock, faults, username, password, logFile, seed, timings: timing, https };
}

function startMadeUp(request: SimulateRequest, clock: Clock): Promise<Simulator> {
  return startSimulator({
    ...common(request, clock),
    machines: madeUpMachines(request.nodes),
    layout: request.portPerBmc ? "port-per-bmc" : "one-port",
    port: request.port,
  });
}

function simulation(...simulators: readonly Simulator[]): Simulation {
  const [first] = simulators;
  const addresses = new Set(simulators.flatMap((one) => [...one.addresses.values()]));
  const machines = simulators.reduce((sum, one) => sum + one.machines.size, 0);
  const url = [...addresses][0] ?? "";
  return {
    url,
    inventory: first === undefined ? "" : inventoryOf(first),
    lines: [
      `simulating ${machines} machines at ${[...addresses].slice(0, 4).join(", ")}${addresses.size > 4 ? ` and ${addresses.size - 4} more` : ""}`,
      `switches: curl ${url}/simulator/v1/help; a button: curl -X POST ${url}/simulator/v1/machines/NODE/press-power-button`,
      "Ctrl-C ends it",
    ],
    async close() {
      await Promise.all(simulators.map((one) => one.close()));
    },
  };
}

/** Serves each declared address that is on loopback; another one would be somebody's real BMC. */
async function startDeclared(
  nodes: readonly FleetNode[],
  request: SimulateRequest,
  clock: Clock,
): Promise<Result<Simulation>> {
  const byAddress = new Map<string, FleetNode[]>();
  for (const node of nodes) {
    if (node.spec.driver !== "redfish") continue;
    const address = node.spec.bmc?.address ?? "";
    byAddress.set(address, [...(byAddress.get(address) ?? []), node]);
  }
  const foreign = [...byAddress.keys()].find((address) => loopback(address) === null);
  if (foreign !== undefined)
    return fail(
      failure(
        "stalled",
        "IW-B15",
        `${foreign} is not on loopback, so it is not simulated; use addresses such as http://127.0.0.1:8001, or --nodes N`,
      ),
    );
  if (byAddress.size === 0)
    return fail(
      failure(
        "stalled",
        "IW-I12",
        "no declared node has driver redfish; try: ironwright simulate --nodes 4",
      ),
    );
  const started: Simulator[] = [];
  for (const [address, its] of byAddress) {
    const at = loopback(address);
    if (at === null) continue;
    const faults = request.faults.filter((text) =>
      its.some((node) => text.startsWith(`${node.name}=`) || text.startsWith("swap=")),
    );
    started.push(
      await startSimulator({
        ...common(request, clock),
        faults,
        machines: machinesFor(its),
        https: at.https,
        host: at.host,
        port: at.port,
      }),
    );
  }
  return ok(simulation(...started));
}

function loopback(
  address: string,
): { readonly host: string; readonly port: number; readonly https: boolean } | null {
  try {
    const { protocol, hostname, port } = new URL(address);
    const host = hostname.replace(/^\[|\]$/g, "");
    if (host !== "127.0.0.1" && host !== "::1" && host !== "localhost") return null;
    const https = protocol === "https:";
    return { host, port: port === "" ? (https ? 443 : 80) : Number(port), https };
  } catch {
    return null;
  }
}
