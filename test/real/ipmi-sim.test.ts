import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IpmiDriver } from "../../drivers/ipmi/ipmi-driver.ts";
import type { DriverAction } from "../../schemas/action.ts";
import type { NodeSpec } from "../../schemas/documents.ts";
import type { Failure } from "../../schemas/failure.ts";
import { known } from "../../schemas/observation.ts";
import { performContext, testNode, testPorts } from "../drivers/support/driver-bench.ts";
import { PASSWORD, type Sim, startSim, stopSim } from "./ipmi-sim-program.ts";

let sim: Sim;
beforeAll(async () => {
  sim = await startSim();
});
afterAll(async () => {
  await stopSim(sim);
});

/** Lets a driver speak with the simulator, and closes it. */
async function withDriver<T>(
  spec: NodeSpec["bmc"],
  run: (
    driver: IpmiDriver,
    node: ReturnType<typeof testNode>,
    lines: readonly string[],
  ) => Promise<T>,
  secret = PASSWORD,
): Promise<T> {
  const lines: string[] = [];
  const debug = (line: string): void => void lines.push(line);
  const driver = new IpmiDriver({ ...testPorts({ secret }), debug });
  const bmc = {
    address: `ipmi://127.0.0.1:${sim.port}`,
    username: "admin",
    password: { env: "BMC_PASSWORD" },
    ...spec,
  };
  try {
    return await run(driver, testNode("n1", { driver: "ipmi", bmc }), lines);
  } finally {
    await driver.close();
  }
}

describe.each([
  ["auto, which falls back to suite 3", {}, "rmcp+"],
  ["suite 3", { cipherSuite: 3 }, "rmcp+"],
  ["IPMI 1.5 with MD5", { ipmiVersion: 1.5 as const }, "ipmi-1.5"],
])("ipmi_sim of OpenIPMI, %s", (_name, spec: NodeSpec["bmc"], tls) => {
  it("is read: power, boot device, identity, tasks", async () => {
    await withDriver(spec, async (driver, node) => {
      const facets = ["power", "bootDevice", "identity", "tasks", "eventLog"] as const;
      const seen = await driver.observe(node, facets);
      expect(seen.unreachable).toBeNull();
      expect(seen.transport).toEqual({ tls, fence: "session" });
      expect(known(seen, "bootDevice")).toEqual({ device: "none", persistent: false });
      expect(known(seen, "tasks")).toEqual([]);
      expect(known(seen, "eventLog")).toEqual([]);
      expect(known(seen, "power")).toMatch(/^(on|off)$/);
      expect(known(seen, "identity")?.systemUuid).toMatch(/^[0-9a-f-]{36}$/);
    });
  });

  it("is switched on and off and given a boot device, each once", async () => {
    await writeFile(join(sim.dir, "sets"), "");
    await withDriver(spec, async (driver, node) => {
      const perform = (action: DriverAction): Promise<{ readonly sent: unknown }> =>
        driver.perform(node, action, performContext());
      expect((await perform({ verb: "session.open" })).sent).toBe(true);
      for (const [verb, power] of [
        ["power.on", "on"],
        ["power.off", "off"],
        ["power.on", "on"],
      ] as const) {
        expect(await perform({ verb })).toEqual({ sent: true });
        expect(known(await driver.observe(node, ["power"]), "power")).toBe(power);
      }
      const device = { verb: "management.setBootDevice", device: "pxe", persistent: true } as const;
      expect(await perform(device)).toEqual({ sent: true });
    });
    const sets = await readFile(join(sim.dir, "sets"), "utf8");
    expect(sets.trim().split("\n")).toEqual(["power 1", "power 0", "power 1", "boot pxe"]);
  });

  it("ends a session by its name, and again", async () => {
    await withDriver(spec, async (driver, node) => {
      const opened = await driver.perform(node, { verb: "session.open" }, performContext());
      const session = "session" in opened ? (opened.session ?? "") : "";
      const end = { verb: "session.end", session } as const;
      expect(await driver.perform(node, end, performContext())).toEqual({ sent: true });
      expect(await driver.perform(node, end, performContext())).toEqual({ sent: true });
    });
  });
});

describe("ipmi_sim of OpenIPMI refuses", () => {
  it.each<[string, NodeSpec["bmc"], string, string]>([
    ["a wrong user", { username: "nobody" }, "IW-B04", PASSWORD],
    ["suite 17", { cipherSuite: 17 }, "IW-B22", PASSWORD],
    ["a wrong password", {}, "IW-B04", "another one"],
  ])("%s", async (_name, spec, code, secret) => {
    const why = await withDriver<Failure | null>(
      spec,
      async (driver, node) => (await driver.observe(node, ["power"])).unreachable,
      secret,
    );
    expect(why).toMatchObject({ code });
    expect(JSON.stringify(why)).not.toContain(secret);
  });

  it("an act in a session of a user, who may only read", async () => {
    await withDriver({ privilege: "user" }, async (driver, node) => {
      await driver.perform(node, { verb: "session.open" }, performContext());
      const performed = await driver.perform(node, { verb: "power.off" }, performContext());
      expect(performed).toMatchObject({ sent: "refused", failure: { code: "IW-B20" } });
    });
  });
});
