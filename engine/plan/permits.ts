import { compareImpact } from "../../schemas/impact.ts";
import { placeText } from "../../schemas/diagnostic.ts";
import { originOf } from "../../schemas/fleet.ts";
import { known } from "../../schemas/observation.ts";
import type { Blocked } from "../../schemas/plan.ts";
import type { Draft, NodeView } from "./facets/facet.ts";
import { isNew } from "./in-service.ts";
import { expectedIdentity, identityPart, matchIdentity } from "./facets/identity.ts";

/**
 * What must hold before a machine loses anything, whatever led there: every step of every plan goes through
 * here. Null when it may be done.
 */
export function mayDo(view: NodeView, draft: Draft): Blocked | null {
  if (draft.impact !== "destructive") return infers(view, draft) ? unclaimed(view) : null;
  return (
    protectedNow(view) ??
    protectedElsewhere(view) ??
    justUnprotected(view) ??
    stranger(view) ??
    workload(view, draft) ??
    unclaimed(view)
  );
}

/** Git's word and the record's both protect: lifting is a commit of its own. */
function protectedNow({ node, record }: NodeView): Blocked | null {
  const declared = node.spec.protected;
  const inGit = declared !== undefined && declared !== false;
  if (!inGit && !record.protected) return null;
  const reason = typeof declared === "object" ? ` "${declared.reason}"` : "";
  const where = inGit
    ? `protected${reason} (${placeText(originOf(node, "/protected"), false)})`
    : "protected, as last recorded";
  return {
    kind: "protected",
    code: "IW-P05",
    message: `${where}; lift it in a commit of its own`,
  };
}

/** What guards a machine outlives its document, and guards it under any other name too. */
function protectedElsewhere({ node, others }: NodeView): Blocked | null {
  const guarded = others.find((other) => other.protected);
  if (guarded === undefined) return null;
  // A name that is declared again means the declared node.
  const orphan = guarded.name === node.name ? (guarded.uuid ?? guarded.name) : guarded.name;
  return {
    kind: "protected",
    code: "IW-P05",
    message: `this machine was ${guarded.name}, which is protected, as last recorded; to lift it: ironwright forget ${orphan}`,
  };
}

function justUnprotected({ record, seq }: NodeView): Blocked | null {
  if (record.unprotectedSeq === null || seq > record.unprotectedSeq) return null;
  return {
    kind: "protected",
    code: "IW-P05",
    message:
      "its protection was lifted by this very commit; what that allows is planned from the next commit on that changes the inventory",
  };
}

/** Nothing is erased on a machine that did not say who it is. */
function stranger(view: NodeView): Blocked | null {
  const seen = known(view.observation, "identity");
  const { matches } = matchIdentity(expectedIdentity(view), seen);
  if (matches === true) return null;
  // A person who claims the machine that answers has looked at what it says.
  if (matches === null && view.claimed && identityPart(seen?.serial) !== null) return null;
  return {
    kind: "identity",
    code: "IW-P04",
    message:
      "the machine that answers can't be told for certain to be this one; declare its serial in identity",
  };
}

/** A workload is lost only where git names the act, once; what is open was named when it began (`underWay`). */
function workload({ record }: NodeView, draft: Draft): Blocked | null {
  const named = draft.request !== undefined || draft.resumes !== undefined;
  if (record.instance === null || named) return null;
  return {
    kind: "request",
    code: "IW-P07",
    message: `a workload is on it; ${draft.action.verb} needs a request on this Node`,
  };
}

/** True where a person's `--claim` is what lets the step be done. */
export function restsOnClaim(view: NodeView, draft: Draft): boolean {
  return draft.impact === "destructive" || infers(view, draft);
}

/**
 * True for a move that nobody asked for by name and that stops whatever runs on a machine of which only
 * somebody else could say what that is: an inspection by the ramdisk on the way into the pool, for one.
 */
function infers(view: NodeView, draft: Draft): boolean {
  const byName = draft.request !== undefined || draft.resumes !== undefined;
  const moves = draft.flow !== undefined && compareImpact(draft.impact, "reboot") >= 0;
  return moves && !byName && view.record.instance === null && !isNew(view);
}

/** The first destructive act on a machine needs its serial in git (a new node), or a person's word. */
function unclaimed(view: NodeView): Blocked | null {
  const { node, record, claimed } = view;
  const seen = identityPart(known(view.observation, "identity")?.serial);
  const given = identityPart(record.claim?.serial);
  if (given !== null && (seen === null || seen === given)) return null;
  if (claimed) return null;
  // Git's word is for the machine that says this serial itself.
  const inGit = seen !== null && seen === identityPart(node.spec.identity?.serial);
  if (isNew(view) && inGit) return null;
  return {
    kind: "claim",
    code: "IW-P15",
    message: `${whyNotGiven(view)}; to give it up to be erased: ${waysToClaim(view)}`,
  };
}

function whyNotGiven({ record, others, wasHere, observation }: NodeView): string {
  const [other] = others;
  if (other !== undefined) {
    const inService = other.inService ? ", with a workload" : "";
    return `this machine was ${other.name}${inService}, so it is not new`;
  }
  if (record.origin === "existing")
    return "it was in the inventory when the store was made, so what is on it is somebody's";
  if (wasHere) return "this machine was in the store under another name, so it is not new";
  const nameless = identityPart(known(observation, "identity")?.serial) === null;
  return nameless ? "it says no serial of its own" : "its serial is not in git";
}

/** A request claims by serial; a machine that has none is given up by a person alone. */
function waysToClaim({ node, observation, act }: NodeView): string {
  if (act !== null) return "the same with --claim";
  const serial = known(observation, "identity")?.serial;
  const byPerson = `apply --claim ${node.name}`;
  if (identityPart(serial) === null) return byPerson;
  return `${byPerson}, or the request { id: ..., action: claim, serial: "${serial ?? ""}" }`;
}
