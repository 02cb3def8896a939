import type { IpmiFace, Simulator } from "../../../drivers/simulator/start-simulator.ts";
import { IpmiConsole } from "./ipmi-console.ts";
import { rig, type SimulatorRig } from "./simulator-rig.ts";

export const USERS = [
  { name: "admin", password: "password", privilege: "administrator" },
  { name: "oper", password: "operpass", privilege: "operator" },
  { name: "guest", password: "guestpass", privilege: "user" },
] as const;

export interface IpmiRig extends SimulatorRig {
  readonly console: IpmiConsole;
  /** Acts and logins by IPMI, as the log has them. */
  readonly acts: () => Simulator["log"];
}

/** Two machines whose BMCs speak Redfish and IPMI, and a console at the first. */
export async function ipmiRig(
  face: IpmiFace = {},
  faults: readonly string[] = [],
): Promise<IpmiRig> {
  const rack = await rig({ ipmi: { users: USERS, ...face }, faults });
  const console = await IpmiConsole.open(rack.simulator.ipmiAddresses.get("n1") ?? "");
  const acts = () => rack.simulator.log.filter(({ method }) => method === "IPMI");
  return { ...rack, console, acts };
}
