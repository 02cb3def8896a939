import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { codeOf } from "./node-files.ts";
import type { ProcessPort } from "./store-ports.ts";

/** Processes of this host, by /proc where there is one. */
export const nodeProcesses: ProcessPort = {
  self: () => ({
    pid: process.pid,
    startTicks: isOwnProc() ? startTicks(process.pid) : null,
    bootId: bootId(),
    pidNamespace: pidNamespace(),
  }),
  fate(incarnation) {
    const { pid, bootId: boot, pidNamespace: space } = incarnation;
    // Another host, another boot or another container: nothing can be known from here.
    if (boot === null || boot !== bootId() || space === null || space !== pidNamespace())
      return Promise.resolve("unknown");
    const state = stateOf(pid);
    if (state === "hidden") return Promise.resolve("unknown");
    const isAlive = state !== "gone" && state.startTicks === incarnation.startTicks;
    return Promise.resolve(isAlive ? "alive" : "gone");
  },
};

/**
 * `hidden`: the process is there and /proc shows nothing of it, as under `hidepid` or systemd's ProtectProc where it is
 * another user's. It may well be at work.
 */
function stateOf(pid: number): "hidden" | "gone" | { readonly startTicks: string } {
  const ticks = startTicks(pid);
  if (ticks !== null) return { startTicks: ticks };
  return isShown(pid) || !isThere(pid) ? "gone" : "hidden";
}

/** Of a zombie too: it is shown, and does nothing any more. */
function isShown(pid: number): boolean {
  return existsSync(`/proc/${pid}/stat`);
}

/** By kill(2), which no mount option of /proc deceives: signal 0 is answered with ESRCH where there is no such process. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

/** Field 22 of /proc/PID/stat; null when the process is gone or a zombie. */
function startTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything, also parentheses and blanks.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function bootId(): string | null {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return null;
  }
}

/** Null also where /proc is another namespace's, as a container has it that was given its host's: pids there mean others. */
function pidNamespace(): string | null {
  try {
    return isOwnProc() ? readlinkSync("/proc/self/ns/pid") : null;
  } catch {
    return null;
  }
}

function isOwnProc(): boolean {
  try {
    return readlinkSync("/proc/self") === String(process.pid);
  } catch {
    return false;
  }
}
