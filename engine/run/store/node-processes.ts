import { readFileSync, readlinkSync } from "node:fs";
import type { ProcessPort } from "./store-ports.ts";

/** Processes of this host, by /proc where there is one. */
export const nodeProcesses: ProcessPort = {
  self: () => ({
    pid: process.pid,
    startTicks: startTicks(process.pid),
    bootId: bootId(),
    pidNamespace: pidNamespace(),
  }),
  fate(incarnation) {
    const { pid, bootId: boot, pidNamespace: space } = incarnation;
    // Another host, another boot or another container: nothing can be known from here.
    if (boot === null || boot !== bootId() || space === null || space !== pidNamespace())
      return Promise.resolve("unknown");
    const ticks = startTicks(pid);
    return Promise.resolve(ticks !== null && ticks === incarnation.startTicks ? "alive" : "gone");
  },
};

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

function pidNamespace(): string | null {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}
