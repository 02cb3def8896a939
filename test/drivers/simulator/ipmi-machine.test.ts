import { describe, expect, it } from "vitest";
import {
  BOOT_PARAMETERS,
  decodeBootFlags,
  decodeBootOption,
} from "../../../drivers/ipmi/packets/boot-options.ts";
import {
  CHASSIS_COMMANDS,
  CONTROLS,
  type Control,
  decodeChassisStatus,
} from "../../../drivers/ipmi/packets/chassis.ts";
import {
  decodeDeviceId,
  decodeSystemGuid,
  DEVICE_COMMANDS,
} from "../../../drivers/ipmi/packets/device.ts";
import {
  decodeFru,
  decodeFruAreaInfo,
  decodeFruPart,
  encodeFruRead,
  FRU_COMMANDS,
} from "../../../drivers/ipmi/packets/fru.ts";
import { NET_FN } from "../../../drivers/ipmi/packets/lan-message.ts";
import { valueOf } from "../ipmi/packets/arbitraries.ts";
import type { Live } from "./ipmi-console.ts";
import { ipmiRig } from "./ipmi-rig.ts";
import { SYSTEM } from "./simulator-rig.ts";

const { app, chassis, storage, sensor } = NET_FN;

/** A rig with an administrator's session and words for what is asked by it. */
async function machineRig(faults: readonly string[] = []) {
  const rack = await ipmiRig({}, faults);
  const session: Live = await rack.console.live();
  const ask = (netFn: number, command: number, data: readonly number[] = []) =>
    rack.console.ask(session, netFn, command, data);
  const control = async (what: Control) =>
    (await ask(chassis, CHASSIS_COMMANDS.control, [CONTROLS[what]])).completion;
  const status = async () =>
    valueOf(decodeChassisStatus((await ask(chassis, CHASSIS_COMMANDS.getStatus)).data));
  const setFlags = async (...bytes: readonly number[]) =>
    (await ask(chassis, CHASSIS_COMMANDS.setBootOptions, [BOOT_PARAMETERS.flags, ...bytes]))
      .completion;
  const flags = async () => {
    const option = [BOOT_PARAMETERS.flags, 0, 0];
    const { data } = await ask(chassis, CHASSIS_COMMANDS.getBootOptions, option);
    return valueOf(decodeBootFlags(valueOf(decodeBootOption(data)).data));
  };
  const boot = async (): Promise<unknown> => (await rack.ask("GET", SYSTEM)).body;
  return { ...rack, session, ipmi: ask, control, status, setFlags, flags, boot };
}

describe("Chassis Control", () => {
  it("moves the machine that Redfish shows, and each sees what the other did", async () => {
    const { clock, control, status, reset, power } = await machineRig();
    expect(await status()).toMatchObject({ isOn: false });
    expect(await control("on")).toBe(0);
    expect(await power()).toMatchObject({ PowerState: "PoweringOn" });
    expect(await status()).toMatchObject({ isOn: false });
    clock.advance(100);
    expect(await power()).toMatchObject({ PowerState: "On" });
    expect(await status()).toMatchObject({ isOn: true });
    expect(await control("softOff")).toBe(0);
    expect(await status()).toMatchObject({ isOn: true });
    clock.advance(60);
    expect(await status()).toMatchObject({ isOn: false });
    await reset("On");
    clock.advance(100);
    expect(await status()).toMatchObject({ isOn: true });
    expect(await control("off")).toBe(0);
    clock.advance(40);
    expect(await power()).toMatchObject({ PowerState: "Off" });
  });

  it.each(["cycle", "reset"] as const)("%s goes down and comes up again", async (what) => {
    const { clock, control, status } = await machineRig();
    await control("on");
    clock.advance(100);
    expect(await control(what)).toBe(0);
    clock.advance(40);
    expect(await status()).toMatchObject({ isOn: false });
    clock.advance(100);
    expect(await status()).toMatchObject({ isOn: true });
  });

  it("a power cycle of a machine that is off is refused, and what does not exist too", async () => {
    const { control, power, ipmi, acts } = await machineRig();
    expect(await control("cycle")).toBe(0xd5);
    expect((await ipmi(chassis, CHASSIS_COMMANDS.control, [9])).completion).toBe(0xcc);
    expect((await ipmi(chassis, CHASSIS_COMMANDS.control, [])).completion).toBe(0xc7);
    expect((await ipmi(chassis, 0x7f)).completion).toBe(0xc1);
    expect(await power()).toMatchObject({ PowerState: "Off" });
    const refused = acts().filter(({ machine }) => machine !== null);
    expect(refused).toMatchObject([
      { machine: "n1", path: "Chassis Control", body: { control: "cycle" }, status: 0xd5 },
      { status: 0xcc, effect: "refused" },
      { status: 0xc7, effect: "refused" },
    ]);
  });

  it("is written down as Redfish's acts are, with what really happened", async () => {
    const { control, acts, simulator } = await machineRig(["n1=ignore-graceful"]);
    await control("on");
    await control("on");
    await control("softOff");
    simulator.fault("n1=no-effect:Reset");
    await control("off");
    expect(acts().slice(1)).toMatchObject([
      { method: "IPMI", session: "1", body: { control: "on" }, status: 0, effect: "powering on" },
      { body: { control: "on" }, effect: "was on already" },
      { body: { control: "softOff" }, effect: "the system ignores it" },
      { body: { control: "off" }, status: 0, effect: "nothing: the BMC lies" },
    ]);
  });
});

describe("the boot flags", () => {
  it("are Redfish's boot override, written by either", async () => {
    const { ask, boot, flags, setFlags } = await machineRig();
    expect(await flags()).toMatchObject({ isValid: false, selector: 0 });
    expect(await setFlags(0xa0, 0x04, 0, 0, 0)).toBe(0);
    expect(await boot()).toMatchObject({
      Boot: {
        BootSourceOverrideTarget: "Pxe",
        BootSourceOverrideEnabled: "Once",
        BootSourceOverrideMode: "UEFI",
      },
    });
    const target = { BootSourceOverrideTarget: "Hdd", BootSourceOverrideEnabled: "Continuous" };
    await ask("PATCH", SYSTEM, { Boot: { ...target, BootSourceOverrideMode: "Legacy" } });
    expect(await flags()).toMatchObject({
      isValid: true,
      isPersistent: true,
      isEfi: false,
      selector: 2,
    });
    await setFlags(0, 0, 0, 0, 0);
    expect(await boot()).toMatchObject({ Boot: { BootSourceOverrideEnabled: "Disabled" } });
  });

  it("are read as they were written, other bits too; a reserved selector is refused", async () => {
    const { flags, setFlags } = await machineRig();
    await setFlags(0xe0, 0x08 | 0x80, 0x60, 0x08, 0x02);
    expect(await flags()).toMatchObject({
      isPersistent: true,
      selector: 2,
      rest: { second: 0x80, third: 0x60, fourth: 0x08, fifth: 0x02 },
    });
    expect(await setFlags(0x80, 0x28, 0, 0, 0)).toBe(0xcc);
    expect(await flags()).toMatchObject({ selector: 2 });
  });

  it("of one boot are used up by it, those that persist are not", async () => {
    const { clock, control, flags, setFlags } = await machineRig();
    await setFlags(0x80, 0x04, 0, 0, 0);
    await control("on");
    clock.advance(100);
    expect(await flags()).toMatchObject({ isValid: false });
    await setFlags(0xc0, 0x04, 0, 0, 0);
    await control("reset");
    clock.advance(140);
    expect(await flags()).toMatchObject({ isValid: true, isPersistent: true, selector: 1 });
  });

  it.each([
    ["once", 0x80],
    ["persistent", 0xc0],
  ])("(%s) are forgotten after 60 seconds without Chassis Control", async (_how, bits) => {
    const { boot, clock, control, flags, setFlags } = await machineRig();
    await setFlags(bits, 0x04, 0, 0, 0);
    clock.advance(59_999);
    expect(await flags()).toMatchObject({ isValid: true });
    // It begins again with a Chassis Control.
    await control("diagnosticInterrupt");
    clock.advance(59_999);
    expect(await flags()).toMatchObject({ isValid: true });
    clock.advance(1);
    expect(await boot()).toMatchObject({ Boot: { BootSourceOverrideEnabled: "Disabled" } });
    expect(await flags()).toMatchObject({ isValid: false });
  });

  it("are gone before a power-on that comes too late, by whatever door", async () => {
    const { clock, setFlags, simulator, reset } = await machineRig();
    await setFlags(0xc0, 0x04, 0, 0, 0);
    clock.advance(61_000);
    await reset("On");
    clock.advance(100);
    expect(simulator.machines.get("n1")?.boot).toMatchObject({ target: "None" });
  });

  it("stay where parameter 3 says so, set before them or after", async () => {
    const { clock, setFlags, flags, ipmi } = await machineRig();
    const keep = (bits: number) => ipmi(chassis, CHASSIS_COMMANDS.setBootOptions, [3, bits]);
    await setFlags(0xc0, 0x04, 0, 0, 0);
    await keep(0x08);
    const { data } = await ipmi(chassis, CHASSIS_COMMANDS.getBootOptions, [3, 0, 0]);
    expect(valueOf(decodeBootOption(data)).data).toEqual(Buffer.from([0x08]));
    clock.advance(50_000);
    await setFlags(0xc0, 0x08, 0, 0, 0);
    clock.advance(50_000);
    expect(await flags()).toMatchObject({ isValid: true, selector: 2 });
  });

  it("a parameter that is not there is refused by 80h", async () => {
    const { ipmi } = await machineRig();
    for (const parameter of [7, 96]) {
      const set = await ipmi(chassis, CHASSIS_COMMANDS.setBootOptions, [parameter, 1]);
      const get = await ipmi(chassis, CHASSIS_COMMANDS.getBootOptions, [parameter, 0, 0]);
      expect([set.completion, get.completion]).toEqual([0x80, 0x80]);
    }
  });
});

describe("the switches", () => {
  it("name where each machine speaks IPMI", async () => {
    const { ask, simulator } = await machineRig();
    const { body } = await ask("GET", "/simulator/v1/machines");
    expect(body).toMatchObject({
      machines: [
        { machine: "n1", ipmi: simulator.ipmiAddresses.get("n1") },
        { machine: "n2", ipmi: simulator.ipmiAddresses.get("n2") },
      ],
    });
  });
});

describe("the identify light", () => {
  it("is Redfish's, and goes out by itself unless it is forced", async () => {
    const { ask, clock, ipmi, status } = await machineRig();
    const led = async (): Promise<unknown> => (await ask("GET", "/redfish/v1/Chassis/n1")).body;
    await ipmi(chassis, CHASSIS_COMMANDS.identify, [10]);
    expect(await status()).toMatchObject({ identify: "timed" });
    expect(await led()).toMatchObject({ IndicatorLED: "Blinking" });
    clock.advance(10_000);
    expect(await led()).toMatchObject({ IndicatorLED: "Off" });
    expect(await status()).toMatchObject({ identify: "off" });
    await ipmi(chassis, CHASSIS_COMMANDS.identify, [0, 1]);
    clock.advance(50_000);
    expect(await status()).toMatchObject({ identify: "on" });
    await ask("PATCH", "/redfish/v1/Chassis/n1", { IndicatorLED: "Off" });
    await ask("PATCH", SYSTEM, { LocationIndicatorActive: false });
    expect(await status()).toMatchObject({ identify: "off" });
  });
});

describe("who it is", () => {
  it("says maker, GUID and inventory as Redfish does, and another's when two are swapped", async () => {
    const rack = await machineRig();
    const { data } = await rack.ipmi(app, DEVICE_COMMANDS.getDeviceId);
    expect(valueOf(decodeDeviceId(data))).toMatchObject({ manufacturer: 674, ipmiVersion: "2.0" });
    expect(await identity(rack)).toEqual(["00000000-0000-4000-8000-000000000001", "S-n1"]);
    rack.simulator.fault("swap=n1,n2");
    expect(await identity(rack)).toEqual(["00000000-0000-4000-8000-000000000002", "S-n2"]);
  });

  it("a GUID is blank or turned about where a fault has it so", async () => {
    const { ipmi, simulator } = await machineRig(["n1=ipmi-guid:blank"]);
    const guid = async () => (await ipmi(app, DEVICE_COMMANDS.getSystemGuid)).data;
    expect(valueOf(decodeSystemGuid(await guid()))).toBeNull();
    for (const order of ["rfc4122", "ipmi"] as const) {
      simulator.fault(`n1=ipmi-guid:${order}`);
      const text = valueOf(decodeSystemGuid(await guid(), { order }));
      expect(text).toBe("00000000-0000-4000-8000-000000000001");
    }
  });

  async function identity({ ipmi }: Awaited<ReturnType<typeof machineRig>>): Promise<unknown> {
    const guid = await ipmi(app, DEVICE_COMMANDS.getSystemGuid);
    const info = await ipmi(storage, FRU_COMMANDS.getAreaInfo, [0]);
    const parts: Buffer[] = [];
    for (let offset = 0; offset < valueOf(decodeFruAreaInfo(info.data)).bytes; offset += 16) {
      const read = [...encodeFruRead({ fru: 0, offset, count: 16 })];
      parts.push(valueOf(decodeFruPart((await ipmi(storage, FRU_COMMANDS.read, read)).data, 1)));
    }
    const fru = valueOf(decodeFru(Buffer.concat(parts)));
    return [valueOf(decodeSystemGuid(guid.data)), fru.product?.serial];
  }

  it("reads beyond an inventory or of another one are refused", async () => {
    const { ipmi } = await machineRig();
    expect((await ipmi(storage, FRU_COMMANDS.read, [0, 0xff, 0x0f, 8])).completion).toBe(0xc9);
    expect((await ipmi(storage, FRU_COMMANDS.getAreaInfo, [1])).completion).toBe(0xcb);
  });
});

describe("the event log", () => {
  it("is the machine's own, record by record, and empty but for one line once it is cleared", async () => {
    const { control, ipmi, simulator } = await machineRig();
    await control("on");
    await control("diagnosticInterrupt");
    simulator.pressPowerButton("n1");
    expect(await records(ipmi)).toEqual([
      { id: 1, sensorType: 0x22, offset: 0 },
      { id: 2, sensorType: 0x13, offset: 0 },
      { id: 3, sensorType: 0x14, offset: 0 },
    ]);
    const reservation = [...(await ipmi(storage, 0x42)).data];
    const clear = [...Buffer.from("CLR"), 0xaa];
    expect((await ipmi(storage, 0x47, [9, 9, ...clear])).completion).toBe(0xc5);
    expect((await ipmi(storage, 0x47, [...reservation, ...clear])).completion).toBe(0);
    expect(await records(ipmi)).toEqual([{ id: 4, sensorType: 0x10, offset: 2 }]);
    expect(simulator.machines.get("n1")?.log).toMatchObject([{ message: "Log cleared" }]);
    const info = await ipmi(storage, 0x40);
    expect(info.data.readUInt16LE(1)).toBe(1);
  });

  type Ask = Awaited<ReturnType<typeof machineRig>>["ipmi"];
  async function records(ipmi: Ask): Promise<unknown[]> {
    const found = [];
    for (let id = 0; id !== 0xffff;) {
      const { data } = await ipmi(storage, 0x43, [0, 0, id & 0xff, id >> 8, 0, 0xff]);
      const record = data.subarray(2);
      found.push({
        id: record.readUInt16LE(0),
        sensorType: record[10],
        offset: (record[13] ?? 0) & 0x0f,
      });
      id = data.readUInt16LE(0);
    }
    return found;
  }
});

describe("sensors", () => {
  it("are told by the repository and read by number; most say nothing while it is off", async () => {
    const { clock, control, ipmi } = await machineRig();
    const names: string[] = [];
    for (let id = 0; id !== 0xffff;) {
      const { data } = await ipmi(storage, 0x23, [0, 0, id & 0xff, id >> 8, 0, 0xff]);
      if (data[5] === 1) names.push(data.toString("latin1", 2 + 48));
      id = data.readUInt16LE(0);
    }
    expect(names).toEqual(["Inlet Temp", "CPU1 Temp", "Fan1", "12V"]);
    const read = async (number: number) => [...(await ipmi(sensor, 0x2d, [number])).data];
    expect([await read(1), await read(2)]).toEqual([
      [21, 0xc0, 0xc0],
      [0, 0xe0, 0xc0],
    ]);
    await control("on");
    clock.advance(100);
    expect([await read(1), await read(2)]).toEqual([
      [23, 0xc0, 0xc0],
      [48, 0xc0, 0xc0],
    ]);
    expect((await ipmi(sensor, 0x2d, [9])).completion).toBe(0xcb);
    // A part of a record needs a reservation.
    expect((await ipmi(storage, 0x23, [7, 7, 1, 0, 5, 8])).completion).toBe(0xc5);
  });
});
