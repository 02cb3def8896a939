import { placeText } from "../../schemas/diagnostic.ts";
import type { DriftWord } from "../../schemas/documents.ts";
import { originOf } from "../../schemas/fleet.ts";
import { known, type Observation, type Reading } from "../../schemas/observation.ts";
import type { PersonAct } from "../../schemas/person-act.ts";
import type { Blocked, Change, Staged } from "../../schemas/plan.ts";
import type { TreeTerms } from "../../schemas/tree.ts";
import type { NodeRecord } from "../../schemas/record.ts";
import { actDrafts } from "./act-drafts.ts";
import { underWay } from "./activity.ts";
import { askedDrafts } from "./asked.ts";
import { LEFT_OUT } from "./reported.ts";
import { sameValue } from "./canonical-json.ts";
import { agreedBefore, causeOf, driftWord } from "./cause.ts";
import { ALL_FACETS } from "./facets/all-facets.ts";
import { givenBack } from "./facets/allocation.ts";
import {
  type Comparison,
  type Difference,
  type Draft,
  type Facet,
  type NodeView,
  RANKS,
} from "./facets/facet.ts";
import { identityFacet } from "./facets/identity.ts";
import { tightened } from "./facets/protection.ts";
import type { PlanOptions } from "./input.ts";
import { isSilence, type Obstacle } from "./obstacles.ts";
import { treeDrafts } from "./tree/tree-findings.ts";

/** What is collected while a node's facets are gone through. */
export interface Findings {
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

/** A move that is under way owns the node; else every facet and every request has its say. */
export function findAll(
  view: NodeView,
  options: PlanOptions,
  stopping: readonly Obstacle[],
  tree?: TreeTerms,
): Findings {
  if (view.act !== null) return findActed(view, view.act, options);
  const way = underWay(view);
  if (way === null) return compareAll(view, options, stopping, tree);
  const { observation } = view;
  const found = emptyFindings(view, options);
  const comparison = identityFacet.compare(view);
  if (comparison.kind === "differs") differs(identityFacet, comparison, found);
  const stranger = found.blocked.length > 0 || observation === undefined;
  if (!stranger) found.drafts.push(...way.drafts);
  found.blocked.push(...way.blocked);
  found.insync = false;
  return found;
}

/** A person's act alone: what else differs here is left to an apply. */
function findActed(view: NodeView, act: PersonAct, options: PlanOptions): Findings {
  const found = emptyFindings(view, options);
  found.insync = false;
  const comparison = identityFacet.compare(view);
  if (comparison.kind === "differs") differs(identityFacet, comparison, found);
  // Another machine, or a silent one, gets nothing.
  if (found.blocked.length > 0 || view.observation?.unreachable !== null) return found;
  const { drafts, blocked } = actDrafts(view, act);
  found.drafts.push(...drafts);
  found.blocked.push(...blocked);
  return found;
}

function emptyFindings(view: NodeView, options: PlanOptions): Findings {
  return {
    view,
    only: options.only,
    changes: [],
    drafts: [],
    blocked: [],
    staged: [],
    notes: [...wireNotes(view.observation), ...retiredNote(view)],
    records: {},
    insync: true,
  };
}

/** Who the machine is, and where its flows lead: what the other facets rest on. */
const EARLY = ALL_FACETS.filter(({ name }) => name === "identity" || name === "provision");
const LATE = ALL_FACETS.filter((facet) => !EARLY.includes(facet));

function compareAll(
  view: NodeView,
  options: PlanOptions,
  stopping: readonly Obstacle[],
  tree: TreeTerms | undefined,
): Findings {
  const found = emptyFindings(view, options);
  const silent = stopping.some(({ blocked }) => isSilence(blocked));
  const asked = askedDrafts(view);
  found.drafts.push(...asked.drafts);
  found.blocked.push(...asked.blocked);
  found.notes.push(...asked.notes);
  if (asked.drafts.length + asked.blocked.length > 0) found.insync = false;
  const replaced = asked.drafts.some(({ action }) => action.verb === "engine.replace");
  for (const facet of EARLY)
    if (!replaced || facet.name !== "identity") compare(facet, view, found, silent);
  // Where a flow leaves the machine otherwise than it is now, what comes after it starts from there.
  const after = viewAfter(view, found.drafts);
  for (const facet of LATE) {
    if (after !== null && facet.name in after.ends) afterFlow(facet, after, found);
    else compare(facet, view, found, silent);
  }
  const family = treeDrafts(view, tree);
  found.drafts.push(...family.drafts);
  found.blocked.push(...family.blocked);
  if (family.drafts.length > 0) found.insync = false;
  endWhere(found, replaced);
  const stranger = found.blocked.some((blocked) => blocked.kind === "identity");
  if (stranger) found.drafts.length = 0;
  if (stranger)
    found.records = { ...tightened(found.records), ...givenBack(view.record, found.records) };
  // Nothing is sent to a machine that was never verified and is not about to be.
  const verified = view.record.provisionState !== "enroll";
  if (!verified && !found.drafts.some(({ rank }) => rank === RANKS.verify)) {
    const ours = found.drafts.filter(({ action }) => action.verb.startsWith("engine."));
    found.drafts.length = 0;
    found.drafts.push(...ours);
  }
  return found;
}

function compare(facet: Facet, view: NodeView, found: Findings, silent: boolean): void {
  const comparison = facet.compare(view);
  if (comparison.kind === "differs") differs(facet, comparison, found);
  if (comparison.kind === "same") holdsAgain(facet, comparison.desired, found);
  if (comparison.kind === "suspended") found.notes.push(`${facet.name}: ${comparison.why}`);
  // One line says that nothing could be read; another for each facet would say no more.
  if (comparison.kind === "unknown" && !silent)
    found.blocked.push(unverified(facet, comparison, view));
  if (comparison.kind === "unknown") found.insync = false;
}

/** What was let go (`powerLetGo`) and is as git says by itself is written down: what moves it from now on is a drift. */
function holdsAgain({ name }: Facet, desired: unknown, found: Findings): void {
  const { applied } = found.view.record;
  if (applied[name] !== null) return;
  found.records = { ...found.records, applied: { ...applied, [name]: desired } };
  found.notes.push(`${name} is as declared again; the next apply writes that down`);
}

interface ViewAfter {
  readonly view: NodeView;
  readonly ends: Readonly<Record<string, unknown>>;
}

/** The node as the planned flows leave it; null when none is planned. */
function viewAfter(view: NodeView, drafts: readonly Draft[]): ViewAfter | null {
  const flows = drafts.flatMap(({ flow }) => flow ?? []);
  const last = flows.at(-1);
  if (last === undefined) return null;
  const ends: Record<string, unknown> = {};
  const results: Record<string, unknown> = {};
  for (const flow of flows) {
    Object.assign(ends, flow.ends);
    Object.assign(results, flow.results);
  }
  const at = view.now;
  const facets = Object.fromEntries(
    Object.entries(ends).map(([name, value]) => [name, { known: true, value, at }]),
  );
  const { observation } = view;
  return {
    ends,
    view: {
      ...view,
      record: { ...view.record, ...results, provisionState: last.to },
      observation:
        observation === undefined
          ? undefined
          : { ...observation, facets: { ...observation.facets, ...facets } },
    },
  };
}

/** A facet that a flow sets: what differs now is shown, and a step follows only for what the flow leaves open. */
function afterFlow(facet: Facet, { view }: ViewAfter, found: Findings): void {
  const now = facet.compare(found.view);
  const then = facet.compare(view);
  if (now.kind === "differs")
    for (const difference of now.differences)
      found.changes.push(changeOf(facet, difference, "intent", found.view));
  if (now.kind === "differs") found.insync = false;
  if (then.kind !== "differs") return;
  for (const difference of then.differences) {
    const closing = facet.close(view, difference);
    if (closing.kind === "steps") found.drafts.push(...closing.drafts);
    if (closing.kind === "blocked") found.blocked.push(closing.blocked);
  }
}

/** Lifting a protection, or taking another machine for the node's, is a plan of its own. */
function endWhere(found: Findings, replaced: boolean): void {
  const lifts = found.drafts.some(({ action }) => action.verb === "engine.unprotect");
  if (!lifts && !replaced) return;
  const alone = lifts ? "engine.unprotect" : "engine.replace";
  const kept = found.drafts.filter(({ action }) => action.verb === alone);
  const left = found.drafts.length - kept.length;
  found.drafts.length = 0;
  found.drafts.push(...kept);
  if (left > 0) found.notes.push(`what else is to be done here is planned after ${alone}`);
}

function unverified(
  facet: Facet,
  { why }: Comparison & { kind: "unknown" },
  { node }: NodeView,
): Blocked {
  return {
    kind: "unverified",
    code: "IW-P03",
    message: `${facet.name} is declared and could not be read: ${why}; once its BMC tells it: ironwright observe ${node.name}`,
  };
}

function differs(
  facet: Facet,
  comparison: Comparison & { kind: "differs" },
  found: Findings,
): void {
  const { view, only } = found;
  const cause = causeOf(facet, comparison.desired, view);
  // Another machine is nobody's drift: no word in git lets it be taken for this node's.
  const drifts = cause === "drift" && facet.name !== "identity";
  const word = drifts ? driftWord(facet, view) : "enforce";
  if (word === "ignore") return;
  found.insync = false;
  for (const difference of comparison.differences) {
    // A request asks for a way that ends where the node is: then nothing differs, and who asked is said apart.
    const asked = sameValue(difference.desired, difference.observed);
    if (asked) {
      if (only === undefined || only.includes(cause)) close(facet, difference, cause, found);
      continue;
    }
    const change = changeOf(facet, difference, cause, view);
    const left = leftOut(facet, word, cause, found) ?? offByInference(facet, difference, view);
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
    case "staged":
      found.staged.push({ path: difference.path, until: closing.until });
      return { noStep: closing.why };
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

/** After a loss nobody knows since when, and for whom, a machine is on that git wants off: nothing is inferred. */
function offByInference(facet: Facet, { desired }: Difference, view: NodeView): string | null {
  if (facet.name !== "power" || desired !== "off" || !view.remade) return null;
  if (view.record.origin !== "existing" || agreedBefore(facet, view) !== undefined) return null;
  return "the store was made anew, so nobody knows why it is on; to power it off: commit power: on, run ironwright plan, then commit power: off";
}

function leftOut(
  facet: Facet,
  word: DriftWord,
  cause: Change["cause"],
  { view, only }: Findings,
): string | null {
  if (facet.name === "identity") return null;
  if (word === "report") return `drift.${facet.name} is report`;
  if (only !== undefined && !only.includes(cause)) return LEFT_OUT;
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

/** Git says available, or an Allocation has it, and yet it stays out of the pool: the word that does it is named. */
function retiredNote({ node, record, target }: NodeView): readonly string[] {
  const { retired, provision } = node.spec;
  if (retired === undefined) return [];
  const reason = retired.reason === undefined ? "" : ` "${retired.reason}"`;
  const at = placeText(originOf(node, "/retired"), false);
  const { allocation } = node;
  if (allocation !== undefined && record.instance !== null)
    return [
      `retired${reason} (${at}): it goes on for the Allocation ${allocation}, and stays out of the pool once it is given back`,
    ];
  const kept = provision?.state === "available" && target === "manageable";
  if (record.instance !== null || !kept) return [];
  return [`retired${reason} (${at}): it stays out of the pool, at manageable`];
}

function wireNotes(observation: Observation | undefined): string[] {
  const transport = observation?.transport;
  if (transport === null || transport === undefined) return [];
  const notes: string[] = [];
  if (transport.tls === "unverified") notes.push("TLS is not verified (bmc.tls.verify: false)");
  if (transport.tls === "plain") notes.push("HTTP without TLS: the password travels in the clear");
  if (transport.fence === "time-only")
    notes.push("fence: time only (no session that a takeover could end)");
  return notes;
}
