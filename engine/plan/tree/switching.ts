import type { Action } from "../../../schemas/action.ts";
import type { FlowPlan, NodePlan, Step } from "../../../schemas/plan.ts";
import type { Switched } from "../../../schemas/tree.ts";

/** What of a step tells how it moves power. */
interface Switching {
  readonly act: Action;
  readonly flow?: FlowPlan | undefined;
  readonly resumes?: Step["resumes"];
}

/** Acts that leave the power so. */
export const SWITCHING: Readonly<Record<Switched, ReadonlySet<string>>> = {
  on: new Set(["power.on"]),
  off: new Set(["power.off", "power.softOff"]),
};

/**
 * True when a step, or an act of its list that is still to come, switches power that way. A reboot that a request asks
 * for is none: it ignores parents and children, as Ironic's does.
 */
export function switches({ act, flow, resumes }: Switching, to: Switched): boolean {
  if (act.verb === "power.reboot") return false;
  return verbsOf({ act, flow, resumes }).some((verb) => SWITCHING[to].has(verb));
}

/** True when its list powers the node off after it has powered it on. */
export function switchesBack(step: Switching): boolean {
  const verbs = verbsOf(step);
  const on = verbs.findIndex((verb) => SWITCHING.on.has(verb));
  return on !== -1 && verbs.slice(on).some((verb) => SWITCHING.off.has(verb));
}

/** What a step does, or the acts of its list that are still to come. */
function verbsOf({ act, flow, resumes }: Switching): readonly string[] {
  if (flow === undefined) return [act.verb];
  const { entry = 0, act: first = 0 } = resumes ?? {};
  return flow.entries
    .slice(entry)
    .flatMap(({ acts }, index) => acts.slice(index === 0 ? first : 0).map((one) => one.act.verb));
}

/** The first step that switches it so. */
export function firstSwitch({ steps }: Pick<NodePlan, "steps">, to: Switched): Step | undefined {
  return steps.find((step) => switches(step, to));
}

/** A step during which the power is not what it is now; a reboot is one too. */
export function firstMove({ steps }: Pick<NodePlan, "steps">): Step | undefined {
  return steps.find(
    (step) => step.act.verb === "power.reboot" || switches(step, "on") || switches(step, "off"),
  );
}

/** How a plan leaves the power; undefined where it says nothing of it. */
export function powerAfter({ steps }: Pick<NodePlan, "steps">): unknown {
  return steps.reduce<unknown>(
    (power, { flow, after }) => flow?.ends["power"] ?? after["power"] ?? power,
    undefined,
  );
}
