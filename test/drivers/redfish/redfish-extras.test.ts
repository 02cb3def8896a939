import { describe, expect, it } from "vitest";
import { RedfishDriver } from "../../../drivers/redfish/redfish-driver.ts";
import { known } from "../../../schemas/observation.ts";
import { performContext, testNode, testPorts } from "../support/driver-bench.ts";
import { driver, LOGIN, nodeAt, small } from "../support/redfish-rig.ts";
import { type Misbehave, sendJson, SYSTEM_1 } from "../support/small-bmc.ts";

/** Serves these bodies at these paths, the rest as ever. */
function also(bodies: Readonly<Record<string, unknown>>): Misbehave {
  return (seen, response) => {
    const body = bodies[seen.path];
    if (body === undefined || seen.method !== "GET") return false;
    sendJson(response, 200, body);
    return true;
  };
}

const link = (path: string) => ({ "@odata.id": path });

describe("tasks", () => {
  const T = "/redfish/v1/TaskService";
  const bodies = {
    "/redfish/v1/": {
      Systems: link("/redfish/v1/Systems"),
      Links: { Sessions: link("/redfish/v1/SessionService/Sessions") },
      Tasks: link(T),
    },
    [T]: { Tasks: link(`${T}/Tasks`) },
    [`${T}/Tasks`]: { Members: [link(`${T}/Tasks/1`), link(`${T}/Tasks/2`), link(`${T}/Tasks/3`)] },
    [`${T}/Tasks/1`]: { Name: "old flash", TaskState: "Completed" },
    [`${T}/Tasks/2`]: { Name: "flash", TaskState: "Running" },
    [`${T}/Tasks/3`]: { TaskState: "Pending" },
  };

  it("that run are told, ended ones are not, and are read once", async () => {
    const bmc = await small();
    bmc.misbehave = also(bodies);
    const one = driver();
    const running = [
      { uri: `${T}/Tasks/3`, name: `${T}/Tasks/3`, state: "Pending" },
      { uri: `${T}/Tasks/2`, name: "flash", state: "Running" },
    ];
    expect(known(await one.observe(nodeAt(bmc), ["tasks"]), "tasks")).toEqual(running);
    bmc.log.length = 0;
    expect(known(await one.observe(nodeAt(bmc), ["tasks"]), "tasks")).toEqual(running);
    expect(bmc.logged()).not.toContain(`GET ${T}/Tasks/1`);
  });

  it("are found on every page of the list, and a list without end is unknown", async () => {
    const bmc = await small();
    const paged = (next: string) => ({
      ...bodies,
      [`${T}/Tasks`]: { Members: [link(`${T}/Tasks/1`)], "Members@odata.nextLink": next },
      [`${T}/Tasks?$skip=1`]: { Members: [link(`${T}/Tasks/2`)] },
    });
    bmc.misbehave = also(paged(`${T}/Tasks?$skip=1`));
    const seen = await driver().observe(nodeAt(bmc), ["tasks"]);
    expect(known(seen, "tasks")).toMatchObject([{ name: "flash" }]);
    bmc.misbehave = also(paged(`${T}/Tasks`));
    const circle = await driver().observe(nodeAt(bmc), ["tasks"]);
    expect(circle.facets.tasks).toMatchObject({ known: false, why: { code: "IW-B07" } });
  });

  it("that run, or may run, leave power alone at the act itself, and settings are written", async () => {
    const bmc = await small();
    bmc.misbehave = also(bodies);
    const one = driver();
    const node = nodeAt(bmc);
    await one.perform(node, { verb: "session.open" }, performContext());
    const on = () => one.perform(node, { verb: "power.on" }, performContext());
    expect(await on()).toMatchObject({
      sent: false,
      failure: { code: "IW-B17", kind: "waiting", message: expect.stringContaining("Pending") },
    });
    bmc.misbehave = also({ ...bodies, [`${T}/Tasks`]: null });
    expect(await on()).toMatchObject({ sent: false, failure: { code: "IW-B17" } });
    expect(bmc.mutations()).toEqual([]);
    bmc.misbehave = also(bodies);
    const boot = { verb: "management.setBootDevice", device: "pxe", persistent: true } as const;
    expect(await one.perform(node, boot, performContext())).toMatchObject({ sent: true });
    bmc.misbehave = also({ ...bodies, [`${T}/Tasks`]: { Members: [link(`${T}/Tasks/1`)] } });
    expect(await on()).toMatchObject({ sent: true });
  });

  it("that cannot be read are unknown, which is not none", async () => {
    const bmc = await small();
    bmc.misbehave = (seen, response) => {
      if (seen.path !== `${T}/Tasks`) return also(bodies)(seen, response);
      sendJson(response, 500, null);
      return true;
    };
    const seen = await driver().observe(nodeAt(bmc), ["tasks"]);
    expect(seen.facets.tasks).toMatchObject({ known: false, why: { code: "IW-B08" } });
  });
});

describe("the event log", () => {
  it("is told newest first, ten lines, control characters out", async () => {
    const bmc = await small({ ...LOGIN, extra: { LogServices: link("/logs") } });
    const members = Array.from({ length: 30 }, (_, at) => ({
      Created: `2026-11-24T10:00:${String(at).padStart(2, "0")}Z`,
      Message: `line ${at}\u0007`,
    }));
    bmc.misbehave = also({
      "/logs": { Members: [link("/logs/Audit"), link("/logs/Sel")] },
      "/logs/Sel": { Entries: link("/logs/Sel/Entries") },
      "/logs/Sel/Entries": { Members: members },
    });
    const lines = known(await driver().observe(nodeAt(bmc), ["eventLog"]), "eventLog");
    expect(lines).toHaveLength(10);
    expect(lines?.[0]).toEqual({ at: "2026-11-24T10:00:29Z", message: "line 29" });
  });

  it("that a BMC does not have is unknown (IW-B18)", async () => {
    const seen = await driver().observe(nodeAt(await small()), ["eventLog"]);
    expect(seen.facets.eventLog).toMatchObject({ known: false, why: { code: "IW-B18" } });
  });
});

describe("a BMC by name", () => {
  const named = (port: number) => testNode("n1", { bmc: { address: `http://bmc.test:${port}` } });

  it("is judged by the address that its name resolves to", async () => {
    const bmc = await small({});
    const settings = { ...testPorts().settings, bmc: { networks: ["10.0.0.0/8"] } };
    const ports = testPorts({ settings: () => settings });
    const one = new RedfishDriver(ports, () => Promise.resolve(["127.0.0.1"]));
    const seen = await one.observe(named(bmc.port), ["power"]);
    expect(seen.unreachable?.code).toBe("IW-B15");
    expect(seen.unreachable?.cause).toContain("127.0.0.1");
    expect(bmc.log).toEqual([]);
    await one.close();
  });

  it("uses the address that is allowed where a name has several", async () => {
    const bmc = await small({});
    const settings = { ...testPorts().settings, bmc: { networks: ["127.0.0.0/8"] } };
    const ports = testPorts({ settings: () => settings });
    const one = new RedfishDriver(ports, () => Promise.resolve(["192.0.2.1", "127.0.0.1"]));
    expect(known(await one.observe(named(bmc.port), ["power"]), "power")).toBe("off");
    await one.close();
  });

  it("that nobody knows is IW-B02", async () => {
    const unknown = Object.assign(new Error("no such name"), { code: "ENOTFOUND" });
    const one = new RedfishDriver(testPorts(), () => Promise.reject(unknown));
    const seen = await one.observe(named(80), ["power"]);
    expect(seen.unreachable).toMatchObject({ code: "IW-B02" });
    await one.close();
  });
});

describe("connections", () => {
  it("one that the BMC closed while idle costs a reading nothing", async () => {
    const bmc = await small();
    const one = driver();
    await one.observe(nodeAt(bmc), ["power"]);
    let drop = true;
    bmc.misbehave = (seen) => {
      if (!drop || seen.path !== SYSTEM_1) return false;
      drop = false;
      seen.socket.destroy();
      return true;
    };
    expect(known(await one.observe(nodeAt(bmc), ["power"]), "power")).toBe("off");
  });

  it("a login whose answer is lost is told as unknown, and is sent once", async () => {
    const bmc = await small();
    bmc.misbehave = (seen) => {
      if (seen.method !== "POST") return false;
      seen.socket.destroy();
      return true;
    };
    const opened = await driver().perform(nodeAt(bmc), { verb: "session.open" }, performContext());
    expect(opened).toMatchObject({ sent: "unknown", failure: { code: "IW-B12" } });
    expect(bmc.log.filter((seen) => seen.method === "POST")).toHaveLength(1);
  });

  it("boot settings go to a settings resource that holds them, with its ETag, and else to the system", async () => {
    const settings = { "@Redfish.Settings": { SettingsObject: link(`${SYSTEM_1}/Settings`) } };
    const bmc = await small({ ...LOGIN, extra: settings });
    bmc.misbehave = (seen, response) => {
      if (seen.path !== `${SYSTEM_1}/Settings` || seen.method !== "GET") return false;
      sendJson(response, 200, body, { etag: '"s"' });
      return true;
    };
    let body: object = { Boot: { BootSourceOverrideMode: "UEFI" } };
    const one = driver();
    await one.perform(nodeAt(bmc), { verb: "session.open" }, performContext());
    const set = { verb: "management.setBootMode", mode: "bios" } as const;
    expect(await one.perform(nodeAt(bmc), set, performContext())).toMatchObject({ sent: true });
    expect(bmc.mutations()[0]).toContain(`PATCH ${SYSTEM_1}/Settings`);
    expect(bmc.log.at(-1)?.headers["if-match"]).toBe('"s"');
    body = { AssetTag: "7" };
    expect(await one.perform(nodeAt(bmc), set, performContext())).toMatchObject({ sent: true });
    expect(bmc.mutations()[1]).toContain(`PATCH ${SYSTEM_1} `);
  });
});
