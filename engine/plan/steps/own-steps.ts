import type { Code } from "../../../schemas/codes.ts";
import type { FleetNode } from "../../../schemas/fleet.ts";
import { INTERFACES, type NamedStep, type StepOffer } from "../../../schemas/steps.ts";
import { isForRamdisk, nearestOffered, notOffered, onlyInRamdisk } from "./check-named.ts";
import { offerOf, type Offers } from "./offers-of.ts";
import {
  type ListedStep,
  nameOf,
  RAMDISK_SOURCE,
  type StepFinding,
  type StepList,
} from "./step-list.ts";

/** Flows whose steps run by themselves. */
export type OwnFlow = "verify" | "deploy" | "clean";

/**
 * Steps that run by themselves in a flow: those that an interface offers with a priority, as `stepPriorities` of the
 * node moves it; 0 switches a step off.
 */
export function ownSteps(flow: OwnFlow, node: FleetNode, offers: Offers): StepList {
  const moved = ownPriorities(flow, node);
  const refused = new Set<string>();
  const findings: StepFinding[] = [];
  for (const [name, priority] of Object.entries(moved)) {
    const wrong = wrongPriority(flow, name, priority, offers);
    if (wrong === null) continue;
    refused.add(name);
    const pointer = `/stepPriorities/${flow}/${name}`;
    findings.push({ ...wrong, node: node.name, where: { kind: "Node", name: node.name, pointer } });
  }
  const steps: ListedStep[] = [];
  for (const offer of offers.byFlow[flow]) {
    const own = offer.priority[flow] ?? 0;
    const name = nameOf(offer);
    const priority = refused.has(name) ? own : (moved[name] ?? own);
    const { interface: on, step } = offer;
    if (priority > 0)
      steps.push({ interface: on, step, priority, args: {}, offer, source: sourceOf(offer) });
  }
  return { steps, findings };
}

/** What git says of the priorities in a flow, by `interface.step`. */
export function ownPriorities(
  flow: OwnFlow,
  { spec }: FleetNode,
): Readonly<Record<string, number>> {
  return spec.stepPriorities?.[flow] ?? {};
}

/** Who brings a step that runs by itself. */
function sourceOf({ ramdisk }: StepOffer): string {
  return ramdisk === undefined ? "driver" : RAMDISK_SOURCE;
}

interface Wrong {
  readonly code: Code;
  readonly severity: "error" | "warning";
  readonly message: string;
}

function wrongPriority(
  flow: OwnFlow,
  name: string,
  priority: number,
  offers: Offers,
): Wrong | null {
  const named = parseName(name);
  if (named === null)
    return error(`"${name}" is no step; write INTERFACE.STEP, such as deploy.erase_devices`);
  if (!offers.isKnown) return null;
  const offer = offerOf(offers, flow, named);
  if (offer === null && flow !== "verify" && isForRamdisk(named, offers)) {
    const near = nearestOffered(flow, named, offers);
    return near === null ? null : { ...error(onlyInRamdisk(named, near)), severity: "warning" };
  }
  if (offer === null) {
    const message = notOffered(flow, named, offers);
    // A profile for many hardware types may switch off what only some of them have.
    return priority === 0 ? { ...error(message), severity: "warning" } : error(message);
  }
  if (priority === 0) return null;
  if (offer.core === true && priority !== offer.priority[flow])
    return error(`${name} is a core step: it may be switched off (0), not moved`);
  const required = Object.keys(offer.args).filter((key) => offer.args[key]?.required === true);
  if (required.length === 0) return null;
  return error(
    `${name} needs the argument ${required.join(", ")} and can't run by itself; name it in a list`,
  );
}

function error(message: string): Wrong {
  return { code: "IW-I18", severity: "error", message };
}

function parseName(name: string): NamedStep | null {
  const dot = name.indexOf(".");
  const on = INTERFACES.find((one) => one === name.slice(0, dot));
  const step = name.slice(dot + 1);
  return dot === -1 || on === undefined || step === "" ? null : { interface: on, step };
}
