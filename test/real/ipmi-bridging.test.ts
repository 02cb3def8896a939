import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IpmiDriver } from "../../drivers/ipmi/ipmi-driver.ts";
import type { NodeSpec } from "../../schemas/documents.ts";
import { known } from "../../schemas/observation.ts";
import { performContext, testNode, testPorts } from "../drivers/support/driver-bench.ts";
import { type OnBus, PASSWORD, type Sim, startSim, stopSim } from "./ipmi-sim-program.ts";
import { ADMIN, SUITE_17, SUITE_3, tools, until } from "./ipmi-programs.ts";

const MD5 = ["-I", "lan", "-A", "MD5"];
/** The first machine of a chassis of ours, and the second one; by the controller in between, too. */
const N1 = ["-b", "7", "-t", "0x22"];
const N2 = ["-b", "7", "-t", "0x24"];
const TRANSIT = ["-B", "0", "-T", "0x82"];

/** Two machines in a chassis of ours. */
const inChassis = (bridged: "apart" | "within" = "apart"): ReturnType<typeof tools> =>
  tools({ layout: "one-port", bridged }, "127.0.0.1", ["n1", "n2"]);

describe.each([
  ["suite 3", SUITE_3],
  ["suite 17", SUITE_17],
  ["IPMI 1.5", MD5],
])("ipmitool of Debian, at a simulated chassis by %s", (_suite, how) => {
  it.each([
    ["singly, answers apart", [], "apart"],
    ["singly, answers within", [], "within"],
    // Where the BMC, too, has the transit's answer within its own, ipmitool's lanplus finds none.
    ["doubly, answers apart", TRANSIT, "apart"],
  ] as const)("switches one machine and reads it: %s", async (_name, via, bridged) => {
    const { acts, ipmitool, machine, simulator } = await inChassis(bridged);
    const power = async (target: readonly string[], word: string): Promise<string> =>
      (await ipmitool([...how, ...via, ...target], ...ADMIN, "chassis", "power", word)).text;
    const other = simulator.machines.get("n2");
    if (other === undefined) throw new Error("there is no second machine");
    expect(await power(N2, "status")).toContain("Chassis Power is off");
    expect(await power(N2, "on")).toContain("Power Control: Up/On");
    await until(other, "On");
    expect(await power(N2, "status")).toContain("Chassis Power is on");
    expect(await power(N1, "status")).toContain("Chassis Power is off");
    expect(machine.power(Date.now())).toBe("Off");
    expect(acts()).toEqual([["Chassis Control", { control: "on" }, "powering on"]]);
  });

  it("reads who each of them is, and the chassis itself", async () => {
    const { ipmitool } = await inChassis();
    const fru = async (...at: string[]): Promise<string> =>
      (await ipmitool([...how, ...at], ...ADMIN, "fru", "print", "0")).text;
    expect(await fru(...N1)).toContain("S-n1");
    expect(await fru(...N2)).toContain("S-n2");
    expect(await fru()).toContain("SIMCHASSIS1");
  });

  it("is told where nobody is", async () => {
    const { ipmitool } = await inChassis();
    const nobody = [...how, "-b", "7", "-t", "0x7e"];
    const { text } = await ipmitool(nobody, ...ADMIN, "chassis", "power", "status");
    expect(text).toMatch(/Unable to get Chassis Power Status|failed: Unknown \(0x83\)/);
  });
});

/** Two controllers on the bus of OpenIPMI's simulator, each with a chassis of its own: of Dell, and of HP. */
const ON_BUS: readonly OnBus[] = [
  ["24", "0 no-device-sdrs 0x23 2 4 0x9f 0x2a2 0xf03"],
  ["30", "0 no-device-sdrs 0x23 3 0 0x9f 0xb 0xf04"],
];

describe("ipmi_sim of OpenIPMI, with controllers on its bus", () => {
  let sim: Sim;
  beforeAll(async () => {
    sim = await startSim({ onBus: ON_BUS });
  });
  afterAll(() => stopSim(sim));

  const nodeOf = (address: number, spec: NodeSpec["bmc"]): ReturnType<typeof testNode> => {
    const at = `ipmi://127.0.0.1:${sim.port}`;
    const login = { username: "admin", password: { env: "BMC_PASSWORD" } };
    const bridging = { target: { channel: 0, address } };
    return testNode(`n${address}`, {
      driver: "ipmi",
      bmc: { address: at, ...login, bridging, ...spec },
    });
  };

  it.each([
    ["suite 3", {}],
    ["IPMI 1.5", { ipmiVersion: 1.5 as const }],
  ])("each is read and switched by itself, in one session, by %s", async (_name, spec) => {
    await writeFile(join(sim.dir, "sets"), "");
    const driver = new IpmiDriver(testPorts({ secret: PASSWORD }));
    const [one, two] = [nodeOf(0x24, spec), nodeOf(0x30, spec)];
    try {
      const seen = [
        await driver.observe(one, ["tasks", "power"]),
        await driver.observe(two, ["tasks"]),
      ];
      expect(seen.map(({ vendor, bmcFirmware }) => [vendor, bmcFirmware])).toEqual([
        ["Dell", "2.04"],
        ["HP", "3.00"],
      ]);
      const opened = await driver.perform(one, { verb: "session.open" }, performContext());
      expect(opened.sent).toBe(true);
      expect(await driver.perform(two, { verb: "session.open" }, performContext())).toEqual(opened);
      expect(await driver.perform(two, { verb: "power.on" }, performContext())).toEqual({
        sent: true,
      });
      expect(known(await driver.observe(two, ["power"]), "power")).toBe("on");
      expect(known(await driver.observe(one, ["power"]), "power")).toBe("off");
      expect(await driver.perform(two, { verb: "power.off" }, performContext())).toEqual({
        sent: true,
      });
    } finally {
      await driver.close();
    }
    const sets = await readFile(join(sim.dir, "sets"), "utf8");
    expect(sets.trim().split("\n")).toEqual(["30 power 1", "30 power 0"]);
  });

  it("one that is not there is told from one that is, and does not cost it the session", async () => {
    const driver = new IpmiDriver(testPorts({ secret: PASSWORD }));
    try {
      const nobody = (await driver.observe(nodeOf(0x40, {}), ["power"])).unreachable;
      expect(nobody).toMatchObject({ code: "IW-B13", kind: "transient" });
      expect(nobody?.message).toContain("channel 0 address 40h is not there");
      await driver.perform(nodeOf(0x40, {}), { verb: "session.open" }, performContext());
      const act = await driver.perform(nodeOf(0x40, {}), { verb: "power.on" }, performContext());
      expect(act).toMatchObject({ sent: "refused", failure: { code: "IW-B13" } });
      expect(known(await driver.observe(nodeOf(0x24, {}), ["power"]), "power")).toBe("off");
    } finally {
      await driver.close();
    }
  });
});
