import type { RequestAction } from "../../schemas/documents.ts";
import { known } from "../../schemas/observation.ts";
import type { Blocked } from "../../schemas/plan.ts";
import { askedIn, requestText } from "../../schemas/person-act.ts";
import { inWords } from "./durations.ts";
import { type Draft, type NodeView, RANKS } from "./facets/facet.ts";
import { identityPart, matchIdentity } from "./facets/identity.ts";
import { powerOff, powerOn, softOff } from "./flows/acts.ts";
import { ownEntry } from "./flows/entries.ts";
import { kindOf } from "./machine.ts";
import type { JudgedRequest } from "./requests.ts";
import { flowRequest } from "./route.ts";

/** What the requests of a node come to that are no moves of the provision state machine. */
export interface Asked {
  readonly drafts: readonly Draft[];
  readonly blocked: readonly Blocked[];
  /** What will never run, and why: whoever wrote it waits for it. */
  readonly notes: readonly string[];
}

/** Seconds for what only the record takes. */
const RECORD_SECONDS = 60;

/** Every due request that is an act of its own, and why the others do not run. */
export function askedDrafts(view: NodeView): Asked {
  const drafts: Draft[] = [];
  const blocked: Blocked[] = [];
  const notes: string[] = [];
  for (const judged of view.requests) {
    if (judged.verdict === "spent" || judged.verdict === "expired")
      notes.push(`${judged.message ?? judged.verdict} (${judged.place})`);
    const answer = answerTo(view, judged);
    if (answer === null) continue;
    if ("message" in answer) blocked.push(answer);
    else drafts.push(...answer);
  }
  return { drafts, blocked, notes };
}

type Answer = (view: NodeView, judged: JudgedRequest) => readonly Draft[] | Blocked | null;

/** Moves of the provision state machine are the provision facet's own. */
const BY_ROUTE: Answer = () => null;

const NOTHING_RUNS: Answer = (_view, { request, place }) =>
  refused(`${requestText(request)} does not run: nothing is under way here (${place})`);

const ANSWERS: Readonly<Record<RequestAction, Answer>> = {
  claim,
  replace,
  reboot,
  "soft-reboot": reboot,
  nmi,
  abort: NOTHING_RUNS,
  unhold: NOTHING_RUNS,
  inspect: BY_ROUTE,
  clean: BY_ROUTE,
  service: BY_ROUTE,
  rebuild: BY_ROUTE,
  undeploy: BY_ROUTE,
};

function answerTo(view: NodeView, judged: JudgedRequest): ReturnType<Answer> {
  const { verdict, message, place, request } = judged;
  if (verdict === "used" || verdict === "spent" || verdict === "expired") return null;
  if (verdict !== "due") return refused(`${message ?? verdict} (${place})`);
  return ANSWERS[request.action](view, judged);
}

function refused(message: string): Blocked {
  return { kind: "request", code: "IW-P22", message };
}

/** The serial in the request must be the machine's own: a claim is for one machine. */
function claim(view: NodeView, { request, place }: JudgedRequest): readonly Draft[] | Blocked {
  const asked = identityPart(request.serial);
  const seen = known(view.observation, "identity")?.serial;
  if (asked === null || identityPart(seen) !== asked)
    return {
      kind: "claim",
      code: "IW-P15",
      message: `the request ${request.id} claims serial ${request.serial ?? "(none)"}, and ${seen ?? "no serial"} answers (${place})`,
    };
  return [claimDraft(request.serial ?? "", `given up by the request ${request.id}`, request.id)];
}

/** The step that records a claim; `request` is null for a person's `--claim`. */
export function claimDraft(serial: string, why: string, request: string | null): Draft {
  return {
    action: { verb: "engine.claim", serial },
    impact: "none",
    before: {},
    after: {},
    timeoutSeconds: RECORD_SECONDS,
    why,
    rank: RANKS.guard,
    ...(request === null ? {} : { request }),
  };
}

/** Another machine in this node's place: git names it, and it answers. */
function replace(view: NodeView, { request, place }: JudgedRequest): readonly Draft[] | Blocked {
  const { node, observation } = view;
  const seen = known(observation, "identity");
  const { agreed, differs } = matchIdentity(node.spec.identity, seen);
  const recorded = matchIdentity(view.record.identity, seen).matches;
  if (recorded === true)
    return refused(
      `the request ${request.id} (replace) does not run: the machine that is recorded answers (${place})`,
    );
  if (differs !== null || !agreed.includes("serial"))
    return refused(
      `the request ${request.id} (replace) does not run: identity in git must name the machine that answers, with serial ${seen?.serial ?? "(unknown)"} (${place})`,
    );
  const keep = request.keep ?? "none";
  return [
    {
      action: { verb: "engine.replace", keep },
      impact: "none",
      before: {},
      after: {},
      timeoutSeconds: RECORD_SECONDS,
      why:
        keep === "none"
          ? `serial ${seen?.serial ?? ""} is this node from now on; it begins at enroll`
          : `serial ${seen?.serial ?? ""} is this node from now on, with the disks of the one before`,
      rank: RANKS.guard,
      request: request.id,
    },
  ];
}

/** It would be switched on again by what interrupts it, and off again by the next apply. */
const DECLARED_OFF = "git declares it off; declare power: on for it";

/** Off, seen off, on, seen on, as one list: a crash between the two is gone on from, and never leaves it off. */
function reboot(view: NodeView, { request, place }: JudgedRequest): readonly Draft[] | Blocked {
  const { record, observation, settings } = view;
  const { provisionState: state } = record;
  const moves = state !== view.target || flowRequest(view) !== null;
  const busy = moves || kindOf(state) === "transient" || state === "enroll";
  const power = known(observation, "power");
  const declaredOff = view.node.spec.power === "off";
  if (busy || power !== "on" || declaredOff) {
    const way = moves ? `, on its way to ${view.target}` : "";
    const is = busy ? `it is ${state}${way}` : `its power is ${power ?? "unknown"}`;
    const why = declaredOff ? DECLARED_OFF : is;
    return refused(`${requestText(request)} waits: ${why} (${place})`);
  }
  const soft = request.action === "soft-reboot";
  const graceful = `: graceful; forced at ${inWords(settings.timeouts.softOffSeconds)}`;
  const why = `request ${request.id}${soft ? graceful : ""}`;
  return rebootDrafts(view, { soft, forced: true, request: request.id, why });
}

/** How a node is rebooted; a graceful stop that may not be forced fails at its deadline, and the node stays on. */
export interface Reboot {
  readonly soft: boolean;
  readonly forced: boolean;
  readonly request: string;
  readonly why: string;
}

export function rebootDrafts(
  { record, settings }: NodeView,
  { soft, forced, request, why }: Reboot,
): readonly Draft[] {
  const { provisionState: state } = record;
  const { fallback: _fallback, ...asked } = softOff(settings);
  const off = !soft ? powerOff(settings) : forced ? softOff(settings) : asked;
  const on = powerOn(settings);
  return [
    {
      action: { verb: "power.reboot", soft },
      impact: "reboot",
      before: { power: "on" },
      after: {},
      timeoutSeconds: off.timeoutSeconds + on.timeoutSeconds,
      why,
      rank: RANKS.request,
      request,
      flow: {
        from: state,
        via: null,
        wait: null,
        hold: null,
        failed: null,
        to: state,
        entries: [ownEntry("power", "reboot", [off, on])],
        ends: { power: "on" },
        results: {},
      },
    },
  ];
}

function nmi(
  { observation, settings }: NodeView,
  { request, place }: JudgedRequest,
): readonly Draft[] | Blocked {
  const can = observation?.capabilities.resetTypes;
  if (can !== undefined && !can.includes("Nmi"))
    return refused(`${requestText(request)} does not run: its BMC offers none (${place})`);
  if (known(observation, "power") !== "on")
    return refused(`${requestText(request)} waits: its power is not on (${place})`);
  return [
    {
      action: { verb: "management.injectNmi" },
      impact: "reboot",
      before: { power: "on" },
      after: {},
      timeoutSeconds: settings.timeouts.settingSeconds,
      why: `${askedIn(request.id)}; its effect can't be seen, so it is never repeated`,
      rank: RANKS.request,
      request: request.id,
    },
  ];
}
