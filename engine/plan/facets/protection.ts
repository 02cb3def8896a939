import type { NodeRecord } from "../../../schemas/record.ts";
import { type Facet, RANKS } from "./facet.ts";

const PROTECT = { protected: true, unprotectedSeq: null } as const;

/**
 * Of what is to be recorded, that which protects: it needs no word from the machine, so that neither maintenance nor a
 * silent BMC keeps it out of the record. Empty where nothing does.
 */
export function tightened(records: Partial<NodeRecord>): Partial<NodeRecord> {
  return records.protected === true ? PROTECT : {};
}

/** Recorded as soon as git says so, and lifted by a step of its own: what outlives the file guards the machine. */
export const protectionFacet: Facet = {
  name: "protection",
  observes: [],
  driftDefault: () => "enforce",
  value: (_observation, record) => record.protected,

  compare({ node, record }) {
    const { protected: declared } = node.spec;
    const desired = declared !== undefined && declared !== false;
    if (record.protected === desired) return { kind: "same", desired };
    return {
      kind: "differs",
      desired,
      differences: [{ path: "/protected", desired, observed: record.protected }],
    };
  },

  close(_view, { desired }) {
    if (desired === true) return { kind: "record", patch: PROTECT };
    return {
      kind: "steps",
      drafts: [
        {
          action: { verb: "engine.unprotect" },
          impact: "none",
          before: { protection: true },
          after: { protection: false },
          timeoutSeconds: 60,
          why: "git no longer protects it; what that allows is planned from the next commit on that changes the inventory",
          rank: RANKS.guard,
        },
      ],
    };
  },
};
