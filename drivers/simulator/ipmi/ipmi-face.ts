import type { IpmiUser } from "./command.ts";

/** The IPMI face of BMCs. */
export interface IpmiFace {
  /** Default: the simulation's own host. */
  readonly host?: string;
  /** The first machine's UDP port; the others' are chosen by the system. 0, the default, lets it choose all. */
  readonly port?: number;
  /** Default: the simulation's own user, as administrator. */
  readonly users?: readonly IpmiUser[];
  /** Kg, at most 20 bytes; default none. */
  readonly kg?: Buffer | null;
  /** Ids of cipher suites; default 17 and 3; none: it speaks IPMI 1.5 alone. */
  readonly suites?: readonly number[];
  readonly sessionLimit?: number;
  readonly sessionTimeoutMs?: number;
  /** How long a BMC that is reset does not answer. */
  readonly resetMs?: number;
}

/** IPMI sessions that common BMCs hold: four or five; they end after 60 seconds without use (IPMI 2.0, 6.12.15). */
export const IPMI_DEFAULTS = {
  kg: null,
  suites: [17, 3],
  sessionLimit: 5,
  sessionTimeoutMs: 60_000,
  resetMs: 1000,
} as const satisfies IpmiFace;

/** The face of one machine; of one for all, the port is the first one's. */
export function faceOf(
  faces: IpmiFace | ((machine: string) => IpmiFace),
  machine: string,
  index: number,
): IpmiFace {
  if (typeof faces === "function") return faces(machine);
  return index === 0 ? faces : { ...faces, port: 0 };
}
