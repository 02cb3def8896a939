import { type FleetNode } from "../../../schemas/fleet.ts";
import { isActId } from "../../../schemas/person-act.ts";
import type { NodePlan, Step } from "../../../schemas/plan.ts";
import { goesOff, placeOf } from "./children-off.ts";
import type { Family } from "./family.ts";
import { firstMove, firstSwitch, powerAfter } from "./switching.ts";

/** A child that its own plan powers on. */
interface Needy {
  readonly child: FleetNode;
  readonly plan: NodePlan;
  readonly step: Step;
}

/** Children that are powered on, or whose lists power them on: their parent is on before. */
export function powerParentOn(parent: string, family: Family): void {
  const needy = (family.tree.children.get(parent) ?? []).flatMap((child): readonly Needy[] => {
    const plan = family.plans.get(child.name);
    const step = plan === undefined ? undefined : firstSwitch(plan, "on");
    return plan === undefined || step === undefined ? [] : [{ child, plan, step }];
  });
  const [first] = needy;
  const above = first === undefined ? undefined : family.tree.parents.get(first.child.name);
  if (above === undefined) return;
  // Those that come before it are done before its power goes.
  const later = needy.filter(({ child }) => !family.comesAfter(parent, child.name));
  const answer = later.length === 0 ? { kind: "on" as const } : standOf(above, later, family);
  for (const { child } of later) {
    if (answer.kind === "waits")
      family.settle(child.name, { waits: [{ to: "on", why: answer.why }] });
    if (answer.kind === "after")
      family.settle(child.name, {
        after: [{ node: parent, why: `${child.name} draws its power from it` }],
      });
  }
}

/** Whether the parent is on, is on once its own steps are done, or can't be relied on. */
type Stand =
  | { readonly kind: "on" }
  | { readonly kind: "after" }
  | { readonly kind: "waits"; readonly why: string };

function standOf(parent: FleetNode, needy: readonly Needy[], family: Family): Stand {
  const { name } = parent;
  const plan = family.plans.get(name);
  const move = plan === undefined ? undefined : firstMove(plan);
  if (plan !== undefined && move !== undefined) {
    const cut = firstSwitch(plan, "off");
    if (powerAfter(plan) !== "off" || cut === undefined) return { kind: "after" };
    return waits(`its parent ${name} ${goesOff(cut, plan, family)}`);
  }
  const power = family.power(name);
  if (power === "on") return { kind: "on" };
  if (power === undefined)
    return waits(`whether its parent ${name} is on is not known: ${family.whyUnknown(name)}`);
  if (power !== "off")
    return waits(`its parent ${name} is ${power} just now; plan again in a minute`);
  return plan === undefined ? notPlanned(name, needy) : whileOff(parent, plan, needy, family);
}

function notPlanned(name: string, needy: readonly Needy[]): Stand {
  const names = [name, ...needy.map(({ child }) => child.name)];
  if (needy.some(({ step }) => isActId(step.request ?? "")))
    return waits(`its parent ${name} is off; before it: ironwright node power on ${name}`);
  const both = names.map((one) => `--node ${one}`).join(" ");
  return waits(`its parent ${name} is off and not part of this plan; plan them together: ${both}`);
}

/** It is off and nothing of its own powers it on: for its children it is powered on, unless somebody wants it off. */
function whileOff(
  parent: FleetNode,
  plan: NodePlan,
  needy: readonly Needy[],
  family: Family,
): Stand {
  const { name, spec } = parent;
  const off = `its parent ${name} is off`;
  if (spec.power === "off") {
    const at = placeOf(parent, "/power");
    return waits(
      `its parent ${name} is declared off (${at}); declare it on or unmanaged, or say dedicatedPower: true where there is a supply of its own`,
    );
  }
  if (spec.power === "on") {
    const own = plan.changes.find(({ facet }) => facet === "power")?.noStep;
    return waits(
      `${off} and is not powered on: ${plan.blockedBy[0]?.message ?? own ?? "see there"}`,
    );
  }
  const power = { to: "on", why: whyOn(needy) } as const;
  const tried = family.tried(name, { power });
  if (firstSwitch(tried, "on") === undefined) {
    const why = tried.blockedBy[0]?.message ?? `it is ${tried.provisionState}`;
    return waits(`${off} and can't be powered on for it: ${why}`);
  }
  family.settle(name, { power });
  return { kind: "after" };
}

function waits(why: string): Stand {
  return { kind: "waits", why };
}

/** `child dpu-1 needs it: inventory/r7.yaml:14`. */
function whyOn(needy: readonly Needy[]): string {
  const names = needy.map(({ child }) => child.name).join(", ");
  const places = [...new Set(needy.map(asksFor))].join(", ");
  return needy.length === 1
    ? `child ${names} needs it: ${places}`
    : `children ${names} need it: ${places}`;
}

/** Where it is said that the child is to be on, or to have what powers it on. */
function asksFor({ child, plan, step }: Needy): string {
  const request = plan.asked?.find(({ id }) => id === step.request);
  if (request !== undefined) return request.declaredAt;
  return placeOf(child, step.flow === undefined ? "/power" : "/provision/state");
}
