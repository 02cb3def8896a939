import type { Action } from "../../../schemas/action.ts";
import { findPath } from "../find-path.ts";
import { kindOf, type Move } from "../machine.ts";
import { type Closing, type Draft, type Facet, type NodeView, notBuilt, RANKS } from "./facet.ts";

/** Seconds that the engine itself needs for a verb that only writes the record. */
const RECORD_SECONDS = 60;

const WHY: Readonly<Record<string, (view: NodeView) => string>> = {
  "provision.manage": (view) =>
    view.node.spec.identity?.serial === undefined
      ? "prove login; record the identity"
      : "prove login; serial is as in git",
  "provision.provide": () => "into the pool; no cleaning is built yet (cleaned: never)",
  "provision.adopt": () => "what runs on it stays as it is",
};

function isBuilt(move: Move): move is Move & { readonly verb: BuiltVerb } {
  return move.built;
}
type BuiltVerb = Extract<Action["verb"], `provision.${string}`>;

function draft(view: NodeView, move: Move & { readonly verb: BuiltVerb }): Draft {
  const verifies = move.verb === "provision.manage" && move.from === "enroll";
  return {
    action: { verb: move.verb },
    impact: move.impact,
    before: { provision: move.from },
    after: { provision: move.to },
    timeoutSeconds: verifies ? view.settings.timeouts.manageSeconds : RECORD_SECONDS,
    why: WHY[move.verb]?.(view) ?? `${move.from} to ${move.to}`,
    rank: verifies ? RANKS.verify : RANKS.provision,
  };
}

/** Where a workload or a person is, only a request moves on. */
function needsRequest(view: NodeView): Closing {
  const { provisionState } = view.record;
  return {
    kind: "blocked",
    blocked: {
      kind: "request",
      code: "IW-P07",
      message: `it is ${provisionState}; leaving that for ${view.target} erases it, which needs an undeploy request on this Node (not built yet)`,
    },
  };
}

/** The provision state, brought on by the cheapest way through the machine. */
export const provisionFacet: Facet = {
  name: "provision",
  observes: [],
  driftDefault: () => "report",
  value: (_observation, record) => record.provisionState,

  compare(view) {
    const desired = view.target;
    const observed = view.record.provisionState;
    if (desired === observed) return { kind: "same", desired };
    // Ironic's active, however it came to be: adopted to active and back plans nothing.
    return {
      kind: "differs",
      desired,
      differences: [{ path: "/provision/state", desired, observed }],
    };
  },

  close(view) {
    const { provisionState: from } = view.record;
    if (view.target === "enroll")
      return { kind: "nothing", why: `it is ${from} already; nothing leads back to enroll` };
    if (kindOf(from) === "transient") return { kind: "nothing", why: `on its way: ${from}` };
    if (
      (from === "active" || from === "rescue") &&
      view.target !== "active" &&
      view.target !== "rescue"
    )
      return needsRequest(view);
    const mild = findPath(from, view.target, (move) => move.built && allows(view, move));
    if (mild !== null)
      return { kind: "steps", drafts: mild.filter(isBuilt).map((move) => draft(view, move)) };
    const path = findPath(
      from,
      view.target,
      (move) => allows(view, move) && move.verb !== "provision.undeploy",
    );
    const missing = path?.find((move) => !move.built)?.verb;
    return notBuilt(
      missing === undefined
        ? `no way leads from ${from} to ${view.target}`
        : `${from} to ${view.target} needs ${missing}, which is not built yet`,
    );
  },
};

/** Adoption is only for what git calls adopted: `active` means that we installed it. */
function allows(view: NodeView, move: Move): boolean {
  return move.verb !== "provision.adopt" || view.node.spec.provision?.state === "adopted";
}
