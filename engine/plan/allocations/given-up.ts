import { known, type Observation } from "../../../schemas/observation.ts";
import { identityPart } from "../facets/identity.ts";
import type { PlanOptions } from "../input.ts";
import type { ResolvedNode } from "../match-records.ts";

/**
 * True where a machine was given up to be erased, so that a deploy need not wait for a claim. It only chooses between
 * nodes that fit; whether the deploy may be done is asked of `permits` for the one that was chosen.
 */
export function isGivenUp(
  { node, record }: ResolvedNode,
  observation: Observation | undefined,
  claims: PlanOptions["claims"],
): boolean {
  if (record === null) return false;
  const seen = identityPart(known(observation, "identity")?.serial);
  const given = identityPart(record.claim?.serial);
  if (given !== null && (seen === null || seen === given)) return true;
  if (claims === "all" || claims?.has(node.name) === true) return true;
  if (seen === null) return false;
  const asked = (node.spec.requests ?? []).some(
    ({ id, action, serial }) =>
      action === "claim" && identityPart(serial) === seen && !(id in record.usedRequests),
  );
  const inGit = identityPart(node.spec.identity?.serial) === seen;
  return asked || (record.origin === "new" && inGit);
}
