import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** The built command. */
export const MAIN = fileURLToPath(new URL("../../dist/engine/cli/main.js", import.meta.url));

/** What one command printed and how it ended. */
export interface Ran {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

/** A command that runs; ended with the test when it still does. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
}

/** Starts the built command as a person would, without a terminal; `main` is that of another version. */
export function startCli(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  main = MAIN,
): Running {
  if (!existsSync(main)) throw new Error("dist/ is not built: run npm run build");
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: cwd, TZ: "UTC", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return running(child);
}

/** What it prints is kept; it ends with the test. */
export function running(child: ChildProcessByStdio<Writable | null, Readable, Readable>): Running {
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<Ran>((done) => {
    child.on("close", (code, signal) => done({ code, signal, out, err }));
  });
  onTestFinished(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  });
  return { child, ended };
}

/** Runs a command to its end. */
export function runCli(
  cwd: string,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
  main?: string,
): Promise<Ran> {
  return startCli(cwd, args, env, main).ended;
}
