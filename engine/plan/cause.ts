import type { DriftWord } from "../../schemas/documents.ts";
import type { Change } from "../../schemas/plan.ts";
import { sameValue } from "./canonical-json.ts";
import type { Facet, NodeView } from "./facets/facet.ts";

/** Drift: git has not moved since this value was last in sync, so the hardware has. */
export function causeOf(
  facet: Facet,
  desired: unknown,
  view: Pick<NodeView, "record" | "observation">,
): Change["cause"] {
  if (facet.name === "identity") return "drift";
  // What only the record knows, the engine alone moves: a request, or a move that failed, is no drift.
  if (facet.observes.length === 0) return "intent";
  const before = agreedBefore(facet, view);
  return before !== undefined && sameValue(before, desired) ? "drift" : "intent";
}

/** Git's value when it was last seen to hold; undefined when it never was, or nobody knows. */
export function agreedBefore(
  { name }: Pick<Facet, "name">,
  { record, observation }: Pick<NodeView, "record" | "observation">,
): unknown {
  return name in record.applied ? record.applied[name] : observation?.agreed?.desired[name];
}

/** What is done about a drift of that facet. */
export function driftWord(
  facet: Facet,
  { node, record }: Pick<NodeView, "node" | "record">,
): DriftWord {
  const declared: Readonly<Partial<Record<string, DriftWord>>> = node.spec.drift ?? {};
  return declared[facet.name] ?? declared["default"] ?? facet.driftDefault(record);
}
