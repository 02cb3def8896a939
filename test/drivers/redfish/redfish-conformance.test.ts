import { redfishType } from "../../../drivers/redfish/redfish-type.ts";
import { madeUpHardware } from "../../../drivers/simulator/hardware.ts";
import type { DriverAction } from "../../../schemas/action.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import type { DriverBench, Treatment } from "../../../drivers/conformance/conformance.ts";
import { driverConformance } from "../conformance.ts";
import { testNode, testPorts } from "../support/driver-bench.ts";
import { redfishError, sendJson, type SmallBmc, startSmallBmc } from "../support/small-bmc.ts";

driverConformance(redfishType, setUp);

async function setUp(): Promise<DriverBench> {
  const bmc = await startSmallBmc({
    username: "root",
    password: "calvin",
    events: true,
    hardware: madeUpHardware("n1"),
  });
  // It says its password back, as some do in their errors.
  const garbage = await startSmallBmc({ username: "root", password: "calvin" });
  garbage.misbehave = (_seen, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end("{ root calvin");
    return true;
  };
  const bmcSpec = { username: "root", password: { env: "BMC_PASSWORD" } };
  const node = testNode("n1", { driver: "redfish", bmc: { address: bmc.url, ...bmcSpec } });
  // Port 1 of the loopback: nothing listens there.
  const silent = testNode("n2", {
    driver: "redfish",
    bmc: { address: "http://127.0.0.1:1", ...bmcSpec },
  });
  return {
    driver: redfishType.open(testPorts()),
    reader: redfishType.open(testPorts({ readOnly: true })),
    node,
    silent,
    invalid: testNode("n3", { driver: "redfish", bmc: { address: "10.0.0.7" } }),
    garbage: testNode("n4", { driver: "redfish", bmc: { address: garbage.url, ...bmcSpec } }),
    secret: "calvin",
    treat: (verb, how) => treat(bmc, { node, silent }, verb, how),
    diskless: () => {
      bmc.hardware = { ...madeUpHardware("n1"), disks: [] };
      return node;
    },
    vendorArgs: {
      get_subscription: { id: "1" },
      create_subscription: { Destination: "https://events.example/r1", Context: "r1" },
      delete_subscription: { id: "1" },
    },
    mutations: () => bmc.mutations().length,
    close: async () => {
      await bmc.close();
      await garbage.close();
    },
  };
}

function treat(
  bmc: SmallBmc,
  nodes: { readonly node: FleetNode; readonly silent: FleetNode },
  verb: DriverAction["verb"],
  how: Treatment,
): FleetNode {
  if (how === "unsent") return nodes.silent;
  bmc.misbehave = (seen, response) => {
    if (!seen.path.endsWith("ComputerSystem.Reset")) return false;
    if (how === "refused") sendJson(response, 400, redfishError("ActionNotSupported", verb));
    if (how === "ignored") response.writeHead(204).end();
    if (how === "lost") seen.socket.destroy();
    return true;
  };
  return nodes.node;
}
