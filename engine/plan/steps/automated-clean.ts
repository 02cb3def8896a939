import type { FleetNode } from "../../../schemas/fleet.ts";
import type { RamdiskTerms } from "../../../schemas/plan.ts";
import type { ErasedPart } from "../../../schemas/steps.ts";
import type { Offers } from "./offers-of.ts";
import { orderSteps } from "./order-steps.ts";
import { ownPriorities, ownSteps } from "./own-steps.ts";
import { ramdiskTerms } from "./ramdisk-terms.ts";
import { nameOf, type StepFinding, type StepList } from "./step-list.ts";

/** What a clean erases where the node does not say: the milder of the two that make disks anew. */
const AUTOMATED_DEFAULT = "metadata";

/** How a node is cleaned on its way to available. */
export function cleanWord({ spec }: Pick<FleetNode, "spec">): keyof typeof MAY_ERASE {
  return spec.clean?.automated ?? AUTOMATED_DEFAULT;
}

/** What of the disks each word of `clean.automated` lets a step destroy. */
const MAY_ERASE = {
  metadata: ["metadata"],
  full: ["metadata", "full"],
  none: [],
} as const satisfies Record<string, readonly ErasedPart[]>;

/** How a ramdisk's own steps join them: bounded by the same word. */
export function automatedTerms(node: FleetNode, offers: Offers): RamdiskTerms | null {
  const mayErase = MAY_ERASE[cleanWord(node)];
  return ramdiskTerms(offers, "clean", { priorities: ownPriorities("clean", node), mayErase });
}

/**
 * The steps that clean a node on its way to available, sorted; none at all for `clean.automated: none`. The word
 * bounds what is erased: a priority in git never brings back an erasure that it leaves out.
 */
export function automatedClean(node: FleetNode, offers: Offers): StepList {
  const word = cleanWord(node);
  if (word === "none") return { steps: [], findings: [] };
  const own = ownSteps("clean", node, offers);
  const parts: readonly ErasedPart[] = MAY_ERASE[word];
  const isMeant = ({ erases }: { readonly erases: ErasedPart | null }): boolean =>
    erases === null || parts.includes(erases);
  const raised = node.spec.stepPriorities?.clean ?? {};
  const contradicting = own.steps
    .filter(({ offer }) => !isMeant(offer) && Object.hasOwn(raised, nameOf(offer)))
    .map(({ offer }): StepFinding => {
      const name = nameOf(offer);
      return {
        code: "IW-I18",
        severity: "warning",
        message: `${name} has a priority and will not run, for clean.automated is ${word}; write clean.automated: full, or take the priority out`,
        node: node.name,
        where: { kind: "Node", name: node.name, pointer: `/stepPriorities/clean/${name}` },
      };
    });
  return {
    steps: orderSteps(
      "clean",
      own.steps.filter(({ offer }) => isMeant(offer)),
    ),
    findings: [...own.findings, ...contradicting],
  };
}
