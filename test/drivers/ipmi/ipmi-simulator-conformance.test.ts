import type { DriverBench, Treatment } from "../../../drivers/conformance/conformance.ts";
import { ipmiType } from "../../../drivers/ipmi/ipmi-type.ts";
import { type Simulator, startSimulator } from "../../../drivers/simulator/start-simulator.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { aMachine } from "../../support/rack.ts";
import { driverConformance } from "../conformance.ts";
import { performContext, testNode, testPorts, withLimits } from "../support/driver-bench.ts";

driverConformance(ipmiType, setUp);

async function setUp(): Promise<DriverBench> {
  const simulator = await startSimulator({
    machines: ["n1", "n2", "n4"].map((name) => aMachine(name)),
    timings: { powerOnMs: 0, powerOffMs: 0, gracefulMs: 0 },
    username: "root",
    password: "calvin",
    ipmi: { resetMs: 0 },
    faults: ["n2=ipmi-lose-request", "n4=ipmi-garbage"],
  });
  const settings = withLimits({ requestSeconds: 1, connectSeconds: 1 });
  const node = nodeOf("n1", simulator);
  const silent = nodeOf("n2", simulator);
  await bootBefore(node);
  const prepared = acts(simulator);
  return {
    driver: ipmiType.open(testPorts({ settings })),
    reader: ipmiType.open(testPorts({ settings, readOnly: true })),
    node,
    silent,
    invalid: testNode("n3", { driver: "ipmi", bmc: { address: "https://10.0.0.7" } }),
    garbage: nodeOf("n4", simulator),
    secret: "calvin",
    treat: (_verb, how) => treat(simulator, how, { node, silent }),
    vendorArgs: { send_raw: { raw_bytes: "0x00 0x04 0x00" } },
    mutations: () => acts(simulator) - prepared,
    close: () => simulator.close(),
  };
}

/** A machine that was set before: without flags that are valid there is no boot mode, and their timer is off already. */
async function bootBefore(node: FleetNode): Promise<void> {
  const driver = ipmiType.open(testPorts());
  await driver.perform(node, { verb: "session.open" }, performContext());
  const boot = { verb: "management.setBootDevice", device: "disk", persistent: false } as const;
  await driver.perform(node, boot, performContext());
  await driver.close();
}

/** Acts that reached a machine, those without effect too. */
function acts({ log }: Simulator): number {
  return log.filter(({ machine }) => machine !== null).length;
}

function nodeOf(name: string, { ipmiAddresses }: Simulator): FleetNode {
  const address = ipmiAddresses.get(name) ?? "";
  const bmc = { address, username: "root", password: { env: "BMC_PASSWORD" } };
  return testNode(name, { driver: "ipmi", bmc });
}

const FAULT_OF: Readonly<Record<Exclude<Treatment, "unsent">, string>> = {
  refused: "ipmi-refuse",
  lost: "drop-after",
  ignored: "no-effect:Reset",
};

function treat(
  simulator: Simulator,
  how: Treatment,
  { node, silent }: { readonly node: FleetNode; readonly silent: FleetNode },
): FleetNode {
  if (how === "unsent") return silent;
  simulator.clearFaults(node.name);
  simulator.fault(`${node.name}=${FAULT_OF[how]}`);
  return node;
}
