import type { Identity } from "../../../schemas/documents.ts";
import { known } from "../../../schemas/observation.ts";
import { type Facet, type NodeView, whyUnknown } from "./facet.ts";

/** The parts of a machine's identity, in the order in which people know them. */
const PARTS = ["serial", "systemUuid", "manufacturer"] as const;
type Part = (typeof PARTS)[number];

/** What vendors leave in a field that nobody filled: unknown, never a match. */
const PLACEHOLDERS = new Set([
  "unknown",
  "none",
  "n/a",
  "na",
  "null",
  "default string",
  "not specified",
  "to be filled by o.e.m.",
  "system serial number",
]);

/** A comparable form of one part; null for blank, all-zero, all-f and placeholder values. */
export function identityPart(value: string | null | undefined): string | null {
  const text = (value ?? "").trim().toLowerCase();
  if (PLACEHOLDERS.has(text)) return null;
  return /^[0\s-]*$/.test(text) || /^[f-]{8,}$/.test(text) ? null : text;
}

/** Every machine of a hall may have the same maker: that one differs says much, that they agree says nothing. */
function tellsApart(part: Part): boolean {
  return part !== "manufacturer";
}

/** What two identities say of each other. */
export interface IdentityMatch {
  /** Null when no part that tells machines apart is known on both sides. */
  readonly matches: boolean | null;
  /** The first part that differs. */
  readonly differs: {
    readonly part: Part;
    readonly expected: string;
    readonly seen: string;
  } | null;
  /** Parts that are known on both sides and equal. */
  readonly agreed: readonly Part[];
}

/** Compares part by part; a part that either side does not know decides nothing. */
export function matchIdentity(
  expected: Partial<Identity> | null | undefined,
  seen: Partial<Identity> | null | undefined,
): IdentityMatch {
  const agreed: Part[] = [];
  for (const part of PARTS) {
    const a = identityPart(expected?.[part]);
    const b = identityPart(seen?.[part]);
    if (a === null || b === null) continue;
    if (a !== b) {
      const differs = { part, expected: expected?.[part] ?? "", seen: seen?.[part] ?? "" };
      return { matches: false, differs, agreed };
    }
    agreed.push(part);
  }
  return { matches: agreed.some(tellsApart) ? true : null, differs: null, agreed };
}

/** Whose identity is meant. */
interface IdentityView {
  readonly node: NodeView["node"];
  /** Null for a node that nobody acted on. */
  readonly record: Pick<NodeView["record"], "identity"> | null;
}

/** What the machine must say of itself: git's word first, then what was recorded at verify. */
export function expectedIdentity(view: IdentityView): Identity {
  return { ...view.record?.identity, ...view.node.spec.identity };
}

/** The first part that the machine contradicts, and whose word it is; null when it contradicts none. */
export function contradiction(
  { node, record }: IdentityView,
  seen: Partial<Identity> | null | undefined,
): {
  readonly part: Part;
  readonly expected: string;
  readonly seen: string;
  readonly said: string;
} | null {
  const declared = matchIdentity(node.spec.identity, seen).differs;
  if (declared !== null) return { ...declared, said: "declared" };
  // What git says now may be another machine than the one that was verified: then a `replace` says so.
  const recorded = matchIdentity(record?.identity, seen).differs;
  return recorded === null ? null : { ...recorded, said: "recorded" };
}

/** True when something is known of who the machine must be, and it says nothing of that any more. */
export function isNameless(
  view: Pick<NodeView, "node" | "record">,
  seen: Partial<Identity> | null | undefined,
): boolean {
  const expected = expectedIdentity(view);
  const isKnown = PARTS.some((part) => tellsApart(part) && identityPart(expected[part]) !== null);
  return isKnown && matchIdentity(expected, seen).matches === null;
}

/** Declared in full: nothing about the machine is left to trust. */
export function declaredInFull(identity: Identity | undefined): boolean {
  return PARTS.every((part) => identityPart(identity?.[part]) !== null);
}

/** What takes another machine for the node's, where one was verified before. */
const REPLACE = "requests: [ { id: ..., action: replace, keep: none, expires: ... } ]";

/** Who the machine is; a difference is never closed, it blocks the node. */
export const identityFacet: Facet = {
  name: "identity",
  observes: ["identity"],
  driftDefault: () => "report",
  value: (observation) => known(observation, "identity"),

  compare(view) {
    const expected = expectedIdentity(view);
    if (PARTS.every((part) => identityPart(expected[part]) === null)) return { kind: "undeclared" };
    const seen = known(view.observation, "identity");
    if (seen === undefined)
      return { kind: "unknown", desired: expected, why: whyUnknown(view.observation, "identity") };
    const differs = contradiction(view, seen);
    if (differs === null) return { kind: "same", desired: expected };
    return {
      kind: "differs",
      desired: expected,
      differences: [
        { path: `/identity/${differs.part}`, desired: differs.expected, observed: differs.seen },
      ],
    };
  },

  close(view, { path, desired, observed }) {
    const part = PARTS.find((one) => path.endsWith(`/${one}`)) ?? "serial";
    const said = contradiction(view, known(view.observation, "identity"))?.said ?? "declared";
    const inGit = said === "declared" ? `write identity: { ${part}: ${String(observed)} }` : null;
    const before = view.record.identity === null ? null : REPLACE;
    const way = [inGit, before].filter((one) => one !== null).join(", and ");
    return {
      kind: "blocked",
      blocked: {
        kind: "identity",
        code: "IW-P04",
        message: `another machine answers at ${view.node.spec.bmc?.address ?? "its BMC"}: ${part} ${String(desired)} is ${said}, ${String(observed)} answers; nothing is sent to it. Look at the cables; if it was replaced: ${way}`,
      },
    };
  },
};
