import { describe, expect, it } from "vitest";
import { aMachine } from "../../support/rack.ts";
import { rig, type SimulatorRig, SYSTEM } from "./simulator-rig.ts";

describe("the resources", () => {
  it("every link that leads from the root leads to a resource that says the same of itself", async () => {
    const { ask } = await rig();
    const seen = new Set<string>();
    const walk = async (path: string): Promise<void> => {
      if (seen.has(path) || path.includes("#")) return;
      seen.add(path);
      const { status, body } = await ask("GET", path);
      expect([status, path, body]).toMatchObject([200, path, { "@odata.id": path }]);
      const links = JSON.stringify(body).matchAll(/"@odata\.id":"([^"]+)"/g);
      for (const [, next = ""] of links) if (!/\/Entries\/\d+$/.test(next)) await walk(next);
    };
    await walk("/redfish/v1/");
    for (const room of ["Processors/CPU.1", "Storage/1/Drives/0", "EthernetInterfaces/NIC.1"]) {
      expect([...seen]).toContain(`${SYSTEM}/${room}`);
    }
    expect((await ask("GET", `${SYSTEM}/Storage/1/Drives/9`)).status).toBe(404);
    expect((await ask("GET", `${SYSTEM}/constructor`)).status).toBe(404);
  });

  it("a machine's hardware is its name's, the same each time, and any part of it can be described", async () => {
    const hardware = { memoryGiB: 8, disks: [] };
    const machines = [aMachine("n1"), aMachine("n2"), aMachine("n3", { hardware })];
    const [one, again] = [await rig({ machines }), await rig({ machines })];
    const drive = async ({ ask }: SimulatorRig, name: string) => {
      const { body } = await ask("GET", `/redfish/v1/Systems/${name}/Storage/1/Drives/0`);
      return typeof body === "object" && body !== null && "SerialNumber" in body
        ? body.SerialNumber
        : null;
    };
    const serial = await drive(one, "n1");
    expect(serial).toMatch(/^[0-9A-F]{12}$/);
    expect(await drive(again, "n1")).toBe(serial);
    expect(await drive(one, "n2")).not.toBe(serial);
    const { body } = await one.ask("GET", "/redfish/v1/Systems/n3");
    expect(body).toMatchObject({ MemorySummary: { TotalSystemMemoryGiB: 8 } });
    const none = await one.ask("GET", "/redfish/v1/Systems/n3/Storage");
    expect(none.body).toMatchObject({ Members: [] });
    one.simulator.fault("swap=n1,n2");
    expect(await drive(one, "n2")).toBe(serial);
    one.simulator.fault("n1=no-disks");
    expect((await one.ask("GET", `${SYSTEM}/Storage`)).body).toMatchObject({ Members: [] });
  });
});
