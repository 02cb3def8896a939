import { known } from "../../schemas/observation.ts";
import type { ActAsk, PersonAct } from "../../schemas/person-act.ts";
import { askedIn } from "../../schemas/person-act.ts";
import type { Blocked } from "../../schemas/plan.ts";
import { abortDraft, canAbort, isReboot, underWay, type UnderWay } from "./activity.ts";
import { askedDrafts, rebootDrafts } from "./asked.ts";
import { inWords } from "./durations.ts";
import {
  type Draft,
  type NodeView,
  RANKS,
  unknownToOthers,
  unsupported,
  whyUnknown,
} from "./facets/facet.ts";
import { indicatorsFacet } from "./facets/indicators.ts";
import { taskInTheWay } from "./facets/power.ts";
import { provisionFacet } from "./facets/provision.ts";
import { kindOf } from "./machine.ts";
import { flowRequest } from "./route.ts";
import { VENDOR_SIGN } from "./signs.ts";

/** What an act comes to: its one step (or the list of it), or why it is not done; neither where it is so already. */
export type Acted = Pick<UnderWay, "drafts" | "blocked">;

type Answer<K extends ActAsk["kind"]> = (
  view: NodeView,
  act: PersonAct,
  ask: Extract<ActAsk, { kind: K }>,
) => Acted;

const ANSWERS: { readonly [K in ActAsk["kind"]]: Answer<K> } = {
  request: requested,
  power,
  reboot,
  bootDevice,
  indicator,
  vendor,
};

/** What a person's act does to the node; an act of another kind than the move that is under way waits for its end. */
export function actDrafts(view: NodeView, act: PersonAct): Acted {
  const way = underWay(view);
  if (way !== null) return amidst(view, act, way);
  const { provisionState: state } = view.record;
  if (state === "enroll") return refused("IW-P23", NEVER_VERIFIED);
  if (kindOf(state) === "transient") return refused("IW-P23", `it stands at ${state}`);
  return answer(view, act, act.ask);
}

function answer<K extends ActAsk["kind"]>(
  view: NodeView,
  act: PersonAct,
  ask: Extract<ActAsk, { kind: K }> & { readonly kind: K },
): Acted {
  const row: Answer<K> = ANSWERS[ask.kind];
  const { drafts, blocked } = row(view, act, ask);
  const [unknown] = drafts.flatMap(({ action }) => unknownToOthers(view, action.verb) ?? []);
  return unknown === undefined ? { drafts, blocked } : { drafts: [], blocked: [unknown] };
}

const NEVER_VERIFIED =
  "it is enroll: nobody has verified which machine answers, so nothing is sent to it but reads; with provision.state: manageable, or beyond, an apply verifies it";

/** Only an abort and an unhold are for a list that is open; and an off, which ends a reboot. */
function amidst(view: NodeView, act: PersonAct, { drafts, blocked }: UnderWay): Acted {
  const { record } = view;
  const own = drafts.filter(({ request }) => request === act.id);
  if (own.length > 0) return { drafts: own, blocked: [] };
  const { ask } = act;
  if (ask.kind === "power" && ask.to === "off" && isReboot(record.activity)) {
    const off = power(view, act, ask);
    return off.blocked.length > 0
      ? off
      : { drafts: [abortDraft(view, act.id), ...off.drafts], blocked: [] };
  }
  const isUnhold = ask.kind === "request" && ask.request.action === "unhold";
  const isAbort = ask.kind === "request" && ask.request.action === "abort";
  if (isAbort && blocked.length > 0) return { drafts: [], blocked };
  const flow = record.activity?.flow ?? "a move";
  const is = `${flow} is under way (${record.provisionState})`;
  const on = record.provisionState.endsWith(" hold") ? `node unhold ${act.node}` : "apply";
  const end = canAbort(record) ? `; to end it: ironwright node abort ${act.node}` : "";
  const message = isUnhold
    ? `${is}, and does not stand at a hold step; the next apply goes on with it`
    : `${is}; to go on: ironwright ${on}${end}`;
  return refused("IW-P12", message);
}

/** By the way of git's requests: an act of its own, or a move of the provision state machine. */
function requested(view: NodeView): Acted {
  if (flowRequest(view) === null) return askedDrafts(view);
  const compared = provisionFacet.compare(view);
  const [difference] = compared.kind === "differs" ? compared.differences : [];
  if (difference === undefined) return { drafts: [], blocked: [] };
  const closing = provisionFacet.close(view, difference);
  if (closing.kind === "steps") return { drafts: closing.drafts, blocked: [] };
  if (closing.kind === "blocked") return { drafts: [], blocked: [closing.blocked] };
  return refused("IW-P22", "why" in closing ? closing.why : "nothing leads there");
}

function power(
  view: NodeView,
  { id, node }: PersonAct,
  { to, soft, forceAfterSeconds }: Extract<ActAsk, { kind: "power" }>,
): Acted {
  const { observation, settings } = view;
  const seen = known(observation, "power");
  if (seen === undefined)
    return refused(
      "IW-P03",
      `its power is unknown (${whyUnknown(observation, "power")}); once its BMC tells it: ironwright observe ${node}`,
    );
  if (seen === to) return { drafts: [], blocked: [] };
  if (seen !== "on" && seen !== "off")
    return refused("IW-P23", `it is ${seen} just now; ask again in a minute`);
  const task = taskInTheWay(observation);
  if (task !== null) return refused("IW-B17", task);
  if (soft && !offers(view, "GracefulShutdown"))
    return refused(
      "IW-P13",
      `its BMC offers no graceful stop; forced: ironwright node power off ${node}`,
    );
  const { powerSeconds, softOffSeconds } = settings.timeouts;
  const timeoutSeconds = soft ? softOffSeconds : powerSeconds;
  const how = soft ? `: graceful; ${atDeadline(timeoutSeconds, forceAfterSeconds)}` : "";
  const draft: Draft = {
    action: { verb: to === "on" ? "power.on" : soft ? "power.softOff" : "power.off" },
    impact: to === "on" ? "in-place" : "reboot",
    before: { power: seen },
    after: { power: to },
    timeoutSeconds,
    why: `${askedIn(id)}${how}`,
    rank: RANKS.request,
    request: id,
    ...(soft && forceAfterSeconds !== null ? { fallback: { verb: "power.off" } } : {}),
  };
  return { drafts: [draft], blocked: [] };
}

function atDeadline(seconds: number, forceAfterSeconds: number | null): string {
  return forceAfterSeconds === null
    ? `failed when it is not off at ${inWords(seconds)}, never forced`
    : `forced at ${inWords(seconds)}`;
}

function offers({ observation }: NodeView, resetType: string): boolean {
  const types = observation?.capabilities.resetTypes;
  return types === undefined || types.includes(resetType);
}

function reboot(
  view: NodeView,
  { id, node }: PersonAct,
  { soft, forceAfterSeconds }: Extract<ActAsk, { kind: "reboot" }>,
): Acted {
  const seen = known(view.observation, "power");
  if (seen !== "on")
    return refused(
      "IW-P23",
      `its power is ${seen ?? "unknown"}: there is nothing to reboot; to power it on: ironwright node power on ${node}`,
    );
  const task = taskInTheWay(view.observation);
  if (task !== null) return refused("IW-B17", task);
  if (soft && !offers(view, "GracefulShutdown"))
    return refused(
      "IW-P13",
      `its BMC offers no graceful stop; forced: ironwright node power reboot ${node}`,
    );
  const { softOffSeconds } = view.settings.timeouts;
  const how = soft ? `: graceful; ${atDeadline(softOffSeconds, forceAfterSeconds)}` : "";
  const forced = forceAfterSeconds !== null;
  return {
    drafts: rebootDrafts(view, { soft, forced, request: id, why: `${askedIn(id)}${how}` }),
    blocked: [],
  };
}

function bootDevice(
  view: NodeView,
  { id, node }: PersonAct,
  { device, persistent }: Extract<ActAsk, { kind: "bootDevice" }>,
): Acted {
  const { observation, settings } = view;
  const can = observation?.capabilities.bootDevices;
  if (can !== undefined && !can.includes(device)) {
    const closing = unsupported(
      `boot device ${device} is not offered by this BMC (${can.join(", ")})`,
    );
    return { drafts: [], blocked: closing.kind === "blocked" ? [closing.blocked] : [] };
  }
  const seen = known(observation, "bootDevice");
  if (seen === undefined)
    return refused(
      "IW-P03",
      `its boot device is unknown (${whyUnknown(observation, "bootDevice")}), so that nobody would see it set; once its BMC tells it: ironwright observe ${node}`,
    );
  if (seen.device === device && seen.persistent === persistent) return { drafts: [], blocked: [] };
  const draft: Draft = {
    action: { verb: "management.setBootDevice", device, persistent },
    impact: "in-place",
    before: { bootDevice: seen },
    after: { bootDevice: { device, persistent } },
    timeoutSeconds: settings.timeouts.settingSeconds,
    why: `${askedIn(id)}: ${persistent ? "for every boot from now on" : "for the next boot alone"}`,
    rank: RANKS.bootDevice,
    request: id,
  };
  return { drafts: [draft], blocked: [] };
}

/** The declared facet with the person's word in git's place (`fleetWithAct`). */
function indicator(view: NodeView, { id, node }: PersonAct): Acted {
  const compared = indicatorsFacet.compare(view);
  if (compared.kind === "unknown")
    return refused(
      "IW-P03",
      `its indicators are unknown: ${compared.why}; look at: ironwright node led ${node}`,
    );
  const differences = compared.kind === "differs" ? compared.differences : [];
  const closings = differences.map((difference) => indicatorsFacet.close(view, difference));
  const blocked = closings.flatMap((closing) =>
    closing.kind === "blocked" ? [closing.blocked] : [],
  );
  const drafts = closings.flatMap((closing) => (closing.kind === "steps" ? closing.drafts : []));
  const asked = drafts.map((draft) => ({
    ...draft,
    why: `${askedIn(id)}: ${draft.why}`,
    request: id,
  }));
  return { drafts: blocked.length > 0 ? [] : asked, blocked };
}

/** What it is, its hardware type alone knows: of the machine only its state and its tasks stand in the way. */
function vendor(
  { observation, settings }: NodeView,
  { id }: PersonAct,
  { method, args, impact, after }: Extract<ActAsk, { kind: "vendor" }>,
): Acted {
  const task = impact === "reboot" ? taskInTheWay(observation) : null;
  if (task !== null) return refused("IW-B17", task);
  const words = Object.keys(args).length === 0 ? "" : ` ${JSON.stringify(args)}`;
  const isUnseen = Object.keys(after).length === 0;
  const unseen = isUnseen ? "; its effect can't be seen, so it is never repeated" : "";
  const expected = Object.entries(after).map(([name, value]) => [`${VENDOR_SIGN}${name}`, value]);
  const draft: Draft = {
    action: { verb: "vendor.call", method, args },
    impact,
    before: {},
    after: Object.fromEntries(expected),
    timeoutSeconds: settings.timeouts.settingSeconds,
    why: `${askedIn(id)}: ${method}${words}${unseen}`,
    rank: RANKS.request,
    request: id,
  };
  return { drafts: [draft], blocked: [] };
}

/** Said no by the state of things: by a code of the table, and as a plan would. */
function refused(
  code: "IW-P03" | "IW-P12" | "IW-P13" | "IW-P22" | "IW-P23" | "IW-B17",
  message: string,
): Acted {
  const blocked: Blocked = { kind: KINDS[code], code, message };
  return { drafts: [], blocked: [blocked] };
}

const KINDS = {
  "IW-P03": "unverified",
  "IW-P12": "activity",
  "IW-P13": "unsupported",
  "IW-P22": "request",
  "IW-P23": "state",
  "IW-B17": "task",
} as const;
