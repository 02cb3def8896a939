import type { Gate } from "../../../schemas/plan.ts";
import { knownDisks } from "../erases.ts";
import { draftOf } from "../flows/all-flows.ts";
import { type FlowDraft, isBlocked } from "../flows/flow.ts";
import { gateOfSteps } from "../gates.ts";
import { kindOf } from "../machine.ts";
import { whyNoRoute } from "../no-route.ts";
import { deployBind, flowRequest, type Leg, routeOf } from "../route.ts";
import { type Closing, type Draft, type Facet, type NodeView, RANKS } from "./facet.ts";

/** Seconds that the engine itself needs for a move that only writes the record. */
const RECORD_SECONDS = 60;

/** The provision state, brought on by the cheapest way through the machine. */
export const provisionFacet: Facet = {
  name: "provision",
  observes: [],
  driftDefault: () => "report",
  value: (_observation, record) => record.provisionState,

  compare(view) {
    const desired = view.target;
    const observed = view.record.provisionState;
    // A request is a difference too: it asks for a way that ends where the node is.
    if (desired === observed && flowRequest(view) === null) return { kind: "same", desired };
    return {
      kind: "differs",
      desired,
      differences: [{ path: "/provision/state", desired, observed }],
    };
  },

  close(view) {
    const { provisionState: from } = view.record;
    if (view.target === "enroll" && from !== "enroll") return noWayBack(view);
    if (kindOf(from) === "transient")
      return { kind: "nothing", why: `it stands at ${from}; see: ironwright explain NODE` };
    const route = routeOf(view);
    return route === null ? { kind: "blocked", blocked: whyNoRoute(view) } : drafted(view, route);
  },
};

/** Contract 2: enroll over a workload is blocked; elsewhere it is a wish that harms nobody. */
function noWayBack({ record }: NodeView): Closing {
  const why = `it is ${record.provisionState} already; nothing leads back to enroll`;
  if (record.instance === null)
    return { kind: "nothing", why: `${why}; declare another state, or mode: observe` };
  const message = `${why}, and its workload is left as it is; declare what it is to be`;
  return { kind: "blocked", blocked: { kind: "request", code: "IW-P07", message } };
}

/** The route as drafts; a list that can't be made ends it, and what came before that is of no use without it. */
function drafted(view: NodeView, route: readonly Leg[]): Closing {
  const drafts: Draft[] = [];
  for (const leg of route) {
    const flow = draftOf(view, leg.move, leg.request);
    if (isBlocked(flow)) return { kind: "blocked", blocked: flow };
    if (flow.needsDisks === true) return atGate(drafts, leg);
    drafts.push(draftAt(view, leg, flow));
  }
  return { kind: "steps", drafts: withStepsGates(view, withGate(view, drafts)) };
}

/**
 * What only a ramdisk can tell is learnt by an inspection that boots it on the way; else in the midst of the list that
 * does: of each that names a step which nobody knows, and of the first that may bring its own.
 */
function withStepsGates(view: NodeView, drafts: readonly Draft[]): readonly Draft[] {
  const isNew = view.record.ramdisk === null;
  const asking = drafts.filter(({ flow }) => flow?.ramdisk !== undefined);
  const [first] = asking;
  const inspection = first?.flow;
  if (inspection?.ramdisk?.flow === null) {
    const later = asking.slice(1).flatMap(({ flow }) => flow ?? []);
    const gate = gateOfSteps(later, isNew, inspection);
    return drafts.map((one) => (one === first ? gated(one, gate) : one));
  }
  return drafts.map((one) => {
    const flows = one.flow === undefined ? [] : [one.flow];
    return gated(one, gateOfSteps(flows, isNew && one === first, null));
  });
}

function gated(draft: Draft, gate: Gate | null): Draft {
  return gate === null ? draft : { ...draft, gates: [...(draft.gates ?? []), gate] };
}

/** What an inspection learns may not be what the plan names: then nothing that erases follows it. */
function withGate(view: NodeView, drafts: readonly Draft[]): readonly Draft[] {
  const at = drafts.findIndex(({ action }) => action.verb === "provision.inspect");
  const erases = drafts.slice(at + 1).some((draft) => draft.erases !== undefined);
  if (at === -1 || !erases) return drafts;
  const gate: Gate = {
    after: "",
    learns: "disks",
    allows: "what ERASES names, and nothing else",
    known: (knownDisks(view) ?? []).flatMap(({ serial }) => serial ?? []),
  };
  return drafts.map((one, index) => (index === at ? gated(one, gate) : one));
}

/** Its disks are learnt by the inspection on the way; what follows is planned once they have names. */
function atGate(before: readonly Draft[], leg: Leg): Closing {
  const at = before.findIndex(({ action }) => action.verb === "provision.inspect");
  const inspection = before[at];
  if (inspection === undefined)
    return {
      kind: "blocked",
      blocked: {
        kind: "gate",
        code: "IW-P18",
        message: `its disks are not known, and ${leg.move.verb} would erase them; ask for an inspection: requests: [ { id: ..., action: inspect, expires: ... } ]`,
      },
    };
  const gate: Gate = {
    after: "",
    learns: "disks",
    allows: `${leg.move.verb}, once its disks are named: it is planned again and asked for again`,
    known: [],
  };
  const kept = [...before.slice(0, at), { ...gated(inspection, gate), endsPlan: true as const }];
  return { kind: "steps", drafts: kept };
}

function draftAt(view: NodeView, { move, request }: Leg, flow: FlowDraft): Draft {
  const { entries, impact, ends, results, erases, why, ramdisk } = flow;
  const acts = entries.flatMap((entry) => entry.acts);
  const seconds = acts.reduce((sum, { timeoutSeconds }) => sum + timeoutSeconds, 0);
  const verifies = move.verb === "provision.manage" && move.from === "enroll";
  const { from, via, wait, hold, failed, to } = move;
  const least = verifies ? view.settings.timeouts.manageSeconds : RECORD_SECONDS;
  return {
    action: { verb: move.verb },
    impact,
    before: { provision: from },
    after: { provision: to },
    timeoutSeconds: Math.max(least, seconds),
    why,
    rank: verifies ? RANKS.verify : RANKS.provision,
    flow: {
      from,
      via,
      wait,
      hold,
      failed,
      to,
      entries,
      ends,
      results,
      ...(ramdisk === undefined ? {} : { ramdisk }),
      ...(move.verb === "provision.deploy" ? { bind: deployBind(view) } : {}),
    },
    ...(request === null ? {} : { request: request.request.id }),
    ...(erases.length === 0 ? {} : { erases }),
  };
}
