import { known, type Observation } from "../../schemas/observation.ts";
import type { HoldRecord, NodeRecord } from "../../schemas/record.ts";
import { withoutContradicted } from "./contradicted-traits.ts";
import { ALL_FACETS } from "./facets/all-facets.ts";
import type { NodeView } from "./facets/facet.ts";
import { requestedBy, settingsOf, targetOfAct } from "./act-view.ts";
import { identityPart } from "./facets/identity.ts";
import type { PlanOptions, Surroundings } from "./input.ts";
import { keysOf, type ResolvedNode } from "./match-records.ts";
import { rebuildWish } from "./rebuild-on.ts";
import type { TreeTerms } from "../../schemas/tree.ts";
import { type JudgedRequest, judgeRequests } from "./requests.ts";
import { othersOf } from "./machines.ts";
import { originOfNew, seeRecord, targetOf, usedBefore } from "./see-record.ts";
import { offersOf, withLearnt } from "./steps/offers-of.ts";

/** What is known of one node besides its declaration and record. */
export interface NodeInput {
  readonly observation: Observation | undefined;
  readonly holds: readonly HoldRecord[];
  readonly surroundings: Surroundings;
  /** What its parent and children make of its plan. */
  readonly tree?: TreeTerms | undefined;
}

/** A node as its facets see it. */
export function viewOf(
  resolved: ResolvedNode,
  { observation, surroundings }: Omit<NodeInput, "holds">,
  options: PlanOptions,
): { readonly view: NodeView; readonly patch: Partial<NodeRecord> | null } {
  const { node, contradicted } = withoutContradicted(resolved.node, resolved.record);
  const origin = resolved.record?.origin ?? originOfNew(node, surroundings);
  const { record, patch } = seeRecord(resolved, observation, origin);
  const seen = known(observation, "identity");
  const { settings, now, digest, claims } = options;
  const {
    catalog,
    templates,
    runbooks,
    spentRequests,
    requestsSeen,
    seq,
    machines,
    existing,
    remade,
    format,
  } = surroundings;
  const context = {
    spent: spentRequests,
    forgotten: usedBefore(resolved, surroundings),
    seen: requestsSeen,
    templates,
    runbooks,
    digest,
    now,
  };
  const act = options.act?.node === node.name ? options.act : null;
  const requests =
    act === null
      ? [
          // By its declared traits, as they were when the request came into force.
          ...judgeRequests(resolved.node, record, context),
          ...rebuildWish(node, record, { policies: surroundings.policies, digest }),
        ]
      : requestedBy(act, record);
  const view: NodeView = {
    node,
    contradicted,
    record,
    observation,
    target: act === null ? targetOf(node.spec, record) : targetOfAct(act, record),
    settings: act === null ? settings : settingsOf(act, settings),
    now,
    offers: withLearnt(offersOf(node, catalog), record.ramdisk),
    templates,
    runbooks,
    requests,
    act,
    claimed: isClaimed(node.name, claims, requests, seen?.serial),
    remade,
    format,
    imageMoved: imageMoved(node, surroundings),
    macsElsewhere(mac) {
      const others = [...surroundings.macs.of(mac).values()];
      const names = others.filter(({ uuid }) => uuid !== resolved.uuid).map(({ name }) => name);
      return names.sort()[0] ?? null;
    },
    wasHere: keysOf(seen, undefined, null).some((key) => existing.has(key)),
    others: othersOf(machines, { name: node.name, uuid: resolved.uuid }, seen),
    seq: act?.registerSeq ?? seq,
    digest,
  };
  return { view, patch };
}

/** An Image is the same bytes for ever: what was applied under its name says which. */
function imageMoved(
  { spec }: NodeView["node"],
  { appliedImages }: Pick<Surroundings, "appliedImages">,
): NodeView["imageMoved"] {
  const { name, checksum } = spec.provision?.image ?? {};
  const applied = name === undefined ? undefined : appliedImages.get(name);
  return applied === undefined || applied.checksum === checksum ? null : applied;
}

/** Given up by a person with this plan, or by a request that is due. */
function isClaimed(
  name: string,
  claims: PlanOptions["claims"],
  requests: readonly JudgedRequest[],
  serial: string | undefined,
): boolean {
  if (claims === "all" || claims?.has(name) === true) return true;
  const seen = identityPart(serial);
  return requests.some(
    ({ request, verdict }) =>
      verdict === "due" &&
      request.action === "claim" &&
      seen !== null &&
      identityPart(request.serial) === seen,
  );
}

/** Facets whose declared value was seen to hold, with that value. */
export function agreement(
  resolved: ResolvedNode,
  input: Omit<NodeInput, "holds">,
  options: PlanOptions,
): Readonly<Record<string, unknown>> {
  const { view } = viewOf(resolved, input, options);
  const agreed: Record<string, unknown> = {};
  for (const facet of ALL_FACETS) {
    const comparison = facet.compare(view);
    if (comparison.kind === "same") agreed[facet.name] = comparison.desired;
  }
  return agreed;
}
