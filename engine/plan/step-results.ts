import type { Action } from "../../schemas/action.ts";
import { known, type Observation } from "../../schemas/observation.ts";
import type { Step } from "../../schemas/plan.ts";
import type { NodeRecord, RecordPatch } from "../../schemas/record.ts";

/** The use of a plain step's request; `outcome` null takes it back, for nothing was sent. */
export function requestUsed(
  { request, action }: Step,
  commit: string | null,
  outcome: string | null,
  now: number,
): RecordPatch {
  if (request === undefined) return {};
  const use = outcome === null ? null : { action, at: now, commit, outcome };
  return { usedRequests: { [request]: use } };
}

/** What a step of the record alone is written from. */
export interface Seen {
  readonly observation: Observation;
  readonly grant: { readonly record: NodeRecord };
  readonly authority: { readonly who: string };
  readonly registerSeq: number;
  readonly plan: { readonly commit: string | null };
  readonly now: number;
}

/** What a plain step that only the engine does writes into the record. */
export function stepResults(action: Action, seen: Seen): RecordPatch {
  const { observation, grant, authority, registerSeq, now, plan } = seen;
  const { commit } = plan;
  const { record } = grant;
  const revision = record.revision + 1;
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- all others act on the machine
  switch (action.verb) {
    case "engine.unprotect":
      return { protected: false, unprotectedSeq: registerSeq, revision };
    case "engine.claim":
      return { claim: { serial: action.serial, by: authority.who, at: now }, revision };
    case "engine.allocate":
      return { allocation: { name: action.allocation, since: now, commit }, revision };
    case "engine.replace": {
      const identity = known(observation, "identity") ?? record.identity;
      const { keep } = action;
      return { ...(keep === "none" ? anotherMachine(now) : {}), identity, fault: null, revision };
    }
    default:
      return {};
  }
}

/**
 * What was powered off for its parent's sake, nobody wanted off: whatever git says of its power from now on was never seen to
 * hold, and is an intent; as a drift it might only be reported. Null until it is seen to hold again.
 */
export function powerLetGo({ applied }: NodeRecord): RecordPatch {
  return { applied: { ...applied, power: null } };
}

/** Nothing that was known of the one before holds: it begins as a node that nobody has verified. */
function anotherMachine(now: number): RecordPatch {
  return {
    provisionState: "enroll",
    stateSince: now,
    instance: null,
    claim: null,
    cleaned: "never",
    inventory: null,
    inspectedAt: null,
    ramdisk: null,
    deployTries: null,
    applied: {},
  };
}
