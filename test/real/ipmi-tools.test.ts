import { describe, expect, test } from "vitest";
import { ADMIN, SUITE_17, SUITE_3, tools, until } from "./ipmi-programs.ts";

const KG = "a-key-of-the-bmc";
const MD5 = ["-I", "lan", "-A", "MD5"];
const PASSWORD = ["-I", "lan", "-A", "PASSWORD"];

describe("ipmitool of Debian", () => {
  test.each([
    ["suite 3", SUITE_3],
    ["suite 17", SUITE_17],
    ["IPMI 1.5, MD5", MD5],
    ["IPMI 1.5, the password itself", PASSWORD],
  ])("powers a simulated machine by %s and reads it back", async (_name, how) => {
    const { acts, ipmitool, machine } = await tools();
    const power = async (what: string) => (await ipmitool(how, ...ADMIN, "power", what)).text;
    expect(await power("status")).toContain("Chassis Power is off");
    expect(await power("cycle")).toContain("Command not supported in present state");
    expect(await power("on")).toContain("Chassis Power Control: Up/On");
    await until(machine, "On");
    expect(await power("status")).toContain("Chassis Power is on");
    for (const what of ["cycle", "reset"]) {
      expect(await power(what)).toMatch(/Chassis Power Control: (Cycle|Reset)/);
      await until(machine, "On");
    }
    expect(await power("soft")).toContain("Chassis Power Control: Soft");
    await until(machine, "Off");
    await power("on");
    await until(machine, "On");
    expect(await power("diag")).toContain("Chassis Power Control: Diag");
    expect(await power("off")).toContain("Chassis Power Control: Down/Off");
    await until(machine, "Off");
    expect(acts().map(([, body, effect]) => [body, effect])).toEqual([
      [{ control: "cycle" }, "refused"],
      [{ control: "on" }, "powering on"],
      [{ control: "cycle" }, "restarting"],
      [{ control: "reset" }, "restarting"],
      [{ control: "softOff" }, "shutting down"],
      [{ control: "on" }, "powering on"],
      [{ control: "diagnosticInterrupt" }, "nmi"],
      [{ control: "off" }, "powering off"],
    ]);
  });

  test.each([
    ["suite 3", SUITE_3],
    ["suite 17", SUITE_17],
    ["IPMI 1.5", MD5],
  ])(
    "sets the boot device by %s, once, persistent, for EFI, and takes it back",
    async (_name, how) => {
      const { ipmitool, machine } = await tools();
      const boot = (...args: string[]) => ipmitool(how, ...ADMIN, "chassis", "bootdev", ...args);
      const shown = async () =>
        (await ipmitool(how, ...ADMIN, "chassis", "bootparam", "get", "5")).text;
      expect((await boot("pxe")).text).toContain("Set Boot Device to pxe");
      expect(machine.boot).toEqual({ target: "Pxe", enabled: "Once", mode: "Legacy" });
      expect(await shown()).toMatch(/Boot Flag Valid[^]*only next boot[^]*legacy[^]*Force PXE/);
      expect((await boot("disk", "options=persistent,efiboot")).code).toBe(0);
      expect(machine.boot).toEqual({ target: "Hdd", enabled: "Continuous", mode: "UEFI" });
      expect(await shown()).toMatch(/all future boots[^]*EFI boot[^]*default Hard-Drive/);
      for (const [device, target] of [
        ["cdrom", "Cd"],
        ["bios", "BiosSetup"],
        ["floppy", "Usb"],
      ] as const) {
        await boot(device, "options=efiboot");
        expect(machine.boot).toEqual({ target, enabled: "Once", mode: "UEFI" });
      }
      await boot("none");
      expect(machine.boot).toMatchObject({ target: "None", enabled: "Disabled" });
    },
  );

  test("keeps the boot flags past 60 seconds by the raw bytes that Ironic sends", async () => {
    const { ipmitool, machine } = await tools();
    await ipmitool(SUITE_17, ...ADMIN, "raw", "0x00", "0x08", "0x03", "0x08");
    await ipmitool(SUITE_17, ...ADMIN, "chassis", "bootdev", "pxe", "options=persistent");
    expect(machine.forgetsBoot).toBe(false);
    const { text } = await ipmitool(SUITE_17, ...ADMIN, "chassis", "bootparam", "get", "3");
    expect(text).toContain("Boot parameter data: 08");
  });

  test.each([
    ["suite 3", SUITE_3],
    ["suite 17", SUITE_17],
    ["IPMI 1.5", MD5],
  ])("reads who the machine is, its log and its sensors by %s", async (_name, how) => {
    const { ipmitool, machine } = await tools();
    const ask = async (...args: string[]) => (await ipmitool(how, ...ADMIN, ...args)).text;
    expect(await ask("mc", "info")).toMatch(/IPMI Version +: 2.0[^]*Manufacturer Name +: Dell/);
    expect(await ask("mc", "guid")).toContain("00000000-0000-4000-8000-000000000001");
    const fru = await ask("fru", "print", "0");
    expect(fru).toMatch(/Board Serial +: BS-n1/);
    expect(fru).toMatch(/Product Serial +: S-n1/);
    expect(fru).not.toContain("Extra");
    expect(await ask("sdr", "list")).toMatch(
      /Inlet Temp +\| 21 degrees C +\| ok[^]*Fan1 +\| no reading/,
    );
    await ask("power", "on");
    await until(machine, "On");
    expect(await ask("sensor", "reading", "Fan1")).toMatch(/Fan1 +\| 5520/);
    expect(await ask("sensor", "get", "12V")).toMatch(/Sensor Reading +: 12.06/);
    expect(await ask("sel", "info")).toMatch(/Entries +: 1/);
    expect(await ask("sel", "elist")).toMatch(/System ACPI Power State.*S0\/G0: working/);
    expect(await ask("sel", "clear")).toContain("Clearing SEL");
    expect(await ask("sel", "elist")).toContain("Log area reset/cleared");
    expect(machine.log).toHaveLength(1);
  });

  test("lights the machine, for a time and until it is told otherwise", async () => {
    const { acts, ipmitool, machine } = await tools();
    const led = (): unknown => machine.lights.get("/redfish/v1/Chassis/n1");
    await ipmitool(SUITE_17, ...ADMIN, "chassis", "identify", "30");
    expect(led()).toBe("Blinking");
    await ipmitool(SUITE_17, ...ADMIN, "chassis", "identify", "force");
    expect(led()).toBe("Lit");
    await ipmitool(SUITE_17, ...ADMIN, "chassis", "identify", "0");
    expect(led()).toBe("Off");
    expect(acts().map(([name]) => name)).toEqual(Array(3).fill("Chassis Identify"));
  });

  test("resets the BMC, which is silent, and speaks again", async () => {
    const { acts, ipmitool } = await tools();
    for (const kind of ["cold", "warm"]) {
      await ipmitool(SUITE_17, ...ADMIN, "mc", "reset", kind);
      const { text } = await ipmitool(SUITE_17, ...ADMIN, "power", "status");
      expect(text).toContain("Chassis Power is off");
    }
    expect(acts()).toEqual([
      ["Cold Reset", {}, "the BMC restarts"],
      ["Warm Reset", {}, "the BMC restarts"],
    ]);
  });

  test.each([
    ["a wrong password", SUITE_3, ["-U", "admin", "-P", "no"], "RAKP 2 HMAC is invalid"],
    ["a wrong password", SUITE_17, ["-U", "admin", "-P", "no"], "RAKP 2 HMAC is invalid"],
    ["an unknown user", SUITE_3, ["-U", "no", "-P", "no"], "unauthorized name"],
    ["an unknown user", SUITE_17, ["-U", "no", "-P", "no"], "unauthorized name"],
    ["a Kg that is none", SUITE_17, [...ADMIN, "-k", "no"], "invalid integrity check value"],
    [
      "too high a level",
      SUITE_17,
      ["-U", "guest", "-P", "guest-pw"],
      "unauthorized role requested",
    ],
    ["a suite that is not there", ["-I", "lanplus", "-C", "15"], ADMIN, "no matching cipher suite"],
    ["a wrong password", MD5, ["-U", "admin", "-P", "no"], "Activate Session command failed"],
    ["an unknown user", MD5, ["-U", "no", "-P", "no"], "Invalid user name"],
    ["too high a level", MD5, ["-U", "guest", "-P", "guest-pw"], "privilege level exceeds limit"],
  ])("is refused for %s (%j)", async (_what, how, who, words) => {
    const { ipmitool } = await tools();
    const { code, text } = await ipmitool(how, "-v", ...who, "power", "status");
    expect(text).toContain(words);
    expect(code).not.toBe(0);
  });

  test("with a low level may look and not touch", async () => {
    const { acts, ipmitool } = await tools();
    const guest = ["-U", "guest", "-P", "guest-pw", "-L", "USER"];
    for (const how of [SUITE_17, MD5]) {
      const status = await ipmitool(how, ...guest, "power", "status");
      expect(status.text).toContain("Chassis Power is off");
      const on = await ipmitool(how, ...guest, "power", "on");
      expect(on.text).toContain("Insufficient privilege level");
    }
    const oper = ["-U", "oper", "-P", "oper-pw", "-L", "OPERATOR"];
    expect((await ipmitool(SUITE_17, ...oper, "power", "on")).code).toBe(0);
    expect(acts().map(([, , effect]) => effect)).toEqual(["refused", "refused", "powering on"]);
  });

  test.each([SUITE_3, SUITE_17])(
    "needs both keys where there is a Kg (%s %s %s %s)",
    async (...how) => {
      const { ipmitool } = await tools({ kg: Buffer.from(KG) });
      const with1 = await ipmitool(how, "-v", ...ADMIN, "power", "status");
      expect(with1.text).toContain("invalid integrity check value");
      const with2 = await ipmitool(how, ...ADMIN, "-k", KG, "power", "status");
      expect(with2.text).toContain("Chassis Power is off");
    },
  );

  test.each(["ipmi-lose-request:2", "ipmi-lose-answer:1", "ipmi-double:9", "slow:300ms"])(
    "comes through a BMC that has %s",
    async (fault) => {
      const { ipmitool, simulator } = await tools();
      expect(simulator.fault(`n1=${fault}`)).toBeNull();
      const { text } = await ipmitool(SUITE_17, ...ADMIN, "power", "status");
      expect(text).toContain("Chassis Power is off");
    },
  );

  test("is told that the BMC is busy", async () => {
    const { ipmitool, simulator } = await tools();
    simulator.fault("n1=ipmi-busy:1");
    const { text } = await ipmitool(SUITE_17, ...ADMIN, "power", "status");
    expect(text).toContain("Node busy");
  });
});

describe("FreeIPMI of Debian", () => {
  const WHO = ["-u", "admin", "-p", "s3cret-pw"];
  const suite = (id: number): string[] => ["-D", "LAN_2_0", "-I", String(id)];

  test.each([
    ["suite 3", suite(3)],
    ["suite 17", suite(17)],
    ["IPMI 1.5", ["-D", "LAN"]],
  ])("ipmipower powers a simulated machine by %s", async (_name, how) => {
    const { freeipmi, machine } = await tools();
    const power = async (what: string) => (await freeipmi("ipmipower", ...how, ...WHO, what)).text;
    expect(await power("--stat")).toContain(": off");
    expect(await power("--on")).toContain(": ok");
    await until(machine, "On");
    expect(await power("--stat")).toContain(": on");
    for (const what of ["--cycle", "--reset"]) {
      expect(await power(what)).toContain(": ok");
      await until(machine, "On");
    }
    expect(await power("--soft")).toContain(": ok");
    await until(machine, "Off");
    await power("--on");
    await until(machine, "On");
    expect(await power("--off")).toContain(": ok");
    await until(machine, "Off");
  });

  test.each([3, 17])(
    "ipmi-chassis-config reads and writes the boot flags by suite %i",
    async (id) => {
      const { freeipmi, machine } = await tools();
      const config = (...args: string[]) =>
        freeipmi("ipmi-chassis-config", ...suite(id), ...WHO, ...args);
      const wanted = ["Boot_Device=PXE", "BIOS_Boot_Type=EFI", "Boot_Flags_Persistent=Yes"];
      const pairs = wanted.flatMap((pair) => ["-e", `Chassis_Boot_Flags:${pair}`]);
      expect((await config("--commit", ...pairs)).code).toBe(0);
      expect(machine.boot).toEqual({ target: "Pxe", enabled: "Continuous", mode: "UEFI" });
      const { text } = await config("--checkout", "-S", "Chassis_Boot_Flags");
      expect(text).toMatch(/Boot_Flags_Persistent +Yes/);
      expect(text).toMatch(/BIOS_Boot_Type +EFI/);
      expect(text).toMatch(/Boot_Device +PXE/);
    },
  );

  test("reads the inventory, the log and the sensors", async () => {
    const { freeipmi } = await tools();
    const ask = async (program: string) => (await freeipmi(program, ...suite(17), ...WHO)).text;
    await freeipmi("ipmipower", ...suite(17), ...WHO, "--on");
    expect(await ask("ipmi-fru")).toMatch(/FRU Product Serial Number: S-n1/);
    expect(await ask("ipmi-sensors")).toMatch(/Inlet Temp +\| Temperature +\| 2\d.00 +\| C/);
    expect(await ask("ipmi-sel")).toMatch(/System ACPI Power State \| S0\/G0/);
    expect(await ask("bmc-info")).toMatch(/Manufacturer ID +: Dell/);
  });

  test.each([
    ["a wrong password", suite(3), ["-u", "admin", "-p", "no"], "password invalid"],
    ["a wrong password", suite(17), ["-u", "admin", "-p", "no"], "password invalid"],
    ["an unknown user", suite(17), ["-u", "no", "-p", "no"], "username invalid"],
    ["a Kg that is none", suite(17), [...WHO, "-k", "0x1234"], "k_g invalid"],
    ["too high a level", suite(17), ["-u", "guest", "-p", "guest-pw"], "privilege level cannot be"],
    ["a suite that is not there", suite(8), WHO, "cipher suite id unavailable"],
    [
      "a wrong password",
      ["-D", "LAN", "--session-timeout", "1500", "--retransmission-timeout", "400"],
      ["-u", "admin", "-p", "no"],
      "password verification timeout",
    ],
  ])("is refused for %s (%j)", async (_what, how, who, words) => {
    const { freeipmi } = await tools();
    expect((await freeipmi("ipmipower", ...how, ...who, "--stat")).text).toContain(words);
  });
});
