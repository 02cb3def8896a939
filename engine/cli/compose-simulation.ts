import type { DriverPorts } from "../../drivers/driver.ts";
import { kgBytes } from "../../drivers/ipmi/bmc-secrets.ts";
import { declaredPlans } from "../../drivers/simulator/declared-plans.ts";
import { longLogin } from "../../drivers/simulator/ipmi/ipmi-face.ts";
import { inventoryOf } from "../../drivers/simulator/inventory-of.ts";
import { madeUpMachines } from "../../drivers/simulator/machines-for.ts";
import {
  type PortBlame,
  type SimulatorPlan,
  startPlans,
} from "../../drivers/simulator/start-plans.ts";
import type { IpmiFace, Simulator } from "../../drivers/simulator/start-simulator.ts";
import { fail, ok, type Result } from "../../schemas/failure.ts";
import { Secret } from "../../schemas/secret.ts";
import type { Clock } from "../run/ports.ts";
import type { DriverOptions, SimulatedIpmi, SimulateRequest, Simulation } from "./house.ts";

/** Starts simulated BMCs: made-up machines, or those of an inventory whose addresses are on loopback. */
export async function simulate(
  request: SimulateRequest,
  clock: Clock,
  secretsBy: (options: DriverOptions) => DriverPorts["resolveSecret"],
): Promise<Result<Simulation>> {
  const { declared, ipmi, username, password, logFile, seed, timing } = request;
  const undeclared = { ...request, ipmi: faceOf(ipmi) };
  const plans =
    declared === null
      ? madeUpPlans(request)
      : await declaredPlans(declared.nodes, undeclared, secretsBy(declared.options));
  if (!plans.ok) return plans;
  const { faults } = request;
  const common = { clock, faults, username, password, logFile, seed, timings: timing };
  const started = await startPlans(plans.value, common);
  if (!started.ok) return started;
  return ok(simulation(started.value, inventoryFor(request, started.value)));
}

function inventoryFor({ declared, ipmi }: SimulateRequest, [first]: readonly Simulator[]): string {
  if (declared !== null || first === undefined) return "";
  if (ipmi === null) return inventoryOf(first);
  return inventoryOf(first, { kgEnv: ipmi.kg?.env ?? null, is15: ipmi.suites?.length === 0 });
}

/** What flags say of every BMC. */
function faceOf(ipmi: SimulatedIpmi | null): Pick<IpmiFace, "suites" | "sessionLimit"> {
  const { suites, sessionLimit } = ipmi ?? {};
  return {
    ...(suites === undefined ? {} : { suites }),
    ...(sessionLimit === undefined ? {} : { sessionLimit }),
  };
}

function madeUpPlans(request: SimulateRequest): Result<readonly SimulatorPlan[]> {
  const machines = madeUpMachines(request.nodes);
  const ports = new Map(machines.map(({ name }, at) => [name, at]));
  const { ipmi } = request;
  const long = ipmi === null ? null : longLogin(request.username, request.password);
  if (long !== null) return fail(long);
  const kg =
    ipmi?.kg == null ? ok(null) : kgBytes(new Secret(ipmi.kg.value), `the Kg in ${ipmi.kg.env}`);
  if (!kg.ok) return kg;
  const faceAt = ({ port }: SimulatedIpmi, at: number): IpmiFace => ({
    ...faceOf(ipmi),
    port: port === 0 ? 0 : port + at,
    kg: kg.value,
  });
  const each = (one: SimulatedIpmi) => (name: string) => faceAt(one, ports.get(name) ?? 0);
  const chassis = (one: SimulatedIpmi) => ({ ...faceAt(one, 0), layout: "one-port" }) as const;
  const face = ipmi === null ? {} : { ipmi: ipmi.isChassis ? chassis(ipmi) : each(ipmi) };
  const options = {
    machines,
    layout: request.portPerBmc ? "port-per-bmc" : "one-port",
    https: request.https,
    port: request.port,
    ...face,
  } as const;
  const blame: PortBlame = (machine, kind) => {
    const option = kind === "UDP" ? "--ipmi-port" : "--port";
    return { source: machine, wayOut: `choose another ${option}` };
  };
  return ok([{ options, blame }]);
}

function simulation(simulators: readonly Simulator[], inventory: string): Simulation {
  const machines = simulators.reduce((sum, one) => sum + one.machines.size, 0);
  const redfish = new Set(simulators.flatMap((one) => [...one.addresses.values()]));
  const ofIpmi = simulators.filter((one) => one.ipmiAddresses.size > 0);
  const alone = simulators.filter((one) => one.ipmiAddresses.size === 0);
  const ipmi = ofIpmi.flatMap((one) => [...one.ipmiAddresses.values()]);
  const named = new Set([...alone.flatMap((one) => [...one.addresses.values()]), ...ipmi]);
  const also = new Set(ofIpmi.flatMap((one) => [...one.addresses.values()]));
  const [url = ""] = redfish;
  const switches = simulators.length > 1 ? [...redfish] : [url];
  return {
    inventory,
    lines: [
      `simulating ${machines} machines at ${some([...named])}`,
      ...(also.size === 0
        ? []
        : [`those that speak IPMI speak Redfish too, at ${some([...also])}`]),
      simulators.length === 1
        ? `switches: curl ${url}/simulator/v1/help; a button: curl -X POST ${url}/simulator/v1/machines/NODE/press-power-button`
        : `switches: curl ADDRESS/simulator/v1/help, each BMC for its own machines: ${some(switches)}`,
      "Ctrl-C ends it",
    ],
    async close() {
      await Promise.all(simulators.map((one) => one.close()));
    },
  };
}

/** Addresses that a line shows of many. */
const ADDRESSES_SHOWN = 4;

function some(addresses: readonly string[]): string {
  const more = addresses.length - ADDRESSES_SHOWN;
  const shown = addresses.slice(0, ADDRESSES_SHOWN).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}
