import { describe, expect, it, onTestFinished } from "vitest";
import { ipmiType } from "../../../drivers/ipmi/ipmi-type.ts";
import { ipmiVendor } from "../../../drivers/ipmi/ipmi-vendor.ts";
import { parseIpmiAddress } from "../../../drivers/ipmi/ipmi-address.ts";
import { QUIRKS } from "../../../drivers/ipmi/quirks.ts";
import type { DriverAction } from "../../../schemas/action.ts";
import type { NodeSpec } from "../../../schemas/documents.ts";
import { known } from "../../../schemas/observation.ts";
import { performContext, testNode } from "../support/driver-bench.ts";
import { ipmiRig, type IpmiRig, type RigOptions } from "./support/ipmi-rig.ts";

async function opened(options: RigOptions = {}): Promise<IpmiRig> {
  const rig = await ipmiRig(options);
  onTestFinished(() => rig.close());
  await rig.driver.perform(rig.node, { verb: "session.open" }, performContext());
  return rig;
}

function act({ driver, node }: IpmiRig, action: DriverAction): ReturnType<typeof driver.perform> {
  return driver.perform(node, action, performContext());
}

function boot(device: "disk" | "pxe" | "cdrom" | "bios" | "uefihttp", persistent = true) {
  return { verb: "management.setBootDevice", device, persistent } as const;
}

describe("the boot device (IPMI 2.0, table 28-14)", () => {
  it("first the 60-second timer is switched off, then the flags are written, EFI by default", async () => {
    const rig = await opened();
    expect(await act(rig, boot("disk"))).toEqual({ sent: true });
    expect(rig.bmc.mutations().map(({ data }) => data.toString("hex"))).toEqual([
      "0308",
      "05e008000000",
    ]);
    expect(await act(rig, boot("pxe", false))).toEqual({ sent: true });
    const later = rig.bmc.mutations().slice(2);
    expect(later.map(({ data }) => data.toString("hex"))).toEqual(["05a004000000"]);
  });

  it("bits of the timer's parameter that are set stay set", async () => {
    const rig = await opened();
    rig.bmc.keepValid = 0x01;
    await act(rig, boot("disk"));
    expect(rig.bmc.keepValid).toBe(0x09);
  });

  it("a BMC that does not know the timer is given the flags all the same", async () => {
    const rig = await opened();
    rig.bmc.misbehave = ({ command, data }) =>
      (command === 8 || command === 9) && data[0] === 3 ? { completion: 0x80 } : undefined;
    expect(await act(rig, boot("pxe"))).toEqual({ sent: true });
    expect(rig.bmc.flags.toString("hex")).toBe("e004000000");
  });

  it("where the answer about the timer is lost the flags are not written: looking comes first", async () => {
    const rig = await opened();
    rig.bmc.misbehave = ({ command, data }) => (command === 8 && data[0] === 3 ? null : undefined);
    const performed = await rig.driver.perform(
      rig.node,
      boot("pxe"),
      performContext({ requestMaxMs: 50 }),
    );
    expect(performed.sent).toBe("unknown");
    expect(rig.bmc.flags.toString("hex")).toBe("0000000000");
  });

  it("boot.mode says whether it is EFI; else the flags that are there", async () => {
    const bios = await opened({ boot: { mode: "bios" } });
    await act(bios, boot("disk"));
    expect(bios.bmc.flags.toString("hex")).toBe("c008000000");
    const kept = await opened();
    kept.bmc.flags = Buffer.from("8004000000", "hex");
    await act(kept, boot("disk"));
    expect(kept.bmc.flags.toString("hex")).toBe("c008000000");
  });

  it("a device without a word in the flags is refused before anything is sent", async () => {
    const rig = await opened();
    const refused = await act(rig, boot("uefihttp"));
    expect(refused).toMatchObject({ sent: false, failure: { code: "IW-B18" } });
    expect(rig.bmc.mutations()).toEqual([]);
  });

  it.each([
    ["e008000000", { device: "disk", persistent: true }],
    ["8004000000", { device: "pxe", persistent: false }],
    ["a014000000", { device: "cdrom", persistent: false }],
    ["a020000000", { device: "cdrom", persistent: false }],
    ["e018000000", { device: "bios", persistent: true }],
    ["e024000000", { device: "other", persistent: true }],
    ["e000000000", { device: "none", persistent: false }],
    // Without the valid bit there is nothing, whatever else is said.
    ["6008000000", { device: "none", persistent: false }],
  ])("flags %s are read as %j", async (flags, reading) => {
    const rig = await opened();
    rig.bmc.flags = Buffer.from(flags, "hex");
    expect(known(await rig.driver.observe(rig.node, ["bootDevice"]), "bootDevice")).toEqual(
      reading,
    );
  });

  it("Supermicro boots a disk with EFI by the selector 24h, in both directions", async () => {
    const [quirk] = QUIRKS;
    for (const manufacturer of quirk!.manufacturers) {
      const rig = await opened({ bmc: { manufacturer } });
      await act(rig, boot("disk"));
      expect(rig.bmc.flags.toString("hex")).toBe("e024000000");
      expect(known(await rig.driver.observe(rig.node, ["bootDevice"]), "bootDevice")).toEqual({
        device: "disk",
        persistent: true,
      });
    }
  });
});

describe("power, light and NMI", () => {
  it("each verb is its one command (IPMI 2.0, 28.3 and 28.5)", async () => {
    const rig = await opened();
    const light = {
      verb: "management.setIndicator",
      component: "chassis",
      id: "identify",
    } as const;
    const all: readonly (readonly [DriverAction, string])[] = [
      [{ verb: "power.on" }, "01"],
      [{ verb: "power.softOff" }, "05"],
      [{ verb: "power.off" }, "00"],
      [{ verb: "management.injectNmi" }, "04"],
      [{ ...light, state: "on" }, "ff01"],
      [{ ...light, state: "off" }, "00"],
    ];
    for (const [action, data] of all) {
      expect(await act(rig, action), action.verb).toEqual({ sent: true });
      expect(rig.bmc.mutations().at(-1)?.data.toString("hex"), action.verb).toBe(data);
    }
    expect(rig.bmc.mutations()).toHaveLength(all.length);
  });

  it("a light that there is not, or can't blink, is refused before anything is sent", async () => {
    const rig = await opened();
    for (const [id, state] of [
      ["1", "on"],
      ["identify", "blinking"],
    ] as const) {
      const action = { verb: "management.setIndicator", component: "chassis", id, state } as const;
      expect(await act(rig, action)).toMatchObject({ sent: false, failure: { code: "IW-B18" } });
    }
  });

  it("a light that only glows for some seconds is neither on nor off", async () => {
    const rig = await opened();
    rig.bmc.identify = "timed";
    const seen = await rig.driver.observe(rig.node, ["indicators"]);
    expect(known(seen, "indicators")).toEqual({
      "chassis/identify": { state: "unknown", states: ["on", "off"] },
    });
  });
});

describe("vendor methods", () => {
  it("a cycle or a reset of a machine that is off is refused, and sent where it is on", async () => {
    const rig = await opened();
    for (const [method, data] of [
      ["power_cycle", "02"],
      ["power_reset", "03"],
    ] as const) {
      rig.bmc.isOn = false;
      const call = { verb: "vendor.call", method, args: {} } as const;
      const refused = await act(rig, call);
      expect(refused).toMatchObject({ sent: false, failure: { code: "IW-B18" } });
      rig.bmc.isOn = true;
      expect(await act(rig, call)).toEqual({ sent: true });
      expect(rig.bmc.mutations().at(-1)?.data.toString("hex")).toBe(data);
    }
  });

  it("send_raw sends its bytes, bmc_reset is warm unless told otherwise", async () => {
    const rig = await opened();
    const raw = { method: "send_raw", args: { raw_bytes: "0x00 0x04 0x05" } };
    expect(await act(rig, { verb: "vendor.call", ...raw })).toEqual({ sent: true });
    expect(rig.bmc.seen.at(-1)).toMatchObject({ netFn: 0, command: 4, data: Buffer.from([5]) });
    await act(rig, { verb: "vendor.call", method: "bmc_reset", args: {} });
    expect(rig.bmc.seen.at(-1)?.command).toBe(3);
    await act(rig, { verb: "vendor.call", method: "bmc_reset", args: { warm: false } });
    expect(rig.bmc.seen.at(-1)?.command).toBe(2);
  });

  it.each(["0x06", "06 01", "0x07 0x01", "0x40 0x01", "0x06 0x1", ""])(
    "send_raw does not take %j",
    (raw) => {
      const method = ipmiVendor.find(({ name }) => name === "send_raw");
      expect(method?.args.safeParse({ raw_bytes: raw }).success).toBe(false);
    },
  );
});

describe("the event log", () => {
  const event = {
    kind: "event",
    generator: 0x20,
    sensor: 1,
    isDeassertion: false,
    eventType: 0x6f,
  } as const;

  it("is its last ten lines, newest first, in words that explain a power that moved", async () => {
    const rig = await opened();
    expect(known(await rig.driver.observe(rig.node, ["eventLog"]), "eventLog")).toEqual([]);
    rig.bmc.log = Array.from({ length: 300 }, (_, at) => ({
      ...event,
      id: at + 1,
      at: 1_800_000_000 + at,
      sensorType: at === 299 ? 0x09 : 0x14,
      data: Buffer.from([0, 0xff, 0xff]),
    }));
    const lines = known(await rig.driver.observe(rig.node, ["eventLog"]), "eventLog");
    expect(lines).toHaveLength(10);
    expect(lines?.slice(0, 2)).toEqual([
      { at: "2027-01-15T08:04:59.000Z", message: "power unit 01h: powered off" },
      { at: "2027-01-15T08:04:58.000Z", message: "button 01h: power pressed" },
    ]);
  });

  it("names what it has no words for, says no date that is none, and stops at a gap", async () => {
    const rig = await opened();
    const data = Buffer.from([0x57, 1, 2]);
    rig.bmc.log = [
      { ...event, id: 1, at: 9, sensorType: 0x14, data },
      { ...event, id: 8, at: 9, sensorType: 0x01, eventType: 1, isDeassertion: true, data },
      { kind: "oem", id: 9, type: 0xc1, rest: Buffer.alloc(13, 0xab) },
      { ...event, id: 10, at: 0xffff_ffff, sensorType: 0xc4, eventType: 0x70, data },
    ];
    expect(known(await rig.driver.observe(rig.node, ["eventLog"]), "eventLog")).toEqual([
      { at: "", message: "sensor type c4h 01h: event 70h 570102" },
      { at: "", message: `OEM record c1h: ${"ab".repeat(13)}` },
      { at: "", message: "temperature 01h: above upper non-critical (no more)" },
    ]);
  });

  it("is emptied by clear_event_log", async () => {
    const rig = await opened();
    rig.bmc.log = [{ kind: "oem", id: 9, type: 0xc1, rest: Buffer.alloc(13) }];
    const clear = { verb: "vendor.call", method: "clear_event_log", args: {} } as const;
    expect(await act(rig, clear)).toEqual({ sent: true });
    expect(rig.bmc.log).toEqual([]);
  });
});

describe("identity", () => {
  it("is manufacturer and serial number by FRU, and the UUID by System GUID", async () => {
    const rig = await opened();
    expect(known(await rig.driver.observe(rig.node, ["identity"]), "identity")).toEqual({
      manufacturer: "Contoso",
      serial: "S-1",
      systemUuid: "4c4c4544-0038-4b00-8053-b7c04f343633",
    });
  });

  it("costs the FRU once a session, and the GUID each time", async () => {
    const rig = await opened();
    const count = (netFn: number): number =>
      rig.bmc.seen.filter((seen) => seen.netFn === netFn).length;
    await rig.driver.observe(rig.node, ["identity"]);
    const [storage, app] = [count(0x0a), count(0x06)];
    await rig.driver.observe(rig.node, ["identity"]);
    expect(count(0x0a)).toBe(storage);
    expect(count(0x06)).toBeGreaterThan(app);
    rig.bmc.forget();
    await rig.driver.observe(rig.node, ["identity"]);
    expect(count(0x0a)).toBe(storage * 2);
  });

  it("leaves out what is blank or a filler, and takes the chassis' serial number for want of another", async () => {
    const fru = {
      chassis: { serial: "C-7" },
      board: { manufacturer: "Contoso Boards", serial: "B-9" },
      product: { manufacturer: "To Be Filled By O.E.M.", serial: "0000000" },
    };
    const rig = await opened({ bmc: { uuid: null, fru } });
    expect(known(await rig.driver.observe(rig.node, ["identity"]), "identity")).toEqual({
      manufacturer: "Contoso Boards",
      serial: "C-7",
    });
  });

  it("a BMC without FRU and GUID says nothing of itself; one that is busy is unknown", async () => {
    const bare = await opened();
    bare.bmc.misbehave = ({ netFn, command }) =>
      netFn === 0x0a || command === 0x37 ? { completion: 0xc1 } : undefined;
    expect(known(await bare.driver.observe(bare.node, ["identity"]), "identity")).toEqual({});
    const busy = await opened();
    busy.bmc.misbehave = ({ netFn }) => (netFn === 0x0a ? { completion: 0xc0 } : undefined);
    const { facets } = await busy.driver.observe(busy.node, ["identity"]);
    expect(facets.identity).toMatchObject({ known: false, why: { code: "IW-B08" } });
  });

  it("names vendor and firmware of the BMC", async () => {
    const rig = await opened();
    const seen = await rig.driver.observe(rig.node, ["identity"]);
    expect(seen).toMatchObject({ vendor: "Dell", bmcFirmware: "2.51" });
  });
});

describe("settings of a node", () => {
  it.each([
    ["10.0.0.7", "ipmi://10.0.0.7", 623],
    ["10.0.0.7:6230", "ipmi://10.0.0.7:6230", 6230],
    ["ipmi://BMC-7.example:623/", "ipmi://bmc-7.example", 623],
    ["IPMI://10.0.0.7", "ipmi://10.0.0.7", 623],
    ["fd00::1", "ipmi://[fd00::1]", 623],
    ["ipmi://[fd00::1]:624", "ipmi://[fd00::1]:624", 624],
  ])("the address %s is %s", (text, origin, port) => {
    expect(parseIpmiAddress(text)).toMatchObject({ origin, port });
  });

  it.each([
    ["", "is no host"],
    ["https://10.0.0.7", "no such URL"],
    ["ipmi://root:calvin@10.0.0.7", "holds a user or password"],
    ["10.0.0.7:0", "1 to 65535"],
    ["10.0.0.7:x", "1 to 65535"],
    ["ipmi://10.0.0.7/path", "1 to 65535"],
    ["[10.0.0.7]", "is no host"],
    ["a b", "is no host"],
  ])("the address %j is refused: %s", (text, words) => {
    const refused = parseIpmiAddress(text);
    expect(typeof refused === "string" ? refused : JSON.stringify(refused)).toMatch(
      new RegExp(`${words}|is no host`),
    );
    expect(JSON.stringify(refused)).not.toContain("calvin");
  });

  const password = { env: "BMC_PASSWORD" };
  it.each<[NodeSpec["bmc"], string]>([
    [{}, "/bmc"],
    [{ address: "10.0.0.7" }, "/bmc"],
    [{ address: "10.0.0.7", password, username: "a name of 17 bytes" }, "/bmc/username"],
    [{ address: "10.0.0.7", password, cipherSuite: "8" }, "/bmc/cipherSuite"],
    [{ address: "10.0.0.7", password, cipherSuite: 3, ipmiVersion: 1.5 }, "/bmc/cipherSuite"],
    [{ address: "10.0.0.7", password, kg: password, ipmiVersion: 1.5 }, "/bmc/kg"],
    [{ address: "10.0.0.7", password, tls: { verify: false } }, "/bmc/tls"],
    [{ address: "10.0.0.7", password, system: "/redfish/v1/Systems/1" }, "/bmc/system"],
    [{ address: "10.0.0.7", password, auth: "basic" }, "/bmc/auth"],
  ])("%j is found at %s", (bmc, path) => {
    const found = ipmiType.validate(testNode("n1", { driver: "ipmi", bmc }));
    expect(found.map((one) => one.path)).toContain(path);
    for (const { message } of found) expect(message).toMatch(/\S.*; \S|; /);
  });

  it("suite, version and privilege may be written as people do", () => {
    for (const more of [
      { cipherSuite: "17" },
      { cipherSuite: 17 },
      { cipherSuite: "auto", privilege: "operator" as const, ipmiVersion: 2 as const },
    ]) {
      const bmc = { address: "10.0.0.7", password, ...more };
      const node = testNode("n1", { driver: "ipmi", bmc });
      expect(ipmiType.validate(node)).toEqual([]);
      expect(ipmiType.properties.safeParse(node.spec).success).toBe(true);
    }
  });
});
