import { createHash } from "node:crypto";
import type { FleetNode } from "../../schemas/fleet.ts";
import type { MachineSpec } from "./machine.ts";

/** Machines that match what nodes declare of themselves; what they leave out is made up from the name. */
export function machinesFor(nodes: readonly FleetNode[]): readonly MachineSpec[] {
  return nodes.map((node) => {
    const { identity, bmc } = node.spec;
    const made = madeUp(systemName(bmc?.system) ?? node.name);
    return {
      ...made,
      manufacturer: identity?.manufacturer ?? made.manufacturer,
      serial: identity?.serial ?? made.serial,
      uuid: identity?.systemUuid ?? made.uuid,
    };
  });
}

/** So many machines of one make, `r1-n01` and on, twenty in a rack. */
export function madeUpMachines(count: number): readonly MachineSpec[] {
  const PER_RACK = 20;
  return Array.from({ length: count }, (_, i) => {
    const rack = Math.floor(i / PER_RACK) + 1;
    const place = String((i % PER_RACK) + 1).padStart(2, "0");
    return madeUp(`r${rack}-n${place}`);
  });
}

function madeUp(name: string): MachineSpec {
  const hash = createHash("sha256").update(name).digest("hex");
  return {
    name,
    manufacturer: "Ironwright Simulated",
    model: "SIM-1",
    serial: `SIM${hash.slice(0, 8).toUpperCase()}`,
    uuid: `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`,
    power: "Off",
    bootMode: "UEFI",
    secureBoot: false,
    bios: { ProcVirtualization: "Enabled", BootMode: "Uefi" },
  };
}

/** The last part of a declared system path; null when there is none. */
function systemName(system: string | undefined): string | null {
  const name = system?.split("/").findLast((part) => part !== "");
  return name ?? null;
}
