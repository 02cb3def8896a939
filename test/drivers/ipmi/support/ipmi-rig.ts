import type { DriverPorts } from "../../../../drivers/driver.ts";
import { IpmiDriver, type IpmiOptions } from "../../../../drivers/ipmi/ipmi-driver.ts";
import type { NodeSpec } from "../../../../schemas/documents.ts";
import type { FleetNode } from "../../../../schemas/fleet.ts";
import { testNode, testPorts, type TestPorts, withLimits } from "../../support/driver-bench.ts";
import { type SmallIpmiBmc, startSmallIpmiBmc } from "./small-ipmi-bmc.ts";
import type { SmallOptions } from "./small-ipmi-machine.ts";

/** A BMC, a driver for it, and its node. */
export interface IpmiRig {
  readonly bmc: SmallIpmiBmc;
  readonly driver: IpmiDriver;
  readonly node: FleetNode;
  /** Debug lines of the driver. */
  readonly lines: string[];
  close(): Promise<void>;
}

/** What a rig is made with. */
export interface RigOptions {
  readonly bmc?: SmallOptions;
  readonly spec?: NodeSpec["bmc"];
  readonly boot?: NodeSpec["boot"];
  readonly ports?: TestPorts;
  readonly wire?: Partial<DriverPorts>;
  readonly driver?: IpmiOptions;
}

/** Waits of tests: a lost packet costs milliseconds. */
const TEST_TIMINGS = { firstMs: 60, growth: 1.5 };

/** Starts a BMC and opens a driver that waits for milliseconds where the field waits for seconds. */
export async function ipmiRig(options: RigOptions = {}): Promise<IpmiRig> {
  const bmc = await startSmallIpmiBmc(options.bmc);
  const settings = withLimits({ requestSeconds: 1.2, connectSeconds: 0.6 });
  const lines: string[] = [];
  const debug = (line: string): void => void lines.push(line);
  const ports = { ...testPorts({ settings, ...options.ports }), debug, ...options.wire };
  const driver = new IpmiDriver(ports, { timings: TEST_TIMINGS, ...options.driver });
  const node = testNode("n1", {
    driver: "ipmi",
    bmc: {
      address: bmc.address,
      username: "root",
      password: { env: "BMC_PASSWORD" },
      ...options.spec,
    },
    ...(options.boot === undefined ? {} : { boot: options.boot }),
  });
  return {
    bmc,
    driver,
    node,
    lines,
    close: async () => {
      await driver.close();
      await bmc.close();
    },
  };
}
