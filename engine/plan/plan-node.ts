import { bmcText } from "../../schemas/bmc-unit.ts";
import type { FleetNode } from "../../schemas/fleet.ts";
import { known } from "../../schemas/observation.ts";
import type { Gate, NodePlan, Step } from "../../schemas/plan.ts";
import type { HoldRecord } from "../../schemas/record.ts";
import { losesSomething } from "./budget.ts";
import { inWords } from "./durations.ts";
import type { Draft, NodeView } from "./facets/facet.ts";
import { expectedIdentity, matchIdentity } from "./facets/identity.ts";
import { findAll } from "./findings.ts";
import { withRunIds } from "./flows/entries.ts";
import { mayServe } from "./in-service.ts";
import type { PlanOptions, Surroundings } from "./input.ts";
import { keepAllowed } from "./keep-allowed.ts";
import type { ResolvedNode } from "./match-records.ts";
import { type NodeInput, viewOf } from "./node-view.ts";
import { obstacles } from "./obstacles.ts";
import { treeNotes, treeObstacles } from "./tree/tree-findings.ts";

/** One node's plan: pure, and of this node's own input only. */
export function planNode(resolved: ResolvedNode, input: NodeInput, options: PlanOptions): NodePlan {
  const { node } = resolved;
  const { observation } = input;
  const { view, patch } = viewOf(resolved, input, options);
  const { record, target } = view;
  const { tree } = input;
  const stopping = [...obstacles(view, input.holds, options), ...treeObstacles(tree, view)];
  const found = findAll(view, options, stopping, tree);
  const kept = keepAllowed(found, stopping);
  const steps = kept.map(step);
  const works = steps.length > 0 || Object.keys(found.records).length > 0;
  const records = works ? { ...patch, ...found.records } : {};
  const unreachable = observation === undefined || observation.unreachable !== null;
  return {
    node: node.name,
    uuid: resolved.uuid,
    rack: node.labels["rack"] ?? null,
    ...policiesFor(node.labels, input.surroundings),
    ...(node.allocation === undefined ? {} : { allocation: node.allocation }),
    provisionState: record.provisionState,
    targetProvisionState: target,
    identity: seenIdentity(view),
    changes: found.changes,
    steps,
    gates: gatesOf(kept),
    erases: kept.flatMap((draft) => draft.erases ?? []),
    ...lostBy(view, steps),
    ...withTree(input),
    ...askedBy(view, steps),
    staged: found.staged,
    blockedBy: found.blocked,
    ...(Object.keys(records).length === 0 ? {} : { records }),
    ...(patch === null || node.spec.mode === "observe" ? {} : { adopts: true as const }),
    inSync: found.insync && found.blocked.length === 0,
    unreachable,
    inService: mayServe(view),
    basis: basisOf(resolved, view, steps),
    notes: [...found.notes, ...treeNotes(tree, view), ...leftHeld(view, input.holds)],
    ...(typeof observation?.agreed?.at === "number" ? { inSyncUntil: observation.agreed.at } : {}),
  };
}

/** Who was killed on the way from off to on again leaves the hold that kept it off: nothing else would say so. */
function leftHeld(
  { node, observation, act }: NodeView,
  holds: readonly HoldRecord[],
): readonly string[] {
  if (act !== null || known(observation, "power") !== "on") return [];
  return holds.flatMap((hold) =>
    hold.act === undefined
      ? []
      : [
          `it is on, and its power is still held by ${hold.owner} ("${hold.reason}"); to end that: ironwright release ${node.name} ${hold.id}`,
        ],
  );
}

function withTree({ tree }: NodeInput): Pick<NodePlan, "tree"> {
  return tree === undefined ? {} : { tree };
}

function policiesFor(
  labels: FleetNode["labels"],
  { policies }: Surroundings,
): Pick<NodePlan, "policies"> {
  const names = policies.of(labels);
  return names.length === 0 ? {} : { policies: names };
}

/** What ran on a machine whose workload these steps give up. */
function lostBy({ record, now }: NodeView, steps: readonly Step[]): Pick<NodePlan, "lost"> {
  const { instance } = record;
  if (instance === null || !losesSomething(steps)) return {};
  const since = instance.since === null ? "" : ` ${inWords((now - instance.since) / 1000)}`;
  const name = instance.image?.["name"];
  const image = typeof name === "string" ? `, ${name}` : "";
  return { lost: `${instance.origin === "adopted" ? "adopted" : "active"}${since}${image}` };
}

function askedBy({ requests }: NodeView, steps: readonly Step[]): Pick<NodePlan, "asked"> {
  const used = new Set(steps.flatMap(({ request }) => request ?? []));
  const asked = requests
    .filter(({ request }) => used.has(request.id))
    .map(({ request, place }) => ({
      id: request.id,
      action: request.action,
      expires: request.expires ?? null,
      declaredAt: place,
    }));
  return asked.length === 0 ? {} : { asked };
}

function gatesOf(drafts: readonly Draft[]): readonly Gate[] {
  return drafts.flatMap(({ gates = [] }, index) =>
    gates.map((gate) => ({ ...gate, after: String(index + 1) })),
  );
}

function step(draft: Draft, index: number): Step {
  const { action, impact, before, after, timeoutSeconds, why, mayNotBoot, fallback } = draft;
  const { flow, request, resumes } = draft;
  const id = String(index + 1);
  return {
    id,
    action: action.verb,
    act: action,
    interface: action.verb.slice(0, action.verb.indexOf(".")),
    impact,
    before,
    after,
    timeoutSeconds,
    reason: why,
    dependsOn: index === 0 ? [] : [String(index)],
    ...(mayNotBoot === undefined ? {} : { mayNotBoot }),
    ...(fallback === undefined ? {} : { fallback }),
    ...(flow === undefined
      ? {}
      : {
          flow: resumes === undefined ? { ...flow, entries: withRunIds(flow.entries, id) } : flow,
        }),
    ...(request === undefined ? {} : { request }),
    ...(resumes === undefined ? {} : { resumes }),
  };
}

function seenIdentity(view: NodeView): NodePlan["identity"] {
  const expected = expectedIdentity(view);
  const seen = known(view.observation, "identity");
  return {
    serial: seen?.serial ?? expected.serial ?? null,
    matches: matchIdentity(expected, seen).matches,
  };
}

/** What apply compares before it begins (leases-and-journal P1): values, never ages. */
function basisOf(
  resolved: ResolvedNode,
  { node, record, observation }: NodeView,
  steps: readonly Step[],
): NodePlan["basis"] {
  const values: Record<string, unknown> = {};
  for (const { before } of steps)
    for (const [name, value] of Object.entries(before)) values[name] ??= value;
  return {
    recordRevision: resolved.record?.revision ?? 0,
    specHash: node.specHash,
    bmcAddress: bmcText(node.spec.bmc),
    identity: steps.length === 0 ? null : (known(observation, "identity") ?? record.identity),
    values,
  };
}
