import { describe, expect, it, onTestFinished } from "vitest";
import { ipmiVendor } from "../../../drivers/ipmi/ipmi-vendor.ts";
import type { DriverAction } from "../../../schemas/action.ts";
import { known } from "../../../schemas/observation.ts";
import { performContext } from "../support/driver-bench.ts";
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
    const bare = await act(rig, { verb: "vendor.call", ...raw });
    expect(bare).toEqual({ sent: true, said: "no data" });
    expect(rig.bmc.seen.at(-1)).toMatchObject({ netFn: 0, command: 4, data: Buffer.from([5]) });
    await act(rig, { verb: "vendor.call", method: "bmc_reset", args: {} });
    expect(rig.bmc.seen.at(-1)?.command).toBe(3);
    await act(rig, { verb: "vendor.call", method: "bmc_reset", args: { warm: false } });
    expect(rig.bmc.seen.at(-1)?.command).toBe(2);
  });

  it("send_raw tells what the BMC answered", async () => {
    const rig = await opened();
    const raw = { method: "send_raw", args: { raw_bytes: "0x0a 0x42" } };
    expect(await act(rig, { verb: "vendor.call", ...raw })).toMatchObject({
      sent: true,
      said: expect.stringMatching(/^the bytes [0-9a-f]{2} [0-9a-f]{2}$/),
    });
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

  it("costs the FRU once for a UUID, once a session where there is none, and the GUID each time", async () => {
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
    expect(count(0x0a), "another session, and the same machine").toBe(storage);
    const blank = await opened({ bmc: { uuid: null } });
    const read = async (): Promise<number> => {
      await blank.driver.observe(blank.node, ["identity"]);
      return blank.bmc.seen.filter(({ netFn }) => netFn === 0x0a).length;
    };
    const once = await read();
    expect(await read()).toBe(once);
    blank.bmc.forget();
    expect(await read()).toBe(once * 2);
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

  it("a BMC without FRU and GUID says nothing of itself", async () => {
    const bare = await opened();
    bare.bmc.misbehave = ({ netFn, command }) =>
      netFn === 0x0a || command === 0x37 ? { completion: 0xc1 } : undefined;
    expect(known(await bare.driver.observe(bare.node, ["identity"]), "identity")).toEqual({});
  });

  it.each([
    [0xc0, "IW-B08"],
    [0xd5, "IW-B10"],
    [0x81, "IW-B10"],
  ])(
    "one that says %i of its FRU, so not now, is unknown, and not nameless",
    async (completion, code) => {
      const busy = await opened();
      busy.bmc.misbehave = ({ netFn }) => (netFn === 0x0a ? { completion } : undefined);
      const { facets } = await busy.driver.observe(busy.node, ["identity"]);
      expect(facets.identity).toMatchObject({ known: false, why: { code } });
    },
  );

  it("names vendor and firmware of the BMC", async () => {
    const rig = await opened();
    const seen = await rig.driver.observe(rig.node, ["identity"]);
    expect(seen).toMatchObject({ vendor: "Dell", bmcFirmware: "2.51" });
  });
});
