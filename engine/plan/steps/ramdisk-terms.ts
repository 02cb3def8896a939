import type { RamdiskTerms } from "../../../schemas/plan.ts";
import type { Offers } from "./offers-of.ts";
import { nameOf } from "./step-list.ts";

/** On which terms the ramdisk of a list may name steps; null where no interface of the node lets it. */
export function ramdiskTerms(
  offers: Offers,
  flow: RamdiskTerms["flow"],
  own: RamdiskTerms["own"] = null,
): RamdiskTerms | null {
  const { namedByRamdisk: interfaces } = offers;
  if (interfaces.length === 0) return null;
  const taken = offers.steps
    .filter((one) => one.ramdisk === undefined && interfaces.includes(one.interface))
    .map(nameOf);
  if (own === null) return { flow, interfaces, taken, own };
  const isTheirs = (name: string): boolean =>
    interfaces.some((one) => name.startsWith(`${one}.`)) && !taken.includes(name);
  const theirs = Object.entries(own.priorities).filter(([name]) => isTheirs(name));
  return { flow, interfaces, taken, own: { ...own, priorities: Object.fromEntries(theirs) } };
}
