import type { NodeRequest, RunbookDocument } from "../../../schemas/documents.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { askedIn } from "../../../schemas/person-act.ts";
import { nearest } from "../../../schemas/nearest.ts";
import { namedList } from "./named-list.ts";
import type { Offers } from "./offers-of.ts";
import type { StepFinding, StepList } from "./step-list.ts";

/** A clean or a service that a node asks for. */
export interface StepRequest extends NodeRequest {
  readonly action: "clean" | "service";
}

/** True for the requests that carry a list of steps. */
export function isStepRequest(request: NodeRequest): request is StepRequest {
  return request.action === "clean" || request.action === "service";
}

/** The list that a request asks for: its own steps, or those of the Runbook that it names. */
export function requestList(
  node: FleetNode,
  request: StepRequest,
  runbooks: readonly RunbookDocument[],
  offers: Offers,
): StepList {
  const index = (node.spec.requests ?? []).findIndex(({ id }) => id === request.id);
  const pointer = `/requests/${index}`;
  const refuse = (code: StepFinding["code"], below: string, message: string): StepList => {
    const where = { kind: "Node", name: node.name, pointer: `${pointer}${below}` } as const;
    return { steps: [], findings: [{ code, severity: "error", message, node: node.name, where }] };
  };
  const { id, action: flow, steps, runbook: name } = request;
  if ((steps === undefined) === (name === undefined))
    return refuse("IW-I17", "", `the request ${id} needs either a runbook or steps`);
  if (steps !== undefined) {
    const where = { kind: "Node", name: node.name, pointer: `${pointer}/steps` } as const;
    const asked = { flow, node: node.name, source: askedIn(id), where } as const;
    return namedList(steps, asked, offers);
  }
  const runbook = runbooks.find(({ metadata }) => metadata.name === name);
  if (runbook === undefined) return refuse("IW-I06", "/runbook", noRunbook(name ?? "", runbooks));
  const unfit = whyUnfit(node, flow, runbook);
  if (unfit !== null) return refuse("IW-I19", "/runbook", unfit);
  const where = { kind: "Runbook", name: runbook.metadata.name, pointer: "/steps" } as const;
  const asked = { flow, node: node.name, source: `runbook ${where.name}`, where } as const;
  return namedList(runbook.spec.steps, asked, offers);
}

/** A Runbook is for nodes that have any one of its traits (ironic-facts 6.8). */
function whyUnfit(
  node: FleetNode,
  flow: StepRequest["action"],
  { metadata, spec }: RunbookDocument,
): string | null {
  if (spec.flow !== flow)
    return `the runbook ${metadata.name} is for a ${spec.flow}, and the request is a ${flow}`;
  const traits = node.spec.traits ?? [];
  if (spec.traits.some((trait) => traits.includes(trait))) return null;
  return `the runbook ${metadata.name} is for nodes with ${spec.traits.join(" or ")}, and the node has ${traits.length === 0 ? "no traits" : traits.join(", ")}`;
}

function noRunbook(name: string, runbooks: readonly RunbookDocument[]): string {
  const near = nearest(
    name,
    runbooks.map(({ metadata }) => metadata.name),
  );
  const wayOut = near === null ? "declare a Runbook of that name" : `did you mean ${near}?`;
  return `runbook ${name} is not declared; ${wayOut}`;
}
