import type { Hop } from "../../ipmi/bridge.ts";
import { Machine, type Timings } from "../machine.ts";

/** The name of a chassis's own BMC, in faults and in the log. */
export const CHASSIS_MANAGER = "chassis-manager";

/** The bus of the machines of a chassis, and the controller on the bus before it by which they are reached, too. */
export const SATELLITE_CHANNEL = 7;
export const TRANSIT: Hop = { channel: 0, address: 0x82 };

const FIRST_ADDRESS = 0x22;
/** Slave addresses up to EEh. */
export const CHASSIS_MACHINES_MAX = 103;

/** Where a machine's controller is, by its place in the chassis. */
export function satelliteAt(index: number): Hop {
  return { channel: SATELLITE_CHANNEL, address: FIRST_ADDRESS + 2 * index };
}

/** The enclosure as a machine: it is on, and its power is that of all of it. */
export function enclosure(timings: Timings): Machine {
  const spec = {
    name: CHASSIS_MANAGER,
    manufacturer: "Ironwright Simulated",
    model: "SIM-CHASSIS",
    serial: "SIMCHASSIS1",
    uuid: "0c4a5515-0000-4000-8000-000000000001",
    power: "On",
    bootMode: "UEFI",
    secureBoot: false,
    bios: {},
  } as const;
  return new Machine(spec, timings);
}
