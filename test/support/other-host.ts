import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { MAIN, type Ran, running, type Running } from "./run-cli.ts";
import { tempDir } from "./temp-dir.ts";

/** The built command as on a host of its own: its own state directory and home, and no sight of other processes. */
export interface Host {
  readonly stateDir: string;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Running;
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
}

/**
 * A host beside this one: by a namespace of processes of its own nothing can be known of it but what the store says.
 * Needs root, as .ci/run has it.
 */
export function aHost(
  name: string,
  repo: string,
  env: Readonly<Record<string, string>> = {},
): Host {
  const home = tempDir();
  const stateDir = `${home}/state`;
  const start: Host["start"] = (args, more = {}) => {
    // The first process of a namespace can't be stopped from within: a shell is that one.
    const command = ["sh", "-c", '"$@" & wait $!', "sh", process.execPath, MAIN, ...args];
    const words = ["--pid", "--fork", "--kill-child", "--mount-proc", ...command];
    const child = spawn("unshare", words, {
      cwd: repo,
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: home,
        TZ: "UTC",
        IRONWRIGHT_STATE: stateDir,
        IRONWRIGHT_INSTANCE: name,
        ...env,
        ...more,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return running(child);
  };
  return { stateDir, start, run: (args, more) => start(args, more).ended };
}

/** The command itself, below what started it: the last of its line. */
export function innermost(pid: number): number {
  const child = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .find((name) => parentOf(name) === pid);
  return child === undefined ? pid : innermost(Number(child));
}

function parentOf(pid: string): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return null;
  }
}
