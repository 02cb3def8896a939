import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FAULTS } from "../../../drivers/simulator/faults.ts";
import { BASIC, RESET, rig, SYSTEM } from "./simulator-rig.ts";

describe("BEHAVIOUR.md", () => {
  it("has the faults as the code has them, each once", () => {
    const path = new URL("../../../drivers/simulator/BEHAVIOUR.md", import.meta.url);
    const table = readFileSync(path, "utf8").split("| fault | argument | does |")[1] ?? "";
    const rows = table
      .split("\n")
      .filter((line) => /^\| [a-z]/.test(line))
      .map((line) => line.split("|").map((cell) => cell.trim()))
      .map(([, name, argument, does]) => [name, argument, does]);
    const coded = Object.entries(FAULTS).map(([name, { argument, does }]) => [
      name,
      argument,
      does,
    ]);
    expect(rows).toEqual(coded);
  });
});

describe("the physics of power", () => {
  it("takes time to go up and down", async () => {
    const { clock, reset, power } = await rig();
    expect((await reset("On")).status).toBe(204);
    expect(await power()).toMatchObject({ PowerState: "PoweringOn" });
    clock.advance(100);
    expect(await power()).toMatchObject({ PowerState: "On" });
    await reset("GracefulShutdown");
    expect(await power()).toMatchObject({ PowerState: "PoweringOff" });
    clock.advance(60);
    expect(await power()).toMatchObject({ PowerState: "Off" });
  });

  it("a restart goes down and up; a machine that is off has nothing to restart", async () => {
    const { clock, reset, power, simulator } = await rig();
    for (const type of ["GracefulRestart", "ForceRestart", "PowerCycle"]) {
      await reset(type);
      expect(await power()).toMatchObject({ PowerState: "Off" });
    }
    await reset("On");
    clock.advance(100);
    await reset("ForceRestart");
    clock.advance(40);
    expect(await power()).toMatchObject({ PowerState: "PoweringOn" });
    clock.advance(100);
    expect(await power()).toMatchObject({ PowerState: "On" });
    expect(simulator.log.map(({ effect }) => effect).slice(0, 4)).toEqual([
      ...Array(3).fill("is off: nothing to restart"),
      "powering on",
    ]);
  });

  it("settings wait for the next power-on, the boot mode does not, a boot once is used up", async () => {
    const { clock, ask, reset } = await rig();
    await ask("PATCH", `${SYSTEM}/SecureBoot`, { SecureBootEnable: true });
    await ask("PATCH", `${SYSTEM}/Bios/Settings`, {
      Attributes: { ProcVirtualization: "Disabled" },
    });
    const once = { BootSourceOverrideTarget: "Pxe", BootSourceOverrideEnabled: "Once" };
    await ask("PATCH", SYSTEM, { Boot: { ...once, BootSourceOverrideMode: "Legacy" } });
    const seen = async () => [
      (await ask("GET", `${SYSTEM}/SecureBoot`)).body,
      (await ask("GET", `${SYSTEM}/Bios`)).body,
      (await ask("GET", SYSTEM)).body,
    ];
    expect(await seen()).toMatchObject([
      { SecureBootEnable: true, SecureBootCurrentBoot: "Disabled" },
      { Attributes: { ProcVirtualization: "Enabled" } },
      { Boot: { ...once, BootSourceOverrideMode: "Legacy" } },
    ]);
    await reset("On");
    clock.advance(100);
    expect(await seen()).toMatchObject([
      { SecureBootEnable: true, SecureBootCurrentBoot: "Enabled" },
      { Attributes: { ProcVirtualization: "Disabled" } },
      { Boot: { BootSourceOverrideTarget: "None", BootSourceOverrideEnabled: "Disabled" } },
    ]);
  });

  it("the power button works at once and leaves a line in the log", async () => {
    const { ask, power } = await rig();
    expect((await ask("POST", "/simulator/v1/machines/n1/press-power-button")).status).toBe(204);
    expect(await power()).toMatchObject({ PowerState: "On" });
    const { body } = await ask("GET", `${SYSTEM}/LogServices/SEL/Entries`);
    expect(body).toMatchObject({ Members: [{ Message: "power button pressed" }] });
  });
});

describe("what is refused", () => {
  it("by 400, 404, 405 and 412, and changes nothing", async () => {
    const { ask, reset, simulator } = await rig();
    const before = (await ask("GET", SYSTEM)).body;
    const tries = [
      await reset("PushPowerButton"),
      await ask("PATCH", SYSTEM, { Boot: { BootSourceOverrideTarget: "Floppy" } }),
      await ask("PATCH", SYSTEM, {}),
      await ask("PATCH", `${SYSTEM}/SecureBoot`, { SecureBootEnable: "yes" }),
      await ask("POST", `${SYSTEM}/Actions/ComputerSystem.Fly`, {}),
      await ask("PATCH", RESET, {}),
      await ask(
        "PATCH",
        SYSTEM,
        { Boot: { BootSourceOverrideTarget: "Pxe" } },
        { ...BASIC, "if-match": 'W/"99"' },
      ),
    ];
    expect(tries.map(({ status }) => status)).toEqual([400, 400, 400, 400, 404, 405, 412]);
    expect((await ask("GET", SYSTEM)).body).toEqual(before);
    expect(new Set(simulator.log.map(({ effect }) => effect))).toEqual(new Set(["refused"]));
  });

  it("without a login by 401, all but the root", async () => {
    const { ask } = await rig();
    expect((await ask("GET", "/redfish/v1/", undefined, {})).status).toBe(200);
    expect((await ask("GET", SYSTEM, undefined, {})).status).toBe(401);
    expect((await ask("GET", SYSTEM, undefined, { "x-auth-token": "guess" })).status).toBe(401);
  });
});

describe("sessions", () => {
  it("live while they are used, and die by time, by DELETE and by a fault", async () => {
    const { clock, ask, login, simulator } = await rig({ sessionTimeoutMs: 1000 });
    const enter = async () => {
      const { headers } = await login();
      return {
        token: { "x-auth-token": headers.get("x-auth-token") ?? "" },
        at: headers.get("location") ?? "",
      };
    };
    const status = async (token: Record<string, string>) =>
      (await ask("GET", SYSTEM, undefined, token)).status;
    const one = await enter();
    clock.advance(900);
    expect(await status(one.token)).toBe(200);
    clock.advance(900);
    expect(await status(one.token)).toBe(200);
    clock.advance(1001);
    expect(await status(one.token)).toBe(401);
    const two = await enter();
    expect(two.at).not.toBe(one.at);
    expect((await ask("DELETE", two.at)).status).toBe(204);
    expect([await status(two.token), (await ask("DELETE", two.at)).status]).toEqual([401, 404]);
    const three = await enter();
    simulator.fault("n1=expire-sessions");
    expect(await status(three.token)).toBe(401);
  });

  it("run out, and a password is written down nowhere", async () => {
    const { login, simulator } = await rig({ sessionLimit: 2 });
    const tries = [await login(), await login(), await login()];
    expect(tries.map(({ status }) => status)).toEqual([201, 201, 503]);
    expect(JSON.stringify(simulator.log)).not.toMatch(/"password"/);
  });
});

describe("lies", () => {
  const pxe = {
    Boot: { BootSourceOverrideTarget: "Pxe", BootSourceOverrideEnabled: "Continuous" },
  };

  it("no-effect answers 204, does nothing, and is written down as what it is", async () => {
    const { ask, reset, power, simulator } = await rig({ faults: ["n1=no-effect:Reset"] });
    expect((await reset("On")).status).toBe(204);
    expect(await power()).toMatchObject({ PowerState: "Off" });
    expect(simulator.log[0]).toMatchObject({ status: 204, effect: "nothing: the BMC lies" });
    await ask("PATCH", SYSTEM, pxe);
    expect(await power()).toMatchObject(pxe);
  });

  it("half-apply takes the first property", async () => {
    const { ask, power } = await rig({ faults: ["n1=half-apply"] });
    await ask("PATCH", SYSTEM, pxe);
    expect(await power()).toMatchObject({
      Boot: { BootSourceOverrideTarget: "Pxe", BootSourceOverrideEnabled: "Disabled" },
    });
  });

  it("stale shows the values of before for its time", async () => {
    const { clock, ask, power } = await rig({ faults: ["n1=stale:10s"] });
    await ask("PATCH", SYSTEM, pxe);
    expect(await power()).toMatchObject({ Boot: { BootSourceOverrideTarget: "None" } });
    clock.advance(10_000);
    expect(await power()).toMatchObject(pxe);
  });

  it("busy ends by itself, and meets one machine of its BMC", async () => {
    const { clock, ask } = await rig({ faults: ["n1=busy:30s"] });
    const busy = await ask("GET", SYSTEM);
    expect([busy.status, busy.headers.get("retry-after")]).toEqual([503, "2"]);
    expect((await ask("GET", "/redfish/v1/Systems/n2")).status).toBe(200);
    clock.advance(30_001);
    expect((await ask("GET", SYSTEM)).status).toBe(200);
  });

  it("drop does nothing, drop-after does it, and neither answers", async () => {
    const { reset, power, simulator } = await rig({ faults: ["n1=drop"] });
    await expect(reset("On")).rejects.toThrow();
    simulator.clearFaults("n1");
    expect(await power()).toMatchObject({ PowerState: "Off" });
    simulator.fault("n1=drop-after");
    await expect(reset("On")).rejects.toThrow();
    expect(await power()).toMatchObject({ PowerState: "PoweringOn" });
    expect(simulator.log.at(-1)).toMatchObject({ status: null, effect: "powering on" });
  });

  it("truncated, huge and garbage are no answers that a client should take", async () => {
    const { ask, simulator } = await rig();
    for (const fault of ["truncated", "garbage"]) {
      simulator.fault(`n1=${fault}`);
      await expect(ask("GET", SYSTEM), fault).rejects.toThrow();
      simulator.clearFaults("n1");
    }
    simulator.fault("n1=huge");
    expect(JSON.stringify((await ask("GET", SYSTEM)).body).length).toBeGreaterThan(16_000_000);
  });

  it("hang takes the request and never answers; slow answers after its time", async () => {
    const { clock, ask, simulator } = await rig({ faults: ["n1=hang:POST", "n1=slow:2s"] });
    const hung = fetch((simulator.addresses.get("n1") ?? "") + RESET, {
      method: "POST",
      signal: AbortSignal.timeout(200),
    });
    await expect(hung).rejects.toThrow(/abort|timeout/i);
    let answered = false;
    const slow = ask("GET", SYSTEM).then(() => (answered = true));
    await new Promise((done) => setTimeout(done, 100));
    expect(answered).toBe(false);
    clock.advance(2000);
    await slow;
  });

  it("swap changes who answers; ignore-graceful leaves it on; etag-required wants If-Match", async () => {
    const { clock, ask, reset, power } = await rig({
      faults: ["swap=n1,n2", "n1=ignore-graceful", "n1=etag-required"],
    });
    expect(await power()).toMatchObject({ SerialNumber: "S-n2" });
    await reset("On");
    clock.advance(100);
    await reset("GracefulShutdown");
    clock.advance(1000);
    expect(await power()).toMatchObject({ PowerState: "On" });
    expect((await ask("PATCH", SYSTEM, pxe)).status).toBe(428);
    const etag = (await ask("GET", SYSTEM)).headers.get("etag") ?? "";
    expect((await ask("PATCH", SYSTEM, pxe, { ...BASIC, "if-match": etag })).status).toBe(204);
  });

  it("task runs for its time and has ended then", async () => {
    const { clock, ask } = await rig({ faults: ["n1=task:30s"] });
    const tasks = "/redfish/v1/TaskService/Tasks";
    expect((await ask("GET", tasks)).body).toMatchObject({ "Members@odata.count": 1 });
    expect((await ask("GET", `${tasks}/1`)).body).toMatchObject({ TaskState: "Running" });
    clock.advance(30_000);
    expect((await ask("GET", `${tasks}/1`)).body).toMatchObject({ TaskState: "Completed" });
  });

  it("wrong-password and session-limit refuse logins", async () => {
    const { login, simulator } = await rig({ faults: ["n1=wrong-password"] });
    expect((await login()).status).toBe(401);
    simulator.clearFaults("n1");
    simulator.fault("n1=session-limit:0");
    expect((await login()).status).toBe(503);
  });
});

describe("the switches", () => {
  it("name the machines, the calls and the ways; a fault that is none is refused in words", async () => {
    const { ask } = await rig();
    expect((await ask("GET", "/simulator/v1/machines")).body).toMatchObject({
      machines: [{ machine: "n1" }, { machine: "n2" }],
    });
    for (const fault of ["n1=fly", "n9=busy", "busy", "n1=slow", "swap=n1", "n1=busy:soon"]) {
      const answer = await ask("POST", "/simulator/v1/faults", { fault });
      expect(answer, fault).toMatchObject({
        status: 400,
        body: { error: expect.stringMatching(/^fault ".+; /) },
      });
    }
    expect((await ask("GET", "/simulator/v1/nothing")).body).toHaveProperty("ways");
    const help = await ask("GET", "/simulator/v1/help");
    expect([help.status, help.body]).toMatchObject([200, { faults: { hang: {} } }]);
    await ask("POST", "/simulator/v1/faults", { fault: "n1=busy" });
    expect((await ask("GET", SYSTEM)).status).toBe(503);
    expect((await ask("DELETE", "/simulator/v1/faults/n1")).status).toBe(204);
    expect((await ask("GET", SYSTEM)).status).toBe(200);
  });
});
