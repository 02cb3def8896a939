import { failure } from "../../schemas/failure.ts";
import { nearest } from "../../schemas/nearest.ts";
import { known, type Observation } from "../../schemas/observation.ts";
import type { FlowEntry, RamdiskTerms } from "../../schemas/plan.ts";
import type { NodeRecord, RamdiskSteps, RecordPatch } from "../../schemas/record.ts";
import type { Settings } from "../../schemas/settings.ts";
import type { StepOffer } from "../../schemas/steps.ts";
import { sameValue } from "./canonical-json.ts";
import { actAt, type Cursor, type FlowStep, openList } from "./flow-cursor.ts";
import { advanced, failEnding, gated } from "./flow-patches.ts";
import { ramdiskAfter, stepEntry, withRunIds } from "./flows/entries.ts";
import { joinPatches, withPatch } from "./record-patch.ts";
import { argumentProblems } from "./steps/check-arguments.ts";
import { orderSteps } from "./steps/order-steps.ts";
import { readAgentSteps } from "./steps/read-agent-steps.ts";
import { type ListedStep, nameOf, RAMDISK_SOURCE } from "./steps/step-list.ts";

/** What the engine sees where a list has come to its ramdisk. */
export interface SeenAtGate {
  readonly observation: Observation;
  readonly settings: Settings;
}

/** The disks that a step of the ramdisk may touch; null where no plan has named any for it yet. */
export type DisksOf = (offer: StepOffer) => readonly string[] | null;

/** A list as its ramdisk lets it be run. */
export interface Resolved {
  /** All of them; what is done already is as it was. */
  readonly entries: readonly FlowEntry[];
  /** Steps that were asked for and that the ramdisk does not have, or not so. */
  readonly problems: readonly string[];
  /** Steps that erase, and for which there are no disks by name. */
  readonly unnamed: readonly StepOffer[];
  /** Steps that erase, that the plan named, and that the ramdisk does not bring any more. */
  readonly gone: readonly string[];
}

/** The act at the cursor was done: past it; and where the ramdisk's agent has answered, with what it named. */
export function passed(
  record: NodeRecord,
  cursor: Cursor,
  seen: SeenAtGate,
  now: number,
): RecordPatch {
  const patch = advanced(record, cursor, now);
  const at = actAt(openList(record).step, cursor);
  if (at?.act.act.verb !== "engine.awaitAgent") return patch;
  return joinPatches(patch, learntAtGate(withPatch(record, patch), seen, now));
}

/**
 * What the ramdisk that runs has named, and what that makes of the list that is open: steps that erase nothing join
 * it at once; one that erases and that no plan named stops it where it stands; one that is not there ends it.
 */
export function learntAtGate(
  record: NodeRecord,
  { observation, settings }: SeenAtGate,
  now: number,
): RecordPatch {
  const { step, activity } = openList(record);
  const terms = step.flow.ramdisk;
  const reading = known(observation, "agentSteps");
  if (terms === undefined || reading === undefined) return {};
  const ramdisk = readAgentSteps(reading, terms, now);
  const learnt = { ramdisk, revision: record.revision + 1 };
  if (terms.flow === null) return learnt;
  const resolved = asApproved({ step, at: activity, ramdisk, settings });
  return joinPatches(learnt, atGate(record, resolved, now));
}

/** The list with no more disks than the approved plan names. */
function asApproved(from: Resolving): Resolved {
  return resolveList(from, approvedDisks(from.step, from.at));
}

/** Why a list would be stopped by what a ramdisk has named; null when it would not. */
export function whyStopped(from: Resolving): string | null {
  const { problems, unnamed, gone } = asApproved(from);
  return problems.length > 0 ? problems.join("; ") : whyGated(unnamed, gone);
}

function atGate(record: NodeRecord, resolved: Resolved, now: number): RecordPatch {
  const { step } = openList(record);
  const { entries, problems, unnamed, gone } = resolved;
  if (problems.length > 0) {
    const why = failure("stalled", "IW-A07", problems.join("; "));
    return { activity: { ending: failEnding(why, null) } };
  }
  const why = whyGated(unnamed, gone);
  if (why !== null) return gated(record, why, now);
  if (sameValue(entries, step.flow.entries)) return {};
  return { activity: { step: { ...step, flow: { ...step.flow, entries } } } };
}

function whyGated(unnamed: readonly StepOffer[], gone: readonly string[]): string | null {
  const facts = [
    ...unnamed.map(
      (offer) =>
        `${nameOf(offer)} of its ramdisk erases disks (${offer.erases ?? ""}), which no approved plan has named yet`,
    ),
    ...gone.map((name) => `${name}, which the approved plan named, is not in its ramdisk any more`),
  ];
  return facts.length === 0 ? null : facts.join("; ");
}

/** The list from which it goes on, and what is known where it stands. */
export interface Resolving {
  readonly step: FlowStep;
  readonly at: Cursor;
  readonly ramdisk: RamdiskSteps;
  readonly settings: Settings;
}

/** Lays what a ramdisk has named over what is left of a list. */
export function resolveList({ step, at, ramdisk, settings }: Resolving, disks: DisksOf): Resolved {
  const terms = step.flow.ramdisk;
  const done = step.flow.entries.slice(0, at.entry);
  const left = step.flow.entries.slice(at.entry);
  if (terms === undefined || terms.flow === null)
    return { entries: step.flow.entries, problems: [], unnamed: [], gone: [] };
  const asked = left.filter(isAsked).map((entry) => judge(entry, ramdisk, terms));
  // What was done is not brought again by the next ramdisk of the same list.
  const own = ownOf(ramdisk, terms, [...done, ...left.filter((entry) => !isOwn(entry))]);
  const ground = {
    settings,
    inService: false,
    ramdisk: ramdiskAfter(done),
    asksSteps: true,
  } as const;
  const listed = [...asked.flatMap((one) => one.listed ?? []), ...own.steps];
  const made = new Map(listed.map((one) => [one, stepEntry(ground, one, disks(one.offer))]));
  const stay = left.flatMap((entry) => {
    if (isOwn(entry)) return [];
    if (!isAsked(entry)) return [entry];
    const one = asked.find(({ of }) => of === entry)?.listed;
    return [(one && made.get(one)) ?? entry];
  });
  const entries = [...done, ...sorted(stay, own.steps, made, terms)];
  const names = listed.filter(({ offer }) => offer.erases !== null).map(nameOf);
  return {
    entries: withRunIds(entries, step.id),
    problems: [...asked.flatMap(({ problems }) => problems), ...own.problems],
    unnamed: listed
      .map(({ offer }) => offer)
      .filter((offer) => offer.erases !== null && disks(offer) === null),
    gone: left
      .filter((entry) => isOwn(entry) && entry.erases !== undefined)
      .map(nameOf)
      .filter((name) => !names.includes(name)),
  };
}

/** A step of the ramdisk that somebody named. */
function isAsked(entry: FlowEntry): boolean {
  return entry.ramdisk !== undefined && !isOwn(entry);
}

/** A step that the ramdisk brings by itself. */
function isOwn({ source }: FlowEntry): boolean {
  return source === RAMDISK_SOURCE;
}

interface Judged {
  readonly of: FlowEntry;
  readonly listed: ListedStep | null;
  readonly problems: readonly string[];
}

/** A step that was asked for, as the ramdisk has it. */
function judge(of: FlowEntry, ramdisk: RamdiskSteps, terms: RamdiskTerms): Judged {
  const name = nameOf(of);
  const flow = terms.flow ?? "clean";
  const offer = ramdisk.steps.find((one) => nameOf(one) === name);
  if (offer === undefined) return { of, listed: null, problems: [missing(name, ramdisk, terms)] };
  if (offer.priority[flow] === undefined) {
    const flows = Object.keys(offer.priority).join(", ") || "no flow";
    const problem = `${name} of its ramdisk is a step of ${flows}, not of ${flow}`;
    return { of, listed: null, problems: [problem] };
  }
  const problems = argumentProblems(offer, of.args).map(({ message }) => message);
  const { interface: on, step, priority, args, source } = of;
  return { of, listed: { interface: on, step, priority, args, offer, source }, problems };
}

function missing(name: string, { steps, ignored }: RamdiskSteps, terms: RamdiskTerms): string {
  const said = ignored.find((text) => text.startsWith(`${name}: `));
  if (said !== undefined) return `its ramdisk names ${said}`;
  const names = steps.map(nameOf);
  const near = nearest(name, [...names, ...terms.taken]);
  const has = names.length === 0 ? "it names none of its own" : `it names ${names.join(", ")}`;
  const more = names.length === 0 && ignored.length > 0 ? `: ${ignored.join("; ")}` : "";
  const wayOut = near === null ? `${has}${more}` : `did you mean ${near}?`;
  return `its ramdisk has no step ${name}; ${wayOut}`;
}

interface Own {
  readonly steps: readonly ListedStep[];
  readonly problems: readonly string[];
}

/** The steps that a ramdisk brings by itself: as git moves them, within what the list may erase. */
function ownOf(ramdisk: RamdiskSteps, terms: RamdiskTerms, others: readonly FlowEntry[]): Own {
  const { own, flow } = terms;
  if (own === null || flow === null) return { steps: [], problems: [] };
  const taken = new Set(others.map(nameOf));
  const steps = ramdisk.steps.flatMap((offer): readonly ListedStep[] => {
    const name = nameOf(offer);
    const offered = offer.priority[flow];
    const priority = offered === undefined ? 0 : (own.priorities[name] ?? offered);
    const isMeant = offer.erases === null || own.mayErase.includes(offer.erases);
    if (priority === 0 || !isMeant || taken.has(name)) return [];
    const { interface: on, step } = offer;
    return [{ interface: on, step, priority, args: {}, offer, source: RAMDISK_SOURCE }];
  });
  const problems = Object.entries(own.priorities).flatMap(([name, priority]) => {
    const offer = ramdisk.steps.find((one) => nameOf(one) === name);
    if (priority === 0 || taken.has(name)) return [];
    if (offer?.priority[flow] === undefined) return [missing(name, ramdisk, terms)];
    return argumentProblems(offer, {}).map(({ message }) => message);
  });
  return { steps, problems };
}

/** What was as it is written stays so; what has priorities is sorted anew, before what puts the machine back. */
function sorted(
  stay: readonly FlowEntry[],
  own: readonly ListedStep[],
  made: ReadonlyMap<ListedStep, FlowEntry>,
  { flow }: RamdiskTerms,
): readonly FlowEntry[] {
  if (own.length === 0 || flow === null || flow === "service") return stay;
  const end = stay.filter(({ priority }) => priority === null);
  const ranked = stay.filter(({ priority }) => priority !== null);
  const all = [...ranked, ...own.flatMap((one) => made.get(one) ?? [])];
  return [...orderSteps(flow, all), ...end];
}

/** By the plan that was approved: a step of the same name that takes the same of the disks. */
function approvedDisks({ flow }: FlowStep, { entry: from }: Cursor): DisksOf {
  const named = flow.entries.slice(from).filter(({ ramdisk }) => ramdisk === "named");
  return (offer) => {
    const entry = named.find((one) => nameOf(one) === nameOf(offer) && one.erases === offer.erases);
    const [first] = entry?.acts ?? [];
    return first?.act.verb === "step.run" ? first.act.disks : null;
  };
}

/** True where a step of the ramdisk comes next, and the ramdisk that runs was not asked for it. */
export function isUnasked(
  { ramdisk, activity }: NodeRecord,
  next: FlowEntry,
  { observation }: SeenAtGate,
): boolean {
  const terms = activity?.step?.flow?.ramdisk;
  if (next.ramdisk === undefined || terms === undefined) return false;
  const reading = known(observation, "agentSteps");
  // Where nobody answers, what erases is not asked of whoever may be there.
  if (reading === undefined) return next.ramdisk === "unknown" || next.erases !== undefined;
  const answer = readAgentSteps(reading, terms, ramdisk?.at ?? 0);
  return ramdisk === null || !sameValue(answer, { ...ramdisk });
}
