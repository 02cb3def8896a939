import { describe, expect, it, onTestFinished } from "vitest";
import { IpmiDriver } from "../../../drivers/ipmi/ipmi-driver.ts";
import {
  type IpmiFace,
  type Simulator,
  startSimulator,
} from "../../../drivers/simulator/start-simulator.ts";
import type { DriverAction } from "../../../schemas/action.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { known, type Observation } from "../../../schemas/observation.ts";
import { aMachine } from "../../support/rack.ts";
import { performContext, testNode, testPorts, withLimits } from "../support/driver-bench.ts";

interface Rig {
  readonly simulator: Simulator;
  readonly driver: IpmiDriver;
  readonly node: FleetNode;
  readonly see: (...facets: Parameters<IpmiDriver["observe"]>[1]) => Promise<Observation>;
  readonly act: (action: DriverAction) => ReturnType<IpmiDriver["perform"]>;
  /** What the BMC wrote down of acts, and what came of them. */
  readonly acts: () => readonly string[];
}

async function rigOf(face: IpmiFace = {}, spec: NodeSpec["bmc"] = {}): Promise<Rig> {
  const simulator = await startSimulator({
    machines: [aMachine("n1")],
    timings: { powerOnMs: 0, powerOffMs: 0, gracefulMs: 0 },
    password: "calvin",
    ipmi: face,
  });
  onTestFinished(() => simulator.close());
  const settings = withLimits({ requestSeconds: 1, connectSeconds: 1 });
  const driver = new IpmiDriver(testPorts({ settings }), { timings: { firstMs: 60, growth: 1.5 } });
  onTestFinished(() => driver.close());
  const login = { username: "admin", password: { env: "BMC_PASSWORD" } };
  const address = simulator.ipmiAddresses.get("n1") ?? "";
  const node = testNode("n1", { driver: "ipmi", bmc: { address, ...login, ...spec } });
  return {
    simulator,
    driver,
    node,
    see: (...facets) => driver.observe(node, facets),
    act: (action) => driver.perform(node, action, performContext()),
    acts: () => simulator.log.filter(({ machine }) => machine !== null).map(({ effect }) => effect),
  };
}

describe("the driver at a simulated BMC", () => {
  it.each([
    ["17", {}, {}],
    ["3", { suites: [3] }, {}],
    ["1.5, asked for", {}, { ipmiVersion: 1.5 }],
    ["17 with a Kg", { kg: Buffer.from("calvin") }, { kg: { env: "BMC_KG" } }],
  ] as const)("reads and does all that it can, by suite %s", async (_name, face, spec) => {
    const { see, act, acts } = await rigOf(face, spec);
    const seen = await see("identity", "power", "bootDevice", "indicators", "eventLog");
    expect(known(seen, "identity")).toMatchObject({
      serial: "S-n1",
      systemUuid: "00000000-0000-4000-8000-000000000001",
    });
    expect(known(seen, "power")).toBe("off");
    expect(known(seen, "bootDevice")).toEqual({ device: "none", persistent: false });
    await act({ verb: "session.open" });
    const boot = { verb: "management.setBootDevice", device: "pxe", persistent: true } as const;
    expect(await act(boot)).toEqual({ sent: true });
    expect(known(await see("bootDevice"), "bootDevice")).toEqual({
      device: "pxe",
      persistent: true,
    });
    expect(await act({ verb: "power.on" })).toEqual({ sent: true });
    expect(known(await see("power"), "power")).toBe("on");
    expect(await act({ verb: "power.softOff" })).toEqual({ sent: true });
    expect(known(await see("power"), "power")).toBe("off");
    expect(acts().filter((effect) => effect !== "taken")).toEqual(["powering on", "shutting down"]);
  });

  it.each([
    "ipmi-lose-request:1",
    "ipmi-lose-answer:1",
    "ipmi-double:3",
    "ipmi-late:1",
    "ipmi-garbage:1",
    "ipmi-bad-sequence:1",
    "ipmi-other-request:1",
    "ipmi-other-session:1",
    "ipmi-busy:1",
    "expire-sessions",
  ])("reads power through %s", async (fault) => {
    const { see, simulator } = await rigOf();
    await see("power");
    expect(simulator.fault(`n1=${fault}`)).toBeNull();
    const seen = [known(await see("power"), "power"), known(await see("power"), "power")];
    expect(seen).toEqual(["off", "off"]);
  });

  it("tells of an inspection who made the machine, and nothing that IPMI can't tell", async () => {
    const { see } = await rigOf();
    expect(known(await see("inventory"), "inventory")).toEqual({
      system: {
        uuid: "00000000-0000-4000-8000-000000000001",
        serial: "S-n1",
        manufacturer: "Dell",
        model: "R660",
        sku: "R660",
      },
      cpu: {
        socketCount: null,
        coreCount: null,
        threadCount: null,
        model: null,
        architecture: null,
      },
      memoryBytes: null,
      disks: null,
      nics: null,
      firmware: { bios: null, bmc: "1.00", components: null },
      notes: [],
    });
  });

  it("does not know what came of an act whose answer was lost, and looking tells", async () => {
    const { act, acts, see, simulator } = await rigOf();
    await act({ verb: "session.open" });
    simulator.fault("n1=drop-after");
    expect(await act({ verb: "power.on" })).toMatchObject({ sent: "unknown" });
    expect(known(await see("power"), "power")).toBe("on");
    expect(acts()).toEqual(["powering on"]);
  });

  it("speaks IPMI 1.5 to a BMC that speaks nothing else only where it is told to", async () => {
    const { see, simulator } = await rigOf();
    simulator.fault("n1=ipmi-suites:none");
    expect(JSON.stringify(await see("power"))).toContain("write bmc.ipmiVersion: 1.5");
  });
});
