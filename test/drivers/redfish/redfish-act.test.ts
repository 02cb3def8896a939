import { describe, expect, it } from "vitest";
import { performContext, type TestPorts } from "../support/driver-bench.ts";
import { driver, LOGIN, nodeAt, resetSlowly, small } from "../support/redfish-rig.ts";
import { sendJson, type SmallBmcOptions, SYSTEM_1 } from "../support/small-bmc.ts";

describe("acting over Redfish", () => {
  async function acting(options: SmallBmcOptions = LOGIN, ports: TestPorts = {}) {
    const bmc = await small(options);
    const one = driver(ports);
    await one.perform(nodeAt(bmc), { verb: "session.open" }, performContext());
    return { bmc, act: one.perform.bind(one, nodeAt(bmc)) };
  }

  it("never presses the power button, and forces only what the BMC allows", async () => {
    const { bmc, act } = await acting({ ...LOGIN, resetTypes: ["PushPowerButton", "On"] });
    const performed = await act({ verb: "power.off" }, performContext());
    expect(performed).toMatchObject({ sent: false, failure: { code: "IW-B18", kind: "stalled" } });
    expect(bmc.mutations()).toEqual([]);
  });

  it("says in each act who sends it, and under which fence", async () => {
    const { bmc, act } = await acting();
    const sender = { engine: "hall-a", incarnation: "5f0c", epoch: 2, fence: 7 };
    await act({ verb: "power.on" }, performContext({ sender }));
    expect(bmc.log.at(-1)?.headers["user-agent"]).toBe(
      "ironwright instance/hall-a incarnation/5f0c fence/2.7",
    );
  });

  it("takes ForceOn where On is not offered", async () => {
    const { bmc, act } = await acting({ ...LOGIN, resetTypes: ["ForceOn", "ForceOff"] });
    await act({ verb: "power.on" }, performContext());
    expect(bmc.mutations()).toEqual([
      `POST ${SYSTEM_1}/Actions/ComputerSystem.Reset {"ResetType":"ForceOn"}`,
    ]);
  });

  it("sends the first choice to a BMC that says nothing", async () => {
    const { bmc, act } = await acting({ ...LOGIN, resetTypes: "silent" });
    expect(await act({ verb: "power.softOff" }, performContext())).toMatchObject({ sent: true });
    expect(bmc.mutations()[0]).toContain("GracefulShutdown");
  });

  it("sends If-Match where the resource has an ETag", async () => {
    const { bmc, act } = await acting({ ...LOGIN, wantsEtag: true });
    const set = { verb: "management.setBootDevice", device: "pxe", persistent: true } as const;
    expect(await act(set, performContext())).toMatchObject({ sent: true });
    expect(bmc.log.at(-1)?.headers["if-match"]).toBe('"1"');
  });

  it("a resource that moved between reading and writing is a conflict, and nothing is repeated", async () => {
    const { bmc, act } = await acting({ ...LOGIN, wantsEtag: true });
    const check = () => {
      bmc.systems[0]!.revision += 1;
      return Promise.resolve(null);
    };
    const set = { verb: "management.setBootDevice", device: "pxe", persistent: true } as const;
    const performed = await act(set, performContext({ check }));
    expect(performed).toMatchObject({ sent: "refused", failure: { kind: "conflict" } });
    expect(bmc.mutations()).toHaveLength(1);
  });

  it("writes all boot fields together where a quirk says so", async () => {
    const { bmc, act } = await acting({ ...LOGIN, vendor: "Supermicro" });
    await act(
      { verb: "management.setBootDevice", device: "disk", persistent: true },
      performContext(),
    );
    expect(bmc.log.at(-1)?.body).toEqual({
      Boot: {
        BootSourceOverrideTarget: "Hdd",
        BootSourceOverrideEnabled: "Continuous",
        BootSourceOverrideMode: "UEFI",
      },
    });
  });

  it("names the task that a BMC answers with", async () => {
    const { bmc, act } = await acting();
    bmc.misbehave = (seen, response) => {
      if (!seen.path.endsWith("Reset")) return false;
      sendJson(response, 202, {}, { location: "/redfish/v1/TaskService/TaskMonitors/7" });
      return true;
    };
    const performed = await act({ verb: "power.on" }, performContext());
    expect(performed).toEqual({ sent: true, task: "/redfish/v1/TaskService/TaskMonitors/7" });
  });

  it.each([
    [400, "refused", "IW-B10"],
    [403, "refused", "IW-B10"],
    [405, "refused", "IW-B18"],
    [409, "refused", "IW-B10"],
    [503, "refused", "IW-B08"],
    [307, "refused", "IW-B10"],
    [500, "unknown", "IW-B12"],
    [504, "unknown", "IW-B12"],
  ])("an act answered by %i is told as %s, %s", async (status, sent, code) => {
    const { bmc, act } = await acting();
    bmc.misbehave = (seen, response) => {
      if (!seen.path.endsWith("Reset")) return false;
      sendJson(response, status, null, { location: "http://127.0.0.1:1/elsewhere" });
      return true;
    };
    const performed = await act({ verb: "power.on" }, performContext());
    expect(performed).toMatchObject({ sent, failure: { code } });
    expect(bmc.mutations()).toHaveLength(1);
  });

  it("a BMC that takes an act and hangs loses its socket at requestMaxMs", async () => {
    const { bmc, act } = await acting();
    const closings: Promise<boolean>[] = [];
    bmc.misbehave = (seen) => {
      if (!seen.path.endsWith("Reset")) return false;
      closings.push(new Promise((resolve) => seen.socket.once("close", resolve)));
      return true;
    };
    const performed = await act({ verb: "power.on" }, performContext({ requestMaxMs: 100 }));
    expect(performed).toMatchObject({ sent: "unknown", failure: { code: "IW-B12" } });
    // Closed with an error: by RST, not by FIN.
    expect(await Promise.all(closings)).toEqual([true]);
    expect(bmc.mutations()).toHaveLength(1);
  });

  it("a signal destroys the socket of an act that is under way", async () => {
    const { bmc, act } = await acting();
    const death = new AbortController();
    bmc.misbehave = (seen) => {
      if (!seen.path.endsWith("Reset")) return false;
      death.abort();
      return true;
    };
    const performed = await act({ verb: "power.on" }, performContext({ signal: death.signal }));
    expect(performed).toMatchObject({ sent: "unknown", failure: { code: "IW-B12" } });
  });

  it("uses a connection of its own for each act", async () => {
    const { bmc, act } = await acting();
    await act({ verb: "power.on" }, performContext());
    await act({ verb: "power.off" }, performContext());
    const ports = bmc.log.filter((seen) => seen.path.endsWith("Reset")).map((seen) => seen.socket);
    expect(new Set(ports).size).toBe(2);
    expect(bmc.log.at(-1)?.headers.connection).toBe("close");
  });

  it("does one mutating act at a time on one BMC", async () => {
    const { bmc, act } = await acting();
    const most = resetSlowly(bmc);
    await Promise.all([1, 2, 3].map(() => act({ verb: "power.on" }, performContext())));
    expect(most()).toBe(1);
    expect(bmc.mutations()).toHaveLength(3);
  });
});
