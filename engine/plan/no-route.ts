import type { NodeRequest } from "../../schemas/documents.ts";
import { requestText } from "../../schemas/person-act.ts";
import type { ProvisionState } from "../../schemas/provision-state.ts";
import { placeText } from "../../schemas/diagnostic.ts";
import { originOf } from "../../schemas/fleet.ts";
import type { Blocked } from "../../schemas/plan.ts";
import type { NodeView } from "./facets/facet.ts";
import { MOVES } from "./machine.ts";
import { flowRequest } from "./route.ts";

/** Why a node stays where it is, and which lines in git would move it. */
export function whyNoRoute(view: NodeView): Blocked {
  const asked = flowRequest(view);
  if (asked !== null) return requestLeadsNowhere(view, asked.request.request, asked.verb);
  const { provisionState: from, instance } = view.record;
  if (from === "deploy failed" && view.target === "active") return deployFailed(view);
  if (instance !== null) return needsRequest(view);
  if (view.target === "rescue") return NOTHING_TO_RESCUE;
  return {
    kind: "request",
    code: "IW-P07",
    message: `no way leads from ${from} to ${view.target} that needs no request; see: ironwright graph machine`,
  };
}

const NOTHING_TO_RESCUE: Blocked = {
  kind: "request",
  code: "IW-P07",
  message:
    "there is nothing to rescue: no workload was deployed or adopted here; declare state: active or adopted first",
};

function requestLeadsNowhere(view: NodeView, request: NodeRequest, verb: string): Blocked {
  const { record, target, node } = view;
  const word = verb.slice("provision.".length);
  if (word === "undeploy" && node.allocation !== undefined && node.ownWord === undefined)
    return {
      kind: "request",
      code: "IW-P22",
      message: `${requestText(request)} does not run: the Allocation ${node.allocation} has the node (${placeText(originOf(node, "/allocation"), false)}); take it out of git first`,
    };
  return {
    kind: "request",
    code: "IW-P22",
    message: `${requestText(request)} does not run: no way leads from ${record.provisionState} through ${word} to ${target}${hint(record.instance !== null, word, target)}`,
  };
}

function hint(inService: boolean, word: string, target: string): string {
  if (word === "undeploy" && target !== "available")
    return `; git declares ${target}: declare state: available as well`;
  if (word === "clean" && inService) return "; a workload is on it: undeploy it first";
  if (word === "inspect" && inService)
    return "; a workload is on it, which would be stopped for it: undeploy it first";
  if (word === "service" && !inService) return "; there is no workload to serve";
  if (word === "rebuild" && target !== "active") return "; declare state: active as well";
  return "";
}

function canRebuild(state: ProvisionState): boolean {
  return MOVES.some(({ verb, from }) => verb === "provision.rebuild" && from === state);
}

/** An undeploy or a clean that was cut off leaves a workload of which nobody knows how much is left. */
function halfGone(state: ProvisionState): Blocked {
  return {
    kind: "request",
    code: "IW-P07",
    message: `it is ${state}, and a workload is or was on it; to keep what is there: provision.state: adopted; to give it up: state: available, and on this Node: requests: [ { id: ..., action: undeploy, expires: ... } ]`,
  };
}

function deployFailed({ record }: NodeView): Blocked {
  const times = record.deployTries?.count ?? 1;
  const last = record.lastError === null ? "" : ` (last: ${record.lastError.message})`;
  return {
    kind: "failed",
    code: "IW-P20",
    message: `its deploy failed ${times} ${times === 1 ? "time" : "times"}${last}; ways on: another image, or the request { id: ..., action: rebuild, expires: ... }`,
  };
}

/** Where a workload is, only a request moves on. */
function needsRequest({ record, target }: NodeView): Blocked {
  const to = target === "active" ? "rebuild" : "undeploy";
  if (to === "rebuild" && !canRebuild(record.provisionState))
    return halfGone(record.provisionState);
  // An undeploy ends in the pool, and runs only where git says so.
  const first = to === "undeploy" && target !== "available" ? "state: available and " : "";
  return {
    kind: "request",
    code: "IW-P07",
    message: `it is ${record.provisionState} with a workload; ${target === "active" ? "running it again" : `leaving that for ${target}`} erases it, which needs on this Node: ${first}requests: [ { id: ..., action: ${to}, expires: ... } ]`,
  };
}
