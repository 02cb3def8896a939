import { type Facet, RANKS } from "./facet.ts";

/** Seconds that the engine needs to write it down. */
const RECORD_SECONDS = 60;

/** Whom the node was given to. It is given back with its workload, by the request that undeploys it. */
export const allocationFacet: Facet = {
  name: "allocation",
  observes: [],
  driftDefault: () => "enforce",
  value: (_observation, record) => record.allocation?.name ?? null,

  compare({ node, record }) {
    const desired = node.allocation ?? null;
    const observed = record.allocation?.name ?? null;
    if (desired === observed)
      return desired === null ? { kind: "undeclared" } : { kind: "same", desired };
    return { kind: "differs", desired, differences: [{ path: "/allocation", desired, observed }] };
  },

  close({ record, node }, { observed }) {
    const { allocation } = node;
    if (allocation === undefined)
      return record.instance === null
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
