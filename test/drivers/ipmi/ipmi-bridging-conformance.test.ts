import type { DriverBench, Treatment } from "../../../drivers/conformance/conformance.ts";
import { ipmiType } from "../../../drivers/ipmi/ipmi-type.ts";
import { startSimulator } from "../../../drivers/simulator/start-simulator.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { aMachine } from "../../support/rack.ts";
import { driverConformance } from "../conformance.ts";
import { performContext, testNode, testPorts, withLimits } from "../support/driver-bench.ts";

/** The same as of a BMC with a LAN of its own, of a machine behind a chassis's. */
driverConformance(ipmiType, setUp);

/** What a machine on the bus does with an act, as faults. */
const FAULTS = {
  refused: "ipmi-nak:1",
  lost: "drop-after",
  ignored: "no-effect:Reset",
} as const satisfies Partial<Record<Treatment, string>>;

/** Nothing listens there. */
const NOBODY = "ipmi://127.0.0.1:9";

async function setUp(): Promise<DriverBench> {
  const simulator = await startSimulator({
    machines: ["n1", "n2", "n3"].map((name) => aMachine(name)),
    timings: { powerOnMs: 0, powerOffMs: 0, gracefulMs: 0 },
    password: "calvin",
    ipmi: { layout: "one-port", resetMs: 0 },
    faults: ["n2=ipmi-lose-request", "n3=ipmi-garbage"],
  });
  const nodeOf = (name: string, there = simulator.ipmiAddresses.get(name)): FleetNode => {
    const login = { username: "admin", password: { env: "BMC_PASSWORD" } };
    const bridging = { target: simulator.ipmiTargets.get(name) };
    return testNode(name, { driver: "ipmi", bmc: { address: there, ...login, bridging } });
  };
  const settings = withLimits({ requestSeconds: 1, connectSeconds: 1 });
  const node = nodeOf("n1");
  const unsent = nodeOf("n1", NOBODY);
  const wrong = { channel: 7, address: 0x23 };
  const acts = (): number => simulator.log.filter(({ machine }) => machine === "n1").length;
  const before = await prepare(node, acts);
  return {
    driver: ipmiType.open(testPorts({ settings })),
    reader: ipmiType.open(testPorts({ settings, readOnly: true })),
    node,
    silent: nodeOf("n2"),
    invalid: testNode("n4", {
      ...node.spec,
      bmc: { ...node.spec.bmc, bridging: { target: wrong } },
    }),
    garbage: nodeOf("n3"),
    secret: "calvin",
    treat: (_verb, how) => {
      simulator.clearFaults("n1");
      if (how === "unsent") return unsent;
      simulator.fault(`n1=${FAULTS[how]}`);
      return node;
    },
    vendorArgs: { send_raw: { raw_bytes: "0x00 0x04 0x00" } },
    mutations: () => acts() - before,
    close: () => simulator.close(),
  };
}

/** A boot device is one request where the timer is off already, and gives the boot mode something to be of. */
async function prepare(node: FleetNode, acts: () => number): Promise<number> {
  const driver = ipmiType.open(testPorts({}));
  const device = { verb: "management.setBootDevice", device: "disk", persistent: true } as const;
  await driver.perform(node, { verb: "session.open" }, performContext());
  await driver.perform(node, device, performContext());
  await driver.close();
  return acts();
}
