import type { DeployTemplateDocument } from "../../../schemas/documents.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import type { DeployStep } from "../../../schemas/steps.ts";
import { checkNamed } from "./check-named.ts";
import type { Offers } from "./offers-of.ts";
import { orderSteps } from "./order-steps.ts";
import { ownSteps } from "./own-steps.ts";
import {
  type AskedSteps,
  type ListedStep,
  nameOf,
  type StepFinding,
  type StepList,
  type Where,
} from "./step-list.ts";

/** A deploy's list, and what git keeps out of it, also where only the ramdisk may know it. */
export interface DeployList extends StepList {
  /** `interface.step`. */
  readonly off: readonly string[];
}

/**
 * The steps of a deploy: the node's own over those of its templates over the driver's, sorted. Priority 0 switches a
 * step off; a core step may only be switched off (ironic-facts 6.2).
 */
export function deployList(
  node: FleetNode,
  templates: readonly DeployTemplateDocument[],
  offers: Offers,
): DeployList {
  const own = ownSteps("deploy", node, offers);
  const findings: StepFinding[] = [...own.findings];
  const merged = new Map(own.steps.map((step) => [nameOf(step), step]));
  const layers = [
    ...templatesFor(node, templates).map((one) => layerOf(one, node)),
    nodeLayer(node),
  ];
  const said = new Map<string, Where>();
  for (const { asked, steps } of layers) {
    for (const [index, named] of steps.entries()) {
      const where = { ...asked.where, pointer: `${asked.where.pointer}/${index}` };
      const earlier = said.get(nameOf(named));
      if (asked.where.kind === "DeployTemplate") said.set(nameOf(named), where);
      if (earlier !== undefined && asked.where.kind === "DeployTemplate")
        findings.push(saidTwice(named, node, where, earlier));
      const listed = layOver(merged, named, index, { asked, offers });
      findings.push(...listed);
    }
  }
  const off = layers
    .flatMap(({ steps }) => steps)
    .filter(({ priority }) => priority === 0)
    .map(nameOf)
    .filter((name) => !merged.has(name));
  return { steps: orderSteps("deploy", [...merged.values()]), findings, off };
}

/** The templates of a node's deploy: those all of whose traits it has. */
export function templatesFor(
  node: FleetNode,
  templates: readonly DeployTemplateDocument[],
): readonly DeployTemplateDocument[] {
  const traits = node.spec.traits ?? [];
  return templates.filter(({ spec }) => spec.traits.every((trait) => traits.includes(trait)));
}

interface Layer {
  readonly asked: AskedSteps;
  readonly steps: readonly DeployStep[];
}

function layerOf({ metadata: { name }, spec }: DeployTemplateDocument, node: FleetNode): Layer {
  const where = { kind: "DeployTemplate", name, pointer: "/steps" } as const;
  const asked = { flow: "deploy", node: node.name, source: `template ${name}`, where } as const;
  return { asked, steps: spec.steps };
}

function nodeLayer({ name, spec }: FleetNode): Layer {
  const where = { kind: "Node", name, pointer: "/provision/steps" } as const;
  return {
    asked: { flow: "deploy", node: name, source: "node", where },
    steps: spec.provision?.steps ?? [],
  };
}

/** Lays one step over the list, and says what is wrong with it; what is switched off needs no arguments. */
export function layOver(
  merged: Map<string, ListedStep>,
  named: DeployStep,
  index: number,
  { asked, offers }: { readonly asked: AskedSteps; readonly offers: Offers },
): readonly StepFinding[] {
  const { interface: on, step, priority, args = {} } = named;
  const { offer, findings } = checkNamed(named, index, asked, offers);
  if (offer === null) return findings;
  if (priority === 0) {
    merged.delete(nameOf(named));
    return [];
  }
  if (offer.core === true) {
    const where = { ...asked.where, pointer: `${asked.where.pointer}/${index}` };
    const message = `${nameOf(named)} is a core step: it may be switched off (priority: 0), not replaced`;
    return [{ code: "IW-I18", severity: "error", message, node: asked.node, where }];
  }
  merged.set(nameOf(named), { interface: on, step, priority, args, offer, source: asked.source });
  return findings;
}

function saidTwice(named: DeployStep, node: FleetNode, where: Where, earlier: Where): StepFinding {
  const message = `the templates ${earlier.name} and ${where.name} both name ${nameOf(named)} and both are for this node`;
  return {
    code: "IW-I19",
    severity: "error",
    message,
    node: node.name,
    where,
    also: earlier,
  };
}
