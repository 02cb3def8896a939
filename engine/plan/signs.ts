import { known, type Observation, type ObservedFacet } from "../../schemas/observation.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import { VENDOR_ABSENT } from "../../schemas/vendor.ts";
import { facetNamed } from "./facets/all-facets.ts";

/** What the `before` and `after` of an act can name: a facet of the node, or a sign of what its ramdisk does. */
export interface Sign {
  readonly observes: readonly ObservedFacet[];
  /** In the words of `before` and `after`; undefined when it is unknown. */
  value(observation: Observation | undefined, record: NodeRecord): unknown;
}

const SIGNS: Readonly<Record<string, Sign>> = {
  agent: {
    observes: ["agent"],
    value(observation) {
      const agent = known(observation, "agent");
      if (agent === undefined) return undefined;
      return agent.running ? "ramdisk" : "none";
    },
  },
  agentSteps: {
    observes: ["agentSteps"],
    // Whatever it answers is judged when it is taken (`readAgentSteps`).
    value: (observation) => (known(observation, "agentSteps") === undefined ? undefined : "listed"),
  },
  nextBoot: {
    observes: ["nextBoot"],
    value: (observation) => known(observation, "nextBoot"),
  },
  work: {
    // The agent tells whether a ramdisk that knows nothing of the step is still the same one.
    observes: ["work", "agent"],
    value(observation, record) {
      const work = known(observation, "work");
      if (work === undefined) return undefined;
      return work.id !== null && work.id === runIdAt(record) ? work.state : "none";
    },
  },
};

/** One light of the facet `indicators`, by its name: `indicators/disk/1:0`. */
const INDICATOR = "indicators/";

function indicatorSign(name: string): Sign {
  return {
    observes: ["indicators"],
    value: (observation) => known(observation, "indicators")?.[name]?.state,
  };
}

/** One name of what a vendor method changes: `vendor/asset tag`. */
export const VENDOR_SIGN = "vendor/";

function vendorSign(name: string): Sign {
  return {
    observes: ["vendor"],
    value(observation) {
      const readings = known(observation, "vendor");
      return readings === undefined ? undefined : (readings[name] ?? VENDOR_ABSENT);
    },
  };
}

/** The sign or facet of that name. */
export function signNamed(name: string): Sign {
  if (name.startsWith(INDICATOR)) return indicatorSign(name.slice(INDICATOR.length));
  if (name.startsWith(VENDOR_SIGN)) return vendorSign(name.slice(VENDOR_SIGN.length));
  return SIGNS[name] ?? facetNamed(name);
}

/** The id by which the machine remembers the `step.run` at the cursor; null when no list is open. */
export function runIdAt({ activity }: NodeRecord): string | null {
  if (activity === null) return null;
  return `${activity.id}/${activity.stepId}.${activity.entry + 1}`;
}

/** What became of a step that was asked of the machine. */
export type RunSeen =
  | { readonly kind: "running" | "done" }
  | { readonly kind: "failed"; readonly message: string }
  /** The machine does not know it: it was never heard, or nothing can be seen just now. */
  | { readonly kind: "absent" }
  /** Nobody answers who could tell. */
  | { readonly kind: "silent" }
  /** The ramdisk that was asked is gone; another one answers. */
  | { readonly kind: "lost" };

/** Judges the step at the cursor; `bootId` is that of the ramdisk that was asked, null for one out of band. */
export function seeRun(
  observation: Observation,
  record: NodeRecord,
  bootId: string | null,
): RunSeen {
  const work = known(observation, "work");
  const agent = known(observation, "agent");
  if (work !== undefined && work.id === runIdAt(record)) {
    if (work.state === "failed") return { kind: "failed", message: work.message ?? "it failed" };
    if (work.state !== "none") return { kind: work.state };
  }
  if (bootId === null) return { kind: work === undefined ? "silent" : "absent" };
  if (agent?.running !== true) return { kind: "silent" };
  return { kind: agent.bootId === bootId ? "absent" : "lost" };
}
