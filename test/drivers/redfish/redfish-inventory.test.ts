import { describe, expect, it } from "vitest";
import { type Hardware, madeUpHardware } from "../../../drivers/simulator/hardware.ts";
import type { MachineInventory } from "../../../schemas/machine-inventory.ts";
import { known } from "../../../schemas/observation.ts";
import { driver, LOGIN, nodeAt, small } from "../support/redfish-rig.ts";
import { sendJson, type SmallBmc, SYSTEM_1 } from "../support/small-bmc.ts";

const HARDWARE: Hardware = {
  ...madeUpHardware("n1"),
  disks: [
    {
      name: "Physical Disk 0:1:0",
      serial: " S455NY0M ",
      model: "MZ7LH480",
      manufacturer: "Samsung",
      capacityBytes: 480_103_981_056,
      mediaType: "SSD",
      protocol: "SAS",
      wwn: "5002538E40B1C2D3",
      controller: "PERC H755",
    },
    {
      name: "Physical Disk 0:1:1",
      serial: "",
      model: "ST2000",
      manufacturer: "Seagate",
      capacityBytes: 2_000_398_934_016,
      mediaType: "HDD",
      protocol: "SATA",
      wwn: "",
      controller: "PERC H755",
    },
    {
      name: "PCIe SSD in Slot 1",
      serial: "PHLJ9",
      model: "P4510",
      manufacturer: "Intel",
      capacityBytes: 3_840_755_982_336,
      mediaType: "SSD",
      protocol: "NVMe",
      wwn: "eui.01000000010000005CD2E4A1B2C3D4E5",
      controller: "CPU.1",
    },
  ],
};

const DRIVES = `${SYSTEM_1}/Storage/1/Drives`;

async function rig(hardware: Hardware = HARDWARE, extra: Record<string, unknown> = {}) {
  const bmc = await small({ ...LOGIN, hardware, extra });
  const read = async (): Promise<MachineInventory> => {
    const seen = await driver().observe(nodeAt(bmc), ["inventory"]);
    const value = known(seen, "inventory");
    if (value === undefined) throw new Error(JSON.stringify(seen));
    return value;
  };
  return { bmc, read };
}

/** Answers these paths so, the rest as ever. */
function answering(bmc: SmallBmc, bodies: Readonly<Record<string, unknown>>): void {
  bmc.misbehave = (seen, response) => {
    if (!(seen.path in bodies)) return false;
    const body = bodies[seen.path];
    sendJson(
      response,
      typeof body === "number" ? body : 200,
      typeof body === "number" ? null : body,
    );
    return true;
  };
}

const link = (path: string) => ({ "@odata.id": path });

describe("the inventory of a machine over Redfish", () => {
  it("tells disks with their serials, names, sizes, media and controllers", async () => {
    const { read } = await rig();
    const { disks } = await read();
    expect(disks).toEqual([
      {
        name: "Physical Disk 0:1:0",
        serial: "S455NY0M",
        wwn: "0x5002538e40b1c2d3",
        sizeBytes: 480_103_981_056,
        model: "MZ7LH480",
        vendor: "Samsung",
        media: "SSD",
        rotational: false,
        controller: "PERC H755",
      },
      expect.objectContaining({ serial: null, wwn: null, media: "HDD", rotational: true }),
      expect.objectContaining({
        serial: "PHLJ9",
        wwn: "0x01000000010000005cd2e4a1b2c3d4e5",
        media: "NVMe",
        rotational: false,
        controller: "CPU.1",
      }),
    ]);
  });

  it("sums its processors, and tells memory, network interfaces, system and firmware", async () => {
    const { read } = await rig();
    const seen = await read();
    expect(seen.cpu).toEqual({
      socketCount: 2,
      coreCount: 32,
      threadCount: 64,
      model: "Simulated CPU",
      architecture: "x86_64",
    });
    expect(seen.memoryBytes).toBe(256 * 2 ** 30);
    expect(seen.nics).toEqual([
      { name: "NIC.1", mac: HARDWARE.nics[0]?.mac, speedMbps: 25_000, link: "up" },
      { name: "NIC.2", mac: HARDWARE.nics[1]?.mac, speedMbps: null, link: "down" },
    ]);
    expect(seen.system).toMatchObject({ serial: "SN1", model: "3500RX", sku: "TAG-SN1" });
    expect(seen.firmware).toEqual({
      bios: "2.1.0",
      bmc: "1.2.3",
      components: [
        { id: "BIOS-1", name: "BIOS of 1", version: "2.1.0" },
        { id: "BMC", name: "BMC", version: "1.0.0" },
      ],
    });
    expect(seen.notes).toEqual([]);
  });

  it("is read only when it is asked for", async () => {
    const { bmc } = await rig();
    await driver().observe(nodeAt(bmc), ["identity", "power", "bootDevice", "bootMode"]);
    expect(bmc.logged().filter((line) => /Storage|Processors|Update/.test(line))).toEqual([]);
  });

  it("of a BMC that says nothing of it is unknown part by part, with a note for each", async () => {
    const bmc = await small();
    const seen = known(await driver().observe(nodeAt(bmc), ["inventory"]), "inventory");
    expect(seen).toMatchObject({
      cpu: { socketCount: null, coreCount: null, model: null, architecture: null },
      memoryBytes: null,
      disks: null,
      nics: null,
      firmware: { bios: null, components: null },
    });
    expect(seen?.notes.map((note) => note.split(":")[0])).toEqual([
      "network interfaces",
      "processors",
      "storage",
      "update service",
    ]);
  });

  it("falls back on SimpleStorage, which knows no serial", async () => {
    const { read } = await rig(HARDWARE, { Storage: undefined });
    const { disks, notes } = await read();
    expect(disks?.map(({ model, serial, media }) => [model, serial, media])).toEqual([
      ["MZ7LH480", null, null],
      ["ST2000", null, null],
      ["P4510", null, null],
    ]);
    expect(notes).toEqual([]);
  });

  it("a subsystem that cannot be read leaves the disks unknown: a list that lacks some must not look whole", async () => {
    const { bmc, read } = await rig(HARDWARE, { SimpleStorage: undefined });
    answering(bmc, { [`${SYSTEM_1}/Storage/2`]: 500 });
    const { disks, notes } = await read();
    expect(disks).toBeNull();
    expect(notes).toEqual([
      expect.stringMatching(/^storage 2: BMC .+ failed inside \(HTTP 500\); /),
    ]);
  });

  it("a drive that cannot be read stays in the list, with nothing known of it", async () => {
    const { bmc, read } = await rig();
    answering(bmc, { [`${DRIVES}/1`]: 500 });
    const { disks, notes } = await read();
    expect(disks).toHaveLength(3);
    expect(disks?.[1]).toMatchObject({
      name: "1",
      serial: null,
      sizeBytes: null,
      rotational: null,
    });
    expect(notes).toHaveLength(1);
  });

  it("an empty slot is no disk, and a drive that two subsystems list is one", async () => {
    const { bmc, read } = await rig();
    const drives = [link(`${DRIVES}/0`), link(`${DRIVES}/1`)];
    answering(bmc, {
      [`${SYSTEM_1}/Storage/2`]: { Name: "twice", Drives: drives },
      [`${DRIVES}/1`]: { Name: "bay 1", Status: { State: "Absent" } },
    });
    expect((await read()).disks?.map(({ name, controller }) => [name, controller])).toEqual([
      ["Physical Disk 0:1:0", "PERC H755"],
    ]);
  });

  it("takes no value of a wrong kind", async () => {
    const { bmc, read } = await rig(HARDWARE, {
      MemorySummary: { TotalSystemMemoryGiB: "lots" },
      BiosVersion: 7,
    });
    answering(bmc, {
      [`${DRIVES}/0`]: {
        Name: 7,
        SerialNumber: { a: 1 },
        CapacityBytes: -1,
        MediaType: "Tape",
        RotationSpeedRPM: 7200,
        Identifiers: [{ DurableNameFormat: "NAA", DurableName: "0000000000000000" }],
      },
      [`${DRIVES}/1`]: { SerialNumber: "N/A", Model: "Not Specified" },
      [`${SYSTEM_1}/EthernetInterfaces/NIC.1`]: { MACAddress: "00:00:00:00:00:00", SpeedMbps: 0.5 },
      [`${SYSTEM_1}/Processors/CPU.2`]: { ProcessorType: "CPU", TotalCores: "many" },
      [`${SYSTEM_1}/Processors/CPU.1`]: { ProcessorType: "GPU", TotalCores: 9999 },
    });
    const seen = await read();
    expect(seen.disks?.[0]).toEqual({
      name: "0",
      serial: null,
      wwn: null,
      sizeBytes: null,
      model: null,
      vendor: null,
      media: null,
      rotational: true,
      controller: "PERC H755",
    });
    expect(seen.disks?.[1]).toMatchObject({ serial: null, model: null });
    expect(seen.nics?.[0]).toEqual({ name: "NIC.1", mac: null, speedMbps: null, link: null });
    expect(seen.memoryBytes).toBeNull();
    expect(seen.firmware.bios).toBeNull();
    // One CPU, whose cores only the summary tells.
    expect(seen.cpu).toMatchObject({ socketCount: 1, coreCount: 32, architecture: null });
  });

  it("takes 0 for the id and the version that it is", async () => {
    const { bmc, read } = await rig();
    answering(bmc, {
      [`${SYSTEM_1}/EthernetInterfaces/NIC.1`]: { Id: "0", Name: "Ethernet interface" },
      "/redfish/v1/UpdateService/FirmwareInventory/BMC": { Name: "CPLD", Version: "0" },
    });
    const seen = await read();
    expect(seen.nics?.[0]?.name).toBe("0");
    expect(seen.firmware.components?.at(-1)).toEqual({ id: "BMC", name: "CPLD", version: "0" });
  });

  it("bounds how many drives it asks for", async () => {
    const { bmc, read } = await rig(HARDWARE, { SimpleStorage: undefined });
    const many = Array.from({ length: 300 }, (_, at) => link(`${DRIVES}/${at}`));
    answering(bmc, { [`${SYSTEM_1}/Storage/1`]: { Drives: many } });
    const { disks, notes } = await read();
    expect(disks).toBeNull();
    expect(notes).toEqual(["drives: 301 are listed, more than the 256 that are read"]);
    expect(bmc.logged().filter((line) => line.includes("/Drives/"))).toEqual([]);
  });

  it("that was given up in the middle is unknown, and not half of it", async () => {
    const { bmc } = await rig();
    const leaving = new AbortController();
    bmc.misbehave = (seen) => {
      if (!seen.path.endsWith("/Storage")) return false;
      leaving.abort();
      return true;
    };
    const seen = await driver().observe(nodeAt(bmc), ["inventory"], leaving.signal);
    expect(seen.facets.inventory).toMatchObject({ known: false, why: { code: "IW-B01" } });
  });
});
