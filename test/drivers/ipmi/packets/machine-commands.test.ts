import { boolean, constant, constantFrom, integer, oneof, record, string, uuid } from "fast-check";
import { describe, expect, it } from "vitest";
import * as boot from "../../../../drivers/ipmi/packets/boot-options.ts";
import * as chassis from "../../../../drivers/ipmi/packets/chassis.ts";
import * as device from "../../../../drivers/ipmi/packets/device.ts";
import * as fru from "../../../../drivers/ipmi/packets/fru.ts";
import * as sdr from "../../../../drivers/ipmi/packets/sdr.ts";
import * as sel from "../../../../drivers/ipmi/packets/sel.ts";
import { byte, bytes, expectInverse, hex, reasonOf, valueOf, word32 } from "./arbitraries.ts";

describe("chassis commands (IPMI 2.0, 28.2, 28.3 and 28.5)", () => {
  it("has the commands of table G-1", () => {
    expect(chassis.CHASSIS_COMMANDS).toMatchObject({ getStatus: 1, control: 2, setBootOptions: 8 });
    expect(device.DEVICE_COMMANDS).toMatchObject({ getDeviceId: 1, getSystemGuid: 0x37 });
    expect(fru.FRU_COMMANDS).toEqual({ getAreaInfo: 0x10, read: 0x11 });
  });

  it("encode and decode are inverse", () => {
    const control = constantFrom(...(Object.keys(chassis.CONTROLS) as chassis.Control[]));
    expectInverse(control, chassis.encodeControl, chassis.decodeControl);
    const status = record({
      isOn: boolean(),
      hasPowerFault: boolean(),
      identify: constantFrom<chassis.IdentifyState>("off", "timed", "on", null),
    });
    expectInverse(status, chassis.encodeChassisStatus, chassis.decodeChassisStatus);
    const identify = record({ seconds: byte, isForced: boolean() });
    expectInverse(identify, chassis.encodeIdentify, chassis.decodeIdentify);
  });

  it("reads power on and off, and a status with a front panel byte", () => {
    expect(valueOf(chassis.decodeChassisStatus(hex("211040 70")))).toEqual({
      isOn: true,
      hasPowerFault: false,
      identify: "off",
    });
    expect(valueOf(chassis.decodeChassisStatus(hex("600000")))).toMatchObject({
      isOn: false,
      identify: null,
    });
  });

  it.each([
    ["", "has 0 bytes"],
    ["0f", "there is no control 15"],
  ])("refuses the control %j: %s", (text, words) => {
    expect(reasonOf(chassis.decodeControl(hex(text)))).toContain(words);
  });

  it("identify without data is fifteen seconds", () => {
    expect(valueOf(chassis.decodeIdentify(hex("")))).toEqual({ seconds: 15, isForced: false });
  });
});

describe("system boot options (IPMI 2.0, 28.12, 28.13 and table 28-14)", () => {
  const flags = record({
    isValid: boolean(),
    isPersistent: boolean(),
    isEfi: boolean(),
    selector: integer({ min: 0, max: 15 }),
    rest: record({
      second: byte.map((one) => one & 0xc3),
      third: byte,
      fourth: byte,
      fifth: byte,
    }),
  });
  const parameter = integer({ min: 0, max: 127 });

  it("encode and decode are inverse", () => {
    expectInverse(flags, boot.encodeBootFlags, boot.decodeBootFlags);
    const set = record({ parameter, data: bytes(0, 20) });
    expectInverse(set, boot.encodeSetBootOption, boot.decodeSetBootOption);
    expectInverse(parameter, boot.encodeGetBootOption, boot.decodeGetBootOption);
    const answer = record({ parameter, isValid: boolean(), data: bytes(0, 20) });
    expectInverse(answer, boot.encodeBootOption, boot.decodeBootOption);
  });

  it("writes persistent EFI disk as the field does: E0h 08h", () => {
    const { disk } = boot.BOOT_SELECTORS;
    const set = boot.encodeBootFlags({
      isValid: true,
      isPersistent: true,
      isEfi: true,
      selector: disk,
      rest: boot.NO_REST,
    });
    expect(set.toString("hex")).toBe("e008000000");
    const { timeout } = boot.KEEP_VALID;
    const data = Buffer.from([timeout]);
    const off = boot.encodeSetBootOption({
      parameter: boot.BOOT_PARAMETERS.validBitClearing,
      data,
    });
    expect(off.toString("hex")).toBe("0308");
  });

  it("reads flags of four bytes, and refuses fewer", () => {
    expect(valueOf(boot.decodeBootFlags(hex("80040000")))).toMatchObject({
      isValid: true,
      isPersistent: false,
      isEfi: false,
      selector: boot.BOOT_SELECTORS.pxe,
    });
    expect(reasonOf(boot.decodeBootFlags(hex("800400")))).toContain("has 3 bytes");
    expect(reasonOf(boot.decodeBootOption(hex("0205")))).toContain("parameter version");
  });
});

describe("Get Device ID (IPMI 2.0, 20.1)", () => {
  it("reads what ipmi_sim says of itself", () => {
    expect(valueOf(device.decodeDeviceId(hex("00030908029f911200020f00000000")))).toEqual({
      id: 0,
      revision: 3,
      isUpdating: false,
      firmware: "9.08",
      ipmiVersion: "2.0",
      manufacturer: 0x1291,
      product: 0x0f02,
    });
  });

  it("encode and decode are inverse", () => {
    const two = integer({ min: 0, max: 99 }).map((one) => String(one).padStart(2, "0"));
    const said = record({
      id: byte,
      revision: integer({ min: 0, max: 15 }),
      isUpdating: boolean(),
      firmware: integer({ min: 0, max: 127 }).chain((major) => two.map((one) => `${major}.${one}`)),
      ipmiVersion: constantFrom("1.5", "2.0"),
      manufacturer: integer({ min: 0, max: 0x0f_ffff }),
      product: integer({ min: 0, max: 0xffff }),
    });
    expectInverse(said, device.encodeDeviceId, device.decodeDeviceId);
  });
});

describe("Get System GUID (IPMI 2.0, 20.8)", () => {
  const UUID = "4c4c4544-0038-4b10-8053-b7c04f343633";

  it("all zeros and all ones are blank", () => {
    expect(valueOf(device.decodeSystemGuid(Buffer.alloc(16)))).toBeNull();
    expect(valueOf(device.decodeSystemGuid(Buffer.alloc(16, 0xff)))).toBeNull();
    expect(reasonOf(device.decodeSystemGuid(Buffer.alloc(15)))).toContain("has 15 bytes");
  });

  it("is read in the order in which it is a UUID, or is what is declared", () => {
    for (const order of ["smbios", "rfc4122", "ipmi"] as const) {
      const clear = "4c4c4544-0038-4b00-8053-b7c04f343633";
      const data = device.encodeSystemGuid(clear, order);
      expect(valueOf(device.decodeSystemGuid(data)), order).toBe(clear);
      const twofold = device.encodeSystemGuid(UUID, order);
      const said = device.decodeSystemGuid(twofold, { declared: UUID });
      expect(valueOf(said), order).toBe(UUID);
    }
  });

  it("what may be either is read as SMBIOS, the commonest", () => {
    const data = device.encodeSystemGuid(UUID, "rfc4122");
    const other = "44454c4c-3800-104b-8053-b7c04f343633";
    expect(valueOf(device.decodeSystemGuid(data))).toBe(other);
    expect(valueOf(device.decodeSystemGuid(data, { declared: "none" }))).toBe(other);
  });

  it("encode and decode in a known order are inverse", () => {
    for (const order of ["smbios", "rfc4122", "ipmi"] as const)
      expectInverse(
        uuid(),
        (text) => device.encodeSystemGuid(text, order),
        (data) => device.decodeSystemGuid(data, { order }),
      );
  });
});

describe("the System Event Log (IPMI 2.0, 31 and 32)", () => {
  it("encode and decode are inverse", () => {
    const word = integer({ min: 0, max: 0xffff });
    const info = record({ entryCount: word, addedAt: word32, erasedAt: word32 });
    expectInverse(info, sel.encodeSelInfo, sel.decodeSelInfo);
    expectInverse(word, sel.encodeReservation, sel.decodeReservation);
    expectInverse(word, sel.encodeSelEntryRequest, sel.decodeSelEntryRequest);
    const clear = record({ reservation: word, isStart: boolean() });
    expectInverse(clear, sel.encodeClearSel, sel.decodeClearSel);
    const event = record({
      kind: constant<"event">("event"),
      id: word,
      at: word32,
      generator: word,
      sensorType: byte,
      sensor: byte,
      isDeassertion: boolean(),
      eventType: integer({ min: 0, max: 127 }),
      data: bytes(3),
    });
    const oem = record({
      kind: constant<"oem">("oem"),
      id: word,
      type: integer({ min: 0xc0, max: 0xff }),
      rest: bytes(13),
    });
    const entry = record({ next: word, record: oneof(event, oem) });
    expectInverse(entry, sel.encodeSelEntry, sel.decodeSelEntry);
  });

  it("clears with the word CLR and nothing else", () => {
    expect(sel.encodeClearSel({ reservation: 0x0102, isStart: true }).toString("hex")).toBe(
      "0201434c52aa",
    );
    expect(reasonOf(sel.decodeClearSel(hex("0201434c53aa")))).toContain("CLR");
    expect(sel.encodeSelEntryRequest(sel.SEL_FIRST).toString("hex")).toBe("0000000000ff");
  });
});

describe("sensors (IPMI 2.0, 33.12, 35.14, 36.3 and 43.1)", () => {
  const ten = integer({ min: -512, max: 511 });
  const four = integer({ min: -8, max: 7 });
  const linear = {
    format: "unsigned",
    m: 1,
    b: 0,
    bExponent: 0,
    rExponent: 0,
    linearization: 0,
  } as const;

  it("encode and decode are inverse", () => {
    const word = integer({ min: 0, max: 0xffff });
    const request = record({ reservation: word, record: word, offset: byte, count: byte });
    expectInverse(request, sdr.encodeSdrRequest, sdr.decodeSdrRequest);
    expectInverse(
      record({ next: word, bytes: bytes(1, 22) }),
      sdr.encodeSdrPart,
      sdr.decodeSdrPart,
    );
    const reading = record({ raw: byte, isThere: boolean() });
    expectInverse(reading, sdr.encodeSensorReading, sdr.decodeSensorReading);
    const sensor = record({
      id: word,
      owner: byte,
      lun: integer({ min: 0, max: 3 }),
      number: byte,
      sensorType: byte,
      unit: byte,
      isPercent: boolean(),
      formula: record({
        format: constantFrom("unsigned" as const, "ones" as const, "twos" as const),
        m: ten,
        b: ten,
        bExponent: four,
        rExponent: four,
        linearization: integer({ min: 0, max: 127 }),
      }),
      name: string({ maxLength: 16, unit: constantFrom("A", "b", "7", "-", "_") }),
    });
    expectInverse(sensor, sdr.encodeFullSensor, sdr.decodeFullSensor);
    const whole = sdr.encodeFullSensor({
      id: 1,
      owner: 0x20,
      lun: 0,
      number: 1,
      sensorType: 1,
      unit: 1,
      isPercent: false,
      formula: linear,
      name: "CPU",
    });
    expect(valueOf(sdr.sdrLength(whole))).toBe(whole.length);
  });

  it.each([
    [{ m: 1, rExponent: 0 }, 42, 42],
    [{ m: 60 }, 100, 6000],
    [{ m: 59, rExponent: -3 }, 206, 12.154],
    [{ m: 2, b: -30, bExponent: 1 }, 200, 100],
    [{ format: "twos" as const }, 0xf6, -10],
    [{ format: "ones" as const }, 0xfe, -1],
    [{ linearization: 7 }, 4, 0.25],
    [{ linearization: 7 }, 0, null],
    [{ linearization: 0x70 }, 4, null],
  ])("a formula %j makes of %i the value %s", (change, raw, value) => {
    expect(sdr.sensorValue(raw, { ...linear, ...change })).toBe(value);
  });

  it("a record that is no sensor, or has no readings, is none; one that is cut off is told", () => {
    expect(valueOf(sdr.decodeFullSensor(hex("0100511206")))).toBeNull();
    expect(reasonOf(sdr.decodeFullSensor(hex("0100510106")))).toContain("at least 48");
  });
});

describe("FRU inventories (IPMI 2.0, 34; Platform Management FRU 1.0)", () => {
  const text = string({
    minLength: 1,
    maxLength: 40,
    unit: constantFrom("A", "B", "c", "z", "0", "9", "-", ".", "/"),
  });

  it("encode and decode are inverse", () => {
    const whole = record(
      {
        chassis: record({ part: text, serial: text }, { requiredKeys: [] }),
        board: record(
          { manufacturer: text, product: text, serial: text, part: text },
          { requiredKeys: [] },
        ),
        product: record(
          {
            manufacturer: text,
            name: text,
            part: text,
            version: text,
            serial: text,
            asset: text,
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    );
    expectInverse(whole, fru.encodeFru, fru.decodeFru);
    const read = record({ fru: byte, offset: integer({ min: 0, max: 0xffff }), count: byte });
    expectInverse(read, fru.encodeFruRead, fru.decodeFruRead);
    const info = record({ bytes: integer({ min: 0, max: 0xffff }), isByWords: boolean() });
    expectInverse(info, fru.encodeFruAreaInfo, fru.decodeFruAreaInfo);
    expectInverse(bytes(1, 64), fru.encodeFruPart, (data) => fru.decodeFruPart(data, 1));
  });

  it("says how many bytes must be read for the three areas", () => {
    const bytesOf = fru.encodeFru({ chassis: { serial: "A1" }, product: { serial: "B2" } });
    const needed = valueOf(fru.fruBytesNeeded(bytesOf));
    expect(needed).toBeGreaterThanOrEqual(bytesOf.length);
  });

  it("board and product have their empty FRU file id, the chassis its type", () => {
    const ofBoard = fru.encodeFru({ board: { part: "B2" } });
    // Three empty fields, "B2", the empty id, the end of the fields.
    expect(ofBoard.subarray(8 + 6, 8 + 14).toString("hex")).toBe("c0c0c0c24232c0c1");
    const ofChassis = fru.encodeFru({ chassis: { part: "A1" } });
    expect(ofChassis.subarray(8 + 2, 8 + 8).toString("hex")).toBe("17c24131c0c1");
    const ofProduct = fru.encodeFru({ product: { asset: "C3" } });
    expect(ofProduct.subarray(8 + 3, 8 + 13).toString("hex")).toBe("c0c0c0c0c0c24333c0c1");
  });

  it("an area with a wrong checksum is left out, and the others are read", () => {
    const bytesOf = fru.encodeFru({ chassis: { serial: "A1" }, product: { serial: "B2" } });
    bytesOf.writeUInt8(0x41, 12);
    expect(valueOf(fru.decodeFru(bytesOf))).toEqual({ product: { serial: "B2" } });
  });

  it("reads BCD, six-bit letters and binary", () => {
    const fields = "42 12a3  83 64c9b2  03 010203 c1";
    const area = Buffer.alloc(24);
    hex(`0103 19 ${fields}`).copy(area);
    area.writeUInt8((0x100 - (area.reduce((sum, one) => sum + one, 0) & 0xff)) & 0xff, 23);
    const header = hex("0100000001000000");
    header.writeUInt8(0x100 - 2, 7);
    const said = valueOf(fru.decodeFru(Buffer.concat([header, area])));
    expect(said).toEqual({
      product: { manufacturer: "12 3", name: "DELL", part: "010203" },
    });
  });

  it.each([
    ["", "has 0 bytes of at least 8"],
    ["0200000000000000fe", "not version 1"],
    ["0100000001000000", "wrong checksum"],
  ])("refuses %j: %s", (bad, words) => {
    expect(reasonOf(fru.decodeFru(hex(bad)))).toContain(words);
    expect(reasonOf(fru.fruBytesNeeded(hex(bad)))).toContain(words);
  });
});
