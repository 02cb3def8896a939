import { createHash } from "node:crypto";

/** A drive of a simulated machine, in Redfish's words. */
export interface SimulatedDisk {
  readonly name: string;
  /** Blank as some vendors leave it. */
  readonly serial: string;
  readonly model: string;
  readonly manufacturer: string;
  readonly capacityBytes: number;
  readonly mediaType: "SSD" | "HDD";
  readonly protocol: "SAS" | "SATA" | "NVMe";
  /** NAA, hex digits. */
  readonly wwn: string;
  readonly controller: string;
}

export interface SimulatedNic {
  readonly id: string;
  readonly mac: string;
  readonly speedMbps: number;
  readonly linkUp: boolean;
}

export interface SimulatedProcessor {
  readonly socket: string;
  readonly model: string;
  readonly instructionSet: "x86-64" | "ARM-A64";
  readonly cores: number;
  readonly threads: number;
}

/** What a simulated machine consists of. */
export interface Hardware {
  readonly disks: readonly SimulatedDisk[];
  readonly nics: readonly SimulatedNic[];
  readonly processors: readonly SimulatedProcessor[];
  readonly memoryGiB: number;
  readonly biosVersion: string;
}

/** Two SATA disks to boot from and two NVMe disks, two ports, two sockets: the same for a name each time. */
export function madeUpHardware(name: string): Hardware {
  const controllers = ["Simulated AHCI", "Simulated AHCI", "Simulated NVMe", "Simulated NVMe"];
  return {
    disks: controllers.map((controller, at) => madeUpDisk(name, at, controller)),
    nics: [0, 1].map((at) => ({
      id: `NIC.${at + 1}`,
      // 02: locally administered, so that it is nobody's real address.
      mac: `02:${hexOf(`${name} nic ${at}`, 10).match(/../g)?.join(":") ?? ""}`,
      speedMbps: 25_000,
      linkUp: at === 0,
    })),
    processors: [1, 2].map((socket) => ({
      socket: `CPU.${socket}`,
      model: "Simulated CPU",
      instructionSet: "x86-64",
      cores: 16,
      threads: 32,
    })),
    memoryGiB: 256,
    biosVersion: "2.1.0",
  };
}

function madeUpDisk(name: string, at: number, controller: string): SimulatedDisk {
  const nvme = controller.endsWith("NVMe");
  return {
    name: `Disk ${at}`,
    serial: hexOf(`${name} disk ${at}`, 12).toUpperCase(),
    model: nvme ? "SIM-NVME-3T8" : "SIM-SSD-480G",
    manufacturer: "Ironwright Simulated",
    capacityBytes: nvme ? 3_840_755_982_336 : 480_103_981_056,
    mediaType: "SSD",
    protocol: nvme ? "NVMe" : "SATA",
    wwn: `5${hexOf(`${name} wwn ${at}`, 15)}`,
    controller,
  };
}

function hexOf(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits);
}
