import type { NamedStep } from "../../../schemas/steps.ts";
import { checkNamed } from "./check-named.ts";
import type { Offers } from "./offers-of.ts";
import { type AskedSteps, type ListedStep, type StepList } from "./step-list.ts";

/**
 * The steps of a Runbook or of a request, exactly as they are written: nothing is sorted, dropped or run once where
 * it is written twice. A step that can't be run is a finding, and then the list is never run.
 */
export function namedList(
  steps: readonly NamedStep[],
  asked: AskedSteps & { readonly flow: "clean" | "service" },
  offers: Offers,
): StepList {
  const checked = steps.map((named, index) => ({
    named,
    ...checkNamed(named, index, asked, offers),
  }));
  return {
    steps: checked.flatMap(({ named, offer }): readonly ListedStep[] => {
      if (offer === null) return [];
      const { interface: on, step, args = {} } = named;
      return [{ interface: on, step, priority: null, args, offer, source: asked.source }];
    }),
    findings: checked.flatMap(({ findings }) => findings),
  };
}
