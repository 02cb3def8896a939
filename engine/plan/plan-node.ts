import { placeText } from "../../schemas/diagnostic.ts";
import type { DriftWord } from "../../schemas/documents.ts";
import { originOf } from "../../schemas/fleet.ts";
import { known, type Observation, type Reading } from "../../schemas/observation.ts";
import type { Blocked, Change, NodePlan, Staged, Step } from "../../schemas/plan.ts";
import type { HoldRecord, NodeRecord } from "../../schemas/record.ts";
import { sameValue } from "./canonical-json.ts";
import { ALL_FACETS } from "./facets/all-facets.ts";
import {
  type Comparison,
  type Difference,
  type Draft,
  type Facet,
  type NodeView,
  RANKS,
} from "./facets/facet.ts";
import { expectedIdentity, matchIdentity } from "./facets/identity.ts";
import type { PlanOptions } from "./input.ts";
import type { ResolvedNode } from "./match-records.ts";
import { type Obstacle, obstacles } from "./obstacles.ts";
import { seeRecord, targetOf } from "./see-record.ts";

/** What is collected while a node's facets are gone through. */
interface Findings {
  readonly view: NodeView;
  readonly only: PlanOptions["only"];
  readonly changes: Change[];
  readonly drafts: Draft[];
  readonly blocked: Blocked[];
  readonly staged: Staged[];
  readonly notes: string[];
  records: Partial<NodeRecord>;
  insync: boolean;
}

/** One node's plan: pure, and of this node's own input only. */
export function planNode(
  resolved: ResolvedNode,
  observation: Observation | undefined,
  holds: readonly HoldRecord[],
  options: PlanOptions,
): NodePlan {
  const { node } = resolved;
  const { record, patch } = seeRecord(resolved, observation);
  const target = targetOf(node.spec.provision?.state, record);
  const { settings, now } = options;
  const view: NodeView = { node, record, observation, target, settings, now };
  const stopping = obstacles(view, holds, options);
  const found = compareAll(view, options, stopping);
  const steps = keepAllowed(found, stopping);
  const works = steps.length > 0 || Object.keys(found.records).length > 0;
  const records = works ? { ...patch, ...found.records } : {};
  const unreachable = observation === undefined || observation.unreachable !== null;
  return {
    node: node.name,
    uuid: resolved.uuid,
    rack: node.labels["rack"] ?? null,
    provisionState: record.provisionState,
    targetProvisionState: target,
    identity: seenIdentity(view),
    changes: found.changes,
    steps,
    gates: [],
    erases: [],
    staged: found.staged,
    blockedBy: found.blocked,
    ...(Object.keys(records).length === 0 ? {} : { records }),
    ...(patch === null || node.spec.mode === "observe" ? {} : { adopts: true as const }),
    inSync: found.insync && found.blocked.length === 0,
    unreachable,
    basis: basisOf(resolved, view, steps),
    notes: found.notes,
    ...(typeof observation?.agreed?.at === "number" ? { inSyncUntil: observation.agreed.at } : {}),
  };
}

function compareAll(view: NodeView, options: PlanOptions, stopping: readonly Obstacle[]): Findings {
  const found: Findings = {
    view,
    only: options.only,
    changes: [],
    drafts: [],
    blocked: [],
    staged: [],
    notes: wireNotes(view.observation),
    records: {},
    insync: true,
  };
  const silent = stopping.some(({ blocked }) => isSilence(blocked));
  for (const facet of ALL_FACETS) {
    const comparison = facet.compare(view);
    if (comparison.kind === "differs") differs(facet, comparison, found);
    if (comparison.kind === "suspended") found.notes.push(`${facet.name}: ${comparison.why}`);
    // One line says that nothing could be read; another for each facet would say no more.
    if (comparison.kind === "unknown" && !silent) found.blocked.push(unverified(facet, comparison));
    if (comparison.kind === "unknown") found.insync = false;
  }
  const stranger = found.blocked.some((blocked) => blocked.kind === "identity");
  if (stranger) found.drafts.length = 0;
  if (stranger) found.records = {};
  // Nothing is sent to a machine that was never verified and is not about to be.
  const verified = view.record.provisionState !== "enroll";
  if (!verified && !found.drafts.some(({ rank }) => rank === RANKS.verify)) found.drafts.length = 0;
  return found;
}

/** Facets whose declared value was seen to hold, with that value. */
export function agreement(
  resolved: ResolvedNode,
  observation: Observation | undefined,
  options: PlanOptions,
): Readonly<Record<string, unknown>> {
  const { node } = resolved;
  const { record } = seeRecord(resolved, observation);
  const target = targetOf(node.spec.provision?.state, record);
  const { settings, now } = options;
  const view: NodeView = { node, record, observation, target, settings, now };
  const agreed: Record<string, unknown> = {};
  for (const facet of ALL_FACETS) {
    const comparison = facet.compare(view);
    if (comparison.kind === "same") agreed[facet.name] = comparison.desired;
  }
  return agreed;
}

/** Nobody answers there, so nothing more can be said of the node. */
function isSilence(blocked: Blocked): boolean {
  return blocked.kind === "unreachable" || blocked.kind === "unauthorised";
}

function unverified(facet: Facet, { why }: Comparison & { kind: "unknown" }): Blocked {
  return {
    kind: "unverified",
    code: "IW-P03",
    message: `${facet.name} is declared and could not be read: ${why}`,
  };
}

function differs(
  facet: Facet,
  comparison: Comparison & { kind: "differs" },
  found: Findings,
): void {
  const { view } = found;
  const cause = causeOf(facet, comparison.desired, view);
  const word = cause === "drift" ? driftWord(facet, view) : "enforce";
  if (word === "ignore") return;
  found.insync = false;
  for (const difference of comparison.differences) {
    const change = changeOf(facet, difference, cause, view);
    const left = leftOut(facet, word, cause, found);
    if (left !== null) {
      found.changes.push({ ...change, noStep: left });
      continue;
    }
    found.changes.push({ ...change, ...close(facet, difference, cause, found) });
  }
}

/** Adds what closes the difference; answers why no step follows, when none does. */
function close(
  facet: Facet,
  difference: Difference,
  cause: Change["cause"],
  found: Findings,
): { readonly noStep?: string } {
  const { view } = found;
  const closing = facet.close(view, difference);
  switch (closing.kind) {
    case "nothing":
      return { noStep: closing.why };
    case "blocked":
      found.blocked.push(closing.blocked);
      return { noStep: "blocked, see below" };
    case "record":
      found.records = { ...found.records, ...closing.patch };
      return { noStep: "(no step)" };
    case "steps": {
      const why = cause === "drift" ? `drift.${facet.name} is enforce` : null;
      found.drafts.push(...closing.drafts.map((draft) => ({ ...draft, why: why ?? draft.why })));
      const on = known(view.observation, "power") !== "off";
      if (closing.staged !== undefined && on)
        found.staged.push({ path: difference.path, until: closing.staged });
      return {};
    }
  }
}

/** Drift: git has not moved since this value was last in sync, so the hardware has. */
function causeOf(
  facet: Facet,
  desired: unknown,
  { record, observation }: NodeView,
): Change["cause"] {
  if (facet.name === "identity") return "drift";
  const before =
    facet.name in record.applied
      ? record.applied[facet.name]
      : observation?.agreed?.desired[facet.name];
  return before !== undefined && sameValue(before, desired) ? "drift" : "intent";
}

function driftWord(facet: Facet, { node, record }: NodeView): DriftWord {
  const declared: Readonly<Partial<Record<string, DriftWord>>> = node.spec.drift ?? {};
  return declared[facet.name] ?? declared["default"] ?? facet.driftDefault(record);
}

function leftOut(
  facet: Facet,
  word: DriftWord,
  cause: Change["cause"],
  { view, only }: Findings,
): string | null {
  if (facet.name === "identity") return null;
  if (word === "report") return `drift.${facet.name} is report`;
  if (only !== undefined && !only.includes(cause)) return "left out by --only";
  const enrolled = view.record.provisionState === "enroll" && view.target === "enroll";
  if (enrolled && facet.observes.length > 0)
    return "provision.state is enroll: nothing is sent but reads";
  return null;
}

function changeOf(
  facet: Facet,
  difference: Difference,
  cause: Change["cause"],
  { node, observation }: NodeView,
): Change {
  const [reads] = facet.observes;
  const reading: Reading<unknown> | undefined =
    reads === undefined ? undefined : observation?.facets[reads];
  const log =
    facet.name === "power" && cause === "drift" ? known(observation, "eventLog")?.[0] : undefined;
  return {
    facet: facet.name,
    ...difference,
    cause,
    declaredAt: placeText(originOf(node, difference.path)),
    ...(reading?.known === true ? { observedAt: reading.at } : {}),
    ...(log === undefined ? {} : { evidence: `${log.at} "${log.message}"` }),
  };
}

/** Numbers the steps that nothing stops; one that is stopped stops all that come after it. */
function keepAllowed(found: Findings, stopping: readonly Obstacle[]): readonly Step[] {
  const drafts = [...found.drafts].sort((a, b) => a.rank - b.rank);
  const stops = (draft: Draft): boolean => stopping.some((obstacle) => obstacle.stops(draft));
  const first = drafts.findIndex(stops);
  const kept = first === -1 ? drafts : drafts.slice(0, first);
  const stopped = first === -1 ? undefined : drafts[first];
  for (const obstacle of stopping) {
    const { blocked } = obstacle;
    const matters = stopped !== undefined && obstacle.stops(stopped);
    if (matters || isSilence(blocked) || alwaysShown(blocked)) found.blocked.push(blocked);
  }
  if (stopping.some(({ blocked }) => isSilence(blocked) || blocksRecords(blocked)))
    found.records = {};
  return kept.map(step);
}

/** Shown also when the node has no step, for it explains why nothing will happen there. */
function alwaysShown({ kind }: Blocked): boolean {
  return kind === "activity" || kind === "backoff";
}

function blocksRecords({ kind }: Blocked): boolean {
  return kind === "observe" || kind === "maintenance" || kind === "activity" || kind === "backoff";
}

function step(draft: Draft, index: number): Step {
  const { action, impact, before, after, timeoutSeconds, why, mayNotBoot, fallback } = draft;
  return {
    id: String(index + 1),
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
    bmcAddress: node.spec.bmc?.address ?? null,
    identity: steps.length === 0 ? null : (known(observation, "identity") ?? record.identity),
    values,
  };
}

function wireNotes(observation: Observation | undefined): string[] {
  const transport = observation?.transport;
  if (transport === null || transport === undefined) return [];
  const notes: string[] = [];
  if (transport.tls === "unverified") notes.push("TLS is not verified (bmc.tls.verify: false)");
  if (transport.tls === "plain") notes.push("HTTP without TLS: the password travels in the clear");
  if (transport.fence === "time-only") notes.push("fence: time only (no session at this BMC)");
  return notes;
}
