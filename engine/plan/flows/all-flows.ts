import type { ProvisionVerb } from "../../../schemas/action.ts";
import type { Blocked } from "../../../schemas/plan.ts";
import type { NodeView } from "../facets/facet.ts";
import type { Move } from "../machine.ts";
import type { JudgedRequest } from "../requests.ts";
import { abortFlow } from "./abort.ts";
import { adoptFlow } from "./adopt.ts";
import { cleanFlow, provideFlow } from "./clean.ts";
import { deployFlow, rebuildFlow } from "./deploy.ts";
import type { Flow, FlowDraft } from "./flow.ts";
import { inspectFlow } from "./inspect.ts";
import { manageFlow } from "./manage.ts";
import { rescueFlow, unrescueFlow } from "./rescue.ts";
import { serviceFlow } from "./service.ts";
import { undeployFlow } from "./undeploy.ts";

/** What each verb of the provision state machine does. */
const FLOWS: Readonly<Record<ProvisionVerb, Flow>> = {
  "provision.manage": manageFlow,
  "provision.inspect": inspectFlow,
  "provision.clean": cleanFlow,
  "provision.provide": provideFlow,
  "provision.adopt": adoptFlow,
  "provision.deploy": deployFlow,
  "provision.rebuild": rebuildFlow,
  "provision.rescue": rescueFlow,
  "provision.unrescue": unrescueFlow,
  "provision.service": serviceFlow,
  "provision.undeploy": undeployFlow,
  "provision.abort": abortFlow,
};

/** A way is searched by what its moves would do, and then taken: each list is made once for a node. */
const DRAFTS = new WeakMap<NodeView, Map<Move, FlowDraft | Blocked>>();

/** What a move would do to a node; `request` is the one that asks for it, where one does. */
export function draftOf(
  view: NodeView,
  move: Move,
  request: JudgedRequest | null,
): FlowDraft | Blocked {
  if (request !== null) return FLOWS[move.verb].draft(view, move, request);
  const known = DRAFTS.get(view) ?? new Map<Move, FlowDraft | Blocked>();
  const draft = known.get(move) ?? FLOWS[move.verb].draft(view, move, null);
  known.set(move, draft);
  DRAFTS.set(view, known);
  return draft;
}
