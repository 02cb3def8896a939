import type { Code } from "../../../schemas/codes.ts";
import { nearest } from "../../../schemas/nearest.ts";
import type { NamedStep, StepFlow, StepOffer } from "../../../schemas/steps.ts";
import { argumentProblems } from "./check-arguments.ts";
import { hasRamdisk, offerOf, type Offers } from "./offers-of.ts";
import { waitTooLong } from "./reserved-steps.ts";
import { type AskedSteps, nameOf, type StepFinding, type Where } from "./step-list.ts";

/** What is wrong with one named step on these interfaces; a finding points at the word that is wrong. */
export function checkNamed(
  named: NamedStep,
  index: number,
  asked: AskedSteps,
  offers: Offers,
): { readonly offer: StepOffer | null; readonly findings: readonly StepFinding[] } {
  const { flow, node, where } = asked;
  const at = (pointer: string): Where => ({
    ...where,
    pointer: `${where.pointer}/${index}${pointer}`,
  });
  const say = (code: Code, message: string, pointer: string): StepFinding => ({
    code,
    severity: "error",
    message,
    node,
    where: at(pointer),
  });
  const offer = offerOf(offers, flow, named);
  if (offer === null) {
    const message = notOffered(flow, named, offers);
    return { offer, findings: [say("IW-I18", message, "/step")] };
  }
  const findings = argumentProblems(offer, named.args ?? {}).map(({ message, argument }) =>
    say("IW-I18", message, argument === null ? "" : `/args/${escaped(argument)}`),
  );
  const pause = waitTooLong(named);
  if (pause !== null) findings.push(say("IW-I18", pause, "/args/seconds"));
  if (offer.requiresRamdisk && !hasRamdisk(offers))
    findings.push(
      say(
        "IW-P08",
        `${nameOf(offer)} needs the ramdisk, and none is built for ${offers.hardwareType}; take the step out`,
        "/step",
      ),
    );
  return { offer, findings };
}

/** Why a flow can't run a step here, with the one that was probably meant. */
export function notOffered(flow: StepFlow, named: NamedStep, offers: Offers): string {
  const name = nameOf(named);
  const elsewhere = offers.steps.find((offer) => nameOf(offer) === name);
  if (elsewhere !== undefined) {
    const flows = Object.keys(elsewhere.priority).join(", ");
    return `${name} is a step of ${flows}, not of ${flow}`;
  }
  const implementation = offers.interfaces.get(named.interface);
  if (implementation?.built === false)
    return `${name}: the ${named.interface} interface is ${implementation.implementation} here, which is not built yet`;
  const names = offers.byFlow[flow].map(nameOf);
  const near =
    names.find((one) => one.endsWith(`.${named.step}`)) ?? nearest(name, names) ?? undefined;
  const wayOut = near === undefined ? wayOutOf(names, flow) : `did you mean ${near}?`;
  return `no interface of ${offers.hardwareType} offers the ${flow} step ${name}; ${wayOut}`;
}

function wayOutOf(names: readonly string[], flow: StepFlow): string {
  return names.length === 0 ? `it offers no ${flow} step` : `there are ${names.join(", ")}`;
}

function escaped(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
