import type { Answered } from "./exchange.ts";
import type { Hardware, SimulatedDisk } from "./hardware.ts";
import { collection, type Json, link, MANAGER_FIRMWARE, systemPath, V1 } from "./resources.ts";

/** What is shown of a machine's hardware: a BMC may list no disks. */
export interface ShownHardware {
  readonly name: string;
  readonly hardware: Hardware;
  /** Paths of the resources whose light is on. */
  readonly lit: ReadonlySet<string>;
}

/** The links of a system to what it consists of, and its summaries. */
export function hardwareLinks({ name, hardware }: ShownHardware): Json {
  const path = systemPath(name);
  const { processors, memoryGiB, biosVersion } = hardware;
  const sum = (key: "cores" | "threads"): number =>
    processors.reduce((total, processor) => total + processor[key], 0);
  return {
    BiosVersion: biosVersion,
    ProcessorSummary: {
      Count: processors.length,
      Model: processors[0]?.model ?? null,
      CoreCount: sum("cores"),
      LogicalProcessorCount: sum("threads"),
    },
    MemorySummary: { TotalSystemMemoryGiB: memoryGiB },
    Processors: link(`${path}/Processors`),
    Storage: link(`${path}/Storage`),
    SimpleStorage: link(`${path}/SimpleStorage`),
    EthernetInterfaces: link(`${path}/EthernetInterfaces`),
  };
}

/** A resource below a system that tells of its hardware; null where the path is none of them. */
export function hardwareResource(shown: ShownHardware, rest: readonly string[]): Answered | null {
  const [room = "", ...below] = rest;
  const rooms: Readonly<Record<string, () => ReadonlyMap<string, Json>>> = {
    Processors: () => processorResources(shown),
    Storage: () => storageResources(shown),
    SimpleStorage: () => simpleStorageResources(shown),
    EthernetInterfaces: () => nicResources(shown),
  };
  const resources = Object.hasOwn(rooms, room) ? rooms[room]?.() : undefined;
  if (resources === undefined) return null;
  const path = [systemPath(shown.name), room, ...below].join("/");
  if (below.length === 0) {
    const members = [...resources.keys()].filter(
      (one) => !one.slice(path.length + 1).includes("/"),
    );
    return { status: 200, body: collection(path, TYPES[room] ?? room, members) };
  }
  const body = resources.get(path);
  return body === undefined ? null : { status: 200, body };
}

const TYPES: Readonly<Record<string, string>> = {
  Processors: "Processor",
  EthernetInterfaces: "EthernetInterface",
};

function byPath(resources: readonly Json[]): ReadonlyMap<string, Json> {
  return new Map(resources.map((resource) => [String(resource["@odata.id"]), resource]));
}

const ENABLED = { State: "Enabled", Health: "OK" };

function processorResources({ name, hardware }: ShownHardware): ReadonlyMap<string, Json> {
  const path = `${systemPath(name)}/Processors`;
  return byPath(
    hardware.processors.map(({ socket, model, instructionSet, cores, threads }) => ({
      "@odata.type": "#Processor.v1_18_0.Processor",
      "@odata.id": `${path}/${socket}`,
      Id: socket,
      Name: `Processor ${socket}`,
      Socket: socket,
      ProcessorType: "CPU",
      ProcessorArchitecture: instructionSet === "x86-64" ? "x86" : "ARM",
      InstructionSet: instructionSet,
      Model: model,
      TotalCores: cores,
      TotalThreads: threads,
      Status: ENABLED,
    })),
  );
}

/** One subsystem a controller, numbered in the order of the disks. */
function controllersOf(disks: readonly SimulatedDisk[]): ReadonlyMap<string, SimulatedDisk[]> {
  const grouped = new Map<string, SimulatedDisk[]>();
  for (const disk of disks) {
    grouped.set(disk.controller, [...(grouped.get(disk.controller) ?? []), disk]);
  }
  return grouped;
}

function storageResources({ name, hardware, lit }: ShownHardware): ReadonlyMap<string, Json> {
  const resources = [...controllersOf(hardware.disks)].flatMap(([controller, disks], index) => {
    const path = `${systemPath(name)}/Storage/${index + 1}`;
    const drives = disks.map((disk, at) => {
      const here = `${path}/Drives/${at}`;
      return driveResource(disk, { path: here, id: String(at), isLit: lit.has(here) });
    });
    return [
      {
        "@odata.type": "#Storage.v1_15_0.Storage",
        "@odata.id": path,
        Id: String(index + 1),
        Name: `Storage ${index + 1}`,
        StorageControllers: [
          {
            "@odata.id": `${path}#/StorageControllers/0`,
            MemberId: "0",
            Name: controller,
            Status: ENABLED,
          },
        ],
        Drives: drives.map((drive) => link(String(drive["@odata.id"]))),
        "Drives@odata.count": drives.length,
        Status: ENABLED,
      },
      ...drives,
    ];
  });
  return byPath(resources);
}

function driveResource(
  disk: SimulatedDisk,
  { path, id, isLit }: { readonly path: string; readonly id: string; readonly isLit: boolean },
): Json {
  return {
    LocationIndicatorActive: isLit,
    "@odata.type": "#Drive.v1_17_0.Drive",
    "@odata.id": path,
    Id: id,
    Name: disk.name,
    SerialNumber: disk.serial,
    Model: disk.model,
    Manufacturer: disk.manufacturer,
    CapacityBytes: disk.capacityBytes,
    MediaType: disk.mediaType,
    Protocol: disk.protocol,
    Identifiers: [{ DurableNameFormat: "NAA", DurableName: disk.wwn }],
    Status: ENABLED,
  };
}

/** The older shape, as many BMCs offer it beside Storage: it knows no serial. */
function simpleStorageResources({ name, hardware }: ShownHardware): ReadonlyMap<string, Json> {
  return byPath(
    [...controllersOf(hardware.disks)].map(([controller, disks], index) => ({
      "@odata.type": "#SimpleStorage.v1_3_1.SimpleStorage",
      "@odata.id": `${systemPath(name)}/SimpleStorage/${index + 1}`,
      Id: String(index + 1),
      Name: controller,
      Devices: disks.map((disk) => ({
        Name: disk.name,
        Manufacturer: disk.manufacturer,
        Model: disk.model,
        CapacityBytes: disk.capacityBytes,
        Status: ENABLED,
      })),
    })),
  );
}

function nicResources({ name, hardware }: ShownHardware): ReadonlyMap<string, Json> {
  const path = `${systemPath(name)}/EthernetInterfaces`;
  return byPath(
    hardware.nics.map(({ id, mac, speedMbps, linkUp }) => ({
      "@odata.type": "#EthernetInterface.v1_9_0.EthernetInterface",
      "@odata.id": `${path}/${id}`,
      Id: id,
      Name: "Ethernet interface",
      MACAddress: mac,
      PermanentMACAddress: mac,
      SpeedMbps: linkUp ? speedMbps : 0,
      LinkStatus: linkUp ? "LinkUp" : "LinkDown",
      InterfaceEnabled: true,
      Status: ENABLED,
    })),
  );
}

/** The UpdateService and what is below it; null where the path is none of them. */
export function updateResource(path: string, machines: readonly ShownHardware[]): Json | null {
  const root = `${V1}/UpdateService`;
  if (path === root) {
    return {
      "@odata.type": "#UpdateService.v1_13_0.UpdateService",
      "@odata.id": root,
      Id: "UpdateService",
      Name: "Update service",
      ServiceEnabled: true,
      FirmwareInventory: link(`${root}/FirmwareInventory`),
      // Sushy takes no service without it; there is nothing to update.
      Actions: {},
    };
  }
  const list = `${root}/FirmwareInventory`;
  const entries = byPath([
    software(`${list}/BMC`, "BMC", MANAGER_FIRMWARE),
    ...machines.map(({ name, hardware }) =>
      software(`${list}/BIOS-${name}`, `BIOS of ${name}`, hardware.biosVersion),
    ),
  ]);
  if (path === list) return collection(path, "SoftwareInventory", [...entries.keys()]);
  return entries.get(path) ?? null;
}

function software(path: string, name: string, version: string): Json {
  return {
    "@odata.type": "#SoftwareInventory.v1_10_0.SoftwareInventory",
    "@odata.id": path,
    Id: path.split("/").at(-1),
    Name: name,
    Version: version,
    Updateable: false,
    Status: ENABLED,
  };
}
