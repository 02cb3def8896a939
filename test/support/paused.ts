import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import type { Ran, Running } from "./run-cli.ts";

/** Waits until a command has come to the point where it pauses itself. */
export async function stopped({ child, ended }: Running): Promise<void> {
  let early: Ran | null = null;
  void ended.then((ran) => (early = ran));
  while (!isStopped(child.pid ?? 0)) {
    if (early !== null) throw new Error(`it ended before it paused: ${JSON.stringify(early)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** By proc(5), the state letter after the name in parentheses; by ps(1) where there is no /proc. */
function isStopped(pid: number): boolean {
  try {
    if (!existsSync("/proc/self/stat"))
      return execFileSync("ps", ["-o", "state=", "-p", String(pid)])
        .toString()
        .startsWith("T");
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("T");
  } catch {
    return false;
  }
}
