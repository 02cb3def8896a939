import { execFile } from "node:child_process";
import { onTestFinished } from "vitest";
import type { Machine } from "../../drivers/simulator/machine.ts";
import {
  type IpmiFace,
  type Simulator,
  startSimulator,
} from "../../drivers/simulator/start-simulator.ts";
import { aMachine } from "../support/rack.ts";
import { tempDir } from "../support/temp-dir.ts";

const USERS = [
  { name: "admin", password: "s3cret-pw", privilege: "administrator" },
  { name: "oper", password: "oper-pw", privilege: "operator" },
  { name: "guest", password: "guest-pw", privilege: "user" },
] as const;

export interface Ran {
  readonly code: number;
  /** What it printed, errors too. */
  readonly text: string;
}

/** A simulated machine, and the programs that people use. */
export interface Tools {
  readonly simulator: Simulator;
  readonly machine: Machine;
  /** The address of the BMC, as FreeIPMI wants it. */
  readonly at: string;
  readonly run: (program: string, args: readonly string[]) => Promise<Ran>;
  /** `how`: interface and suite; `args`: user, password and command. */
  readonly ipmitool: (how: readonly string[], ...args: readonly string[]) => Promise<Ran>;
  readonly freeipmi: (program: string, ...args: readonly string[]) => Promise<Ran>;
  /** Names and bodies of the acts that the machine's BMC wrote down. */
  readonly acts: () => readonly (readonly [string, unknown, string])[];
}

/** Runs a program to its end. */
export function runProgram(
  program: string,
  args: readonly string[],
  more: Readonly<Record<string, string>>,
): Promise<Ran> {
  return new Promise((done, failed) => {
    const env = { ...process.env, LC_ALL: "C", ...more };
    execFile(program, args, { env }, (error, out, err) => {
      if (error !== null && typeof error.code !== "number") failed(error);
      else done({ code: Number(error?.code ?? 0), text: out + err });
    });
  });
}

export async function tools(
  face: IpmiFace = {},
  host = "127.0.0.1",
  names: readonly string[] = ["n1"],
): Promise<Tools> {
  const simulator = await startSimulator({
    machines: names.map((name) => aMachine(name)),
    host,
    timings: { powerOnMs: 50, powerOffMs: 50, gracefulMs: 50 },
    ipmi: { users: USERS, resetMs: 100, ...face },
  });
  onTestFinished(() => simulator.close());
  const machine = simulator.machines.get("n1");
  if (machine === undefined) throw new Error("there is no machine");
  const { port } = new URL(simulator.ipmiAddresses.get("n1") ?? "");
  // ipmiconsole, ipmiping and rmcpping know no port but 623, which is then left out.
  const at = face.port === 623 ? host : `${host}:${port}`;
  const home = tempDir();
  // FreeIPMI keeps what it knows of a BMC's sensors below HOME.
  const run = (program: string, args: readonly string[]): Promise<Ran> =>
    runProgram(program, args, { HOME: home });
  return {
    simulator,
    machine,
    at,
    run,
    ipmitool: (how, ...args) =>
      run("ipmitool", ["-H", host, "-p", port, "-R", "3", "-N", "1", ...how, ...args]),
    freeipmi: (program, ...args) => run(program, ["-h", at, ...args]),
    acts: () =>
      simulator.log
        .filter((call) => call.machine !== null)
        .map(({ path, body, effect }) => [path, body, effect]),
  };
}

/** Waits until the machine's own power is so. */
export async function until(machine: Machine, word: "On" | "Off"): Promise<void> {
  for (let looks = 0; looks < 500; looks += 1) {
    if (machine.power(Date.now()) === word) return;
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error(`the machine is not ${word}`);
}

export const ADMIN = ["-U", "admin", "-P", "s3cret-pw"];
export const SUITE_3 = ["-I", "lanplus", "-C", "3"];
export const SUITE_17 = ["-I", "lanplus", "-C", "17"];
