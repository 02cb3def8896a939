import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { LoggedCall } from "../../../drivers/simulator/exchange.ts";
import { MAIN } from "../../support/run-cli.ts";
import { tempDir } from "../../support/temp-dir.ts";

/** Times of its machines, milliseconds: long enough that a killed engine leaves one on its way. */
export const PHYSICS = { powerOnMs: 250, powerOffMs: 150, gracefulMs: 200 };

/** A machine of the hall, and where its BMC is. */
export interface HallMachine {
  readonly name: string;
  readonly rack: string;
  readonly serial: string;
  readonly address: string;
}

/** BMCs in a process of their own, which outlive every engine and write down what each was asked. */
export interface Hall {
  readonly machines: readonly HallMachine[];
  /** Mutating calls so far, oldest first. */
  record(): readonly LoggedCall[];
  fault(machine: string, fault: string): Promise<void>;
  clearFaults(machine: string): Promise<void>;
  pressPowerButton(machine: string): Promise<void>;
}

/** Starts so many machines, twenty in a rack, each with a BMC of its own. */
export async function aHall(count: number): Promise<Hall> {
  const log = join(tempDir(), "record.jsonl");
  writeFileSync(log, "");
  const inventory = await started(count, log);
  const machines = machinesIn(inventory);
  const [first] = machines;
  const ask = async (method: string, path: string, body?: string): Promise<void> => {
    const url = `${first?.address ?? ""}/simulator/v1/${path}`;
    const answer = await fetch(url, { method, ...(body === undefined ? {} : { body }) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
  };
  return {
    machines,
    record: () =>
      readFileSync(log, "utf8")
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as LoggedCall),
    fault: (machine, fault) => ask("POST", "faults", `${machine}=${fault}`),
    clearFaults: (machine) => ask("DELETE", `faults/${machine}`),
    pressPowerButton: (machine) => ask("POST", `machines/${machine}/press-power-button`),
  };
}

/** The inventory that it prints, once it serves. */
async function started(count: number, log: string): Promise<string> {
  const { powerOnMs, powerOffMs, gracefulMs } = PHYSICS;
  const times = [`--power-on-ms=${powerOnMs}`, `--power-off-ms=${powerOffMs}`];
  const args = ["simulate", `--nodes=${count}`, "--port-per-bmc", `--log-file=${log}`, ...times];
  const child = spawn(process.execPath, [MAIN, ...args, `--graceful-ms=${gracefulMs}`], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  await new Promise<void>((serves, failed) => {
    child.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString();
      if (err.includes("Ctrl-C ends it")) serves();
    });
    child.once("exit", () => failed(new Error(`the simulator ended: ${err}`)));
  });
  while (machinesIn(out).length < count) await new Promise((done) => setTimeout(done, 50));
  return out;
}

function machinesIn(inventory: string): readonly HallMachine[] {
  const each =
    /name: (\S+), labels: \{ rack: (\S+) \} \}\nspec:\n.*\n.*serial: (\S+) \}\n.*address: "([^"]+)".*\n/g;
  return [...inventory.matchAll(each)].map(
    ([, name = "", rack = "", serial = "", address = ""]) => ({
      name,
      rack,
      serial,
      address,
    }),
  );
}
