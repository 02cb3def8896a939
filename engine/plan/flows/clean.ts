import { askedIn, isActId } from "../../../schemas/person-act.ts";
import { gravest } from "../../../schemas/impact.ts";
import type { Blocked, FlowEntry, RamdiskTerms } from "../../../schemas/plan.ts";
import type { NodeRecord } from "../../../schemas/record.ts";
import type { NodeView } from "../facets/facet.ts";
import { erasedBy } from "../erases.ts";
import { automatedClean, automatedTerms, cleanWord } from "../steps/automated-clean.ts";
import { ramdiskTerms } from "../steps/ramdisk-terms.ts";
import { type ListedStep, nameOf } from "../steps/step-list.ts";
import { isStepRequest, requestList } from "../steps/request-list.ts";
import { bootInstance, bootRamdisk, powerOff } from "./acts.ts";
import { endsOf, ownEntry, ramdiskAfter, stepEntries } from "./entries.ts";
import { cannot, checkedList, type Flow, type FlowDraft, isBlocked, recordOnly } from "./flow.ts";
import type { JudgedRequest } from "../requests.ts";

/** Into the pool, through the automated clean: what a node must have gone through before its next workload. */
export const provideFlow: Flow = {
  verb: "provision.provide",
  draft(view, _move, request) {
    const clean = cleanDraft(view);
    if (request === null || isBlocked(clean)) return clean;
    return {
      ...clean,
      // As by an undeploy: also where nothing is cleaned, the workload is given up.
      impact: gravest(["destructive", clean.impact]),
      results: { ...clean.results, ...givenUp(view) },
      why: `the workload is given up; ${clean.why} (request ${request.request.id})`,
    };
  },
};

/** What goes with a workload: its networks, and the Allocation that it was for, unless git still holds that. */
export function givenUp({
  node,
  record,
}: NodeView): Pick<NodeRecord, "instance" | "vifs" | "allocation"> {
  const allocation = node.allocation === undefined ? null : record.allocation;
  return { instance: null, vifs: {}, allocation };
}

/** A manual clean: the steps of a request or its runbook, as written. */
export const cleanFlow: Flow = {
  verb: "provision.clean",
  draft(view, _move, request) {
    if (request === null) return cannot("request", "IW-P07", "a manual clean needs a request");
    const list = requestedList(view, request);
    if (isBlocked(list)) return list;
    const { id } = request.request;
    const who = isActId(id) ? askedIn(id) : `as the request ${id} asks`;
    const why = `${who}: ${names(list)}`;
    return cleaning(view, list, { why, results: {}, terms: ramdiskTerms(view.offers, "clean") });
  },
};

/** The automated clean of this node, also as the second half of an undeploy. */
export function cleanDraft(view: NodeView): FlowDraft | Blocked {
  const word = cleanWord(view.node);
  const list = checkedList(automatedClean(view.node, view.offers), view.node);
  if (isBlocked(list)) return list;
  if (word === "none" || list.length === 0)
    return recordOnly(
      word === "none"
        ? "into the pool as it is (clean.automated: none)"
        : "into the pool as it is: no clean step is offered or left on",
      { deployTries: null },
    );
  const disks = view.node.spec.clean?.keep === undefined ? "every disk" : "the disks not kept";
  const what = word === "full" ? `${disks}, whole` : `metadata of ${disks}`;
  return cleaning(view, list, {
    why: `cleaning: ${what}`,
    results: { cleaned: word, deployTries: null },
    terms: automatedTerms(view.node, view.offers),
  });
}

/** How a clean is said, and what it comes to. */
interface Cleaning {
  readonly why: string;
  readonly results: FlowDraft["results"];
  readonly terms: RamdiskTerms | null;
}

function cleaning(
  view: NodeView,
  list: readonly ListedStep[],
  { why, results, terms }: Cleaning,
): FlowDraft | Blocked {
  const erased = erasedBy(view, list, why);
  if (isBlocked(erased)) return erased;
  const entries = withRamdisk(view, list, erased.serials);
  return {
    entries,
    impact: gravest(entries.map(({ impact }) => impact)),
    ends: endsOf(entries),
    results,
    erases: erased.erases,
    why,
    ...(erased.needsDisks ? { needsDisks: true as const } : {}),
    ...(terms === null || ramdiskAfter(entries.slice(0, 1)) === null ? {} : { ramdisk: terms }),
  };
}

/** The list, between the ramdisk's coming and going where a step needs it. */
function withRamdisk(
  view: NodeView,
  list: readonly ListedStep[],
  serials: readonly string[] | null,
): readonly FlowEntry[] {
  const { settings, offers } = view;
  const asksSteps = offers.namedByRamdisk.length > 0;
  const boot = { settings, off: powerOff(settings), asksSteps };
  if (!list.some(({ offer }) => offer.requiresRamdisk)) return stepEntries(view, list, serials);
  return [
    ownEntry("deploy", "prepare_cleaning", bootRamdisk("clean", boot)),
    ...stepEntries(view, list, serials, "clean"),
    ownEntry("deploy", "tear_down_cleaning", [bootInstance(settings), powerOff(settings)]),
  ];
}

/** The steps of a request that carries a list, its own or its Runbook's. */
export function requestedList(
  { node, runbooks, offers }: NodeView,
  { request }: JudgedRequest,
): readonly ListedStep[] | Blocked {
  if (!isStepRequest(request))
    return cannot("request", "IW-P22", `the request ${request.id} carries no list of steps`);
  return checkedList(requestList(node, request, runbooks, offers), node);
}

/** The names of a list's steps, for the eye. */
export function names(list: readonly ListedStep[]): string {
  return list.map(nameOf).join(", ");
}
