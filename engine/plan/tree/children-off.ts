import { placeText } from "../../../schemas/diagnostic.ts";
import { type FleetNode, originOf } from "../../../schemas/fleet.ts";
import { isActId } from "../../../schemas/person-act.ts";
import type { NodePlan, Step } from "../../../schemas/plan.ts";
import { BUILT_IN, budgetsOf } from "../budget.ts";
import type { Family } from "./family.ts";
import { firstMove, firstSwitch, powerAfter, switchesBack } from "./switching.ts";

/** What a child has to do before its parent's power goes. */
type Before =
  | { readonly kind: "nothing" }
  /** Its own plan ends off. */
  | { readonly kind: "own-steps" }
  | { readonly kind: "power-off"; readonly why: string }
  | { readonly kind: "stands-in-the-way"; readonly why: string };

/** A parent that goes off, for good or on its way: children that draw their power from it are off before. */
export function powerChildrenOff(parent: string, family: Family): void {
  const plan = family.plans.get(parent);
  const children = family.tree.children.get(parent) ?? [];
  if (plan === undefined) return;
  noteReboot(plan, children, family);
  const cut = firstSwitch(plan, "off");
  if (cut === undefined) return;
  const befores = children.map((child) => ({ child, before: beforeCut(child, plan, cut, family) }));
  const waits = befores.flatMap(({ before }) =>
    before.kind === "stands-in-the-way" ? [{ to: "off" as const, why: before.why }] : [],
  );
  // None of them is powered off for a parent that can't go off.
  if (waits.length > 0) return family.settle(parent, { waits });
  const many = tooMany(plan, befores, family);
  if (many !== null) return family.settle(parent, { waits: [{ to: "off", why: many }] });
  const after: { node: string; why: string }[] = [];
  for (const { child, before } of befores) {
    if (before.kind === "nothing") continue;
    if (before.kind === "power-off")
      family.settle(child.name, {
        power: { to: "off", why: before.why },
        notes: comesBack(child, plan),
      });
    after.push({ node: child.name, why: `it loses its power with ${parent}` });
  }
  const notes = switchesBack(cut) ? [comesAndGoes(children)] : [];
  if (after.length + notes.length > 0) family.settle(parent, { after, notes });
}

/** A child whose host was on for a while may have come on with it, as DPUs do; nobody asks it before it goes again. */
function comesAndGoes(children: readonly FleetNode[]): string {
  const names = children.map(({ name }) => name).join(", ");
  return `should ${names} come on by itself with it before its list is done, the power is cut again, unasked`;
}

/**
 * However few at a time they are switched, all of them are without power at once until their parent is on again, and those of
 * other parents until a next plan powers them on; a family that is in one rack is there once.
 */
function tooMany(
  parent: NodePlan,
  befores: readonly { readonly child: FleetNode; readonly before: Before }[],
  family: Family,
): string | null {
  const down = befores.flatMap(({ child, before }) => {
    const plan = family.plans.get(child.name);
    return before.kind !== "nothing" && plan?.inService === true ? [plan] : [];
  });
  if (down.length === 0) return null;
  const own = parent.inService ? [...down, parent] : down;
  const others = downElsewhere(parent, family);
  for (const budget of [BUILT_IN, ...family.budgets]) {
    const isIts = (one: NodePlan): boolean =>
      budgetsOf(one, family.budgets).some(({ policy }) => policy === budget.policy);
    const its = own.filter(isIts);
    const more = its.length === 0 ? 0 : others.filter(isIts).length;
    const count = its.length + more;
    if (count <= budget.reboot) continue;
    const whose = budget.policy === null ? "the built-in budget" : `the Policy ${budget.policy}`;
    const names = its.map(({ node }) => node).join(", ");
    const and = more === 0 ? "" : `, and ${more} of other parents`;
    const way = more === 0 ? "power some of them off before" : "plan again when those are on";
    return `${count} nodes in service would be without power at once (${names}${and}); ${whose} allows ${budget.reboot} (budget.reboot): ${way}, or let a Policy allow more`;
  }
  return null;
}

/** Children in service of other parents that this plan powers off for those, or finds off and powers on. */
function downElsewhere({ node: parent }: NodePlan, family: Family): readonly NodePlan[] {
  return [...family.tree.parents].flatMap(([child, above]) => {
    const plan = family.plans.get(child);
    if (above.name === parent || plan?.inService !== true) return [];
    const isOff = family.power(child) === "off" && firstSwitch(plan, "on") !== undefined;
    return isOff || plan.tree?.power?.to === "off" ? [plan] : [];
  });
}

function beforeCut(child: FleetNode, parent: NodePlan, cut: Step, family: Family): Before {
  const { name } = child;
  const power = family.power(name);
  const above = family.power(parent.node);
  // Without a supply of its own it is off where its parent is, and its BMC may well be silent.
  if (above === "off" && power !== "on" && !family.isStranger(name)) return NOTHING;
  if (power === "off") return NOTHING;
  const loses = `${name} draws its power from it`;
  if (power === undefined)
    return inTheWay(
      `${loses}, and whether ${name} is on is not known: ${family.whyUnknown(name)}${cutAnyway(cut)}`,
    );
  if (power !== "on") return inTheWay(`${loses} and is ${power} just now; plan again in a minute`);
  if (above === "off")
    return inTheWay(
      `${name} is on while ${parent.node} is off; where it has a supply of its own, say so: dedicatedPower: true (${placeOf(child, "/parent")})`,
    );
  const plan = family.plans.get(name);
  if (plan === undefined)
    return inTheWay(
      `${loses} and is on, and is not part of this plan; ${bothOf(cut, parent.node, name)}`,
    );
  const own = firstMove(plan);
  if (own !== undefined && powerAfter(plan) === "off") return { kind: "own-steps" };
  if (own !== undefined)
    return inTheWay(
      `${loses} and has work of its own in this plan (${own.action}), which comes first; plan again when that is done`,
    );
  const why = `its parent ${parent.node} ${goesOff(cut, parent, family)}`;
  const tried = family.tried(name, { power: { to: "off", why } });
  if (firstSwitch(tried, "off") !== undefined) return { kind: "power-off", why };
  const blocked = tried.blockedBy[0]?.message ?? `it is ${tried.provisionState}`;
  return inTheWay(`${loses}, is on, and can't be powered off before it: ${blocked}`);
}

/** A person's act is of one node: the child's comes before it. */
function bothOf(cut: Step, parent: string, child: string): string {
  return isActId(cut.request ?? "")
    ? `before it: ironwright node power off ${child}${cutAnyway(cut)}`
    : `plan both: --node ${parent} --node ${child}`;
}

function cutAnyway({ request = "" }: Step): string {
  return isActId(request) ? "; to cut its power as well: --ignore-children" : "";
}

const NOTHING: Before = { kind: "nothing" };

function inTheWay(why: string): Before {
  return { kind: "stands-in-the-way", why };
}

/** Why a parent's power goes, with the place that says so. */
export function goesOff(cut: Step, { asked, node }: NodePlan, family: Family): string {
  const request = asked?.find(({ id }) => id === cut.request);
  const [child] = family.tree.children.get(node) ?? [];
  const parent = child === undefined ? undefined : family.tree.parents.get(child.name);
  const pointer = cut.flow === undefined ? "/power" : "/provision/state";
  const declared = parent === undefined ? "" : placeOf(parent, pointer);
  const place = request?.declaredAt ?? declared;
  return cut.flow === undefined
    ? `is declared off (${place})`
    : `goes off on its way (${cut.action}, ${place})`;
}

/** `file:line`. */
export function placeOf(node: FleetNode, pointer: string): string {
  return placeText(originOf(node, pointer), false);
}

/** Whoever powers a child off for its parent's sake is told how it comes on again. */
function comesBack({ spec: { power } }: FleetNode, parent: NodePlan): readonly string[] {
  if (powerAfter(parent) === "off") return [];
  if (power === "on")
    return [
      `powered off for ${parent.node}: it comes on again by its own declaration, in the next plan`,
    ];
  return [
    `powered off for ${parent.node}: it declares no power, so it stays off until somebody powers it on`,
  ];
}

/** A reboot asks nobody, as in Ironic; who may feel it is said. */
function noteReboot(plan: NodePlan, children: readonly FleetNode[], family: Family): void {
  if (!plan.steps.some(({ act }) => act.verb === "power.reboot")) return;
  const names = children.map(({ name }) => name).filter((name) => family.power(name) !== "off");
  if (names.length === 0) return;
  const note = `its reboot asks no child, and may cut the power of ${names.join(", ")}`;
  family.settle(plan.node, { notes: [note] });
}
