import type { FleetNode } from "../../../schemas/fleet.ts";
import type { Blocked } from "../../../schemas/plan.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import { runsByItself } from "../allocations/allocated-node.ts";
import { type Facet, RANKS } from "./facet.ts";

/** Seconds that the engine needs to write it down. */
const RECORD_SECONDS = 60;

/** Where a node contradicts the Allocation that has it. */
const OWN = "/provision/state";

/**
 * Of what is to be recorded, that a node on which nothing is or begins is nobody's any more: it needs no word from the
 * machine, so that neither maintenance nor a dead board keeps an Allocation waiting for it. Empty where nothing does.
 */
export function givenBack(
  { instance, activity }: Pick<NodeRecord, "instance" | "activity">,
  { allocation }: Partial<NodeRecord>,
): Partial<NodeRecord> {
  const isFree = instance === null && activity === null;
  return isFree && allocation === null ? { allocation } : {};
}

function saysOtherwise({ allocation, ownWord }: FleetNode): Blocked {
  const message = `it was given to the Allocation ${allocation ?? ""}, and declares state: ${ownWord ?? ""} itself, which is obeyed; declare available (or rescue), or take the Allocation out of git`;
  return { kind: "state", code: "IW-P27", message };
}

/** Whom the node was given to. It is given back with its workload, by the request that undeploys it. */
export const allocationFacet: Facet = {
  name: "allocation",
  observes: [],
  driftDefault: () => "enforce",
  value: (_observation, record) => record.allocation?.name ?? null,

  compare({ node, record }) {
    const desired = node.allocation ?? null;
    const observed = record.allocation?.name ?? null;
    if (node.ownWord !== undefined)
      return { kind: "differs", desired, differences: [{ path: OWN, desired, observed: null }] };
    if (desired === observed)
      return desired === null ? { kind: "undeclared" } : { kind: "same", desired };
    return { kind: "differs", desired, differences: [{ path: "/allocation", desired, observed }] };
  },

  close({ record, node }, { observed, path }) {
    const { allocation } = node;
    if (path === OWN) return { kind: "blocked", blocked: saysOtherwise(node) };
    if (allocation === undefined)
      return record.instance === null || runsByItself(node)
        ? { kind: "record", patch: { allocation: null } }
        : {
            kind: "nothing",
            why: `the Allocation ${String(observed)} left git; the node is given back when its workload is undeployed`,
          };
    return {
      kind: "steps",
      drafts: [
        {
          action: { verb: "engine.allocate", allocation },
          impact: "none",
          before: { allocation: null },
          after: { allocation },
          timeoutSeconds: RECORD_SECONDS,
          why: `given to the Allocation ${allocation}`,
          rank: RANKS.guard,
        },
      ],
    };
  },
};
