import type { RequestAction } from "../../schemas/documents.ts";
import type { ProvisionVerb } from "../../schemas/action.ts";
import type { ProvisionState } from "../../schemas/provision-state.ts";
import type { NodeView } from "./facets/facet.ts";
import { findPath, moveCost, type Terrain } from "./find-path.ts";
import { draftOf } from "./flows/all-flows.ts";
import { isBlocked } from "./flows/flow.ts";
import { MOVES, type Move } from "./machine.ts";
import { bindOf, type JudgedRequest } from "./requests.ts";
import { cleanWord } from "./steps/automated-clean.ts";

/** One move of a route, with the request that asks for it, where one does. */
export interface Leg {
  readonly move: Move;
  readonly request: JudgedRequest | null;
}

/** Requests that are moves of the provision state machine. */
const VERB_OF: Readonly<Partial<Record<RequestAction, ProvisionVerb>>> = {
  rebuild: "provision.rebuild",
  undeploy: "provision.undeploy",
  clean: "provision.clean",
  service: "provision.service",
  inspect: "provision.inspect",
};

/** How often a first deploy is tried again by itself, where the node does not say. */
const DEPLOY_RETRIES = 2;

/**
 * The cheapest way from where a node is to where it is to end, through what a request asks for on the way.
 * Null when there is none: then `whyNoRoute` says what would make one.
 */
export function routeOf(view: NodeView): readonly Leg[] | null {
  const { provisionState: from } = view.record;
  const asked = flowRequest(view);
  if (asked === null) return plainRoute(view, from);
  const { request, verb } = asked;
  // An undeploy gives a workload up for good: git must say that none is wanted there.
  if (verb === "provision.undeploy" && view.target !== "available") return null;
  const ways = MOVES.filter((move) => answers(view, move, verb)).flatMap((move) => {
    const before = plainRoute(view, from, move.from);
    const after = before === null ? null : plainRoute(view, move.to, view.target, verb);
    if (before === null || after === null) return [];
    const legs = [...writtenOnce(before, { move, request }), ...after];
    return [{ legs, cost: costOf(view, legs) }];
  });
  const best = ways.reduce<(typeof ways)[number] | null>(
    (a, b) => (a === null || b.cost < a.cost ? b : a),
    null,
  );
  return best?.legs ?? null;
}

/** Where a deploy of the declared image is on the way to a rebuild, it is what the request asks for, and uses it up. */
function writtenOnce(before: readonly Leg[], asked: Leg): readonly Leg[] {
  if (asked.move.verb !== "provision.rebuild") return [...before, asked];
  const at = before.findIndex(({ move }) => move.verb === "provision.deploy");
  const deploy = before[at];
  return deploy === undefined
    ? [...before, asked]
    : [...before.slice(0, at), { ...asked, move: deploy.move }];
}

/**
 * What an undeploy asks for is done by a clean where it was done by half: from `clean failed` and `manageable` no
 * edge of that name leads on, and what was on the disks is still recorded.
 */
function answers({ record }: NodeView, move: Move, verb: ProvisionVerb): boolean {
  const restOfUndeploy = verb === "provision.undeploy" && move.verb === "provision.provide";
  return move.verb === verb || (restOfUndeploy && record.instance !== null);
}

/** The first request that is due and is a move of the machine; the others wait for their turn. */
export function flowRequest(
  view: NodeView,
): { readonly request: JudgedRequest; readonly verb: ProvisionVerb } | null {
  for (const request of view.requests) {
    const verb = VERB_OF[request.request.action];
    if (request.verdict === "due" && verb !== undefined) return { request, verb };
  }
  return null;
}

/** By what is allowed without being asked for, and an inspection where the disks must be learnt first. */
function plainRoute(
  view: NodeView,
  from: ProvisionState,
  to: ProvisionState = view.target,
  after: ProvisionVerb | null = null,
): readonly Leg[] | null {
  const terrain = terrainOf(view, after);
  const through = mustClean(view, from, to, after);
  const first = through === null ? [] : findPath(from, through, terrain);
  const rest = first === null ? null : findPath(through ?? from, to, terrain);
  if (first === null || rest === null) return null;
  return withInspection(
    view,
    [...first, ...rest].map((move) => ({ move, request: null })),
  );
}

/** A node in the pool that was never cleaned is cleaned before its first deploy: back, and in again. */
function mustClean(
  view: NodeView,
  from: ProvisionState,
  to: ProvisionState,
  after: ProvisionVerb | null,
): ProvisionState | null {
  const dirty = view.record.cleaned === "never" && after === null;
  const cleans = cleanWord(view.node) !== "none";
  return from === "available" && to === "active" && dirty && cleans ? "manageable" : null;
}

function withInspection(view: NodeView, legs: readonly Leg[]): readonly Leg[] {
  if (view.record.inventory !== null) return legs;
  const inspect = view.offers.interfaces.get("inspect");
  const offered = inspect?.built === true && inspect.implementation !== "no-inspect";
  const at = legs.findIndex(({ move }) => move.verb === "provision.provide");
  const move = MOVES.find((one) => one.verb === "provision.inspect" && one.from === "manageable");
  if (!offered || at === -1 || move === undefined) return legs;
  return legs.toSpliced(at, 0, { move, request: null });
}

function terrainOf(view: NodeView, after: ProvisionVerb | null): Terrain {
  return {
    allows: (move) => allows(view, move, after),
    impactOf(move) {
      const draft = draftOf(view, move, null);
      return isBlocked(draft) ? "none" : draft.impact;
    },
  };
}

function costOf(view: NodeView, legs: readonly Leg[]): number {
  return legs.reduce((sum, { move, request }) => {
    const draft = draftOf(view, move, request);
    return sum + moveCost(isBlocked(draft) ? "none" : draft.impact);
  }, 0);
}

/** What is asked before a move is taken that no request asks for. */
interface Ground {
  readonly view: NodeView;
  readonly move: Move;
  readonly declared: string | undefined;
  /** No workload is on its disks, or none is left by then. */
  readonly empty: boolean;
}

const NEVER = (): boolean => false;

/** Moves that need no request. What leaves a workload, or touches its disks, is never among them. */
const ALLOWED: Readonly<Record<ProvisionVerb, (ground: Ground) => boolean>> = {
  "provision.manage": () => true,
  "provision.provide": ({ empty, view }) => empty && view.node.spec.retired === undefined,
  "provision.adopt": ({ declared }) => declared === "adopted",
  "provision.deploy": ({ declared, empty, view }) =>
    declared === "active" && empty && mayTryAgain(view),
  "provision.rescue": ({ declared, view }) =>
    declared === "rescue" && view.record.instance !== null,
  "provision.unrescue": ({ declared, view }) =>
    declared !== "rescue" && view.record.instance !== null,
  "provision.abort": ({ move, view }) => move.to !== "active" || view.record.instance !== null,
  "provision.inspect": NEVER,
  "provision.clean": NEVER,
  "provision.service": NEVER,
  "provision.rebuild": NEVER,
  "provision.undeploy": NEVER,
};

/** `after` is the verb that came before on this way: an undeploy leaves no workload behind. */
function allows(view: NodeView, move: Move, after: ProvisionVerb | null): boolean {
  const declared = view.node.spec.provision?.state;
  const empty = view.record.instance === null || after === "provision.undeploy";
  return ALLOWED[move.verb]({ view, move, declared, empty });
}

/** A failed deploy is tried again by itself only where nothing ran since the last clean, and not for ever. */
function mayTryAgain(view: NodeView): boolean {
  const { node, record } = view;
  // Also not by way of another clean, which begins the count anew.
  if (record.provisionState !== "deploy failed") return true;
  const most = node.spec.provision?.deployRetries ?? DEPLOY_RETRIES;
  const { deployTries } = record;
  const same = deployTries?.bind === deployBind(view);
  return !same || (deployTries?.count ?? 0) <= most;
}

/** Names what is to be deployed: another image, or other steps of it, is a new try. */
export function deployBind(view: NodeView): string {
  return bindOf(view.node, { id: "", action: "rebuild" }, view);
}
