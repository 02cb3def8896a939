import { spawn } from "node:child_process";
import type { IpmiFace } from "../../../drivers/simulator/start-simulator.ts";
import { aMachine, aRack, type Rack } from "../../support/rack.ts";
import { MAIN, type Ran, type Running, running } from "../../support/run-cli.ts";

/** A rack of one machine, on, whose BMC speaks IPMI, and the command line. */
export interface ConsoleRack extends Rack {
  /** What is typed stands in a pipe, which ends; null: it stays open. */
  readonly type: (text: string | null, ...args: readonly string[]) => Running;
  readonly console: (text: string, ...args: readonly string[]) => Promise<Ran>;
  /** Events of the node's history with their messages. */
  readonly history: () => Promise<readonly (readonly [event: string, message: string])[]>;
}

export const USERS = [
  { name: "admin", password: "password", privilege: "administrator" },
  { name: "\u001B[31mnight", password: "password", privilege: "operator" },
] as const;

export async function consoleRack(
  how: { readonly face?: IpmiFace; readonly settings?: string; readonly bmc?: string } = {},
): Promise<ConsoleRack> {
  const rack = await aRack(["n1"], {
    simulator: {
      machines: [aMachine("n1", { power: "On" })],
      ipmi: { users: USERS, ...how.face },
    },
    settings: how.settings ?? "",
    init: false,
  });
  const address = rack.simulator.ipmiAddresses.get("n1") ?? "";
  rack.repo.write(
    "inventory/n1.yaml",
    `apiVersion: ironwright/v1
kind: Node
metadata: { name: n1 }
spec:
  driver: ipmi
  identity: { serial: S-n1 }
  bmc: { address: "${address}", username: admin, password: { env: BMC_PASSWORD }${how.bmc ?? ""} }
  provision: { state: adopted }
`,
  );
  const made = await rack.run("init");
  if (made.code !== 0) throw new Error(made.err);
  await rack.repo.commit("a machine with a console");
  const type: ConsoleRack["type"] = (text, ...args) => {
    const child = spawn(process.execPath, [MAIN, "node", "console", ...args], {
      cwd: rack.repo.dir,
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: rack.repo.dir,
        TZ: "UTC",
        BMC_PASSWORD: "password",
        USER: "ops",
      },
      stdio: ["pipe", "pipe", "pipe"],
    });
    if (text !== null) child.stdin.end(text);
    // One that ended before it read is no fault of the test.
    child.stdin.on("error", () => undefined);
    return running(child);
  };
  return {
    ...rack,
    type,
    console: (text, ...args) => type(text, ...args).ended,
    history: async () => {
      const { out } = await rack.run("history", "n1", "--json");
      const entries: unknown = JSON.parse(out);
      if (!Array.isArray(entries)) throw new Error(out);
      return entries.map((entry: { readonly event: string; readonly message: string }) => [
        entry.event,
        entry.message,
      ]);
    },
  };
}
