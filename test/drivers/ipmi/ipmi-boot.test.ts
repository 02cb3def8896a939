import { describe, expect, it, onTestFinished } from "vitest";
import { QUIRKS } from "../../../drivers/ipmi/quirks.ts";
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

describe("the boot mode (IPMI 2.0, table 28-14)", () => {
  const mode = (rig: IpmiRig) => rig.driver.observe(rig.node, ["bootMode"]);
  const set = (to: "bios" | "uefi") => ({ verb: "management.setBootMode", mode: to }) as const;

  it.each([
    ["e008000000", "uefi"],
    ["c008000000", "bios"],
    ["e000000000", "uefi"],
  ])("flags %s say %s", async (flags, word) => {
    const rig = await opened();
    rig.bmc.flags = Buffer.from(flags, "hex");
    expect(known(await mode(rig), "bootMode")).toBe(word);
  });

  it("flags that ask for nothing say none, and are not written to", async () => {
    const rig = await opened();
    rig.bmc.flags = Buffer.from("6008000000", "hex");
    const { bootMode } = (await mode(rig)).facets;
    expect(bootMode).toMatchObject({ known: false, why: { code: "IW-B18" } });
    expect(await act(rig, set("uefi"))).toMatchObject({ sent: false, failure: { code: "IW-B18" } });
    expect(rig.bmc.mutations()).toEqual([]);
  });

  it("is set with device and persistence kept, and nothing else", async () => {
    const rig = await opened();
    for (const [flags, to, after] of [
      ["8005800000", "uefi", "a004000000"],
      ["e02c000000", "bios", "c02c000000"],
      ["e088000000", "bios", "c008000000"],
    ] as const) {
      rig.bmc.flags = Buffer.from(flags, "hex");
      expect(await act(rig, set(to))).toEqual({ sent: true });
      expect(rig.bmc.flags.toString("hex"), flags).toBe(after);
    }
  });

  it("on a Supermicro the disk has another selector in each mode", async () => {
    const rig = await opened({ bmc: { manufacturer: 10876 } });
    rig.bmc.flags = Buffer.from("e024000000", "hex");
    await act(rig, set("bios"));
    expect(rig.bmc.flags.toString("hex")).toBe("c008000000");
    await act(rig, set("uefi"));
    expect(rig.bmc.flags.toString("hex")).toBe("e024000000");
  });
});
