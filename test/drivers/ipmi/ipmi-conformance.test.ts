import type { DriverBench, Treatment } from "../../../drivers/conformance/conformance.ts";
import { ipmiType } from "../../../drivers/ipmi/ipmi-type.ts";
import { CHASSIS_COMMANDS } from "../../../drivers/ipmi/packets/chassis.ts";
import { NET_FN } from "../../../drivers/ipmi/packets/lan-message.ts";
import type { DriverAction } from "../../../schemas/action.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { driverConformance } from "../conformance.ts";
import { testNode, testPorts, withLimits } from "../support/driver-bench.ts";
import { type SmallIpmiBmc, startSmallIpmiBmc } from "./support/small-ipmi-bmc.ts";

driverConformance(ipmiType, setUp);

async function setUp(): Promise<DriverBench> {
  const bmc = await startSmallIpmiBmc();
  // The timer is off already, so that a boot device is one request as on a BMC that was set before.
  bmc.keepValid = 0x08;
  // Boot flags that ask for nothing have no boot mode.
  bmc.flags = Buffer.from("e008000000", "hex");
  const garbage = await startSmallIpmiBmc();
  garbage.misbehave = ({ netFn }) =>
    netFn === NET_FN.chassis ? { completion: 0, data: Buffer.from("ff", "hex") } : undefined;
  const silent = await startSmallIpmiBmc();
  silent.drop = () => true;
  const login = { username: "root", password: { env: "BMC_PASSWORD" } };
  const nodeOf = (name: string, address: string): FleetNode =>
    testNode(name, { driver: "ipmi", bmc: { address, ...login } });
  const settings = withLimits({ requestSeconds: 1, connectSeconds: 1 });
  const node = nodeOf("n1", bmc.address);
  const quiet = nodeOf("n2", silent.address);
  return {
    driver: ipmiType.open(testPorts({ settings })),
    reader: ipmiType.open(testPorts({ settings, readOnly: true })),
    node,
    silent: quiet,
    invalid: nodeOf("n3", "https://10.0.0.7"),
    garbage: nodeOf("n4", garbage.address),
    secret: "calvin",
    treat: (verb, how) => treat(bmc, { node, silent: quiet }, verb, how),
    vendorArgs: { send_raw: { raw_bytes: "0x00 0x04 0x00" } },
    mutations: () => bmc.mutations().length,
    close: async () => {
      await Promise.all([bmc, garbage, silent].map((one) => one.close()));
    },
  };
}

function treat(
  bmc: SmallIpmiBmc,
  nodes: { readonly node: FleetNode; readonly silent: FleetNode },
  _verb: DriverAction["verb"],
  how: Treatment,
): FleetNode {
  if (how === "unsent") return nodes.silent;
  bmc.misbehave = ({ command, netFn }) => {
    if (netFn !== NET_FN.chassis || command !== CHASSIS_COMMANDS.control) return undefined;
    if (how === "refused") return { completion: 0xd5 };
    return how === "lost" ? null : { completion: 0 };
  };
  return nodes.node;
}
