import { type Failure, fail, failure, ok, type Result } from "../../schemas/failure.ts";
import { hopText, unitOf } from "../../schemas/bmc-unit.ts";
import { placeText } from "../../schemas/diagnostic.ts";
import { type FleetNode, originOf } from "../../schemas/fleet.ts";
import type { DriverPorts } from "../driver.ts";
import { kgOf } from "../ipmi/bmc-secrets.ts";
import { parseIpmiAddress } from "../ipmi/ipmi-address.ts";
import { CIPHER_SUITES } from "../ipmi/packets/algorithms.ts";
import { SATELLITE_CHANNEL, TRANSIT } from "./ipmi/chassis.ts";
import { longLogin } from "./ipmi/ipmi-face.ts";
import { machinesFor } from "./machines-for.ts";
import type { IpmiFace } from "./start-simulator.ts";
import type { PortBlame, SimulatorPlan } from "./start-plans.ts";

/** What no document says of simulated BMCs. */
export interface Undeclared {
  readonly password: string;
  /** Of the Redfish that IPMI nodes speak beside. */
  readonly port: number;
  readonly https: boolean;
  readonly ipmi: Pick<IpmiFace, "suites" | "sessionLimit">;
}

/** Where a simulated BMC listens. */
interface Listening {
  readonly host: string;
  readonly port: number;
  readonly https: boolean;
}

/** Serves each declared address that is on loopback; another one would be somebody's real BMC. */
export async function declaredPlans(
  nodes: readonly FleetNode[],
  rest: Undeclared,
  resolveSecret: DriverPorts["resolveSecret"],
): Promise<Result<readonly SimulatorPlan[]>> {
  const byRedfish = nodes.filter(({ spec }) => spec.driver === "redfish");
  const byIpmi = nodes.filter(({ spec }) => spec.driver === "ipmi");
  const foreign = [...byRedfish, ...byIpmi].find((node) => listeningOf(node) === null);
  if (foreign !== undefined) return fail(foreignFailure(foreign));
  const elsewhere = byIpmi.find((node) => !isInChassis(node));
  if (elsewhere !== undefined) return fail(elsewhereFailure(elsewhere));
  if (byRedfish.length + byIpmi.length === 0) {
    const fact = "no declared node has driver redfish or ipmi";
    return fail(failure("stalled", "IW-I12", `${fact}; try: ironwright simulate --nodes 4`));
  }
  const ipmi = byIpmi.length === 0 ? ok([]) : await ipmiPlans(byIpmi, rest, resolveSecret);
  // A port that the system chooses for Redfish beside IPMI must not be one that a document names.
  return ipmi.ok ? ok([...redfishPlans(byRedfish), ...ipmi.value]) : ipmi;
}

function redfishPlans(nodes: readonly FleetNode[]): readonly SimulatorPlan[] {
  const byAddress = new Map<string, FleetNode[]>();
  for (const node of nodes) {
    const address = node.spec.bmc?.address ?? "";
    byAddress.set(address, [...(byAddress.get(address) ?? []), node]);
  }
  return [...byAddress.values()].flatMap((its) => {
    const at = its[0] === undefined ? null : listeningOf(its[0]);
    if (at === null) return [];
    return [{ options: { machines: machinesFor(its), ...at }, blame: blameOf(its) }];
  });
}

/** All machines of IPMI are one simulation, each with a UDP port of its own: one address of Redfish has the switches of all. */
async function ipmiPlans(
  nodes: readonly FleetNode[],
  rest: Undeclared,
  resolveSecret: DriverPorts["resolveSecret"],
): Promise<Result<readonly SimulatorPlan[]>> {
  const long = longLogin("", rest.password);
  if (long !== null) return fail(long);
  const machines = machinesFor(nodes);
  const faces = new Map<string, IpmiFace>();
  for (const [index, node] of nodes.entries()) {
    const kg = await kgOf({ resolveSecret }, node);
    if (!kg.ok) return kg;
    faces.set(machines[index]?.name ?? "", faceOf(node, rest, kg.value));
  }
  const options = {
    machines,
    https: rest.https,
    port: rest.port,
    ipmi: (name: string): IpmiFace => faces.get(name) ?? {},
  };
  return ok([{ options, blame: blameOf(nodes) }]);
}

/** As the document has it; what it leaves open is what a BMC does by itself. */
function faceOf({ spec }: FleetNode, rest: Undeclared, kg: Buffer | null): IpmiFace {
  const { address = "", username = "", privilege = "administrator" } = spec.bmc ?? {};
  const at = listeningAt(address);
  const suites = suitesOf(spec.bmc ?? {});
  const behind = spec.bmc?.bridging?.target?.address;
  return {
    ...rest.ipmi,
    ...(at === null ? {} : { host: at.host, port: at.port }),
    ...(behind === undefined ? {} : { behind }),
    users: [{ name: username, password: rest.password, privilege }],
    kg,
    ...(suites === undefined ? {} : { suites }),
  };
}

/** The cipher suites that a document asks for; undefined where it leaves them open. */
function suitesOf({
  ipmiVersion,
  cipherSuite,
}: NonNullable<FleetNode["spec"]["bmc"]>): readonly number[] | undefined {
  if (ipmiVersion === 1.5) return [];
  const asked = CIPHER_SUITES.find(({ id }) => String(id) === String(cipherSuite));
  return asked === undefined ? undefined : [asked.id];
}

function blameOf(nodes: readonly FleetNode[]): PortBlame {
  const names = new Map(machinesFor(nodes).map(({ name }, at) => [name, nodes[at]]));
  return (machine, kind) => {
    const node = names.get(machine) ?? nodes[0];
    // Redfish beside IPMI stands in no document.
    if (node === undefined || (node.spec.driver === "ipmi" && kind === "TCP"))
      return { source: "Redfish beside IPMI", wayOut: "choose another --port" };
    const place = placeText(originOf(node, "/bmc/address"), false);
    const wayOut = "end what listens there, or write another port in bmc.address";
    return { source: `${place}: node "${node.name}"`, wayOut };
  };
}

/** The simulated chassis has its machines on one bus, which may be reached by one transit. */
function isInChassis({ spec }: FleetNode): boolean {
  const { bridging } = spec.bmc ?? {};
  if (bridging === undefined) return true;
  const { target, transit = TRANSIT } = bridging;
  const isByTransit = transit.channel === TRANSIT.channel && transit.address === TRANSIT.address;
  return target?.channel === SATELLITE_CHANNEL && isByTransit;
}

function elsewhereFailure(node: FleetNode): Failure {
  const place = `${placeText(originOf(node, "/bmc/bridging"), false)}: node "${node.name}"`;
  const fact = `it is bridged to ${unitOf(node.spec.bmc ?? {}) ?? ""}, where no simulated machine is`;
  const way = `a simulated chassis has them at channel ${SATELLITE_CHANNEL}, and one transit: ${hopText(TRANSIT)}`;
  return failure("stalled", "IW-I04", `${place}: ${fact}; ${way}`);
}

function foreignFailure(node: FleetNode): Failure {
  const address = node.spec.bmc?.address;
  const place = `${placeText(originOf(node, "/bmc/address"), false)}: node "${node.name}"`;
  const example = node.spec.driver === "ipmi" ? "ipmi://127.0.0.1:6230" : "http://127.0.0.1:8001";
  const fact =
    address === undefined
      ? "it names no bmc.address"
      : `${address} is not on loopback, so it is not simulated`;
  const way = `use addresses such as ${example}, or --nodes N`;
  return failure("stalled", "IW-B15", `${place}: ${fact}; ${way}`);
}

function listeningOf({ spec }: FleetNode): Listening | null {
  const address = spec.bmc?.address ?? "";
  return spec.driver === "ipmi" ? listeningAt(address) : webListening(address);
}

function listeningAt(address: string): Listening | null {
  const parsed = parseIpmiAddress(address);
  if (typeof parsed === "string" || !isLoopback(parsed.host)) return null;
  return { host: parsed.host, port: parsed.port, https: false };
}

function webListening(address: string): Listening | null {
  if (!URL.canParse(address)) return null;
  const { protocol, hostname, port } = new URL(address);
  const host = hostname.replace(/^\[|\]$/g, "");
  if (!isLoopback(host)) return null;
  const https = protocol === "https:";
  return { host, port: port === "" ? (https ? 443 : 80) : Number(port), https };
}

function isLoopback(host: string): boolean {
  return host === "::1" || host === "localhost" || /^127(\.\d{1,3}){3}$/.test(host);
}
