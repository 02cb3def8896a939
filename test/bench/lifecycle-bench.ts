import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What something took. */
export interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** What the probe prints. */
export interface LifecycleMeasured {
  readonly nodes: number;
  /** Durable lines of the journal, and the syncs that they shared. */
  readonly lines: number;
  readonly groups: number;
  readonly bytes: number;
  readonly whole: Cost;
  readonly floor: Cost;
}

/** Nodes from enroll to active, beside the floor of their journal alone. */
export interface LifecycleResult extends LifecycleMeasured {
  readonly nodesPerSecond: number;
  readonly cpuSecondsPerNode: number;
  readonly secondsOverFloor: number;
}

const PROBE = fileURLToPath(new URL("lifecycle-probe.js", import.meta.url));
/** The best of so many runs counts: the machine is shared with others. */
const ROUNDS = 3;

/** Ironic 21.4 with fake hardware on a machine like these: what to compare with, and the aims that follow. */
export const IRONIC = { nodesPerSecond: 1.6, cpuSecondsPerNode: 0.21 };
export const AIMS = { timesIronic: 100, timesFloor: 3 };

/** Enrols so many fake nodes to active, each round in a process and a store of its own. */
export function lifecycleBench({ nodes }: { readonly nodes: number }): LifecycleResult {
  const all = Array.from({ length: ROUNDS }, () => {
    const out = execFileSync(process.execPath, [PROBE, String(nodes)], { encoding: "utf8" });
    return JSON.parse(out) as LifecycleMeasured;
  });
  const [best] = all.sort((a, b) => a.whole.cpuSeconds - b.whole.cpuSeconds);
  if (best === undefined) throw new Error("nothing was measured");
  return {
    ...best,
    nodesPerSecond: nodes / best.whole.seconds,
    cpuSecondsPerNode: best.whole.cpuSeconds / nodes,
    secondsOverFloor: best.whole.seconds / best.floor.seconds,
  };
}
