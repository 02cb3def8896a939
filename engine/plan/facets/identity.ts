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

/** What two identities say of each other. */
export interface IdentityMatch {
  /** Null when no part is known on both sides. */
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
  return { matches: agreed.length === 0 ? null : true, differs: null, agreed };
}

/** What the machine must say of itself: git's word first, then what was recorded at verify. */
export function expectedIdentity(view: Pick<NodeView, "node" | "record">): Identity {
  return { ...view.record.identity, ...view.node.spec.identity };
}

/** Declared in full: nothing about the machine is left to trust. */
export function declaredInFull(identity: Identity | undefined): boolean {
  return PARTS.every((part) => identityPart(identity?.[part]) !== null);
}

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
    const { differs } = matchIdentity(expected, seen);
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
    const said = view.node.spec.identity?.[part] === undefined ? "recorded" : "declared";
    return {
      kind: "blocked",
      blocked: {
        kind: "identity",
        code: "IW-P04",
        message: `another machine answers at ${view.node.spec.bmc?.address ?? "its BMC"}: ${part} ${String(desired)} is ${said}, ${String(observed)} answers; nothing is sent to it`,
      },
    };
  },
};
